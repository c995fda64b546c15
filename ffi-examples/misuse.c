/* Wrong calls give results, and a moved connection still works: `make test`. Prints what differs, and exits 1. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sansocket.h"

static int failures;

static void expect_at(int line, const char *call, sansocket_result result, sansocket_result wanted)
{
    if (result != wanted) {
        printf("misuse.c:%d: %s gave %d (%s), not %d (%s)\n", line, call, (int)result, sansocket_result_text(result), (int)wanted,
               sansocket_result_text(wanted));
        failures++;
    }
}

#define EXPECT(call, wanted) expect_at(__LINE__, #call, call, wanted)
#define EXPECT_TRUE(condition) \
    do { \
        if (!(condition)) { \
            printf("misuse.c:%d: not so: %s\n", __LINE__, #condition); \
            failures++; \
        } \
    } while (0)

static uint8_t memory[4096];

static sansocket_io fresh_io(void)
{
    return (sansocket_io){.input = memory, .output = memory + 2048, .output_size = 2048};
}

/* Counts up: predictable, so for tests only. */
static int32_t counting(void *context, uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++)
        bytes[i] = (*(uint8_t *)context)++;
    return 0;
}

static int32_t failing(void *context, uint8_t *bytes, size_t len)
{
    (void)context, (void)bytes, (void)len;
    return -1;
}

/* A codec whose functions must not be reached. */
static int32_t never_run(void *context, sansocket_codec_step *step)
{
    (void)context, (void)step;
    abort();
}

static void never_reset(void *context)
{
    (void)context;
    abort();
}

static void everything_refuses(sansocket *ws, sansocket_result wanted)
{
    sansocket_io io = fresh_io();
    sansocket_acceptance acceptance = {.origin = SANSOCKET_ORIGIN_ANY};
    sansocket_client_request request = {SANSOCKET_LITERAL("example.com"), SANSOCKET_LITERAL("/"), {0}, NULL, 0, {0}};
    sansocket_inflate_codec inflating = {.inflate = never_run, .reset = never_reset, .window_bits = 15};
    sansocket_deflate_codec compressing = {.compress = never_run, .reset = never_reset, .window_bits = 15};
    size_t due;

    EXPECT(sansocket_receive(ws, &io), wanted);
    EXPECT(sansocket_receive_eof(ws, &io), wanted);
    EXPECT(sansocket_handle_timeout(ws, &io), wanted);
    EXPECT(sansocket_request(ws, &io, &request), wanted);
    EXPECT(sansocket_accept(ws, &io, memory, 1, &acceptance), wanted);
    EXPECT(sansocket_accept_or_refuse(ws, &io, memory, 1, &acceptance), wanted);
    EXPECT(sansocket_respond(ws, &io, 404, NULL, 0, NULL, 0), wanted);
    EXPECT(sansocket_send(ws, &io, SANSOCKET_TEXT, "a", 1, 1), wanted);
    EXPECT(sansocket_send_header(ws, &io, SANSOCKET_TEXT, "a", 1, 1), wanted);
    EXPECT(sansocket_send_binary_header(ws, &io, 1, 1), wanted);
    EXPECT(sansocket_send_encoded(ws, memory, 1, &due), wanted);
    EXPECT(sansocket_send_compressed(ws, memory, 1, 15, &due), wanted);
    EXPECT(sansocket_receive_with_codec(ws, &io, &inflating, NULL, 0), wanted);
    EXPECT(sansocket_send_with_codec(ws, &io, &compressing, SANSOCKET_TEXT, "a", 1, 1), wanted);
    EXPECT(sansocket_written(ws, 1, 0), wanted);
    EXPECT(sansocket_respond_head(ws, &io, 404, NULL, 0, 0), wanted);
    EXPECT(sansocket_ping(ws, &io, NULL, 0), wanted);
    EXPECT(sansocket_pong(ws, &io, NULL, 0), wanted);
    EXPECT(sansocket_close(ws, &io, 1000, NULL, 0), wanted);
    EXPECT(sansocket_fail(ws, &io, 1011), wanted);
    EXPECT(sansocket_pause(ws, 0), wanted);
    EXPECT(sansocket_resume(ws, 0), wanted);
    EXPECT_TRUE(io.output_len == 0 && io.event.type == SANSOCKET_EVENT_NONE);
    EXPECT_TRUE(sansocket_poll_timeout(ws, 0) == -1);
    EXPECT_TRUE(sansocket_get_next_timeout(ws) == SANSOCKET_NEVER);
    EXPECT_TRUE(sansocket_get_state(ws) == SANSOCKET_STATE_CLOSED);
    EXPECT_TRUE(sansocket_get_transport(ws) == SANSOCKET_TRANSPORT_CLOSE);
    EXPECT_TRUE(sansocket_get_role(ws) == 0);
    EXPECT_TRUE(sansocket_get_subprotocol(ws).data == NULL);
    EXPECT_TRUE(sansocket_get_close_code(ws) == 1006 && !sansocket_get_was_clean(ws));
    EXPECT_TRUE(sansocket_get_round_trip_us(ws) == SANSOCKET_NEVER);
    EXPECT_TRUE(sansocket_get_deflate(ws).is_agreed == 0 && sansocket_get_deflate(ws).send_window_bits == 0);
}

static size_t write_nothing(void *context, sansocket_bytes due, sansocket_bytes payload)
{
    (void)context, (void)due, (void)payload;
    return 0;
}

static void everything_buffered_refuses(sansocket_buffered *b, sansocket_result wanted)
{
    sansocket_acceptance acceptance = {.origin = SANSOCKET_ORIGIN_ANY};
    sansocket_client_request request = {SANSOCKET_LITERAL("example.com"), SANSOCKET_LITERAL("/"), {0}, NULL, 0, {0}};
    sansocket_event event = {.type = SANSOCKET_EVENT_DATA};
    size_t taken = 7;

    EXPECT(sansocket_buffered_next(b, 0, &event), wanted);
    EXPECT_TRUE(event.type == SANSOCKET_EVENT_NONE);
    EXPECT(sansocket_buffered_current(b, &event), wanted);
    EXPECT(sansocket_buffered_written(b, 0, 0), wanted);
    EXPECT(sansocket_buffered_write_failed(b), wanted);
    EXPECT(sansocket_buffered_filled(b, 0, 0), wanted);
    EXPECT(sansocket_buffered_eof(b), wanted);
    EXPECT(sansocket_buffered_pause(b, 0), wanted);
    EXPECT(sansocket_buffered_resume(b, 0), wanted);
    EXPECT(sansocket_buffered_discard(b, 0), wanted);
    EXPECT(sansocket_buffered_detach(b, memory, sizeof memory), wanted);
    EXPECT(sansocket_buffered_restore(b, memory, sizeof memory), wanted);
    EXPECT(sansocket_buffered_restore(b, NULL, 0), wanted);
    EXPECT(sansocket_buffered_request(b, 0, &request), wanted);
    EXPECT(sansocket_buffered_accept(b, 0, memory, 1, &acceptance), wanted);
    EXPECT(sansocket_buffered_accept_or_refuse(b, 0, memory, 1, &acceptance), wanted);
    EXPECT(sansocket_buffered_respond(b, 0, 404, NULL, 0, NULL, 0), wanted);
    EXPECT(sansocket_buffered_send(b, 0, SANSOCKET_TEXT, "a", 1), wanted);
    EXPECT(sansocket_buffered_send_part(b, 0, SANSOCKET_TEXT, 0, "a", 1, 1, &taken), wanted);
    EXPECT(sansocket_buffered_send_plain(b, 0, SANSOCKET_TEXT, "a", 1), wanted);
    EXPECT(sansocket_buffered_send_part_plain(b, 0, SANSOCKET_TEXT, 0, "a", 1, 1, &taken), wanted);
    EXPECT(sansocket_buffered_send_part_by(b, 0, SANSOCKET_TEXT, 0, "a", 1, 1, write_nothing, NULL, &taken), wanted);
    EXPECT(sansocket_buffered_send_encoded(b, 0, memory, 1), wanted);
    EXPECT(sansocket_buffered_send_compressed(b, 0, memory, 1, 15), wanted);
    EXPECT(sansocket_buffered_set_inflater(b, NULL), wanted);
    EXPECT(sansocket_buffered_set_compressor(b, NULL, 0), wanted);
    EXPECT(sansocket_buffered_set_inflate_codec(b, NULL), wanted);
    EXPECT(sansocket_buffered_set_deflate_codec(b, NULL, 0), wanted);
    EXPECT(sansocket_buffered_ping(b, 0, NULL, 0), wanted);
    EXPECT(sansocket_buffered_pong(b, 0, NULL, 0), wanted);
    EXPECT(sansocket_buffered_close(b, 0, 1000, NULL, 0), wanted);
    EXPECT(sansocket_buffered_fail(b, 0, 1011), wanted);
    EXPECT_TRUE(taken == 7 && sansocket_buffered_remaining(b) == 0 && sansocket_buffered_get_room(b) == 0);
    EXPECT_TRUE(sansocket_buffered_due(b).data == NULL && sansocket_buffered_space(b).data == NULL);
    EXPECT_TRUE(sansocket_buffered_unread(b).data == NULL && !sansocket_buffered_wants_reading(b));
    EXPECT_TRUE(sansocket_buffered_poll_timeout(b, 0) == 0 && sansocket_buffered_get_next_timeout(b) == SANSOCKET_NEVER);
    EXPECT_TRUE(sansocket_buffered_get_transport(b) == SANSOCKET_TRANSPORT_CLOSE);
}

