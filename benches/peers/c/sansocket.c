/* Ours, by way of its header: linked with the library as C programs get it. */
#include "peer.h"
#include <sansocket.h>
#include <stdlib.h>

enum { READ = 65536, OUTPUT = (1 << 20) + (1 << 17) };

static uint64_t rng = 88172645463325252ull;
static int32_t entropy(void *context, uint8_t *bytes, size_t len) {
    (void)context;
    while (len) {
        rng ^= rng << 13; rng ^= rng >> 7; rng ^= rng << 17;
        size_t n = len < 8 ? len : 8;
        memcpy(bytes, &rng, n);
        bytes += n; len -= n;
    }
    return 0;
}
static sansocket_setup set_up(void) {
    sansocket_setup setup = SANSOCKET_SETUP;
    setup.entropy = entropy;
    return setup;
}

/* one buffer in each direction for all connections of a thread */
static uint8_t *input_buffer(void) { static uint8_t *b; return b ? b : (b = malloc(READ + SANSOCKET_MAX_REMAINDER)); }
static uint8_t *output_buffer(void) { static uint8_t *b; return b ? b : (b = malloc(OUTPUT)); }

static void *open_(int client, int deflate, size_t chunk) {
    (void)deflate; (void)chunk;
    sansocket *ws = malloc(sizeof *ws);
    sansocket_setup setup = set_up();
    setup.role = client ? SANSOCKET_CLIENT : SANSOCKET_SERVER;
    if (sansocket_init_open(ws, &setup)) abort();
    return ws;
}
static void decode(void *ws, const uint8_t *wire, size_t len, size_t chunk, size_t nmsgs, ws_sink *sink) {
    (void)nmsgs;
    uint8_t *buffer = input_buffer(), answer[SANSOCKET_MAX_ANSWER];
    sansocket_io io = {0};
    io.output = answer;
    io.output_size = sizeof answer;
    while (len) {
        size_t n = len < chunk ? len : chunk;
        if (io.input_len) memmove(buffer, io.input, io.input_len);
        memcpy(buffer + io.input_len, wire, n);
        io.input = buffer;
        io.input_len += n;
        wire += n;
        len -= n;
        for (;;) {
            if (sansocket_receive(ws, &io)) abort();
            if (io.event.type == SANSOCKET_EVENT_NONE) break;
            if (io.event.type != SANSOCKET_EVENT_DATA) abort();
            ws_sink_part(sink, io.event.data, io.event.len);
            if (io.event.last) ws_sink_end(sink);
        }
    }
}
static void encode(void *ws, int text, const uint8_t *p, size_t len, size_t n, ws_out *o) {
    sansocket_io io = {0};
    io.output = output_buffer();
    io.output_size = OUTPUT;
    for (size_t i = 0; i < n; i++)
        if (sansocket_send(ws, &io, text ? SANSOCKET_TEXT : SANSOCKET_BINARY, p, len, 1)) abort();
    ws_out_write(o, io.output, io.output_len);
}
static size_t server_handshake(const uint8_t *req, size_t n, uint8_t *out, size_t cap) {
    uint8_t input[1024];
    sansocket ws;
    sansocket_setup setup = set_up();
    if (n > sizeof input || sansocket_init_server(&ws, &setup)) return 0;
    memcpy(input, req, n);
    sansocket_io io = {0};
    io.input = input;
    io.input_len = n;
    io.output = out;
    io.output_size = cap;
    if (sansocket_receive(&ws, &io) || io.event.type != SANSOCKET_EVENT_REQUEST) return 0;
    sansocket_acceptance acceptance = {0};
    acceptance.origin = SANSOCKET_ORIGIN_ANY;
    if (sansocket_accept(&ws, &io, io.event.data, io.event.len, &acceptance)) return 0;
    return io.output_len;
}
static int client_handshake(ws_responder respond) {
    uint8_t input[512], output[512];
    sansocket ws;
    sansocket_setup setup = set_up();
    if (sansocket_init_client(&ws, &setup)) return 0;
    sansocket_io io = {0};
    io.output = output;
    io.output_size = sizeof output;
    sansocket_client_request request = {0};
    request.host.data = "server.example.com", request.host.len = 18;
    request.target.data = "/chat", request.target.len = 5;
    if (sansocket_request(&ws, &io, &request)) return 0;
    io.input = input;
    io.input_len = respond(output, io.output_len, input, sizeof input);
    io.output_len = 0;
    return !sansocket_receive(&ws, &io) && io.event.type == SANSOCKET_EVENT_OPENED;
}
const ws_c_peer *ws_peer_sansocket(void) {
    static const ws_c_peer p = {"sansocket from C", WSC_UTF8 | WSC_STREAMING | WSC_HS_SERVER | WSC_HS_CLIENT, sizeof(sansocket), open_, free, decode, encode, server_handshake, client_handshake};
    return &p;
}
