
/*
 * Copyright (C) nginx-cos contributors
 *
 * To be preloaded: a disk that is slow.  As long as the file SHIM_HANG is
 * there, pread() of a file below the directory SHIM_DIR does not return,
 * except in the first thread of a process.  SHIM_HANG.PID is made when that
 * happens.
 */


#define _GNU_SOURCE

#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>


static char  shim_hang[4096];
static char  shim_dir[4096];


__attribute__((constructor))
static void
shim_init(void)
{
    if (getenv("SHIM_HANG") && getenv("SHIM_DIR")) {
        snprintf(shim_hang, sizeof(shim_hang), "%s", getenv("SHIM_HANG"));
        snprintf(shim_dir, sizeof(shim_dir), "%s", getenv("SHIM_DIR"));
    }
}


static void
shim_wait(int fd)
{
    int      mark_fd;
    char     link[64], name[4096], mark[4200];
    ssize_t  n;

    if (shim_dir[0] == '\0' || getpid() == syscall(SYS_gettid)
        || access(shim_hang, F_OK) != 0)
    {
        return;
    }

    snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);

    n = readlink(link, name, sizeof(name) - 1);
    if (n == -1) {
        return;
    }

    name[n] = '\0';

    if (strncmp(name, shim_dir, strlen(shim_dir)) != 0) {
        return;
    }

    snprintf(mark, sizeof(mark), "%s.%d", shim_hang, (int) getpid());

    mark_fd = (int) syscall(SYS_openat, AT_FDCWD, mark, O_WRONLY|O_CREAT,
                            0644);
    if (mark_fd != -1) {
        close(mark_fd);
    }

    while (access(shim_hang, F_OK) == 0) {
        usleep(1000);
    }
}


static ssize_t
shim_pread(const char *call, int fd, void *buf, size_t size, off64_t offset)
{
    ssize_t  (*next)(int, void *, size_t, off64_t);

    *(void **) &next = dlsym(RTLD_NEXT, call);

    shim_wait(fd);

    return next(fd, buf, size, offset);
}


ssize_t
pread(int fd, void *buf, size_t size, off_t offset)
{
    return shim_pread("pread", fd, buf, size, offset);
}


ssize_t
pread64(int fd, void *buf, size_t size, off64_t offset)
{
    return shim_pread("pread64", fd, buf, size, offset);
}
