/* A connection with its buffers: the loop, whole messages, compression, turns with shared buffers, back-pressure and the writing deadline: `make test`.
   Prints what differs, and exits 1. */
#include <stdio.h>
#include <string.h>

#include "sansocket.h"

static int failures;

#define EXPECT(condition) \
    do { \
        if (!(condition)) { \
            printf("buffered_test.c:%d: not so: %s\n", __LINE__, #condition); \
            failures++; \
        } \
    } while (0)
#define EXPECT_OK(call) EXPECT((call) == SANSOCKET_OK)

/* Counts up: predictable, so for tests only. */
static int32_t counting(void *context, uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++)
        bytes[i] = (*(uint8_t *)context)++;
    return 0;
}

/* One end, with buffers of its own. */
struct side {
    sansocket ws;
    sansocket_buffered b;
    sansocket_event event;
    uint8_t input[1024], output[1024];
};

static void attach(struct side *side, int in_pieces)
{
    sansocket_buffers buffers = {0};
    buffers.input = side->input, buffers.input_size = sizeof side->input;
    buffers.output = side->output, buffers.output_size = sizeof side->output;
    buffers.in_pieces = (uint8_t)in_pieces;
    EXPECT_OK(sansocket_buffered_attach(&side->b, &side->ws, &buffers));
}

static void begin(struct side *side, sansocket_role role, const sansocket_config *config)
{
    static uint8_t count;
    sansocket_setup setup = SANSOCKET_SETUP;
    setup.role = role;
    setup.config = config;
    setup.entropy = counting, setup.entropy_context = &count;
    EXPECT_OK(sansocket_init_open(&side->ws, &setup));
    attach(side, 0);
}

static sansocket_event_type next(struct side *side, uint64_t now_ms)
{
    EXPECT_OK(sansocket_buffered_next(&side->b, now_ms, &side->event));
    return side->event.type;
}

static int shows(const sansocket_event *event, const char *bytes)
{
    return event->len == strlen(bytes) && (event->len == 0 || memcmp(event->data, bytes, event->len) == 0);
}

/* The transport brings some bytes. */
static void bring(struct side *side, const void *bytes, size_t len, uint64_t now_ms)
{
    const sansocket_bytes space = sansocket_buffered_space(&side->b);
    EXPECT(space.len >= len);
    if (space.len < len)
        return;
    memcpy(space.data, bytes, len);
    EXPECT_OK(sansocket_buffered_filled(&side->b, len, now_ms));
}

/* A transport between two ends that takes at most `at_most` bytes a time. 0 if there was nothing to do. */
static int carry(struct side *from, struct side *to, size_t at_most)
{
    const sansocket_bytes due = sansocket_buffered_due(&from->b), space = sansocket_buffered_space(&to->b);
    size_t n = due.len < space.len ? due.len : space.len;
    n = n < at_most ? n : at_most;
    if (n > 0) {
        memcpy(space.data, due.data, n);
        EXPECT_OK(sansocket_buffered_written(&from->b, n, 0));
    } else if (sansocket_buffered_get_transport(&from->b) != SANSOCKET_TRANSPORT_KEEP && space.len > 0) {
        EXPECT_OK(sansocket_buffered_eof(&to->b));
        return 1;
    }
    EXPECT_OK(sansocket_buffered_filled(&to->b, n, 0));
    return n > 0;
}

