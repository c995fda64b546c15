/* permessage-deflate in static memory, in a program that is built with -DDEFLATE; in others these functions do nothing. Copy it. */
#ifndef DEFLATE_H
#define DEFLATE_H

#include "lwipopts.h"
#include "sansocket.h"

#ifdef DEFLATE

enum {
    DEFLATE_BITS = 10,  /* of the window, each way; who cannot keep to it talks uncompressed */
    INFLATED_LEN = 512, /* the longest piece: its echo, even if it does not compress, is shorter than the input */
};

static struct deflate {
    sansocket_inflater inflater;
    sansocket_compressor compressor;
    uint8_t history[1 << DEFLATE_BITS], memory[2 << DEFLATE_BITS], inflated[INFLATED_LEN];
} deflates[MAX_CONNECTIONS];

enum { DEFLATE_LEN = sizeof(struct deflate) }; /* what a connection costs more */

static inline void deflate_configure(sansocket_config *config)
{
    const sansocket_deflate_config settings = {.send_window_bits = DEFLATE_BITS, .receive_window_bits = DEFLATE_BITS};
    sansocket_config_set_deflate(config, &settings);
}

/* Before sansocket_buffered_attach. */
static inline void deflate_join_in(size_t at, sansocket_buffers *buffers)
{
    buffers->joining = deflates[at].inflated;
    buffers->joining_size = sizeof deflates[at].inflated;
}

/* Once it is known what was agreed: after sansocket_buffered_accept_or_refuse. */
static inline void deflate_lend(size_t at, const sansocket *ws, sansocket_buffered *b)
{
    struct deflate *d = &deflates[at];
    sansocket_setup setup = SANSOCKET_SETUP;
    if (!sansocket_get_deflate(ws).is_agreed)
        return;
    setup.memory = d->history;
    setup.memory_len = sizeof d->history;
    sansocket_inflater_init(&d->inflater, &setup);
    setup.memory = d->memory;
    setup.memory_len = sizeof d->memory;
    setup.window_bits = DEFLATE_BITS;
    setup.level = SANSOCKET_LEVEL_FAST;
    sansocket_compressor_init(&d->compressor, &setup);
    sansocket_buffered_set_inflater(b, &d->inflater);
    sansocket_buffered_set_compressor(b, &d->compressor, 0);
}

#else

enum { DEFLATE_LEN = 0 };
static inline void deflate_configure(sansocket_config *config) { (void)config; }
static inline void deflate_join_in(size_t at, sansocket_buffers *buffers) { (void)at, (void)buffers; }
static inline void deflate_lend(size_t at, const sansocket *ws, sansocket_buffered *b) { (void)at, (void)ws, (void)b; }

#endif

#endif
