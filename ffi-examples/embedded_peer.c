/*
 * The test of embedded_loop.c: a client of ours in the same process, and between the two a wire that moves 1 to 16 bytes a
 * time; then another client, whose request follows the Close of the first at once. Exits with 0 if all echoes came back as they were
 * sent and both connections ended clean.
 */
#include <stdio.h>
#include <string.h>

#include "embedded.h"
#include "sansocket.h"

/* One direction of the wire. */
struct wire {
    uint8_t bytes[24];
    size_t len;
};

static struct wire to_device, to_client;
static uint32_t seed = 1;

/* Marsaglia's xorshift: predictable, so for tests only. */
static uint32_t next_number(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 17;
    seed ^= seed << 5;
    return seed;
}

static int32_t test_entropy(void *context, uint8_t *bytes, size_t len)
{
    (void)context;
    for (size_t i = 0; i < len; i++)
        bytes[i] = (uint8_t)next_number();
    return 0;
}

/* Between 1 and 16, but at most what is there. */
static size_t step(size_t most)
{
    size_t n = 1 + next_number() % 16;
    return n < most ? n : most;
}

static size_t put(struct wire *wire, const uint8_t *bytes, size_t len)
{
    size_t n = step(len < sizeof wire->bytes - wire->len ? len : sizeof wire->bytes - wire->len);
    if (n > 0)
        memcpy(wire->bytes + wire->len, bytes, n);
    wire->len += n;
    return n;
}

static size_t take(struct wire *wire, uint8_t *bytes, size_t room)
{
    size_t n = step(wire->len < room ? wire->len : room);
    if (n > 0)
        memcpy(bytes, wire->bytes, n);
    wire->len -= n;
    memmove(wire->bytes, wire->bytes + n, wire->len);
    return n;
}

size_t transport_read(uint8_t *bytes, size_t room)
{
    return take(&to_device, bytes, room);
}

size_t transport_write(const uint8_t *bytes, size_t len)
{
    return put(&to_client, bytes, len);
}

static const size_t lengths[] = {0, 1, 125, 126, 127, 500, 3000};
enum { MESSAGES = sizeof lengths / sizeof lengths[0] };

/* What the message at `index` has at `at`. */
static uint8_t byte_of(size_t index, uint64_t at)
{
    return (uint8_t)('a' + (at * 7 + index) % 26);
}

int main(void)
{
    static uint8_t message[3000], input[256], output[sizeof message + 200];
    static sansocket ws, next_ws;
    sansocket_client_request request = {.host = SANSOCKET_LITERAL("device"), .target = SANSOCKET_LITERAL("/")};
    sansocket_io io = {.input = input, .output = output, .output_size = sizeof output};
    sansocket_setup setup = SANSOCKET_SETUP;
    size_t sent = 0, echoed = 0, wrong = 0, pings = 0, opened = 0, clean = 0;
    bool device_is_there = true;

    embedded_begin(0);
    setup.entropy = test_entropy;
    sansocket_init_client(&ws, &setup);
    sansocket_request(&ws, &io, &request);

    for (uint64_t now = 0; now < 100000 && clean < 2; now += 10) {
        bool next = false;
        device_is_there = device_is_there && embedded_turn(now);

        size_t n = put(&to_device, output, io.output_len);
        io.output_len -= n;
        memmove(output, output + n, io.output_len);
        io.input = memmove(input, io.input, io.input_len);
        io.input_len += take(&to_client, input + io.input_len, sizeof input - io.input_len);
        io.now_ms = now;
        if (device_is_there || io.input_len > 0 || to_client.len > 0)
            sansocket_receive(&ws, &io);
        else
            sansocket_receive_eof(&ws, &io);
        switch (io.event.type) {
        case SANSOCKET_EVENT_OPENED:
            opened++;
            next = true;
            break;
        case SANSOCKET_EVENT_DATA:
            for (size_t i = 0; i < io.event.len; i++)
                wrong += io.event.data[i] != byte_of(echoed, io.event.offset + i);
            if (io.event.last) {
                wrong += io.event.offset + io.event.len != lengths[echoed];
                echoed++;
                next = true;
            }
            break;
        case SANSOCKET_EVENT_PING:
            pings++;
            break;
        case SANSOCKET_EVENT_FAILED:
            printf("embedded_loop: %s\n", sansocket_error_text(io.event.error));
            break;
        case SANSOCKET_EVENT_CLOSED:
            clean += io.event.was_clean;
            ws = next_ws;
            embedded_begin(now);
            device_is_there = true;
            break;
        default:
            break;
        }
        if (next) {
            if (sent < MESSAGES) {
                for (size_t i = 0; i < lengths[sent]; i++)
                    message[i] = byte_of(sent, i);
                sansocket_send(&ws, &io, SANSOCKET_TEXT, message, lengths[sent], 1);
                sent++;
            } else {
                sansocket_close(&ws, &io, 1000, "done", 4);
                if (opened == 1) {
                    sansocket_init_client(&next_ws, &setup);
                    sansocket_request(&next_ws, &io, &request);
                }
            }
        }
    }
    printf("embedded_loop: %u of %u messages echoed, %u bytes wrong, %u keepalive pings, %u of 2 connections closed clean\n",
           (unsigned)echoed, (unsigned)MESSAGES, (unsigned)wrong, (unsigned)pings, (unsigned)clean);
    return echoed == MESSAGES && wrong == 0 && pings > 0 && clean == 2 ? 0 : 1;
}