/* From the opening handshake to the end, a few bytes a time. */
static void whole_conversation(size_t at_most)
{
    static struct side client, server;
    static uint8_t count;
    sansocket_setup setup = SANSOCKET_SETUP;
    sansocket_client_request request = {.host = SANSOCKET_LITERAL("example.com"), .target = SANSOCKET_LITERAL("/")};
    sansocket_acceptance acceptance = {.origin = SANSOCKET_ORIGIN_SAME_HOST};
    int echoes = 0, ends = 0, rounds = 0;

    setup.entropy = counting, setup.entropy_context = &count;
    EXPECT_OK(sansocket_init_client(&client.ws, &setup));
    EXPECT_OK(sansocket_init_server(&server.ws, &setup));
    attach(&client, 0);
    attach(&server, 0);
    EXPECT_OK(sansocket_buffered_request(&client.b, 0, &request));
    while (sansocket_buffered_get_transport(&client.b) != SANSOCKET_TRANSPORT_CLOSE ||
           sansocket_buffered_get_transport(&server.b) != SANSOCKET_TRANSPORT_CLOSE) {
        while (next(&client, 0) != SANSOCKET_EVENT_NONE) {
            if (client.event.type == SANSOCKET_EVENT_OPENED) {
                EXPECT(client.event.status == 101);
                EXPECT_OK(sansocket_buffered_send(&client.b, 0, SANSOCKET_TEXT, "Hello", 5));
                EXPECT_OK(sansocket_buffered_ping(&client.b, 0, "p", 1));
            } else if (client.event.type == SANSOCKET_EVENT_DATA) {
                EXPECT(shows(&client.event, "Hello") && client.event.first && client.event.last);
                echoes++;
                EXPECT_OK(sansocket_buffered_close(&client.b, 0, 1000, "bye", 3));
            } else if (client.event.type == SANSOCKET_EVENT_CLOSED) {
                EXPECT(client.event.was_clean && client.event.close_code == 1000);
                ends++;
            }
        }
        while (next(&server, 0) != SANSOCKET_EVENT_NONE) {
            if (server.event.type == SANSOCKET_EVENT_REQUEST)
                EXPECT_OK(sansocket_buffered_accept_or_refuse(&server.b, 0, server.event.data, server.event.len, &acceptance));
            else if (server.event.type == SANSOCKET_EVENT_DATA)
                EXPECT_OK(sansocket_buffered_send(&server.b, 0, server.event.kind, server.event.data, server.event.len));
            else if (server.event.type == SANSOCKET_EVENT_CLOSE_RECEIVED)
                EXPECT(shows(&server.event, "bye"));
            else if (server.event.type == SANSOCKET_EVENT_CLOSED)
                ends++;
        }
        carry(&client, &server, at_most);
        carry(&server, &client, at_most);
        if (++rounds > 5000) {
            printf("buffered_test.c: no end with %zu bytes a time\n", at_most);
            failures++;
            return;
        }
    }
    EXPECT(echoes == 1 && ends == 2 && sansocket_buffered_get_next_timeout(&server.b) == SANSOCKET_NEVER);
    /* Nothing would end a wait. */
    EXPECT(sansocket_buffered_poll_timeout(&server.b, 0) == 0);
}

/* "Hel" and "lo" with a Ping between them, masked with 0. */
static const uint8_t pieces[] = "\x01\x83\0\0\0\0Hel" "\x89\x81\0\0\0\0p" "\x80\x82\0\0\0\0lo";
#define PIECES_LEN (sizeof pieces - 1)

