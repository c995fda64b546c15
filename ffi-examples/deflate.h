/* permessage-deflate, with memory for what was agreed: with buffers, or driven by hand. For C and C++. Copy it. */
#ifndef DEFLATE_H
#define DEFLATE_H

#include <stdlib.h>

#include "sansocket.h"

/* Begin with all of it zero. */
struct deflate {
    sansocket_deflate_agreement agreed;
    sansocket_inflater inflater;
    sansocket_compressor compressor;
    uint8_t *history, *memory, window[4096];
};

/* Once the connection is open, before the next deflate_receive: a message may lie in the same input. Returns 0, or -1 for want of memory;
 * deflate_end in any case. */
static inline int deflate_begin(struct deflate *d, const sansocket *ws)
{
    sansocket_setup setup = SANSOCKET_SETUP;
    d->agreed = sansocket_get_deflate(ws);
    d->history = d->memory = NULL;
    if (!d->agreed.is_agreed)
        return 0;
    setup.memory_len = (size_t)1 << d->agreed.receive_window_bits;
    setup.memory = d->history = (uint8_t *)malloc(setup.memory_len);
    if (sansocket_inflater_init(&d->inflater, &setup) != SANSOCKET_OK)
        return -1;
    setup.window_bits = d->agreed.send_window_bits;
    setup.memory_len = sansocket_compressor_memory_len(setup.window_bits, SANSOCKET_LEVEL_DEFAULT);
    setup.memory = d->memory = (uint8_t *)malloc(setup.memory_len);
    return sansocket_compressor_init(&d->compressor, &setup) == SANSOCKET_OK ? 0 : -1;
}

/* With buffers, whose `joining` takes what is inflated: once, or in each turn where many share them. */
static inline void deflate_lend(struct deflate *d, sansocket_buffered *b)
{
    if (d->agreed.is_agreed) {
        sansocket_buffered_set_inflater(b, &d->inflater);
        sansocket_buffered_set_compressor(b, &d->compressor, 0);
    }
}

/* By hand, in the place of sansocket_receive. Messages come in pieces of the window's size at most. */
static inline sansocket_result deflate_receive(struct deflate *d, sansocket *ws, sansocket_io *io)
{
    if (!d->agreed.is_agreed)
        return sansocket_receive(ws, io);
    return sansocket_receive_with(ws, io, &d->inflater, d->window, sizeof d->window);
}

/* By hand: sends a message. After SANSOCKET_NEEDS_ROOM the caller writes what is due and calls again, with what is left of the payload. To a
 * peer that does not compress it goes as one frame, which the output has to hold. */
static inline sansocket_result deflate_send(struct deflate *d, sansocket *ws, sansocket_io *io, sansocket_kind kind,
                                            const uint8_t **payload, size_t *len)
{
    sansocket_result result;
    if (!d->agreed.is_agreed)
        return sansocket_send(ws, io, kind, *payload, *len, 1);
    do {
        result = sansocket_send_with(ws, io, &d->compressor, kind, *payload, *len, 1);
        *payload += io->consumed;
        *len -= io->consumed;
    } while (result == SANSOCKET_OK && !io->done);
    return result;
}

static inline void deflate_end(struct deflate *d)
{
    free(d->history);
    free(d->memory);
}

#endif
