/*
 * An echo server for a small device: static memory, no operating system, and a transport that is polled and moves a few bytes a
 * time. embedded_peer.c runs it on the host and in an emulator, embedded_uart.c puts it on a UART.
 */
#include <string.h>

#include "embedded.h"
#include "sansocket.h"

static sansocket_config config;
static sansocket ws;
/* The longest head, and the longest piece of a message; its echo has 4 bytes more. Messages may be longer than both. */
static uint8_t input[512], output[sizeof input + 4];
static size_t input_len, output_len;

void embedded_begin(uint64_t now_ms)
{
    sansocket_config_init(&config, sizeof config, SANSOCKET_ABI_VERSION);
    sansocket_config_set(&config, SANSOCKET_MAX_HEAD_LEN, sizeof input);
    sansocket_config_set(&config, SANSOCKET_KEEPALIVE_INTERVAL_MS, 2000);
    sansocket_init_server(&ws, sizeof ws, SANSOCKET_ABI_VERSION, &config, now_ms);
    input_len = output_len = 0;
}

/* Steps over what a call produced. */
static void advance(sansocket_io *io)
{
    output_len += io->produced;
    io->output = output + output_len;
    io->output_len = sizeof output - output_len;
    io->produced = 0;
}

/* The loop's one turn: at most one event, and its answer. While output is due, the peer's bytes wait. */
bool embedded_turn(uint64_t now_ms)
{
    static const sansocket_acceptance any_origin = {.origin = SANSOCKET_ORIGIN_ANY};
    sansocket_io io = {.now_ms = now_ms, .input = input};
    uint32_t transport = SANSOCKET_TRANSPORT_CLOSE;
    uint64_t due = SANSOCKET_NEVER;

    advance(&io);
    sansocket_get_next_timeout(&ws, &due);
    if (due <= now_ms) {
        sansocket_handle_timeout(&ws, &io);
    } else if (output_len == 0) {
        input_len += transport_read(input + input_len, sizeof input - input_len);
        io.input_len = input_len;
        sansocket_receive(&ws, &io);
        advance(&io);
        if (io.event.type == SANSOCKET_EVENT_REQUEST)
            sansocket_accept(&ws, &io, io.event.data, io.event.len, &any_origin);
        else if (io.event.type == SANSOCKET_EVENT_HTTP_REQUEST)
            sansocket_respond(&ws, &io, 404, NULL, 0, NULL, 0);
        else if (io.event.type == SANSOCKET_EVENT_DATA)
            sansocket_send(&ws, &io, io.event.kind, io.event.data, io.event.len, io.event.last);
        input_len -= io.consumed;
        memmove(input, input + io.consumed, input_len);
    }
    advance(&io);

    size_t written = transport_write(output, output_len);
    output_len -= written;
    memmove(output, output + written, output_len);
    sansocket_get_transport(&ws, &transport);
    return transport != SANSOCKET_TRANSPORT_CLOSE || output_len > 0;
}