static void messages_are_whole_or_in_pieces(void)
{
    static struct side server;
    static uint8_t joining[2000], message[2000];
    sansocket_buffers buffers = {0};
    uint8_t header[8] = {0x82, 0xFE, 2000 >> 8, 2000 & 0xFF, 0, 0, 0, 0};
    size_t at = 0;

    begin(&server, SANSOCKET_SERVER, NULL);
    for (size_t i = 0; i < PIECES_LEN; i++) {
        while (next(&server, 0) != SANSOCKET_EVENT_NONE)
            EXPECT(server.event.type == SANSOCKET_EVENT_PING && shows(&server.event, "p") && server.event.answered);
        bring(&server, pieces + i, 1, 0);
    }
    EXPECT(next(&server, 0) == SANSOCKET_EVENT_DATA && shows(&server.event, "Hello") && server.event.first && server.event.last);
    EXPECT(server.event.data >= server.input && server.event.data < server.input + sizeof server.input);
    /* Again, as the handler left it; while it is there, nothing is read. */
    server.event.data[0] = 'J';
    EXPECT_OK(sansocket_buffered_current(&server.b, &server.event));
    EXPECT(shows(&server.event, "Jello") && sansocket_buffered_space(&server.b).data == NULL);
    EXPECT(!sansocket_buffered_wants_reading(&server.b));
    EXPECT(next(&server, 0) == SANSOCKET_EVENT_NONE && sansocket_buffered_wants_reading(&server.b));
    EXPECT_OK(sansocket_buffered_current(&server.b, &server.event));
    EXPECT(server.event.type == SANSOCKET_EVENT_NONE && server.event.data == NULL);

    begin(&server, SANSOCKET_SERVER, NULL);
    attach(&server, 1);
    bring(&server, pieces, PIECES_LEN, 0);
    EXPECT(next(&server, 0) == SANSOCKET_EVENT_DATA && shows(&server.event, "Hel") && server.event.first && !server.event.last);
    EXPECT(next(&server, 0) == SANSOCKET_EVENT_PING);
    EXPECT(next(&server, 0) == SANSOCKET_EVENT_DATA && shows(&server.event, "lo") && server.event.offset == 3 && server.event.last);

    /* Longer than the input: in memory of its own. */
    begin(&server, SANSOCKET_SERVER, NULL);
    buffers.input = server.input, buffers.input_size = 131;
    buffers.output = server.output, buffers.output_size = 262;
    buffers.joining = joining, buffers.joining_size = sizeof joining;
    EXPECT_OK(sansocket_buffered_attach(&server.b, &server.ws, &buffers));
    memset(message, 'x', sizeof message);
    bring(&server, header, sizeof header, 0);
    while (next(&server, 0) == SANSOCKET_EVENT_NONE && at < sizeof message) {
        size_t len = sansocket_buffered_space(&server.b).len;
        len = len < sizeof message - at ? len : sizeof message - at;
        bring(&server, message + at, len, 0);
        at += len;
    }
    EXPECT(server.event.type == SANSOCKET_EVENT_DATA && server.event.data == joining && server.event.len == sizeof message);
    EXPECT(memcmp(joining, message, sizeof message) == 0);
    EXPECT_OK(sansocket_buffered_send(&server.b, 0, SANSOCKET_BINARY, server.event.data, 100));
}

/* A message that is longer than the output goes out in parts. */
static void long_messages_go_out_in_parts(void)
{
    static struct side server;
    static uint8_t message[5000];
    size_t sent = 0, taken = 0, frames = 0;

    begin(&server, SANSOCKET_SERVER, NULL);
    EXPECT(sansocket_buffered_get_room(&server.b) == sizeof server.output - SANSOCKET_MAX_ANSWER);
    EXPECT(sansocket_buffered_send(&server.b, 0, SANSOCKET_BINARY, message, sizeof message) == SANSOCKET_USAGE_BUFFER_TOO_SHORT);
    while (sent < sizeof message) {
        const sansocket_result result = sansocket_buffered_send_part(&server.b, 0, SANSOCKET_BINARY, sent, message + sent,
                                                                     sizeof message - sent, 1, &taken);
        if (result == SANSOCKET_NEEDS_ROOM) {
            EXPECT_OK(sansocket_buffered_written(&server.b, sansocket_buffered_due(&server.b).len, 0));
            continue;
        }
        EXPECT(result == SANSOCKET_OK && taken > 0);
        if (result != SANSOCKET_OK)
            return;
        EXPECT((sansocket_buffered_due(&server.b).data[0] & 0x80) == (sent + taken == sizeof message ? 0x80 : 0));
        sent += taken;
        frames++;
    }
    EXPECT(frames == 6);
    EXPECT(sansocket_buffered_send_part(&server.b, 0, SANSOCKET_BINARY, 1, message, 1, 1, &taken) == SANSOCKET_USAGE_NO_MESSAGE_UNFINISHED);
}

/* A transport that takes a few bytes. */
struct narrow {
    sansocket_buffered *b;
    size_t most;
};

static size_t write_some(void *context, sansocket_bytes due, sansocket_bytes payload)
{
    const struct narrow *to = context;
    EXPECT(sansocket_buffered_ping(to->b, 0, NULL, 0) == SANSOCKET_NOT_INITIALISED);
    EXPECT(due.len == 4 && due.data[1] == 126 && payload.len == 600 && payload.data[599] == 'x');
    return to->most;
}