static void memory_and_versions(void)
{
    static const sansocket_setup setup = SANSOCKET_SETUP;
    sansocket_setup wrong = SANSOCKET_SETUP;
    sansocket zeroed = {0};
    sansocket_config config = {0};
    uint8_t unaligned[sizeof(sansocket) + 8] = {0};
    /* One of these two addresses is odd. */
    void *odd = unaligned + 1 - (size_t)unaligned % 2;
    uint8_t count = 0;

    everything_refuses(NULL, SANSOCKET_NULL_POINTER);
    everything_refuses(&zeroed, SANSOCKET_NOT_INITIALISED);
    everything_refuses(odd, SANSOCKET_MISALIGNED);

    EXPECT(sansocket_init_server(NULL, &setup), SANSOCKET_NULL_POINTER);
    EXPECT(sansocket_init_server(&zeroed, NULL), SANSOCKET_NULL_POINTER);
    EXPECT(sansocket_init_server(&zeroed, odd), SANSOCKET_MISALIGNED);
    EXPECT(sansocket_init_client(&zeroed, &setup), SANSOCKET_NULL_POINTER); /* no entropy */
    wrong.config = &config;
    EXPECT(sansocket_init_server(&zeroed, &wrong), SANSOCKET_NOT_INITIALISED);
    wrong = setup;
    wrong.role = (sansocket_role)3;
    wrong.entropy = counting;
    wrong.entropy_context = &count;
    EXPECT(sansocket_init_open(&zeroed, &wrong), SANSOCKET_INVALID_ARGUMENT);
    EXPECT(sansocket_config_set(&config, SANSOCKET_OPTION_MAX_FRAGMENTS, 1), SANSOCKET_NOT_INITIALISED);
    wrong = setup;
    wrong.size -= 8;
    EXPECT(sansocket_init_server(&zeroed, &wrong), SANSOCKET_WRONG_SIZE);
    EXPECT(sansocket_config_init(&config, &wrong), SANSOCKET_WRONG_SIZE);
    wrong = setup;
    wrong.abi_version++;
    EXPECT(sansocket_init_server(&zeroed, &wrong), SANSOCKET_WRONG_VERSION);
    EXPECT(sansocket_config_init(&config, &wrong), SANSOCKET_WRONG_VERSION);
    everything_refuses(&zeroed, SANSOCKET_NOT_INITIALISED);

    EXPECT(sansocket_config_init(&config, &setup), SANSOCKET_OK);
    EXPECT(sansocket_config_set(&config, (sansocket_option)0, 1), SANSOCKET_INVALID_ARGUMENT);
    EXPECT(sansocket_config_set(&config, (sansocket_option)999, 1), SANSOCKET_INVALID_ARGUMENT);
    EXPECT(sansocket_config_set(&config, SANSOCKET_OPTION_MAX_FRAGMENTS, UINT32_MAX), SANSOCKET_OK);
    EXPECT(sansocket_config_set(&config, SANSOCKET_OPTION_MAX_FRAGMENTS, UINT32_MAX + UINT64_C(1)), SANSOCKET_OUT_OF_RANGE);
    EXPECT(sansocket_config_set(&config, SANSOCKET_OPTION_AUTO_PONG, 2), SANSOCKET_OUT_OF_RANGE);
    EXPECT(sansocket_config_set_subprotocols(&config, NULL, 4), SANSOCKET_NULL_POINTER);
    EXPECT(sansocket_config_set_subprotocols(&config, "\xFF", 1), SANSOCKET_USAGE_INVALID_SUBPROTOCOL);
}

static sansocket open_server(const sansocket_negotiated *negotiated)
{
    sansocket ws;
    sansocket_setup setup = SANSOCKET_SETUP;
    setup.role = SANSOCKET_SERVER;
    setup.negotiated = negotiated;
    EXPECT(sansocket_init_open(&ws, &setup), SANSOCKET_OK);
    return ws;
}

static void pointers_and_lengths(void)
{
    sansocket ws = open_server(NULL);
    sansocket_io io = fresh_io();

    EXPECT(sansocket_receive(&ws, NULL), SANSOCKET_NULL_POINTER);
    EXPECT(sansocket_send(&ws, NULL, SANSOCKET_TEXT, "a", 1, 1), SANSOCKET_NULL_POINTER);

    io.input = NULL;
    io.input_len = 1;
    io.output_len = 7;
    io.event.type = SANSOCKET_EVENT_DATA;
    EXPECT(sansocket_receive(&ws, &io), SANSOCKET_NULL_POINTER);
    EXPECT_TRUE(io.input_len == 1 && io.output_len == 7 && io.event.type == SANSOCKET_EVENT_NONE);
    io.input_len = 0;
    EXPECT(sansocket_receive(&ws, &io), SANSOCKET_OK);
    io.output_len = io.output_size + 1;
    EXPECT(sansocket_receive(&ws, &io), SANSOCKET_INVALID_ARGUMENT);
    EXPECT(sansocket_send(&ws, &io, SANSOCKET_TEXT, "a", 1, 1), SANSOCKET_INVALID_ARGUMENT);
    io.output_len = 0;
    io.output = NULL;
    EXPECT(sansocket_receive(&ws, &io), SANSOCKET_NULL_POINTER);
    io.output_size = 0;
    EXPECT(sansocket_receive(&ws, &io), SANSOCKET_OK);
    io.input = memory;
    io.input_len = 1;
    EXPECT(sansocket_receive(&ws, &io), SANSOCKET_NEEDS_ROOM);
    EXPECT_TRUE(io.needed == SANSOCKET_MAX_ANSWER && io.input_len == 1);
    EXPECT(sansocket_send(&ws, &io, SANSOCKET_TEXT, "a", 1, 1), SANSOCKET_NEEDS_ROOM);
    EXPECT_TRUE(io.needed == 3);
    EXPECT(sansocket_send(&ws, &io, SANSOCKET_TEXT, "a", SIZE_MAX, 1), SANSOCKET_LENGTH_TOO_LARGE);
    EXPECT(sansocket_send(&ws, &io, SANSOCKET_TEXT, NULL, 1, 1), SANSOCKET_NULL_POINTER);

    io = fresh_io();
    io.input_len = 2049;
    EXPECT(sansocket_receive(&ws, &io), SANSOCKET_OVERLAP);
    io.input_len = 2048;
    memory[0] = 0x89, memory[1] = 0x80;
    EXPECT(sansocket_receive(&ws, &io), SANSOCKET_OK);
    EXPECT_TRUE(io.event.type == SANSOCKET_EVENT_PING && io.output_len == 2 && io.input == memory + 6 && io.input_len == 2042);
    io.input_len = SIZE_MAX;
    EXPECT(sansocket_receive(&ws, &io), SANSOCKET_LENGTH_TOO_LARGE);
    /* What is due may be read, what is free may not. */
    EXPECT(sansocket_send(&ws, &io, SANSOCKET_BINARY, memory + 2049, 2, 1), SANSOCKET_OVERLAP);
    EXPECT(sansocket_send(&ws, &io, SANSOCKET_BINARY, memory + 2049, 1, 1), SANSOCKET_OK);
    EXPECT_TRUE(io.output_len == 5);
    EXPECT(sansocket_send(&ws, &io, (sansocket_kind)3, "a", 1, 1), SANSOCKET_INVALID_ARGUMENT);
    EXPECT(sansocket_close(&ws, &io, 65535, NULL, 0), SANSOCKET_USAGE_INVALID_CLOSE_CODE);
    EXPECT(sansocket_close(&ws, &io, 1005, NULL, 0), SANSOCKET_USAGE_INVALID_CLOSE_CODE);
    EXPECT(sansocket_close(&ws, &io, 0, "why", 3), SANSOCKET_USAGE_INVALID_CLOSE_REASON);
    EXPECT(sansocket_close(&ws, &io, 1000, "\xFF", 1), SANSOCKET_USAGE_INVALID_UTF8);
    EXPECT(sansocket_respond(&ws, &io, 404, NULL, 0, NULL, 0), SANSOCKET_USAGE_NOT_CONNECTING);
    EXPECT_TRUE(io.output_len == 5);
    EXPECT_TRUE(sansocket_get_round_trip_us(&ws) == SANSOCKET_NEVER);
    EXPECT_TRUE(sansocket_widen_ms(0xFFFFFFFFu, 4) == 0x100000004u);
}

