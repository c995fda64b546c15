/*
 * lwIP's raw API around a connection with its buffers: for servers and clients, on one thread, that of lwIP. Copy it.
 *
 * What arrives stays in lwIP's pbufs until it is taken, and only then the peer's window opens again: a peer that does not read is not
 * read, and costs no more than its window. What is due is copied into lwIP's memory, as far as that goes; the rest waits for tcp_sent,
 * or for tcp_poll, which comes twice a second and is the clock of the deadlines, too.
 */
#ifndef RAW_H
#define RAW_H

#include <stdbool.h>

#include "lwip/sys.h"
#include "lwip/tcp.h"
#include "sansocket.h"

/* More than a window of whole segments takes; from there on they are copied together. Single bytes would fill a pbuf each. */
#define RAW_MAX_PBUFS 16

struct raw {
    struct tcp_pcb *pcb; /* NULL once lwIP has freed it: at rest, too */
    struct pbuf *kept;   /* what has arrived and is not taken yet */
    bool has_ended;      /* what arrives */
    sansocket ws;
    sansocket_buffered b;
};

/* The program's: what to do for an event. It may call any function with `c->b`, and none of lwIP's with `c->pcb`. */
static void handle(struct raw *c, const sansocket_event *event);

static inline uint64_t now_ms(void)
{
    static uint64_t now;
    now = sansocket_widen_ms(now, sys_now());
    return now;
}

/* Takes as much as there is space for. Returns whether that is anything. */
static inline bool raw_take(struct raw *c)
{
    sansocket_bytes space = sansocket_buffered_space(&c->b);
    u16_t n = c->kept != NULL ? (u16_t)LWIP_MIN(space.len, c->kept->tot_len) : 0;
    if (n > 0) {
        pbuf_copy_partial(c->kept, space.data, n, 0);
        c->kept = pbuf_free_header(c->kept, n);
        if (c->pcb != NULL)
            tcp_recved(c->pcb, n);
    }
    sansocket_buffered_filled(&c->b, n, now_ms());
    if (c->has_ended && c->kept == NULL)
        sansocket_buffered_eof(&c->b);
    return n > 0;
}

/* Gives lwIP what it takes, a segment at most, so that little memory is enough for some. Returns whether that is anything. */
static inline bool raw_give(struct raw *c)
{
    sansocket_bytes due = sansocket_buffered_due(&c->b);
    if (c->pcb == NULL || due.len == 0 || tcp_sndbuf(c->pcb) == 0)
        return false;
    u16_t n = (u16_t)LWIP_MIN(due.len, LWIP_MIN(tcp_sndbuf(c->pcb), tcp_mss(c->pcb)));
    err_t error = tcp_write(c->pcb, due.data, n, TCP_WRITE_FLAG_COPY | (n < due.len ? TCP_WRITE_FLAG_MORE : 0));
    if (error == ERR_OK)
        sansocket_buffered_written(&c->b, n, now_ms());
    else if (error != ERR_MEM) /* which tcp_sent and tcp_poll try again */
        sansocket_buffered_write_failed(&c->b);
    return error == ERR_OK;
}

/* What arrived, the events of it and their answers, what is due: until nothing moves. An event without an answer makes space, too. Call
 * it after you have sent something of your own. */
static inline void raw_turn(struct raw *c)
{
    sansocket_event event;
    bool moves;
    do {
        moves = raw_take(c);
        while (sansocket_buffered_next(&c->b, now_ms(), &event) == SANSOCKET_OK && event.type != SANSOCKET_EVENT_NONE) {
            handle(c, &event);
            moves = true;
        }
        moves |= raw_give(c);
    } while (moves);
    if (c->pcb == NULL)
        return;
    tcp_output(c->pcb);
    if (sansocket_buffered_get_transport(&c->b) == SANSOCKET_TRANSPORT_SHUTDOWN_WRITE)
        tcp_shutdown(c->pcb, 0, 1); /* the second time it does nothing */
}

