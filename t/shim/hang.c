
/*
 * Copyright (C) nginx-cos contributors
 *
 * To be preloaded: a file system that hangs.  As long as the file SHIM_HANG is
 * there, stat() and open() of the file SHIM_FILE do not return, except in the
 * first thread of a process.  SHIM_HANG.PID is made when that happens.
 */


#define _GNU_SOURCE

#include <dlfcn.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>


static char  shim_hang[4096];
static char  shim_file[4096];


__attribute__((constructor))
static void
shim_init(void)
{
    if (getenv("SHIM_HANG") && getenv("SHIM_FILE")) {
        snprintf(shim_hang, sizeof(shim_hang), "%s", getenv("SHIM_HANG"));
        snprintf(shim_file, sizeof(shim_file), "%s", getenv("SHIM_FILE"));
    }
}


static void
shim_wait(const char *name)
{
    int   fd;
    char  mark[4200];

    if (shim_file[0] == '\0' || strcmp(name, shim_file) != 0
        || getpid() == syscall(SYS_gettid)
        || access(shim_hang, F_OK) != 0)
    {
        return;
    }

    snprintf(mark, sizeof(mark), "%s.%d", shim_hang, (int) getpid());

    fd = (int) syscall(SYS_openat, AT_FDCWD, mark, O_WRONLY|O_CREAT, 0644);
    if (fd != -1) {
        close(fd);
    }

    while (access(shim_hang, F_OK) == 0) {
        usleep(1000);
    }
}


static int
shim_open(const char *call, const char *name, int flags, mode_t mode)
{
    int  (*next)(const char *, int, ...);

    *(void **) &next = dlsym(RTLD_NEXT, call);

    shim_wait(name);

    return next(name, flags, mode);
}


int
open(const char *name, int flags, ...)
{
    mode_t   mode;
    va_list  args;

    va_start(args, flags);
    mode = (flags & O_CREAT) ? va_arg(args, mode_t) : 0;
    va_end(args);

    return shim_open("open", name, flags, mode);
}


int
open64(const char *name, int flags, ...)
{
    mode_t   mode;
    va_list  args;

    va_start(args, flags);
    mode = (flags & O_CREAT) ? va_arg(args, mode_t) : 0;
    va_end(args);

    return shim_open("open64", name, flags, mode);
}


int
stat(const char *name, struct stat *st)
{
    int  (*next)(const char *, struct stat *);

    *(void **) &next = dlsym(RTLD_NEXT, "stat");

    shim_wait(name);

    return next(name, st);
}


int
stat64(const char *name, struct stat64 *st)
{
    int  (*next)(const char *, struct stat64 *);

    *(void **) &next = dlsym(RTLD_NEXT, "stat64");

    shim_wait(name);

    return next(name, st);
}
