
/*
 * Copyright (C) nginx-cos contributors
 *
 * To be preloaded: adds the seconds that are in the file SHIM_CLOCK, a 64-bit
 * number, to the clock of the day.  The monotonic clock is left alone, unless
 * there is SHIM_MONOTONIC: then time itself seems to pass.
 */


#define _GNU_SOURCE

#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>


static volatile int64_t  *shim_offset;
static int                shim_monotonic;


/* before nginx clears its environment */

__attribute__((constructor))
static void
shim_init(void)
{
    int          fd;
    void        *p;
    const char  *name;

    name = getenv("SHIM_CLOCK");
    if (name == NULL) {
        return;
    }

    fd = open(name, O_RDONLY);
    if (fd == -1) {
        abort();
    }

    p = mmap(NULL, sizeof(int64_t), PROT_READ, MAP_SHARED, fd, 0);
    if (p == MAP_FAILED) {
        abort();
    }

    shim_offset = p;
    shim_monotonic = (getenv("SHIM_MONOTONIC") != NULL);

    close(fd);
}


int
clock_gettime(clockid_t id, struct timespec *ts)
{
    int  rc;

    rc = (int) syscall(SYS_clock_gettime, id, ts);

    if (rc == 0 && shim_offset
        && (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE
            || (shim_monotonic && (id == CLOCK_MONOTONIC
                                   || id == CLOCK_MONOTONIC_COARSE))))
    {
        ts->tv_sec += (time_t) *shim_offset;
    }

    return rc;
}


int
gettimeofday(struct timeval *tv, void *tz)
{
    struct timespec  ts;

    (void) clock_gettime(CLOCK_REALTIME, &ts);

    tv->tv_sec = ts.tv_sec;
    tv->tv_usec = ts.tv_nsec / 1000;

    return 0;
}


time_t
time(time_t *t)
{
    struct timespec  ts;

    (void) clock_gettime(CLOCK_REALTIME, &ts);

    if (t) {
        *t = ts.tv_sec;
    }

    return ts.tv_sec;
}