static void what_the_transport_takes_at_once_is_not_copied(void)
{
    static const size_t mosts[] = {0, 3, 4, 100, 604};
    static struct side server;
    static uint8_t message[600];
    sansocket_bytes due;
    size_t taken = 0;

    memset(message, 'x', sizeof message);
    for (size_t i = 0; i < sizeof mosts / sizeof *mosts; i++) {
        struct narrow to = {&server.b, mosts[i]};
        begin(&server, SANSOCKET_SERVER, NULL);
        EXPECT_OK(sansocket_buffered_send_part_by(&server.b, 0, SANSOCKET_BINARY, 0, message, 600, 1, write_some, &to, &taken));
        due = sansocket_buffered_due(&server.b);
        EXPECT(taken == 600 && due.len == 604 - to.most && (due.len == 0 || due.data[due.len - 1] == 'x'));
        EXPECT(sansocket_buffered_send_part_by(&server.b, 0, SANSOCKET_BINARY, 0, message, 600, 1, NULL, &to, &taken) == SANSOCKET_NULL_POINTER);
    }
}

/* One end that compresses, with a codec and memory for what is inflated. */
struct deflating {
    struct side side;
    sansocket_inflater inflater;
    sansocket_compressor compressor;
    uint8_t joining[3000], history[1 << 12], memory[8192];
};

static void begin_deflating(struct deflating *end, sansocket_role role)
{
    static uint8_t count;
    sansocket_setup setup = SANSOCKET_SETUP;
    sansocket_negotiated agreed = {.has_deflate = 1, .server_no_context_takeover = 1, .server_max_window_bits = 12, .client_max_window_bits = 12};
    const sansocket_buffers buffers = {.input = end->side.input, .input_size = sizeof end->side.input,
                                       .output = end->side.output, .output_size = sizeof end->side.output,
                                       .joining = end->joining, .joining_size = sizeof end->joining};

    setup.role = role;
    setup.negotiated = &agreed;
    setup.entropy = counting, setup.entropy_context = &count;
    EXPECT_OK(sansocket_init_open(&end->side.ws, &setup));
    EXPECT_OK(sansocket_buffered_attach(&end->side.b, &end->side.ws, &buffers));
    setup.memory = end->history, setup.memory_len = sizeof end->history;
    EXPECT_OK(sansocket_inflater_init(&end->inflater, &setup));
    setup.window_bits = 12, setup.level = SANSOCKET_LEVEL_FAST;
    setup.memory = end->memory, setup.memory_len = sizeof end->memory;
    EXPECT_OK(sansocket_compressor_init(&end->compressor, &setup));
    EXPECT_OK(sansocket_buffered_set_inflater(&end->side.b, &end->inflater));
    EXPECT_OK(sansocket_buffered_set_compressor(&end->side.b, &end->compressor, 10));
}