/* What was written once is not written again, whatever calls follow that write nothing. */
static void output_is_due_once(void)
{
    sansocket ws = open_server(NULL);
    sansocket_io io = fresh_io();

    EXPECT(sansocket_send(&ws, &io, SANSOCKET_TEXT, "a", 1, 1), SANSOCKET_OK);
    EXPECT(sansocket_ping(&ws, &io, "b", 1), SANSOCKET_OK);
    EXPECT_TRUE(io.output_len == 6 && memcmp(io.output, "\x81\x01" "a" "\x89\x01" "b", 6) == 0);
    io.output_len = 0;
    EXPECT(sansocket_receive(&ws, &io), SANSOCKET_OK);
    EXPECT(sansocket_handle_timeout(&ws, &io), SANSOCKET_OK);
    EXPECT(sansocket_send(&ws, &io, SANSOCKET_TEXT, "\xFF", 1, 1), SANSOCKET_USAGE_INVALID_UTF8);
    EXPECT_TRUE(io.output_len == 0);
    EXPECT(sansocket_close(&ws, &io, 1000, NULL, 0), SANSOCKET_OK);
    EXPECT_TRUE(io.output_len == 4);
    io.output_len = 0;
    EXPECT(sansocket_close(&ws, &io, 1000, NULL, 0), SANSOCKET_OK);
    EXPECT(sansocket_send(&ws, &io, SANSOCKET_TEXT, "late", 4, 1), SANSOCKET_OK);
    EXPECT_TRUE(io.output_len == 0);
}

static int32_t no_step(void *context, sansocket_codec_step *step)
{
    (void)context, (void)step;
    return -1;
}

static void no_reset(void *context)
{
    (void)context;
}

/* Codecs for a connection with its buffers, whose memory lies apart from these. */
static void codecs_of_buffers(void)
{
    static uint8_t room[8192], joining[256];
    const sansocket_negotiated agreed = {.has_deflate = 1};
    sansocket_setup setup = SANSOCKET_SETUP;
    sansocket_buffers lent = {.input = room, .input_size = 512, .output = room + 512, .output_size = 512};
    sansocket ws;
    sansocket_buffered b = {{0}};
    sansocket_inflater inflater = {{0}, {0}}, never_inflater = {{0}, {0}};
    sansocket_compressor compressor = {{0}}, never = {{0}};
    sansocket_inflate_codec inflate_codec = {.inflate = no_step, .window_bits = 15};
    sansocket_deflate_codec deflate_codec = {.compress = no_step, .window_bits = 15};
    void *odd = (char *)&never + 1;
    size_t taken = 7;

    setup.role = SANSOCKET_SERVER, setup.negotiated = &agreed;
    EXPECT(sansocket_init_open(&ws, &setup), SANSOCKET_OK);
    setup.memory = room + 2048, setup.memory_len = 256;
    EXPECT(sansocket_inflater_init(&inflater, &setup), SANSOCKET_OK);
    setup.window_bits = 8, setup.level = SANSOCKET_LEVEL_FAST, setup.memory = room + 4096, setup.memory_len = 1024;
    EXPECT(sansocket_compressor_init(&compressor, &setup), SANSOCKET_OK);

    EXPECT(sansocket_buffered_attach(&b, &ws, &lent), SANSOCKET_OK);
    EXPECT(sansocket_buffered_set_inflater(&b, &inflater), SANSOCKET_USAGE_BUFFER_TOO_SHORT); /* nowhere to inflate to */
    lent.joining = room + 2303, lent.joining_size = 1;
    EXPECT(sansocket_buffered_attach(&b, &ws, &lent), SANSOCKET_OK);
    EXPECT(sansocket_buffered_set_inflater(&b, &inflater), SANSOCKET_OVERLAP);
    lent.input = room + 1537;
    lent.joining = joining, lent.joining_size = sizeof joining;
    EXPECT(sansocket_buffered_attach(&b, &ws, &lent), SANSOCKET_OK);
    EXPECT(sansocket_buffered_set_inflater(&b, &inflater), SANSOCKET_OVERLAP);
    lent.input = room, lent.output = room + 4096 + 1023;
    EXPECT(sansocket_buffered_attach(&b, &ws, &lent), SANSOCKET_OK);
    EXPECT(sansocket_buffered_set_inflater(&b, &inflater), SANSOCKET_OK);
    EXPECT(sansocket_buffered_set_compressor(&b, &compressor, 0), SANSOCKET_OVERLAP);
    lent.output = room + 512;
    EXPECT(sansocket_buffered_attach(&b, &ws, &lent), SANSOCKET_OK);
    EXPECT(sansocket_buffered_set_inflater(&b, &never_inflater), SANSOCKET_NOT_INITIALISED);
    EXPECT(sansocket_buffered_set_compressor(&b, &never, 0), SANSOCKET_NOT_INITIALISED);
    EXPECT(sansocket_buffered_set_inflater(&b, odd), SANSOCKET_MISALIGNED);
    EXPECT(sansocket_buffered_set_compressor(&b, odd, 0), SANSOCKET_MISALIGNED);
    EXPECT(sansocket_buffered_set_compressor(&b, &compressor, 0), SANSOCKET_OK);

    /* What is sent lies apart from the compressor's memory, unless it is not compressed. */
    EXPECT(sansocket_buffered_send(&b, 0, SANSOCKET_BINARY, room + 4096 + 1023, 1), SANSOCKET_OVERLAP);
    EXPECT(sansocket_buffered_send_part(&b, 0, SANSOCKET_BINARY, 0, room + 4095, 2, 1, &taken), SANSOCKET_OVERLAP);
    EXPECT(sansocket_buffered_send(&b, 0, SANSOCKET_BINARY, room + 512, 1), SANSOCKET_OVERLAP);
    EXPECT(sansocket_buffered_send(&b, 0, SANSOCKET_BINARY, NULL, 1), SANSOCKET_NULL_POINTER);
    EXPECT(sansocket_buffered_send(&b, 0, 3, "a", 1), SANSOCKET_INVALID_ARGUMENT);
    EXPECT(sansocket_buffered_send_part(&b, 0, SANSOCKET_BINARY, 0, "a", 1, 1, NULL), SANSOCKET_NULL_POINTER);
    EXPECT(sansocket_buffered_send_compressed(&b, 0, (const uint8_t *)"\xC1", 1, 16), SANSOCKET_OUT_OF_RANGE);
    EXPECT(sansocket_buffered_send_compressed(&b, 0, NULL, 1, 15), SANSOCKET_NULL_POINTER);
    EXPECT_TRUE(taken == 7 && sansocket_buffered_due(&b).data == NULL);
    EXPECT(sansocket_buffered_send_plain(&b, 0, SANSOCKET_BINARY, room + 4096, 1), SANSOCKET_OK);

    /* A codec of one's own without its functions. */
    EXPECT(sansocket_buffered_set_inflate_codec(&b, &inflate_codec), SANSOCKET_NULL_POINTER);
    EXPECT(sansocket_buffered_set_deflate_codec(&b, &deflate_codec, 0), SANSOCKET_NULL_POINTER);
    inflate_codec.reset = deflate_codec.reset = no_reset, inflate_codec.window_bits = deflate_codec.window_bits = 16;
    EXPECT(sansocket_buffered_set_inflate_codec(&b, &inflate_codec), SANSOCKET_OUT_OF_RANGE);
    EXPECT(sansocket_buffered_set_deflate_codec(&b, &deflate_codec, 0), SANSOCKET_OUT_OF_RANGE);
    EXPECT(sansocket_buffered_set_inflate_codec(&b, odd), SANSOCKET_MISALIGNED);
    EXPECT(sansocket_buffered_set_inflate_codec(&b, NULL), SANSOCKET_OK);
    EXPECT(sansocket_buffered_set_deflate_codec(&b, NULL, 0), SANSOCKET_OK);
}

