/* The socket of a session: what the loop does with it. For C and C++. Copy it, and wire.h, and include it first. */
#ifndef SESSION_WIRE_H
#define SESSION_WIRE_H

#include "wire.h"

#include "sansocket_session.h"

/* Does with the socket, -1 for none, what the session says. */
static inline void session_obey(sansocket_session *s, int *fd)
{
    sansocket_session_transport order = sansocket_session_get_transport(s);
    sansocket_dial dial;
    if (*fd >= 0 && (order == SANSOCKET_SESSION_TRANSPORT_NONE || order == SANSOCKET_SESSION_TRANSPORT_DIAL))
        close(*fd), *fd = -1;
    if (order == SANSOCKET_SESSION_TRANSPORT_DIAL && sansocket_session_dial(s, &dial) == SANSOCKET_OK) {
        sansocket_url to;
        memset(&to, 0, sizeof to);
        to.host = dial.host, to.port = dial.port;
        if (!dial.tls && (*fd = wire_dial(&to)) >= 0)
            sansocket_session_connected(s, dial.epoch, now_ms());
        else
            sansocket_session_dial_failed(s, dial.epoch, dial.tls ? SANSOCKET_DIAL_ERROR_NO_TLS : SANSOCKET_DIAL_ERROR_CONNECT);
    } else if (order == SANSOCKET_SESSION_TRANSPORT_SHUTDOWN_WRITE) {
        shutdown(*fd, SHUT_WR);
    }
}

/* Writes and reads what the socket takes and gives. Returns whether that is anything: then there may be another event. */
static inline bool session_move(sansocket_session *s, int fd)
{
    uint32_t epoch = sansocket_session_get_epoch(s);
    sansocket_bytes due = sansocket_session_due(s), space = sansocket_session_space(s);
    ssize_t written = due.len > 0 ? send(fd, due.data, due.len, MSG_NOSIGNAL) : 0;
    if (written >= 0)
        sansocket_session_written(s, epoch, (size_t)written, now_ms());
    else if (errno != EAGAIN && errno != EINTR)
        sansocket_session_write_failed(s, epoch);
    ssize_t n = space.len > 0 ? recv(fd, space.data, space.len, 0) : -1;
    if (space.len > 0 && (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)))
        sansocket_session_eof(s, epoch);
    else
        sansocket_session_filled(s, epoch, n > 0 ? (size_t)n : 0, now_ms());
    return written > 0 || n > 0;
}

/* What to wait for, as poll and epoll have it. */
static inline short session_events(const sansocket_session *s)
{
    return (short)((sansocket_session_wants_reading(s) ? POLLIN : 0) | (sansocket_session_due(s).len > 0 ? POLLOUT : 0));
}

#endif