static void messages_are_compressed(void)
{
    static struct deflating client, server;
    static uint8_t message[3001], frame[600];
    sansocket_buffered *b = &server.side.b;
    sansocket_io io = {.output = frame, .output_size = sizeof frame};
    size_t taken = 0, sent = 0;

    memset(message, 'x', sizeof message);
    begin_deflating(&client, SANSOCKET_CLIENT);
    begin_deflating(&server, SANSOCKET_SERVER);
    /* Compressed; too short; by wish not; in parts; once for many. */
    EXPECT_OK(sansocket_buffered_send(b, 0, SANSOCKET_TEXT, message, 700));
    EXPECT(sansocket_buffered_due(b).data[0] == 0xC1 && sansocket_buffered_due(b).len < 30);
    EXPECT_OK(sansocket_buffered_send(b, 0, SANSOCKET_TEXT, message, 9));
    EXPECT_OK(sansocket_buffered_send_plain(b, 0, SANSOCKET_TEXT, message, 200));
    EXPECT_OK(sansocket_buffered_send_part_plain(b, 0, SANSOCKET_TEXT, 0, message, 10, 0, &taken));
    EXPECT(sansocket_buffered_send_part(b, 0, SANSOCKET_TEXT, 10, message, 10, 1, &taken) == SANSOCKET_OK && taken == 10);
    EXPECT_OK(sansocket_encode_compressed(&io, &server.compressor, 12, SANSOCKET_BINARY, message, 300));
    EXPECT_OK(sansocket_buffered_send_compressed(b, 0, frame, io.output_len, 12));
    EXPECT_OK(sansocket_buffered_send_part(b, 0, SANSOCKET_TEXT, 0, message, 100, 0, &taken));
    EXPECT(sansocket_buffered_send_part_plain(b, 0, SANSOCKET_TEXT, taken, message, 1, 1, &taken) == SANSOCKET_USAGE_WRONG_MESSAGE_KIND);
    for (sent = taken; sent < 3000; sent += taken)
        EXPECT_OK(sansocket_buffered_send_part(b, 0, SANSOCKET_TEXT, sent, message, 3000 - sent, 1, &taken));
    while (carry(&server.side, &client.side, 50))
        continue;
    for (size_t i = 0; i < 6; i++) {
        static const size_t lengths[] = {700, 9, 200, 20, 300, 3000};
        while (next(&client.side, 0) == SANSOCKET_EVENT_NONE && carry(&server.side, &client.side, 50))
            continue;
        EXPECT(client.side.event.type == SANSOCKET_EVENT_DATA && client.side.event.len == lengths[i]);
        EXPECT(client.side.event.type == SANSOCKET_EVENT_DATA && memcmp(client.side.event.data, message, lengths[i]) == 0);
    }

    /* NULL takes codecs away: what is sent goes as it is, and a compressed message fails the connection. */
    EXPECT(next(&client.side, 0) == SANSOCKET_EVENT_NONE);
    EXPECT_OK(sansocket_buffered_set_compressor(b, NULL, 0));
    EXPECT_OK(sansocket_buffered_send(b, 0, SANSOCKET_TEXT, message, 100));
    EXPECT(sansocket_buffered_due(b).data[0] == 0x81);
    EXPECT_OK(sansocket_buffered_set_compressor(b, &server.compressor, 0));
    EXPECT_OK(sansocket_buffered_send(b, 0, SANSOCKET_TEXT, message, 100));
    while (carry(&server.side, &client.side, 200))
        continue;
    EXPECT_OK(sansocket_buffered_set_inflater(&client.side.b, NULL));
    EXPECT(next(&client.side, 0) == SANSOCKET_EVENT_DATA && client.side.event.len == 100);
    EXPECT(sansocket_buffered_next(&client.side.b, 0, &client.side.event) == SANSOCKET_USAGE_NO_DEFLATE);
    EXPECT(client.side.event.type == SANSOCKET_EVENT_NONE);
    EXPECT(sansocket_buffered_next(&client.side.b, 0, &client.side.event) == SANSOCKET_OK);
    EXPECT(carry(&client.side, &server.side, 50));
    EXPECT(next(&server.side, 0) == SANSOCKET_EVENT_CLOSE_RECEIVED && server.side.event.close_code == 1011);

    /* Longer than the memory: 1009 at the first byte too many. */
    begin_deflating(&client, SANSOCKET_CLIENT);
    begin_deflating(&server, SANSOCKET_SERVER);
    for (sent = 0; sent < 3001; sent += taken)
        EXPECT_OK(sansocket_buffered_send_part(b, 0, SANSOCKET_TEXT, sent, message, 3001 - sent, 1, &taken));
    EXPECT(carry(&server.side, &client.side, 1000));
    EXPECT(next(&client.side, 0) == SANSOCKET_EVENT_FAILED && client.side.event.error == SANSOCKET_ERROR_MESSAGE_TOO_LONG);
    EXPECT(carry(&client.side, &server.side, 1000));
    EXPECT(next(&server.side, 0) == SANSOCKET_EVENT_CLOSE_RECEIVED && server.side.event.close_code == 1009);
}

/* A codec of a program's own that keeps nothing back: stored blocks; and one that fails. */
static int32_t store(void *context, sansocket_codec_step *step)
{
    const size_t len = step->input_len;
    if (context == NULL || !step->flush || len > 200 || step->output_size < len + 11)
        return -1;
    const uint8_t head[] = {0, (uint8_t)len, 0, (uint8_t)~len, 0xFF}, tail[] = {0, 0, 0, 0xFF, 0xFF};
    memcpy(step->output, head, 5);
    memcpy(step->output + 5, step->input, len);
    memcpy(step->output + 5 + len, tail, 5);
    step->consumed = len;
    step->produced = len + 10;
    return 0;
}

