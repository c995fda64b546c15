/* permessage-deflate, agreed between a client and a server in one program, and messages both ways, compressed by the library, by zlib
   and by a codec that only stores: `make test`. Prints what differs, and exits 1. */
#include <stdio.h>
#include <string.h>

#include "deflate.h"
#include "zlib_codec.h"

static int failures;

#define EXPECT(condition) \
    do { \
        if (!(condition)) { \
            printf("deflate_test.c:%d: not so: %s\n", __LINE__, #condition); \
            failures++; \
        } \
    } while (0)
#define EXPECT_OK(call) EXPECT((call) == SANSOCKET_OK)

enum codec { OURS, ZLIB, STORING };

/* Counts up: predictable, so for tests only. */
static int32_t counting(void *context, uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++)
        bytes[i] = (*(uint8_t *)context)++;
    return 0;
}

/* Stored blocks (RFC 1951 §3.2.4), as short as the room is. */
static int32_t store(void *context, sansocket_codec_step *step)
{
    uint8_t *to = step->output;
    (void)context;
    if (step->output_size < 11)
        return step->produced = 0, 0;
    size_t room = step->output_size - 11, n = step->input_len < room ? step->input_len : room;
    n = n < 65535 ? n : 65535;
    for (int is_last = n == 0; is_last < 2; is_last++) {
        size_t len = is_last ? 0 : n;
        if (is_last && !(step->flush && n == step->input_len))
            break;
        const uint8_t block[] = {0, (uint8_t)len, (uint8_t)(len >> 8), (uint8_t)~len, (uint8_t)(~len >> 8)};
        memcpy(to, block, 5);
        memcpy(to + 5, step->input, len);
        to += 5 + len;
    }
    step->consumed = n;
    step->produced = (size_t)(to - step->output);
    return 0;
}

static void forget(void *context)
{
    (void)context;
}

/* One end: its connection, and its codecs. */
struct side {
    sansocket ws;
    sansocket_io io;
    struct deflate ours;
    z_stream inflating, compressing;
    sansocket_inflate_codec inflater;
    sansocket_deflate_codec compressor;
    enum codec codec;
    uint8_t input[70000], output[4096], message[70000];
    size_t message_len;
};

static sansocket_result receive(struct side *to)
{
    if (to->codec != ZLIB || !to->ours.agreed.is_agreed)
        return deflate_receive(&to->ours, &to->ws, &to->io);
    return sansocket_receive_with_codec(&to->ws, &to->io, &to->inflater, to->ours.window, sizeof to->ours.window);
}

static sansocket_result send(struct side *from, const uint8_t **payload, size_t *len)
{
    sansocket_result result;
    if (from->codec == OURS || !from->ours.agreed.is_agreed)
        return deflate_send(&from->ours, &from->ws, &from->io, SANSOCKET_BINARY, payload, len);
    do {
        result = sansocket_send_with_codec(&from->ws, &from->io, &from->compressor, SANSOCKET_BINARY, *payload, *len, 1);
        *payload += from->io.consumed;
        *len -= from->io.consumed;
    } while (result == SANSOCKET_OK && !from->io.done);
    return result;
}

/* Makes what is due there the input here, after what is left of it. */
static void carry(struct side *from, struct side *to)
{
    memmove(to->input, to->io.input, to->io.input_len);
    to->io.input = to->input;
    memcpy(to->input + to->io.input_len, from->output, from->io.output_len);
    to->io.input_len += from->io.output_len;
    from->io.output_len = 0;
}

/* Takes all events; the bytes of data are joined. Returns the type of the last one. */
static sansocket_event_type drain(struct side *to)
{
    sansocket_event_type last = SANSOCKET_EVENT_NONE;
    for (;;) {
        EXPECT_OK(receive(to));
        if (to->io.event.type == SANSOCKET_EVENT_NONE)
            return last;
        last = to->io.event.type;
        if (last == SANSOCKET_EVENT_REQUEST)
            return last;
        if (last == SANSOCKET_EVENT_FAILED)
            return printf("failed: %s\n", sansocket_error_text(to->io.event.error)), failures++, last;
        if (last == SANSOCKET_EVENT_DATA) {
            EXPECT(to->io.event.offset == to->message_len);
            memcpy(to->message + to->message_len, to->io.event.data, to->io.event.len);
            to->message_len += to->io.event.len;
        }
    }
}

/* One message; how many bytes it takes on the wire. */
static size_t pass(struct side *from, struct side *to, const uint8_t *payload, size_t len)
{
    const uint8_t *rest = payload;
    size_t left = len, wire = 0;
    sansocket_result result;
    to->message_len = 0;
    do {
        result = send(from, &rest, &left);
        EXPECT(result == SANSOCKET_OK || result == SANSOCKET_NEEDS_ROOM);
        EXPECT(from->io.output_len > 0);
        wire += from->io.output_len;
        carry(from, to);
        EXPECT(drain(to) == SANSOCKET_EVENT_DATA || result == SANSOCKET_NEEDS_ROOM);
    } while (result == SANSOCKET_NEEDS_ROOM && failures == 0);
    EXPECT(left == 0 && to->io.event.type == SANSOCKET_EVENT_NONE);
    EXPECT(to->message_len == len && memcmp(to->message, payload, len) == 0);
    return wire;
}

static void begin(struct side *side, const sansocket_config *config, sansocket_role role)
{
    static uint8_t count;
    sansocket_setup setup = SANSOCKET_SETUP;
    memset(side, 0, sizeof *side);
    side->io.input = side->input, side->io.output = side->output, side->io.output_size = sizeof side->output;
    setup.config = config, setup.entropy = counting, setup.entropy_context = &count;
    EXPECT_OK(role == SANSOCKET_CLIENT ? sansocket_init_client(&side->ws, &setup) : sansocket_init_server(&side->ws, &setup));
}

