/*
 * An echo server for a small device: static memory, no operating system, and a transport that is polled and moves a few bytes a
 * time. embedded_peer.c runs it on the host and in an emulator, embedded_uart.c puts it on a UART.
 */
#include <string.h>

#include "embedded.h"
#include "sansocket.h"

static sansocket_config config;
static sansocket ws;
static sansocket_buffered b;
/* The longest head, and the longest piece of a message, which may be longer than both; then an echo's header and an answer. */
static uint8_t input[512], output[sizeof input + SANSOCKET_MAX_FRAME_HEADER_LEN + SANSOCKET_MAX_ANSWER];

void embedded_begin(uint64_t now_ms)
{
    sansocket_bytes left = sansocket_buffered_unread(&b); /* by the last connection: this one's request may have begun */
    sansocket_buffers buffers = {.input = input, .input_size = sizeof input, .output = output, .output_size = sizeof output};
    sansocket_setup setup = SANSOCKET_SETUP;
    setup.now_ms = now_ms;
    setup.config = &config;
    sansocket_config_init(&config, &setup);
    sansocket_config_set(&config, SANSOCKET_OPTION_KEEPALIVE_INTERVAL_MS, 2000);
    sansocket_init_server(&ws, &setup);
    buffers.in_pieces = 1;
    buffers.room_for = sizeof input + SANSOCKET_MAX_FRAME_HEADER_LEN; /* the echo of the longest piece */
    sansocket_buffered_attach(&b, &ws, &buffers);
    if (left.len > 0)
        memmove(sansocket_buffered_space(&b).data, left.data, left.len);
    sansocket_buffered_filled(&b, left.len, now_ms);
}

/* The loop's one turn: what arrived, at most one event and its answer, what is due. While that waits, the peer's bytes wait. */
bool embedded_turn(uint64_t now_ms)
{
    static const sansocket_acceptance any_origin = {.origin = SANSOCKET_ORIGIN_ANY};
    sansocket_event event;
    size_t taken;

    /* This transport has no end of its own: both Closes are it. What comes after the peer's is the next connection's. */
    if (sansocket_get_was_clean(&ws))
        sansocket_buffered_pause(&b, now_ms);
    sansocket_bytes space = sansocket_buffered_space(&b);
    sansocket_buffered_filled(&b, transport_read(space.data, space.len), now_ms);
    sansocket_buffered_next(&b, now_ms, &event);
    if (event.type == SANSOCKET_EVENT_REQUEST)
        sansocket_buffered_accept_or_refuse(&b, now_ms, event.data, event.len, &any_origin);
    else if (event.type == SANSOCKET_EVENT_HTTP_REQUEST)
        sansocket_buffered_respond(&b, now_ms, 404, NULL, 0, NULL, 0);
    else if (event.type == SANSOCKET_EVENT_DATA)
        sansocket_buffered_send_part(&b, now_ms, event.kind, event.offset, event.data, event.len, event.last, &taken);
    sansocket_bytes due = sansocket_buffered_due(&b);
    sansocket_buffered_written(&b, transport_write(due.data, due.len), now_ms);
    bool has_ended = sansocket_get_was_clean(&ws) && sansocket_buffered_due(&b).len == 0;
    return !has_ended && sansocket_buffered_get_transport(&b) != SANSOCKET_TRANSPORT_CLOSE;
}