static void forget(void *context)
{
    (void)context;
}

static void codecs_of_the_program(void)
{
    static struct deflating client, server;
    sansocket_deflate_codec codec = {.context = &codec, .compress = store, .reset = forget, .window_bits = 12};
    size_t taken = 0;

    for (int fails = 0; fails < 3; fails++) {
        begin_deflating(&client, SANSOCKET_CLIENT);
        begin_deflating(&server, SANSOCKET_SERVER);
        EXPECT_OK(sansocket_buffered_set_deflate_codec(&server.side.b, &codec, 0));
        EXPECT_OK(sansocket_buffered_send(&server.side.b, 0, SANSOCKET_BINARY, "stored", 6));
        codec.context = fails ? NULL : &codec;
        if (fails == 1)
            EXPECT(sansocket_buffered_send(&server.side.b, 0, SANSOCKET_BINARY, "fails", 5) == SANSOCKET_CODEC_FAILED);
        if (fails == 2)
            EXPECT(sansocket_buffered_send_part(&server.side.b, 0, SANSOCKET_BINARY, 0, "fails", 5, 0, &taken) == SANSOCKET_CODEC_FAILED);
        codec.context = &codec;
        EXPECT(carry(&server.side, &client.side, 1000));
        EXPECT(next(&client.side, 0) == SANSOCKET_EVENT_DATA && shows(&client.side.event, "stored"));
        if (fails) /* half a message cannot be taken back */
            EXPECT(next(&client.side, 0) == SANSOCKET_EVENT_CLOSE_RECEIVED && client.side.event.close_code == 1011);
        else
            EXPECT(next(&client.side, 0) == SANSOCKET_EVENT_NONE);
    }
}