static void buffers(void)
{
    static uint8_t joining[64];
    static const sansocket_buffers right = {.input = memory, .input_size = 131, .output = memory + 131, .output_size = 262};
    sansocket ws = open_server(NULL), never = {0};
    sansocket_buffered zeroed = {{0}}, b = {{0}};
    sansocket_buffers wrong = right;
    sansocket_event event;
    uint8_t unaligned[sizeof(sansocket_buffered) + 8] = {0};
    void *odd = unaligned + 1 - (size_t)unaligned % 2;
    size_t taken;

    everything_buffered_refuses(NULL, SANSOCKET_NULL_POINTER);
    everything_buffered_refuses(&zeroed, SANSOCKET_NOT_INITIALISED);
    everything_buffered_refuses(odd, SANSOCKET_MISALIGNED);

    EXPECT(sansocket_buffered_attach(NULL, &ws, &right), SANSOCKET_NULL_POINTER);
    EXPECT(sansocket_buffered_attach(&b, NULL, &right), SANSOCKET_NULL_POINTER);
    EXPECT(sansocket_buffered_attach(&b, &ws, NULL), SANSOCKET_NULL_POINTER);
    EXPECT(sansocket_buffered_attach(odd, &ws, &right), SANSOCKET_MISALIGNED);
    EXPECT(sansocket_buffered_attach(&b, odd, &right), SANSOCKET_MISALIGNED);
    EXPECT(sansocket_buffered_attach(&b, &ws, odd), SANSOCKET_MISALIGNED);
    EXPECT(sansocket_buffered_attach(&b, &never, &right), SANSOCKET_NOT_INITIALISED);
    wrong.input_size = 130;
    EXPECT(sansocket_buffered_attach(&b, &ws, &wrong), SANSOCKET_USAGE_BUFFER_TOO_SHORT);
    wrong = right, wrong.output_size = 261;
    EXPECT(sansocket_buffered_attach(&b, &ws, &wrong), SANSOCKET_USAGE_BUFFER_TOO_SHORT);
    wrong = right, wrong.input_size = 132;
    EXPECT(sansocket_buffered_attach(&b, &ws, &wrong), SANSOCKET_OVERLAP);
    wrong = right, wrong.joining = memory + 392, wrong.joining_size = 8;
    EXPECT(sansocket_buffered_attach(&b, &ws, &wrong), SANSOCKET_OVERLAP);
    wrong.joining = memory, wrong.joining_size = 1;
    EXPECT(sansocket_buffered_attach(&b, &ws, &wrong), SANSOCKET_OVERLAP);
    wrong.joining = NULL;
    EXPECT(sansocket_buffered_attach(&b, &ws, &wrong), SANSOCKET_NULL_POINTER);
    wrong = right, wrong.output = NULL;
    EXPECT(sansocket_buffered_attach(&b, &ws, &wrong), SANSOCKET_NULL_POINTER);
    wrong = right, wrong.input_size = SIZE_MAX;
    EXPECT(sansocket_buffered_attach(&b, &ws, &wrong), SANSOCKET_LENGTH_TOO_LARGE);
    wrong = right, wrong.in_pieces = 2;
    EXPECT(sansocket_buffered_attach(&b, &ws, &wrong), SANSOCKET_INVALID_ARGUMENT);
    wrong = right, wrong.reserved[6] = 1;
    EXPECT(sansocket_buffered_attach(&b, &ws, &wrong), SANSOCKET_INVALID_ARGUMENT);
    wrong = right, wrong.reserved_more = 1;
    EXPECT(sansocket_buffered_attach(&b, &ws, &wrong), SANSOCKET_INVALID_ARGUMENT);
    everything_buffered_refuses(&b, SANSOCKET_NOT_INITIALISED);

    wrong = right, wrong.joining = joining, wrong.joining_size = sizeof joining;
    EXPECT(sansocket_buffered_attach(&b, &ws, &wrong), SANSOCKET_OK);
    EXPECT(sansocket_buffered_next(&b, 0, NULL), SANSOCKET_NULL_POINTER);
    EXPECT(sansocket_buffered_next(&b, 0, odd), SANSOCKET_MISALIGNED);
    EXPECT(sansocket_buffered_current(&b, NULL), SANSOCKET_NULL_POINTER);

    /* Counts of more bytes than there are: -1, for one. */
    EXPECT(sansocket_buffered_send(&b, 0, SANSOCKET_TEXT, "due", 3), SANSOCKET_OK);
    EXPECT(sansocket_buffered_written(&b, 6, 0), SANSOCKET_INVALID_ARGUMENT);
    EXPECT(sansocket_buffered_written(&b, SIZE_MAX, 0), SANSOCKET_INVALID_ARGUMENT);
    EXPECT_TRUE(sansocket_buffered_due(&b).len == 5);
    EXPECT(sansocket_buffered_written(&b, 5, 0), SANSOCKET_OK);
    EXPECT(sansocket_buffered_filled(&b, 132, 0), SANSOCKET_INVALID_ARGUMENT);
    EXPECT(sansocket_buffered_filled(&b, SIZE_MAX, 0), SANSOCKET_INVALID_ARGUMENT);
    EXPECT_TRUE(sansocket_buffered_space(&b).len == 131 && sansocket_buffered_unread(&b).data == NULL);
    memory[0] = 0x81;
    EXPECT(sansocket_buffered_filled(&b, 1, 0), SANSOCKET_OK);
    EXPECT(sansocket_buffered_filled(&b, 131, 0), SANSOCKET_INVALID_ARGUMENT);
    EXPECT_TRUE(sansocket_buffered_unread(&b).len == 1 && sansocket_buffered_unread(&b).data == memory);
    EXPECT(sansocket_buffered_discard(&b, 2), SANSOCKET_INVALID_ARGUMENT);

    /* What is read must not lie in the output, due or not. */
    EXPECT(sansocket_buffered_send(&b, 0, SANSOCKET_BINARY, memory + 130, 2), SANSOCKET_OVERLAP);
    EXPECT(sansocket_buffered_send(&b, 0, SANSOCKET_BINARY, memory + 130, 1), SANSOCKET_OK);
    EXPECT(sansocket_buffered_send(&b, 0, SANSOCKET_BINARY, NULL, 1), SANSOCKET_NULL_POINTER);
    EXPECT(sansocket_buffered_send(&b, 0, SANSOCKET_BINARY, memory, SIZE_MAX), SANSOCKET_LENGTH_TOO_LARGE);
    EXPECT(sansocket_buffered_send(&b, 0, SANSOCKET_TEXT, "\xFF", 1), SANSOCKET_USAGE_INVALID_UTF8);
    EXPECT(sansocket_buffered_send(&b, 0, (sansocket_kind)3, "a", 1), SANSOCKET_INVALID_ARGUMENT);
    EXPECT(sansocket_buffered_send_part(&b, 0, SANSOCKET_TEXT, 0, "a", 1, 1, NULL), SANSOCKET_NULL_POINTER);
    EXPECT(sansocket_buffered_send_part(&b, 0, SANSOCKET_TEXT, 1, "a", 1, 1, &taken), SANSOCKET_USAGE_NO_MESSAGE_UNFINISHED);
    EXPECT(sansocket_buffered_close(&b, 0, 1005, NULL, 0), SANSOCKET_USAGE_INVALID_CLOSE_CODE);
    EXPECT(sansocket_buffered_close(&b, 0, 1000, "\xFF", 1), SANSOCKET_USAGE_INVALID_UTF8);
    EXPECT(sansocket_buffered_request(&b, 0, NULL), SANSOCKET_NULL_POINTER);
    EXPECT(sansocket_buffered_accept(&b, 0, memory, 1, NULL), SANSOCKET_NULL_POINTER);
    EXPECT_TRUE(sansocket_buffered_due(&b).len == 3);

    /* It may move, and its connection may be attached again; one that is gone is noticed. */
    zeroed = b;
    memset(&b, 0xA5, sizeof b);
    EXPECT(sansocket_buffered_written(&zeroed, 3, 0), SANSOCKET_OK);
    EXPECT(sansocket_buffered_attach(&zeroed, &ws, &right), SANSOCKET_OK);
    EXPECT(sansocket_buffered_next(&zeroed, 0, &event), SANSOCKET_OK);
    memset(&ws, 0, sizeof ws);
    everything_buffered_refuses(&zeroed, SANSOCKET_NOT_INITIALISED);
}

