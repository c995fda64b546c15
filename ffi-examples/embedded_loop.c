/*
 * An echo server for a small device: static memory, no operating system, and a transport that is polled and moves a few bytes a
 * time. embedded_peer.c runs it on the host and in an emulator, embedded_uart.c puts it on a UART.
 */
#include <string.h>

#include "embedded.h"
#include "sansocket.h"

static sansocket_config config;
static sansocket ws;
/* The longest head, and the longest piece of a message, which may be longer than both; then an echo's header and a Ping. */
static uint8_t input[512], output[sizeof input + 4 + 6];
static sansocket_io io = {.input = input, .output = output, .output_size = sizeof output};

void embedded_begin(uint64_t now_ms)
{
    sansocket_setup setup = SANSOCKET_SETUP;
    setup.now_ms = now_ms;
    setup.config = &config;
    sansocket_config_init(&config, &setup);
    sansocket_config_set(&config, SANSOCKET_OPTION_MAX_HEAD_LEN, sizeof input);
    sansocket_config_set(&config, SANSOCKET_OPTION_KEEPALIVE_INTERVAL_MS, 2000);
    sansocket_init_server(&ws, &setup);
}

/* The loop's one turn: at most one event, its answer, and what the time makes due. While output is due, the peer's bytes wait. */
bool embedded_turn(uint64_t now_ms)
{
    static const sansocket_acceptance any_origin = {.origin = SANSOCKET_ORIGIN_ANY};

    io.now_ms = now_ms;
    if (io.output_len == 0) {
        io.input = memmove(input, io.input, io.input_len);
        io.input_len += transport_read(input + io.input_len, sizeof input - io.input_len);
        sansocket_receive(&ws, &io);
        if (io.event.type == SANSOCKET_EVENT_REQUEST)
            sansocket_accept_or_refuse(&ws, &io, io.event.data, io.event.len, &any_origin);
        else if (io.event.type == SANSOCKET_EVENT_HTTP_REQUEST)
            sansocket_respond(&ws, &io, 404, NULL, 0, NULL, 0);
        else if (io.event.type == SANSOCKET_EVENT_DATA)
            sansocket_send(&ws, &io, io.event.kind, io.event.data, io.event.len, io.event.last);
    }
    sansocket_handle_timeout(&ws, &io);

    size_t written = transport_write(output, io.output_len);
    io.output_len -= written;
    memmove(output, output + written, io.output_len);
    /* This transport has no end of its own: both Closes are it. What came after the peer's is the next connection's. */
    if (io.output_len == 0 && sansocket_get_was_clean(&ws))
        sansocket_receive_eof(&ws, &io);
    return io.transport != SANSOCKET_TRANSPORT_CLOSE || io.output_len > 0;
}