/* Lets go of what the connection has, and of the pcb, which lwIP keeps for as long as TCP wants it. */
static inline void raw_release(struct raw *c)
{
    if (c->pcb != NULL) {
        tcp_arg(c->pcb, NULL);
        tcp_recv(c->pcb, NULL);
        tcp_sent(c->pcb, NULL);
        tcp_poll(c->pcb, NULL, 0);
        tcp_err(c->pcb, NULL); /* tcp_abort would call it */
    }
    if (c->kept != NULL)
        pbuf_free(c->kept);
    c->kept = NULL;
    c->pcb = NULL;
}

static inline bool raw_is_over(const struct raw *c)
{
    return sansocket_buffered_get_transport(&c->b) == SANSOCKET_TRANSPORT_CLOSE;
}

/* After a turn in tcp_recv or tcp_sent. An end that the peer does not share is left to tcp_poll: the only one that aborts, because lwIP
 * loses a pbuf if tcp_sent does. */
static inline err_t raw_end_turn(struct raw *c)
{
    struct tcp_pcb *pcb = c->pcb;
    if (c->has_ended && raw_is_over(c)) {
        raw_release(c);
        tcp_close(pcb); /* which cannot fail: without memory for the FIN, lwIP sends it later */
    }
    return ERR_OK;
}

/* Keeps what has arrived, in few pbufs: a refused one would be repeated by the peer, later and later. */
static inline void raw_keep(struct raw *c, struct pbuf *p)
{
    if (c->kept != NULL)
        pbuf_cat(c->kept, p);
    else
        c->kept = p;
    struct pbuf *packed = pbuf_clen(c->kept) > RAW_MAX_PBUFS ? pbuf_clone(PBUF_RAW, PBUF_POOL, c->kept) : NULL;
    if (packed != NULL) {
        pbuf_free(c->kept);
        c->kept = packed;
    }
}

static inline err_t raw_on_recv(void *arg, struct tcp_pcb *pcb, struct pbuf *p, err_t error)
{
    struct raw *c = arg;
    (void)pcb, (void)error;
    if (p != NULL)
        raw_keep(c, p);
    else
        c->has_ended = true;
    raw_turn(c);
    return raw_end_turn(c);
}

static inline err_t raw_on_sent(void *arg, struct tcp_pcb *pcb, u16_t len)
{
    struct raw *c = arg;
    (void)pcb, (void)len;
    raw_turn(c);
    return raw_end_turn(c);
}

static inline err_t raw_on_poll(void *arg, struct tcp_pcb *pcb)
{
    struct raw *c = arg;
    raw_turn(c);
    if (!raw_is_over(c) || c->has_ended)
        return raw_end_turn(c);
    raw_release(c);
    tcp_abort(pcb);
    return ERR_ABRT;
}

/* lwIP has freed the pcb: after a reset, for want of an answer or of memory; or both directions have ended, one by tcp_shutdown. What
 * arrived before is still read. */
static inline void raw_on_error(void *arg, err_t error)
{
    struct raw *c = arg;
    (void)error;
    c->pcb = NULL;
    c->has_ended = true;
    sansocket_buffered_write_failed(&c->b);
    raw_turn(c);
    raw_release(c);
}

/* Begins with a pcb that is new. sansocket_init_server or _client and sansocket_buffered_attach come before. */
static inline void raw_begin(struct raw *c, struct tcp_pcb *pcb)
{
    c->pcb = pcb;
    c->kept = NULL;
    c->has_ended = false;
    tcp_arg(pcb, c);
    tcp_recv(pcb, raw_on_recv);
    tcp_sent(pcb, raw_on_sent);
    tcp_poll(pcb, raw_on_poll, 1);
    tcp_err(pcb, raw_on_error);
    tcp_nagle_disable(pcb);
}

#endif