static void compression(void)
{
    static uint8_t history[256], table[512], window[64];
    static const uint8_t reserved_block_type = 7;
    sansocket_inflater inflater = {0};
    sansocket_compressor compressor = {0};
    sansocket_negotiated negotiated = {.has_deflate = 1, .server_max_window_bits = 8, .client_max_window_bits = 8};
    sansocket ws = open_server(&negotiated);
    sansocket_setup setup = SANSOCKET_SETUP;
    sansocket_io io = fresh_io();

    EXPECT(sansocket_inflate(&inflater, &io), SANSOCKET_NOT_INITIALISED);
    EXPECT(sansocket_inflater_reset(NULL), SANSOCKET_NULL_POINTER);
    EXPECT(sansocket_compress(&compressor, &io, "a", 1, 1), SANSOCKET_NOT_INITIALISED);
    EXPECT(sansocket_compressor_reset((sansocket_compressor *)(void *)((uint8_t *)&compressor + 1)), SANSOCKET_MISALIGNED);
    setup.memory_len = 256;
    EXPECT(sansocket_inflater_init(&inflater, &setup), SANSOCKET_NULL_POINTER);
    setup.memory = history;
    setup.memory_len = 255;
    EXPECT(sansocket_inflater_init(&inflater, &setup), SANSOCKET_WRONG_MEMORY_LEN);
    setup.memory_len = 256;
    setup.size += 8;
    EXPECT(sansocket_inflater_init(&inflater, &setup), SANSOCKET_WRONG_SIZE);
    setup.size -= 8;
    setup.abi_version++;
    EXPECT(sansocket_inflater_init(&inflater, &setup), SANSOCKET_WRONG_VERSION);
    setup.abi_version--;
    EXPECT(sansocket_inflater_init(&inflater, &setup), SANSOCKET_OK);
    setup.memory = table;
    setup.memory_len = 512;
    setup.level = SANSOCKET_LEVEL_FAST;
    setup.window_bits = 7;
    EXPECT(sansocket_compressor_init(&compressor, &setup), SANSOCKET_OUT_OF_RANGE);
    setup.window_bits = 8;
    setup.level = (sansocket_level)4;
    EXPECT(sansocket_compressor_init(&compressor, &setup), SANSOCKET_INVALID_ARGUMENT);
    setup.level = SANSOCKET_LEVEL_FAST;
    setup.memory_len = 300;
    EXPECT(sansocket_compressor_init(&compressor, &setup), SANSOCKET_WRONG_MEMORY_LEN);
    setup.memory_len = 512;
    EXPECT(sansocket_compressor_init(&compressor, &setup), SANSOCKET_OK);

    EXPECT(sansocket_receive_with(&ws, &io, NULL, window, sizeof window), SANSOCKET_NULL_POINTER);
    EXPECT(sansocket_receive_with(&ws, &io, &inflater, NULL, 1), SANSOCKET_NULL_POINTER);
    EXPECT(sansocket_receive_with(&ws, &io, &inflater, io.output, 1), SANSOCKET_OVERLAP);
    EXPECT(sansocket_receive_with(&ws, &io, &inflater, history, 1), SANSOCKET_OVERLAP);
    EXPECT(sansocket_send_with(&ws, &io, NULL, SANSOCKET_TEXT, "a", 1, 1), SANSOCKET_NULL_POINTER);
    EXPECT(sansocket_send_with(&ws, &io, &compressor, SANSOCKET_TEXT, table, 1, 1), SANSOCKET_OVERLAP);
    EXPECT(sansocket_send_with(&ws, &io, &compressor, SANSOCKET_TEXT, "\xFF", 1, 1), SANSOCKET_USAGE_INVALID_UTF8);
    io.output_size = 31;
    EXPECT(sansocket_send_with(&ws, &io, &compressor, SANSOCKET_TEXT, "a", 1, 1), SANSOCKET_NEEDS_ROOM);
    EXPECT_TRUE(io.needed == 32 && io.output_len == 0);

    /* A fault stays one until the inflater is reset. */
    memory[0] = reserved_block_type;
    io.input_len = 1;
    EXPECT(sansocket_inflate(&inflater, &io), SANSOCKET_INFLATE_RESERVED_BLOCK_TYPE);
    memory[0] = 0;
    EXPECT(sansocket_inflate(&inflater, &io), SANSOCKET_INFLATE_RESERVED_BLOCK_TYPE);
    EXPECT_TRUE(io.input == memory && io.input_len == 1);
    EXPECT(sansocket_inflater_reset(&inflater), SANSOCKET_OK);
    EXPECT(sansocket_inflate(&inflater, &io), SANSOCKET_OK);
    EXPECT_TRUE(io.input == memory + 1 && io.input_len == 0);
}

/* A server that was sent `request`, whose head the event shows. */
static sansocket asked_server(sansocket_io *io, const sansocket_config *config, const char *request)
{
    sansocket ws;
    sansocket_setup setup = SANSOCKET_SETUP;
    setup.config = config;
    EXPECT(sansocket_init_server(&ws, &setup), SANSOCKET_OK);
    *io = fresh_io();
    io->input_len = strlen(request);
    memcpy(memory, request, io->input_len);
    EXPECT(sansocket_receive(&ws, io), SANSOCKET_OK);
    EXPECT_TRUE(io->event.len == strlen(request) && io->input_len == 0 && io->output_len == 0);
    return ws;
}

/* What is wanted of compression, what a client offers, and what a server makes of it. */
static void negotiating_compression(void)
{
    static const char opening[] = "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                                  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
                                  "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits=12\r\n\r\n";
    static const sansocket_setup setup = SANSOCKET_SETUP;
    sansocket_deflate_config deflate = {.send_window_bits = 10, .receive_window_bits = 9, .send_no_context_takeover = 1}, wrong = {0};
    sansocket_acceptance acceptance = {.origin = SANSOCKET_ORIGIN_ANY};
    sansocket_deflate_agreement agreed;
    sansocket_deflate_offer offer;
    sansocket_config config = {0};
    sansocket_io io;
    sansocket ws;

    EXPECT(sansocket_config_set_deflate(NULL, &deflate), SANSOCKET_NULL_POINTER);
    EXPECT(sansocket_config_set_deflate(&config, &deflate), SANSOCKET_NOT_INITIALISED);
    EXPECT(sansocket_config_init(&config, &setup), SANSOCKET_OK);
    wrong.receive_window_bits = 7;
    EXPECT(sansocket_config_set_deflate(&config, &wrong), SANSOCKET_OUT_OF_RANGE);
    wrong.receive_window_bits = 0, wrong.send_window_bits = 16;
    EXPECT(sansocket_config_set_deflate(&config, &wrong), SANSOCKET_OUT_OF_RANGE);
    wrong.send_window_bits = 0, wrong.reserved[0] = 1;
    EXPECT(sansocket_config_set_deflate(&config, &wrong), SANSOCKET_INVALID_ARGUMENT);

    /* It is off until it is set, and NULL turns it off again. */
    for (int is_on = 0; is_on < 3; is_on++) {
        EXPECT(is_on > 0 ? sansocket_config_set_deflate(&config, is_on == 1 ? &deflate : NULL) : SANSOCKET_OK, SANSOCKET_OK);
        ws = asked_server(&io, &config, opening);
        offer = sansocket_request_deflate_offer(&config, io.event.data, io.event.len);
        EXPECT_TRUE(offer.is_offered == (is_on == 1) && offer.client_max_window_bits == (is_on == 1 ? 12 : 0));
        EXPECT(sansocket_accept(&ws, &io, io.event.data, io.event.len, &acceptance), SANSOCKET_OK);
        agreed = sansocket_get_deflate(&ws);
        EXPECT_TRUE(agreed.is_agreed == (is_on == 1) && agreed.send_no_context_takeover == (is_on == 1));
        EXPECT_TRUE(is_on != 1 || (agreed.send_window_bits == 10 && agreed.receive_window_bits == 9));
    }
    EXPECT(sansocket_config_set_deflate(&config, &deflate), SANSOCKET_OK);
    EXPECT_TRUE(sansocket_request_deflate_offer(&config, NULL, 9).is_offered == 0);
    EXPECT_TRUE(sansocket_request_deflate_offer(NULL, (const uint8_t *)opening, sizeof opening - 1).is_offered == 0);

    /* For one client otherwise. */
    ws = asked_server(&io, &config, opening);
    deflate = (sansocket_deflate_config){.receive_window_bits = 11, .send_window_bits = 7};
    acceptance.deflate = &deflate;
    EXPECT(sansocket_accept(&ws, &io, io.event.data, io.event.len, &acceptance), SANSOCKET_USAGE_INVALID_WINDOW_BITS);
    EXPECT_TRUE(io.output_len == 0 && sansocket_get_state(&ws) == SANSOCKET_STATE_CONNECTING);
    deflate.send_window_bits = 0;
    EXPECT(sansocket_accept(&ws, &io, io.event.data, io.event.len, &acceptance), SANSOCKET_OK);
    agreed = sansocket_get_deflate(&ws);
    EXPECT_TRUE(agreed.send_window_bits == 15 && agreed.receive_window_bits == 11 && !agreed.send_no_context_takeover);
    ws = asked_server(&io, &config, opening);
    acceptance.no_deflate = 1;
    EXPECT(sansocket_accept(&ws, &io, io.event.data, io.event.len, &acceptance), SANSOCKET_OK);
    EXPECT_TRUE(!sansocket_get_deflate(&ws).is_agreed);
}