/* Codecs for what was agreed. */
static void take_codecs(struct side *side, enum codec codec)
{
    EXPECT(deflate_begin(&side->ours, &side->ws) == 0);
    side->codec = codec;
    EXPECT(zlib_inflate_codec(&side->inflater, &side->inflating, side->ours.agreed.receive_window_bits) == Z_OK);
    EXPECT(zlib_deflate_codec(&side->compressor, &side->compressing, side->ours.agreed.send_window_bits) == Z_OK);
    if (codec == STORING) {
        deflateEnd(&side->compressing);
        side->compressor = (sansocket_deflate_codec){NULL, store, forget, NULL, 8, 0, {0, 0}};
    }
}

static void end(struct side *side)
{
    deflate_end(&side->ours);
    inflateEnd(&side->inflating);
    if (side->codec != STORING)
        deflateEnd(&side->compressing);
}

static struct side client, server;

/* The opening handshake of both; 1 if they agree on compression. */
static int agree(const sansocket_deflate_config *clients, const sansocket_deflate_config *servers, sansocket_acceptance acceptance)
{
    static sansocket_config client_config, server_config;
    const sansocket_setup setup = SANSOCKET_SETUP;
    sansocket_client_request request = {SANSOCKET_LITERAL("example.com"), SANSOCKET_LITERAL("/"), {0}, NULL, 0, {0}};
    EXPECT_OK(sansocket_config_init(&client_config, &setup));
    EXPECT_OK(sansocket_config_set_deflate(&client_config, clients));
    EXPECT_OK(sansocket_config_init(&server_config, &setup));
    EXPECT_OK(sansocket_config_set_deflate(&server_config, servers));
    begin(&client, &client_config, SANSOCKET_CLIENT);
    begin(&server, &server_config, SANSOCKET_SERVER);
    EXPECT_OK(sansocket_request(&client.ws, &client.io, &request));
    carry(&client, &server);
    EXPECT(drain(&server) == SANSOCKET_EVENT_REQUEST);
    const uint8_t *head = server.io.event.data;
    sansocket_deflate_offer offer = sansocket_request_deflate_offer(&server_config, head, server.io.event.len);
    EXPECT(offer.is_offered == (clients != NULL && servers != NULL));
    EXPECT_OK(sansocket_accept(&server.ws, &server.io, head, server.io.event.len, &acceptance));
    carry(&server, &client);
    EXPECT(drain(&client) == SANSOCKET_EVENT_OPENED);
    const sansocket_deflate_agreement ours = sansocket_get_deflate(&client.ws), theirs = sansocket_get_deflate(&server.ws);
    EXPECT(ours.is_agreed == theirs.is_agreed && ours.send_window_bits <= theirs.receive_window_bits);
    EXPECT(theirs.send_window_bits <= ours.receive_window_bits && theirs.receive_no_context_takeover <= ours.send_no_context_takeover);
    return ours.is_agreed;
}

/* Messages of all kinds, both ways. */
static void converse(void)
{
    static uint8_t text[20000], noise[20000];
    uint32_t state = 1;
    for (size_t i = 0; i < sizeof text; i++) {
        state = state * 1664525 + 1013904223;
        noise[i] = (uint8_t)(state >> 24);
        text[i] = (uint8_t) "{\"id\": 12, \"price\": 1.25, \"size\": 100}, "[i % 41];
    }
    for (int round = 0; round < 2; round++) {
        static const size_t lengths[] = {0, 1, 41, 5000, 20000, 0};
        for (size_t i = 0; i < sizeof lengths / sizeof *lengths && failures == 0; i++) {
            size_t len = lengths[i], there = pass(&client, &server, text, len), back = pass(&server, &client, text, len);
            EXPECT(len < 5000 || !client.ours.agreed.is_agreed || client.codec == STORING || there < len / 4);
            EXPECT(len < 5000 || !server.ours.agreed.is_agreed || server.codec == STORING || back < len / 4);
            pass(&client, &server, noise, len);
            pass(&server, &client, noise, len);
        }
    }
    EXPECT_OK(sansocket_close(&client.ws, &client.io, 1000, NULL, 0));
    carry(&client, &server);
    EXPECT(drain(&server) == SANSOCKET_EVENT_CLOSE_RECEIVED);
    carry(&server, &client);
    EXPECT(drain(&client) == SANSOCKET_EVENT_CLOSE_RECEIVED && sansocket_get_was_clean(&client.ws));
}

int main(void)
{
    static const sansocket_deflate_config settings[] = {
        {0},
        {.send_no_context_takeover = 1, .receive_no_context_takeover = 1},
        {.send_window_bits = 9, .receive_window_bits = 10, .fallback = 1},
        {.send_window_bits = 12, .receive_no_context_takeover = 1},
    };
    static const sansocket_acceptance any = {.origin = SANSOCKET_ORIGIN_ANY}, none = {.origin = SANSOCKET_ORIGIN_ANY, .no_deflate = 1};
    size_t conversations = 0;
    /* Each pair of codecs with each of the client's settings. */
    for (; conversations < 36 && failures == 0; conversations++) {
        EXPECT(agree(&settings[conversations % 4], &settings[conversations / 9], any));
        take_codecs(&client, (enum codec)(conversations % 9 / 3));
        take_codecs(&server, (enum codec)(conversations % 3));
        converse();
        end(&client);
        end(&server);
    }
    EXPECT(!agree(&settings[0], &settings[0], none));
    EXPECT(!agree(&settings[0], NULL, any));
    EXPECT(!agree(NULL, &settings[0], any));
    if (failures != 0)
        return 1;
    printf("deflate_test: as expected, in %zu conversations\n", conversations);
    return 0;
}
