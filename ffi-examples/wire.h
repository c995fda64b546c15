/* The socket around a connection with its buffers: dial, clock, entropy, wait. For C and C++. Copy it, and include it first. */
#ifndef WIRE_H
#define WIRE_H

#define _DEFAULT_SOURCE
#include <errno.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "sansocket.h"

static inline uint64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* Masking keys must be unpredictable (RFC 6455 §5.3): they come from the system. */
static inline int32_t system_entropy(void *context, uint8_t *bytes, size_t len)
{
    (void)context;
    return getentropy(bytes, len);
}

/* Connects to one address, with a socket that does not block. Returns it, or what `errno` has, below 0. */
static inline int wire_connect(const struct addrinfo *to)
{
    int fd = socket(to->ai_family, to->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, to->ai_protocol), error = 0, on = 1;
    int unsent = 65536;
    socklen_t len = sizeof error;
    struct pollfd writable = {fd, POLLOUT, 0};
    if (fd < 0)
        return -errno;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    /* The system would take megabytes, and a Ping or a Close behind them is late: its deadline begins when it was taken. */
    setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &unsent, sizeof unsent);
    if (connect(fd, to->ai_addr, to->ai_addrlen) != 0 && (error = errno) == EINPROGRESS) {
        while (poll(&writable, 1, 10000) < 0 && errno == EINTR)
            continue;
        getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len);
        error = writable.revents == 0 ? ETIMEDOUT : error;
    }
    if (error != 0)
        close(fd);
    return error != 0 ? -error : fd;
}

/* Connects to the first address of the URL's host that answers. Returns the socket; or less than 0, having said why. */
static inline int wire_dial(const sansocket_url *url)
{
    char host[256], port[8];
    struct addrinfo hints = {0, AF_UNSPEC, SOCK_STREAM, 0, 0, NULL, NULL, NULL}, *found = NULL;
    int fd = -1;
    snprintf(host, sizeof host, "%.*s", (int)url->host.len, url->host.data);
    snprintf(port, sizeof port, "%u", url->port);
    int error = getaddrinfo(host, port, &hints, &found);
    for (const struct addrinfo *to = found; to != NULL && fd < 0; to = to->ai_next)
        fd = wire_connect(to);
    if (fd < 0)
        fprintf(stderr, "cannot connect to %s, port %s: %s\n", host, port, error != 0 ? gai_strerror(error) : strerror(-fd));
    if (found != NULL)
        freeaddrinfo(found);
    return fd;
}

/* Writes what the socket takes. Returns whether there may be another event, for which there was no room before. */
static inline bool wire_write(int fd, sansocket_buffered *b, uint64_t now)
{
    sansocket_bytes due = sansocket_buffered_due(b);
    ssize_t n = due.len > 0 ? send(fd, due.data, due.len, MSG_NOSIGNAL) : 0;
    if (n > 0)
        sansocket_buffered_written(b, (size_t)n, now);
    else if (n < 0 && errno != EAGAIN && errno != EINTR)
        sansocket_buffered_write_failed(b);
    if (sansocket_buffered_get_transport(b) == SANSOCKET_TRANSPORT_SHUTDOWN_WRITE)
        shutdown(fd, SHUT_WR); /* which fails if the peer has gone */
    return n > 0 && !sansocket_buffered_wants_reading(b);
}

/* Reads what the socket gives, once. Returns whether that is anything. */
static inline bool wire_read(int fd, sansocket_buffered *b, uint64_t now)
{
    sansocket_bytes space = sansocket_buffered_space(b);
    ssize_t n = space.len > 0 ? recv(fd, space.data, space.len, 0) : -1;
    if (space.len > 0 && (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)))
        sansocket_buffered_eof(b);
    else
        sansocket_buffered_filled(b, n > 0 ? (size_t)n : 0, now);
    return n > 0;
}

/* What to wait for, as poll and epoll have it. */
static inline short wire_events(const sansocket_buffered *b)
{
    return (short)((sansocket_buffered_wants_reading(b) ? POLLIN : 0) | (sansocket_buffered_due(b).len > 0 ? POLLOUT : 0));
}

/* Waits for the next event. Returns false once all is over, or if there is no entropy. */
static inline bool wire_next(int fd, sansocket_buffered *b, sansocket_event *event)
{
    for (uint64_t now = now_ms(); sansocket_buffered_next(b, now, event) == SANSOCKET_OK; now = now_ms()) {
        if (event->type != SANSOCKET_EVENT_NONE)
            return true;
        if (sansocket_buffered_get_transport(b) == SANSOCKET_TRANSPORT_CLOSE)
            return false;
        bool may_go_on = wire_write(fd, b, now), has_read = wire_read(fd, b, now);
        struct pollfd ready = {fd, wire_events(b), 0};
        if (!may_go_on && !has_read)
            poll(&ready, 1, sansocket_buffered_poll_timeout(b, now));
    }
    return false;
}

#endif