/* A codec that lies: what it returns, and what it claims to have done. */
struct lie {
    int32_t status;
    size_t consumed, produced;
    int calls;
};

static int32_t lying(void *context, sansocket_codec_step *step)
{
    struct lie *lie = context;
    lie->calls++;
    step->consumed = lie->consumed;
    step->produced = lie->produced;
    return lie->status;
}

static void forget(void *context)
{
    (void)context;
}

static uint8_t refuse_window(void *context, uint32_t window_bits)
{
    (void)context, (void)window_bits;
    return 0;
}

static void codecs_of_the_callers(void)
{
    static const struct lie lies[] = {{-1, 0, 0, 0},     {0, SIZE_MAX, 0, 0}, {0, 0, SIZE_MAX, 0}, {0, 3, 0, 0},
                                      {0, 2, 65, 0},     {0, 0, 0, 0},        {1, SIZE_MAX, SIZE_MAX, 0}};
    static uint8_t window[64], table[512];
    sansocket_negotiated negotiated = {.has_deflate = 1, .server_max_window_bits = 8, .client_max_window_bits = 8};
    sansocket ws = open_server(&negotiated);
    sansocket_inflate_codec inflating = {0};
    sansocket_deflate_codec compressing = {0};
    sansocket_compressor compressor = {0};
    sansocket_setup setup = SANSOCKET_SETUP;
    sansocket_io io = fresh_io();
    uint8_t unaligned[sizeof inflating + 8] = {0};
    void *odd = unaligned + 1 - (size_t)unaligned % 2;
    size_t due = 7;

    EXPECT(sansocket_receive_with_codec(&ws, &io, NULL, window, 64), SANSOCKET_NULL_POINTER);
    EXPECT(sansocket_receive_with_codec(&ws, &io, odd, window, 64), SANSOCKET_MISALIGNED);
    EXPECT(sansocket_receive_with_codec(&ws, &io, &inflating, window, 64), SANSOCKET_NULL_POINTER);
    EXPECT(sansocket_send_with_codec(&ws, &io, NULL, SANSOCKET_TEXT, "a", 1, 1), SANSOCKET_NULL_POINTER);
    EXPECT(sansocket_send_with_codec(&ws, &io, &compressing, SANSOCKET_TEXT, "a", 1, 1), SANSOCKET_NULL_POINTER);
    inflating.inflate = never_run, compressing.compress = never_run;
    EXPECT(sansocket_receive_with_codec(&ws, &io, &inflating, window, 64), SANSOCKET_NULL_POINTER);
    EXPECT(sansocket_send_with_codec(&ws, &io, &compressing, SANSOCKET_TEXT, "a", 1, 1), SANSOCKET_NULL_POINTER);
    inflating.reset = never_reset, compressing.reset = never_reset;
    EXPECT(sansocket_receive_with_codec(&ws, &io, &inflating, window, 64), SANSOCKET_OUT_OF_RANGE);
    EXPECT(sansocket_send_with_codec(&ws, &io, &compressing, SANSOCKET_TEXT, "a", 1, 1), SANSOCKET_OUT_OF_RANGE);
    inflating.window_bits = 16, compressing.window_bits = 256 + 8;
    EXPECT(sansocket_receive_with_codec(&ws, &io, &inflating, window, 64), SANSOCKET_OUT_OF_RANGE);
    EXPECT(sansocket_send_with_codec(&ws, &io, &compressing, SANSOCKET_TEXT, "a", 1, 1), SANSOCKET_OUT_OF_RANGE);
    inflating.window_bits = 8, compressing.window_bits = 9;
    EXPECT(sansocket_send_with_codec(&ws, &io, &compressing, SANSOCKET_TEXT, "a", 1, 1), SANSOCKET_USAGE_NO_DEFLATE);
    compressing.window_bits = 8;
    EXPECT(sansocket_receive_with_codec(&ws, &io, &inflating, NULL, 1), SANSOCKET_NULL_POINTER);
    EXPECT(sansocket_receive_with_codec(&ws, &io, &inflating, io.output, 1), SANSOCKET_OVERLAP);
    EXPECT(sansocket_send_with_codec(&ws, &io, &compressing, SANSOCKET_TEXT, io.output, 1, 1), SANSOCKET_OVERLAP);
    EXPECT(sansocket_send_with_codec(&ws, &io, &compressing, (sansocket_kind)3, "a", 1, 1), SANSOCKET_INVALID_ARGUMENT);
    EXPECT(sansocket_encode_compressed_with_codec(&io, NULL, 8, SANSOCKET_TEXT, "a", 1), SANSOCKET_NULL_POINTER);
    EXPECT(sansocket_encode_compressed_with_codec(&io, &compressing, 7, SANSOCKET_TEXT, "a", 1), SANSOCKET_OUT_OF_RANGE);
    inflating.reserved = 1, compressing.reserved = 1;
    EXPECT(sansocket_receive_with_codec(&ws, &io, &inflating, window, 64), SANSOCKET_INVALID_ARGUMENT);
    EXPECT(sansocket_send_with_codec(&ws, &io, &compressing, SANSOCKET_TEXT, "a", 1, 1), SANSOCKET_INVALID_ARGUMENT);
    inflating.reserved = 0, compressing.reserved = 0;

    /* Two bytes, masked with 0. */
    memcpy(memory, "\xc2\x82\0\0\0\0\1\2", 8);
    io.input_len = 8;
    inflating.limit_window = refuse_window;
    EXPECT(sansocket_receive_with_codec(&ws, &io, &inflating, window, 64), SANSOCKET_USAGE_NO_DEFLATE);
    EXPECT_TRUE(io.output_len == 0 && io.input_len == 8);
    for (size_t i = 0; i < sizeof lies / sizeof *lies; i++) {
        struct lie lie = lies[i];
        ws = open_server(&negotiated);
        io = fresh_io();
        io.input_len = 8;
        inflating = (sansocket_inflate_codec){&lie, lying, forget, NULL, 8, 0, {0, 0}};
        EXPECT(sansocket_receive_with_codec(&ws, &io, &inflating, window, 64), SANSOCKET_OK);
        EXPECT_TRUE(io.event.type == SANSOCKET_EVENT_FAILED && io.event.error == SANSOCKET_ERROR_INVALID_DEFLATE && lie.calls == 1);
        ws = open_server(&negotiated);
        io = fresh_io();
        lie = lies[i], lie.calls = 0;
        if (lie.produced == 65)
            lie.produced = 2049;
        compressing = (sansocket_deflate_codec){&lie, lying, forget, NULL, 8, 0, {0, 0}};
        EXPECT(sansocket_send_with_codec(&ws, &io, &compressing, SANSOCKET_BINARY, "ab", 2, 1), SANSOCKET_CODEC_FAILED);
        EXPECT_TRUE(io.consumed == 0 && io.done == 0 && io.output_len == 2 && lie.calls == 1);
        EXPECT(sansocket_send_with_codec(&ws, &io, &compressing, SANSOCKET_BINARY, "ab", 2, 1), SANSOCKET_CODEC_FAILED);
        EXPECT(sansocket_fail(&ws, &io, 1011), SANSOCKET_OK);
        EXPECT_TRUE(io.output_len == 6 && lie.calls == 1);
        compressing.state[0] = UINT64_MAX, compressing.state[1] = UINT64_MAX;
        io.output_len = 0;
        EXPECT(sansocket_encode_compressed_with_codec(&io, &compressing, 8, SANSOCKET_BINARY, "ab", 2), SANSOCKET_USAGE_WRONG_COMPRESSOR);
        compressing.state[0] = 0;
        EXPECT(sansocket_encode_compressed_with_codec(&io, &compressing, 8, SANSOCKET_BINARY, "ab", 2), SANSOCKET_CODEC_FAILED);
        EXPECT_TRUE(io.output_len == 0);
    }

    /* One frame for many. */
    io = fresh_io();
    EXPECT(sansocket_encode_compressed(&io, NULL, 8, SANSOCKET_TEXT, "a", 1), SANSOCKET_NULL_POINTER);
    EXPECT(sansocket_encode_compressed(&io, &compressor, 8, SANSOCKET_TEXT, "a", 1), SANSOCKET_NOT_INITIALISED);
    EXPECT_TRUE(!sansocket_compressor_is_idle(NULL) && !sansocket_compressor_is_idle(&compressor));
    setup.memory = table, setup.memory_len = sizeof table, setup.window_bits = 8, setup.level = SANSOCKET_LEVEL_FAST;
    EXPECT(sansocket_compressor_init(&compressor, &setup), SANSOCKET_OK);
    EXPECT_TRUE(sansocket_compressor_is_idle(&compressor));
    EXPECT(sansocket_encode_compressed(&io, &compressor, 16, SANSOCKET_TEXT, "a", 1), SANSOCKET_OUT_OF_RANGE);
    EXPECT(sansocket_encode_compressed(&io, &compressor, 8, SANSOCKET_TEXT, "\xFF", 1), SANSOCKET_USAGE_INVALID_UTF8);
    EXPECT(sansocket_encode_compressed(&io, &compressor, 8, SANSOCKET_TEXT, table, 1), SANSOCKET_OVERLAP);
    EXPECT(sansocket_encode_compressed(NULL, &compressor, 8, SANSOCKET_TEXT, "a", 1), SANSOCKET_NULL_POINTER);
    io.output_size = 60;
    EXPECT(sansocket_encode_compressed(&io, &compressor, 8, SANSOCKET_TEXT, "a", 1), SANSOCKET_NEEDS_ROOM);
    EXPECT_TRUE(io.needed > 60 && io.output_len == 0);
    io.output_size = io.needed;
    EXPECT(sansocket_encode_compressed(&io, &compressor, 8, SANSOCKET_TEXT, "a", 1), SANSOCKET_OK);
    EXPECT(sansocket_send_compressed(&ws, io.output, io.output_len, 8, NULL), SANSOCKET_NULL_POINTER);
    EXPECT(sansocket_send_compressed(&ws, NULL, 1, 8, &due), SANSOCKET_NULL_POINTER);
    EXPECT(sansocket_send_compressed(&ws, io.output, io.output_len, 16, &due), SANSOCKET_OUT_OF_RANGE);
    ws = open_server(&negotiated); /* with context takeover */
    EXPECT(sansocket_send_compressed(&ws, io.output, io.output_len, 8, &due), SANSOCKET_USAGE_NO_DEFLATE);
    EXPECT_TRUE(due == 7);
    negotiated.server_no_context_takeover = 1;
    ws = open_server(&negotiated);
    EXPECT(sansocket_send_compressed(&ws, io.output, io.output_len, 9, &due), SANSOCKET_USAGE_NO_DEFLATE);
    EXPECT(sansocket_send_compressed(&ws, io.output, io.output_len, 8, &due), SANSOCKET_OK);
    EXPECT_TRUE(due == io.output_len);
    io.output_len = 0;
    EXPECT(sansocket_send_with(&ws, &io, &compressor, SANSOCKET_TEXT, "a", 1, 0), SANSOCKET_OK);
    EXPECT_TRUE(!sansocket_compressor_is_idle(&compressor));
    ws = open_server(&negotiated);
    EXPECT(sansocket_send_with(&ws, &io, &compressor, SANSOCKET_TEXT, "a", 1, 1), SANSOCKET_USAGE_WRONG_COMPRESSOR);
}