/* The state of two connections that take turns with one pair of buffers. */
static void turns_with_shared_buffers(void)
{
    static uint8_t input[1024], output[1024], blocks[2][1500];
    sansocket ws[2];
    sansocket_buffered b = {{0}};
    sansocket_event event;
    sansocket_setup setup = SANSOCKET_SETUP;
    const sansocket_buffers buffers = {.input = input, .input_size = sizeof input, .output = output, .output_size = sizeof output};
    size_t sizes[2] = {0, 0};

    setup.role = SANSOCKET_SERVER;
    for (int i = 0; i < 2; i++)
        EXPECT_OK(sansocket_init_open(&ws[i], &setup));
    for (size_t at = 0; at <= PIECES_LEN; at++) {
        for (int i = 0; i < 2; i++) {
            EXPECT_OK(sansocket_buffered_attach(&b, &ws[i], &buffers));
            EXPECT_OK(sansocket_buffered_restore(&b, blocks[i] + 1 + i, sizes[i]));
            if (at < PIECES_LEN) {
                sansocket_bytes space;
                EXPECT_OK(sansocket_buffered_next(&b, 0, &event));
                EXPECT(event.type == SANSOCKET_EVENT_NONE || event.type == SANSOCKET_EVENT_PING);
                if (event.type == SANSOCKET_EVENT_PING)
                    EXPECT_OK(sansocket_buffered_next(&b, 0, &event));
                space = sansocket_buffered_space(&b);
                EXPECT(space.len > 0);
                /* The second connection gets capitals. */
                space.data[0] = pieces[at] >= 'a' && pieces[at] <= 'z' && i == 1 ? (uint8_t)(pieces[at] - 32) : pieces[at];
                EXPECT_OK(sansocket_buffered_filled(&b, 1, 0));
            } else {
                EXPECT_OK(sansocket_buffered_next(&b, 0, &event));
                EXPECT(event.type == SANSOCKET_EVENT_DATA && shows(&event, i == 0 ? "Hello" : "HELLO"));
                /* The Pong, which nobody has written yet. */
                EXPECT(sansocket_buffered_due(&b).len == 3 && sansocket_buffered_due(&b).data[2] == (i == 0 ? 'p' : 'P'));
                EXPECT_OK(sansocket_buffered_written(&b, 3, 0));
                EXPECT_OK(sansocket_buffered_next(&b, 0, &event));
            }
            sizes[i] = sansocket_buffered_remaining(&b);
            if (sizes[i] > 0)
                EXPECT(sansocket_buffered_detach(&b, blocks[i] + 1 + i, sizes[i] - 1) == SANSOCKET_WRONG_MEMORY_LEN);
            EXPECT_OK(sansocket_buffered_detach(&b, sizes[i] > 0 ? blocks[i] + 1 + i : NULL, sizes[i]));
            EXPECT(sansocket_buffered_next(&b, 0, &event) == SANSOCKET_NOT_INITIALISED);
        }
    }
    /* An idle connection leaves nothing. */
    EXPECT(sizes[0] == 0 && sizes[1] == 0);

    /* What is no block, cut off, or of other buffers. */
    EXPECT_OK(sansocket_buffered_attach(&b, &ws[0], &buffers));
    EXPECT_OK(sansocket_buffered_send(&b, 0, SANSOCKET_TEXT, "due", 3));
    sizes[0] = sansocket_buffered_remaining(&b);
    EXPECT(sansocket_buffered_detach(&b, input, sizeof input) == SANSOCKET_OVERLAP);
    EXPECT(sansocket_buffered_detach(&b, NULL, sizes[0]) == SANSOCKET_NULL_POINTER);
    EXPECT(sansocket_buffered_detach(&b, NULL, 0) == SANSOCKET_WRONG_MEMORY_LEN);
    EXPECT_OK(sansocket_buffered_detach(&b, blocks[0], sizeof blocks[0]));
    EXPECT_OK(sansocket_buffered_attach(&b, &ws[0], &buffers));
    EXPECT(sansocket_buffered_restore(&b, blocks[0], sizes[0] - 1) == SANSOCKET_WRONG_MEMORY_LEN);
    EXPECT(sansocket_buffered_restore(&b, blocks[0], 1) == SANSOCKET_WRONG_MEMORY_LEN);
    EXPECT(sansocket_buffered_restore(&b, blocks[0] + 1, sizes[0]) == SANSOCKET_NOT_INITIALISED);
    EXPECT(sansocket_buffered_restore(&b, NULL, 1) == SANSOCKET_NULL_POINTER);
    EXPECT(sansocket_buffered_due(&b).data == NULL);
    memmove(blocks[1] + 3, blocks[0], sizes[0]);
    EXPECT_OK(sansocket_buffered_restore(&b, blocks[1] + 3, sizes[0]));
    EXPECT(sansocket_buffered_due(&b).len == 5 && memcmp(sansocket_buffered_due(&b).data, "\x81\x03" "due", 5) == 0);
}

/* A peer that sends and does not read: it is not read, and costs no more than the buffers. */
static void back_pressure(void)
{
    static const uint8_t ping[] = {0x89, 0x84, 0, 0, 0, 0, 'p', 'i', 'n', 'g'};
    static struct side server;
    unsigned pings = 0, brought = 0;

    begin(&server, SANSOCKET_SERVER, NULL);
    for (int round = 0; round < 200; round++) {
        while (next(&server, 0) != SANSOCKET_EVENT_NONE)
            pings += server.event.type == SANSOCKET_EVENT_PING;
        while (sansocket_buffered_space(&server.b).len >= sizeof ping && brought < 1000) {
            bring(&server, ping, sizeof ping, 0);
            brought++;
            if (!sansocket_buffered_wants_reading(&server.b))
                break;
        }
    }
    EXPECT(pings < 200 && pings * 6 + SANSOCKET_MAX_ANSWER > sizeof server.output && sansocket_buffered_space(&server.b).data == NULL);
    EXPECT(sansocket_buffered_get_room(&server.b) < 6);
    EXPECT(sansocket_buffered_send(&server.b, 0, SANSOCKET_TEXT, "no room", 7) == SANSOCKET_NEEDS_ROOM);
    /* Our Close has room even so. */
    EXPECT_OK(sansocket_buffered_close(&server.b, 0, 1001, NULL, 0));
    EXPECT_OK(sansocket_buffered_written(&server.b, sansocket_buffered_due(&server.b).len, 0));
    EXPECT(next(&server, 0) == SANSOCKET_EVENT_PING);

    /* Paused: the same by the caller's wish. */
    begin(&server, SANSOCKET_SERVER, NULL);
    bring(&server, ping, sizeof ping, 0);
    EXPECT_OK(sansocket_buffered_pause(&server.b, 0));
    EXPECT(next(&server, 0) == SANSOCKET_EVENT_NONE && sansocket_buffered_space(&server.b).data == NULL);
    EXPECT_OK(sansocket_buffered_resume(&server.b, 5));
    EXPECT(sansocket_buffered_poll_timeout(&server.b, 5) == 0);
    EXPECT(next(&server, 5) == SANSOCKET_EVENT_PING && shows(&server.event, "ping"));
}

