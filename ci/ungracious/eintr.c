/*
 * A preload: about half of the calls that may wait fail with EINTR, as if a signal had come.
 *
 * Which half looks random and is the same each time. Were it every second call, a loop of poll and read would never come to read.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

static unsigned calls;

static int is_interrupted(void)
{
    unsigned hash = __atomic_fetch_add(&calls, 1, __ATOMIC_RELAXED) * 0x9e3779b9u;
    hash = (hash ^ hash >> 15) * 0x85ebca6bu;
    return (int)((hash ^ hash >> 13) & 1);
}

#define INTERRUPTED(result, name, parameters, arguments)                                                     \
    result name parameters                                                                                   \
    {                                                                                                        \
        static result(*real) parameters;                                                                     \
        if (real == NULL)                                                                                    \
            real = (result(*) parameters)dlsym(RTLD_NEXT, #name);                                            \
        if (is_interrupted()) {                                                                              \
            errno = EINTR;                                                                                   \
            return -1;                                                                                       \
        }                                                                                                    \
        return real arguments;                                                                               \
    }

INTERRUPTED(ssize_t, read, (int fd, void *bytes, size_t len), (fd, bytes, len))
INTERRUPTED(ssize_t, readv, (int fd, const struct iovec *parts, int count), (fd, parts, count))
INTERRUPTED(ssize_t, recv, (int fd, void *bytes, size_t len, int flags), (fd, bytes, len, flags))
INTERRUPTED(ssize_t, recvmsg, (int fd, struct msghdr *message, int flags), (fd, message, flags))
INTERRUPTED(ssize_t, writev, (int fd, const struct iovec *parts, int count), (fd, parts, count))
INTERRUPTED(ssize_t, send, (int fd, const void *bytes, size_t len, int flags), (fd, bytes, len, flags))
INTERRUPTED(ssize_t, sendmsg, (int fd, const struct msghdr *message, int flags), (fd, message, flags))
INTERRUPTED(int, poll, (struct pollfd *fds, nfds_t count, int wait), (fds, count, wait))
INTERRUPTED(int, epoll_wait, (int fd, struct epoll_event *events, int count, int wait), (fd, events, count, wait))
INTERRUPTED(int, ppoll, (struct pollfd *fds, nfds_t count, const struct timespec *wait, const sigset_t *mask),
            (fds, count, wait, mask))
INTERRUPTED(int, epoll_pwait, (int fd, struct epoll_event *events, int count, int wait, const sigset_t *mask),
            (fd, events, count, wait, mask))
INTERRUPTED(int, accept, (int fd, struct sockaddr *address, socklen_t *len), (fd, address, len))
INTERRUPTED(int, accept4, (int fd, struct sockaddr *address, socklen_t *len, int flags), (fd, address, len, flags))

/* One that wakes another thread by an eventfd does not wait, and tokio does not expect it to be interrupted. */
ssize_t write(int fd, const void *bytes, size_t len)
{
    static ssize_t (*real)(int, const void *, size_t);
    char path[40], name[40] = "";
    if (real == NULL)
        real = (ssize_t(*)(int, const void *, size_t))dlsym(RTLD_NEXT, "write");
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    if (len == 8 && readlink(path, name, sizeof name - 1) > 0 && strstr(name, "eventfd") != NULL)
        return real(fd, bytes, len);
    if (is_interrupted()) {
        errno = EINTR;
        return -1;
    }
    return real(fd, bytes, len);
}