static void parts_of_the_machine(void)
{
    sansocket_io io = fresh_io();
    sansocket_event event = {.type = SANSOCKET_EVENT_PING};
    sansocket_frame_header header = {.opcode = (sansocket_opcode)3};
    sansocket_url url;
    sansocket_error error = SANSOCKET_ERROR_NONE;
    size_t len = 0;

    EXPECT(sansocket_url_parse(NULL, 1, &url), SANSOCKET_NULL_POINTER);
    EXPECT(sansocket_url_parse("ws://a", 6, NULL), SANSOCKET_NULL_POINTER);
    EXPECT(sansocket_url_parse("ws://a@b", 8, &url), SANSOCKET_URL_USER_INFORMATION);
    EXPECT(sansocket_collect(memory, sizeof memory, &event), SANSOCKET_INVALID_ARGUMENT);
    EXPECT(sansocket_collect(memory, sizeof memory, NULL), SANSOCKET_NULL_POINTER);
    event = (sansocket_event){.type = SANSOCKET_EVENT_DATA, .kind = SANSOCKET_BINARY, .first = 1, .data = memory, .len = 5};
    EXPECT(sansocket_collect(memory + 4, 8, &event), SANSOCKET_OVERLAP);
    EXPECT(sansocket_collect(memory + 5, 4, &event), SANSOCKET_MESSAGE_TOO_LONG);
    EXPECT(sansocket_frame_header_encode(&io, &header), SANSOCKET_INVALID_ARGUMENT);
    EXPECT(sansocket_frame_header_decode((const uint8_t *)"\x83", 1, NULL, &header, &error), SANSOCKET_NOT_A_FRAME);
    EXPECT_TRUE(error == SANSOCKET_ERROR_RESERVED_OPCODE);
    EXPECT(sansocket_frame_header_decode((const uint8_t *)"\x81", 1, NULL, &header, NULL), SANSOCKET_INCOMPLETE);
    EXPECT(sansocket_apply_mask(NULL, 0, memory, 1), SANSOCKET_NULL_POINTER);
    EXPECT(sansocket_accept_key("key", 3, NULL), SANSOCKET_NULL_POINTER);
    EXPECT_TRUE(sansocket_token_at("a", 1, 1).data == NULL && sansocket_token_at(NULL, 1, 0).data == NULL);
    EXPECT(sansocket_head_find(NULL, (sansocket_role)3, memory, 1, &len, NULL), SANSOCKET_INVALID_ARGUMENT);
    EXPECT(sansocket_encode_message(&io, SANSOCKET_TEXT, "\xFF", 1), SANSOCKET_USAGE_INVALID_UTF8);
    EXPECT(sansocket_encode_message(NULL, SANSOCKET_TEXT, "a", 1), SANSOCKET_NULL_POINTER);
    EXPECT_TRUE(io.output_len == 0);
}

static int output_starts_with(const sansocket_io *io, const char *text)
{
    return io->output_len > strlen(text) && memcmp(io->output, text, strlen(text)) == 0;
}