static void a_peer_that_takes_nothing_is_given_up(void)
{
    static const sansocket_setup setup = SANSOCKET_SETUP;
    static struct side server;
    sansocket_config config;

    EXPECT_OK(sansocket_config_init(&config, &setup));
    EXPECT_OK(sansocket_config_set(&config, SANSOCKET_OPTION_WRITE_TIMEOUT_MS, 1000));
    EXPECT_OK(sansocket_config_set(&config, SANSOCKET_OPTION_KEEPALIVE_INTERVAL_MS, 0));
    begin(&server, SANSOCKET_SERVER, &config);
    EXPECT(next(&server, 0) == SANSOCKET_EVENT_NONE && sansocket_buffered_poll_timeout(&server.b, 0) == -1);
    EXPECT_OK(sansocket_buffered_send(&server.b, 100, SANSOCKET_TEXT, "slow", 4));
    EXPECT(sansocket_buffered_get_next_timeout(&server.b) == 1100);
    /* Whatever it takes moves the deadline. */
    EXPECT_OK(sansocket_buffered_written(&server.b, 1, 900));
    EXPECT(sansocket_buffered_get_next_timeout(&server.b) == 1900 && sansocket_buffered_poll_timeout(&server.b, 900) == 1000);
    EXPECT_OK(sansocket_buffered_filled(&server.b, 0, 1899));
    EXPECT(next(&server, 1899) == SANSOCKET_EVENT_NONE);
    EXPECT_OK(sansocket_buffered_filled(&server.b, 0, 1900));
    EXPECT(next(&server, 1900) == SANSOCKET_EVENT_CLOSED && server.event.cause == SANSOCKET_CAUSE_WRITE_TIMEOUT);
    EXPECT(next(&server, 1900) == SANSOCKET_EVENT_NONE && sansocket_buffered_due(&server.b).data == NULL);
    EXPECT(sansocket_buffered_get_transport(&server.b) == SANSOCKET_TRANSPORT_CLOSE);

    /* One whose transport takes no more is still read. */
    begin(&server, SANSOCKET_SERVER, &config);
    EXPECT_OK(sansocket_buffered_send(&server.b, 0, SANSOCKET_TEXT, "lost", 4));
    EXPECT_OK(sansocket_buffered_write_failed(&server.b));
    EXPECT(sansocket_buffered_due(&server.b).data == NULL && next(&server, 0) == SANSOCKET_EVENT_NONE);
    bring(&server, pieces, PIECES_LEN, 0);
    EXPECT(next(&server, 0) == SANSOCKET_EVENT_PING && next(&server, 0) == SANSOCKET_EVENT_DATA);
    EXPECT_OK(sansocket_buffered_eof(&server.b));
    EXPECT(next(&server, 0) == SANSOCKET_EVENT_CLOSED);
}

int main(void)
{
    for (size_t at_most = 1; at_most < 300; at_most = at_most * 2 + 1)
        whole_conversation(at_most);
    messages_are_whole_or_in_pieces();
    long_messages_go_out_in_parts();
    what_the_transport_takes_at_once_is_not_copied();
    messages_are_compressed();
    codecs_of_the_program();
    turns_with_shared_buffers();
    back_pressure();
    a_peer_that_takes_nothing_is_given_up();
    printf("buffered_test: %s\n", failures == 0 ? "as expected" : "FAILED");
    return failures != 0;
}
