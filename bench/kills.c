// Loaded before the C library (LD_PRELOAD): the process ends, as by kill -9, before the n-th call that
// would leave a mark in a file, in a folder or at a receiver, of those that the program makes today: look at
// a trace of its system calls when a library changes. n is KILL_AT; all threads count together.

#define _GNU_SOURCE
#include <dlfcn.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

static atomic_long calls;
static long kill_at;

__attribute__((constructor)) static void begin(void) {
    const char *text = getenv("KILL_AT");
    kill_at = text ? atol(text) : 0;
}

static void step(void) {
    if (atomic_fetch_add(&calls, 1) + 1 == kill_at)
        kill(getpid(), SIGKILL);
}

#define STEP(type, name, parameters, arguments)                                 \
    type name parameters {                                                      \
        static type(*next) parameters;                                          \
        if (!next)                                                              \
            next = (type(*) parameters)dlsym(RTLD_NEXT, #name);                 \
        step();                                                                 \
        return next arguments;                                                  \
    }

STEP(ssize_t, writev, (int file, const struct iovec *parts, int count), (file, parts, count))
STEP(ssize_t, pwrite64, (int file, const void *bytes, size_t count, off64_t at), (file, bytes, count, at))
STEP(ssize_t, send, (int to, const void *bytes, size_t count, int flags), (to, bytes, count, flags))
STEP(ssize_t, sendmsg, (int to, const struct msghdr *message, int flags), (to, message, flags))
STEP(int, connect, (int from, const struct sockaddr *to, socklen_t length), (from, to, length))
STEP(int, shutdown, (int socket, int how), (socket, how))
STEP(int, fsync, (int file), (file))
STEP(int, ftruncate64, (int file, off64_t length), (file, length))
STEP(int, rename, (const char *from, const char *to), (from, to))
STEP(int, linkat, (int folder, const char *from, int other, const char *to, int flags),
     (folder, from, other, to, flags))
STEP(int, unlink, (const char *path), (path))
STEP(int, unlinkat, (int folder, const char *path, int flags), (folder, path, flags))
STEP(int, mkdir, (const char *path, mode_t mode), (path, mode))

// Eight bytes are how threads wake each other.
ssize_t write(int file, const void *bytes, size_t count) {
    static ssize_t (*next)(int, const void *, size_t);
    if (!next)
        next = (ssize_t(*)(int, const void *, size_t))dlsym(RTLD_NEXT, "write");
    if (count != 8)
        step();
    return next(file, bytes, count);
}