static void accepting_and_refusing(void)
{
    static const char opening[] = "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                                  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
                                  "Sec-WebSocket-Protocol: chat\r\nOrigin: http://b\r\n\r\n";
    static const sansocket_setup setup = SANSOCKET_SETUP;
    sansocket_acceptance acceptance = {.subprotocol = {"", 0}, .origin = SANSOCKET_ORIGIN_ANY};
    sansocket_config config;
    sansocket_io io;
    sansocket ws;

    EXPECT(sansocket_config_init(&config, &setup), SANSOCKET_OK);
    EXPECT(sansocket_config_set_subprotocols(&config, "chat", 4), SANSOCKET_OK);

    /* A text of length 0 is no subprotocol, wherever it points. */
    ws = asked_server(&io, &config, opening);
    EXPECT(sansocket_accept(&ws, &io, io.event.data, io.event.len, &acceptance), SANSOCKET_OK);
    EXPECT_TRUE(output_starts_with(&io, "HTTP/1.1 101 ") && sansocket_get_subprotocol(&ws).data == NULL);

    /* The first only decides; the second answers too. */
    ws = asked_server(&io, &config, opening);
    acceptance.origin = SANSOCKET_ORIGIN_SAME_HOST;
    EXPECT(sansocket_accept(&ws, &io, io.event.data, io.event.len, &acceptance), SANSOCKET_USAGE_ORIGIN_NOT_ALLOWED);
    EXPECT_TRUE(io.output_len == 0 && sansocket_get_state(&ws) == SANSOCKET_STATE_CONNECTING);
    EXPECT(sansocket_accept_or_refuse(&ws, &io, io.event.data, io.event.len, &acceptance), SANSOCKET_OK);
    EXPECT_TRUE(output_starts_with(&io, "HTTP/1.1 403 ") && sansocket_get_state(&ws) == SANSOCKET_STATE_CLOSING);
    EXPECT_TRUE(io.transport == SANSOCKET_TRANSPORT_SHUTDOWN_WRITE);

    ws = asked_server(&io, &config, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_TRUE(io.event.type == SANSOCKET_EVENT_HTTP_REQUEST);
    EXPECT(sansocket_accept_or_refuse(&ws, &io, io.event.data, io.event.len, &acceptance), SANSOCKET_OK);
    EXPECT_TRUE(output_starts_with(&io, "HTTP/1.1 400 ") && sansocket_get_state(&ws) == SANSOCKET_STATE_CLOSING);
}

/* A handshake and a message each way, both ends moved in memory before each step. */
static void moved(sansocket *ws)
{
    sansocket copy = *ws;
    memset(ws, 0xA5, sizeof *ws);
    memcpy(ws, &copy, sizeof copy);
}

/* Makes what is due the input of the other end. */
static void pass_on(sansocket_io *io, uint8_t *wire)
{
    memcpy(wire, io->output, io->output_len);
    io->input = wire;
    io->input_len = io->output_len;
    io->output_len = 0;
}

static void handshake_and_moves(void)
{
    static const char key[] = "\r\nSec-WebSocket-Key: ";
    static uint8_t wire[4096];
    sansocket *client = malloc(sizeof *client), *server = malloc(sizeof *server);
    sansocket_header headers[17] = {{SANSOCKET_LITERAL("X-One"), SANSOCKET_LITERAL("1")}};
    sansocket_client_request request = {SANSOCKET_LITERAL("example.com"), SANSOCKET_LITERAL("/chat?a=b"), {0}, headers, 1, {0}};
    sansocket_acceptance acceptance = {0};
    sansocket_config config;
    sansocket_setup setup = SANSOCKET_SETUP;
    sansocket_request_parts parts;
    sansocket_header header;
    sansocket_text text;
    uint8_t count = 0;
    sansocket_io io = fresh_io();

    if (client == NULL || server == NULL)
        abort();
    EXPECT(sansocket_config_init(&config, &setup), SANSOCKET_OK);
    EXPECT(sansocket_config_set_subprotocols(&config, "chat, superchat", 15), SANSOCKET_OK);
    setup.config = &config;
    setup.entropy = failing;
    EXPECT(sansocket_init_client(client, &setup), SANSOCKET_OK);
    EXPECT(sansocket_request(client, &io, &request), SANSOCKET_ENTROPY_FAILED);
    setup.entropy = counting;
    setup.entropy_context = &count;
    EXPECT(sansocket_init_client(client, &setup), SANSOCKET_OK);
    EXPECT(sansocket_init_server(server, &setup), SANSOCKET_OK);

    EXPECT(sansocket_request(server, &io, &request), SANSOCKET_USAGE_WRONG_ROLE);
    EXPECT(sansocket_request(client, &io, NULL), SANSOCKET_NULL_POINTER);
    request.header_count = 17;
    EXPECT(sansocket_request(client, &io, &request), SANSOCKET_LIST_TOO_LONG);
    request.header_count = 1;
    io.output_size = 10;
    EXPECT(sansocket_request(client, &io, &request), SANSOCKET_NEEDS_ROOM);
    EXPECT_TRUE(io.output_len == 0 && count == 0);
    io.output_size = io.needed;
    EXPECT(sansocket_request(client, &io, &request), SANSOCKET_OK);
    EXPECT_TRUE(io.output_len == io.output_size && count == 16);

    moved(client);
    moved(server);
    pass_on(&io, wire);
    io.output_size = 2048;
    EXPECT(sansocket_receive(server, &io), SANSOCKET_OK);
    EXPECT_TRUE(io.event.type == SANSOCKET_EVENT_REQUEST && io.input_len == 0);
    EXPECT(sansocket_request_parse(io.event.data, io.event.len, &parts), SANSOCKET_OK);
    EXPECT_TRUE(parts.path.len == 5 && memcmp(parts.path.data, "/chat", 5) == 0 && parts.query.len == 3);
    EXPECT_TRUE(parts.host.len == 11 && parts.origin.data == NULL);
    EXPECT(sansocket_request_parse(io.event.data, io.event.len - 1, &parts), SANSOCKET_NOT_A_HEAD);
    text = sansocket_head_header(io.event.data, io.event.len, "x-ONE", 5);
    EXPECT_TRUE(text.len == 1 && text.data[0] == '1');
    EXPECT_TRUE(sansocket_head_header(io.event.data, io.event.len, "x-two", 5).data == NULL);
    EXPECT_TRUE(sansocket_head_header(io.event.data, io.event.len, NULL, 5).data == NULL);
    header = sansocket_head_header_at(io.event.data, io.event.len, 0);
    EXPECT_TRUE(header.name.len == 4 && memcmp(header.name.data, "Host", 4) == 0);
    EXPECT_TRUE(sansocket_head_header_at(io.event.data, io.event.len, 100).name.data == NULL);
    acceptance.subprotocol = sansocket_choose_subprotocol(&config, io.event.data, io.event.len);
    EXPECT_TRUE(acceptance.subprotocol.len == 4);
    EXPECT(sansocket_accept(server, &io, io.event.data, io.event.len, &acceptance), SANSOCKET_INVALID_ARGUMENT);
    acceptance.origin = SANSOCKET_ORIGIN_ONE_OF;
    EXPECT(sansocket_accept(server, &io, (const uint8_t *)key, sizeof key - 1, &acceptance), SANSOCKET_NOT_A_HEAD);
    EXPECT_TRUE(io.output_len == 0);
    EXPECT(sansocket_accept(server, &io, io.event.data, io.event.len, &acceptance), SANSOCKET_OK);
    EXPECT_TRUE(output_starts_with(&io, "HTTP/1.1 101 ") && memcmp(io.output + io.output_len - 4, "\r\n\r\n", 4) == 0);
    EXPECT(sansocket_accept(server, &io, io.event.data, io.event.len, &acceptance), SANSOCKET_USAGE_NOT_CONNECTING);
    EXPECT_TRUE(memcmp(io.output + io.output_len - 4, "\r\n\r\n", 4) == 0);

    moved(client);
    pass_on(&io, wire);
    EXPECT(sansocket_receive(client, &io), SANSOCKET_OK);
    EXPECT_TRUE(io.event.type == SANSOCKET_EVENT_OPENED && io.event.status == 101);
    EXPECT_TRUE(sansocket_head_header(io.event.data, io.event.len, "upgrade", 7).len == 9);
    text = sansocket_get_subprotocol(client);
    EXPECT_TRUE(text.len == 4 && memcmp(text.data, "chat", 4) == 0);
    EXPECT_TRUE(sansocket_get_state(client) == SANSOCKET_STATE_OPEN);

    moved(client);
    EXPECT(sansocket_send(client, &io, SANSOCKET_TEXT, "hello", 5, 1), SANSOCKET_OK);
    pass_on(&io, wire);
    moved(server);
    EXPECT(sansocket_receive(server, &io), SANSOCKET_OK);
    EXPECT_TRUE(io.event.type == SANSOCKET_EVENT_DATA && io.event.kind == SANSOCKET_TEXT && io.event.first && io.event.last);
    EXPECT_TRUE(io.event.len == 5 && memcmp(io.event.data, "hello", 5) == 0);

    EXPECT(sansocket_receive_eof(server, &io), SANSOCKET_OK);
    EXPECT_TRUE(io.event.type == SANSOCKET_EVENT_CLOSED && io.event.close_code == 1006 && !io.event.was_clean);
    EXPECT_TRUE(io.transport == SANSOCKET_TRANSPORT_CLOSE);
    /* A closed connection sends nothing, and that is not an error. */
    EXPECT(sansocket_send(server, &io, SANSOCKET_TEXT, "late", 4, 1), SANSOCKET_OK);
    EXPECT(sansocket_close(server, &io, 1000, NULL, 0), SANSOCKET_OK);
    EXPECT_TRUE(io.output_len == 0);
    free(client);
    free(server);
}

static void texts(void)
{
    for (uint32_t number = 0; number < 1000; number++) {
        EXPECT_TRUE(strlen(sansocket_result_text((sansocket_result)number)) > 3);
        EXPECT_TRUE(strlen(sansocket_error_text((sansocket_error)number)) > 3);
        EXPECT_TRUE(strlen(sansocket_event_text((sansocket_event_type)number)) > 3);
    }
    EXPECT_TRUE(strcmp(sansocket_result_text(SANSOCKET_USAGE_NOT_OPEN), "the connection is not open yet") == 0);
    EXPECT_TRUE(strcmp(sansocket_error_text(SANSOCKET_ERROR_RESERVED_OPCODE), "the opcode is reserved") == 0);
    EXPECT_TRUE(sansocket_error_close_code(SANSOCKET_ERROR_INVALID_UTF8) == 1007);
    EXPECT_TRUE(sansocket_version() == SANSOCKET_VERSION);
}

int main(void)
{
    memory_and_versions();
    pointers_and_lengths();
    output_is_due_once();
    buffers();
    codecs_of_buffers();
    compression();
    parts_of_the_machine();
    accepting_and_refusing();
    negotiating_compression();
    codecs_of_the_callers();
    handshake_and_moves();
    texts();
    printf("misuse: %s\n", failures == 0 ? "every wrong call gave its result" : "FAILED");
    return failures != 0;
}
