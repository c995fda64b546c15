/*
 * The socket around a connection with its buffers: dial, clock, entropy, wait. For POSIX; nothing in it is about what is said.
 * Copy it. Include it first: it names the features that it needs.
 */
#ifndef WIRE_H
#define WIRE_H

#define _DEFAULT_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
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

/* Connects to one address, with a socket that does not block. Returns it, or -1, and `errno` says why. */
static inline int wire_connect(const struct addrinfo *to)
{
    int fd = socket(to->ai_family, to->ai_socktype, to->ai_protocol), ready = 1, error = 0, on = 1;
    socklen_t len = sizeof error;
    struct pollfd writable = {.fd = fd, .events = POLLOUT};
    if (fd < 0)
        return -1;
    fcntl(fd, F_SETFL, O_NONBLOCK);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (connect(fd, to->ai_addr, to->ai_addrlen) != 0 && (error = errno) == EINPROGRESS) {
        while ((ready = poll(&writable, 1, 10000)) < 0 && errno == EINTR)
            continue;
        getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len);
        error = ready == 0 ? ETIMEDOUT : error;
    }
    if (error == 0)
        return fd;
    close(fd);
    errno = error;
    return -1;
}

/* Connects to the first address of the URL's host that answers. Returns the socket; or -1, having said why. */
static inline int wire_dial(const sansocket_url *url)
{
    char host[256], port[8];
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *found = NULL;
    int fd = -1;
    snprintf(host, sizeof host, "%.*s", (int)url->host.len, url->host.data);
    snprintf(port, sizeof port, "%u", url->port);
    int error = getaddrinfo(host, port, &hints, &found);
    for (const struct addrinfo *to = found; to != NULL && fd < 0; to = to->ai_next)
        fd = wire_connect(to);
    if (fd < 0)
        fprintf(stderr, "cannot connect to %s, port %s: %s\n", host, port, error != 0 ? gai_strerror(error) : strerror(errno));
    if (found != NULL)
        freeaddrinfo(found);
    return fd;
}

/* Writes and reads what the socket takes and gives. If that is nothing, waits for it, or for a deadline. */
static inline void wire_exchange(int fd, sansocket_buffered *b)
{
    sansocket_bytes due = sansocket_buffered_due(b);
    ssize_t sent = due.len > 0 ? send(fd, due.data, due.len, MSG_NOSIGNAL) : 0;
    bool broken = sent < 0 && errno != EAGAIN && errno != EINTR;
    if (sent > 0)
        sansocket_buffered_written(b, (size_t)sent, now_ms());
    else if (broken)
        sansocket_buffered_write_failed(b);
    if (sansocket_buffered_get_transport(b) == SANSOCKET_TRANSPORT_SHUTDOWN_WRITE)
        shutdown(fd, SHUT_WR); /* which fails if the peer has gone */

    sansocket_bytes space = sansocket_buffered_space(b);
    ssize_t got = space.len > 0 ? recv(fd, space.data, space.len, 0) : -1;
    bool ended = space.len > 0 && (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR));
    if (ended)
        sansocket_buffered_eof(b);
    else
        sansocket_buffered_filled(b, got > 0 ? (size_t)got : 0, now_ms());

    if (sent <= 0 && got <= 0 && !broken && !ended) {
        struct pollfd ready = {.fd = fd};
        ready.events = (short)((space.len > 0 ? POLLIN : 0) | (due.len > 0 ? POLLOUT : 0));
        poll(&ready, 1, sansocket_buffered_poll_timeout(b, now_ms()));
    }
}

/* Waits for the next event. Returns false once all is over, or if there is no entropy. */
static inline bool wire_next(int fd, sansocket_buffered *b, sansocket_event *event)
{
    sansocket_result result;
    while ((result = sansocket_buffered_next(b, now_ms(), event)) == SANSOCKET_OK && event->type == SANSOCKET_EVENT_NONE) {
        if (sansocket_buffered_get_transport(b) == SANSOCKET_TRANSPORT_CLOSE)
            return false;
        wire_exchange(fd, b);
    }
    return result == SANSOCKET_OK;
}

#endif
