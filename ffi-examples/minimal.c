/* The README's program in C: a client over a blocking socket. `ffi-examples/build/minimal`, with an echo server running. */
#define _DEFAULT_SOURCE
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "sansocket.h"

/* Masking keys must not be foreseen (RFC 6455 §5.3): they come from the system. */
static int32_t system_entropy(void *context, uint8_t *bytes, size_t len)
{
    (void)context;
    return getentropy(bytes, len);
}

static uint64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

int main(int argc, char **argv)
{
    static uint8_t input[16384], output[4096];
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    address.sin_port = htons(argc > 1 ? (uint16_t)atoi(argv[1]) : 9001);
    struct pollfd peer = {.fd = socket(AF_INET, SOCK_STREAM, 0), .events = POLLIN};
    if (connect(peer.fd, (struct sockaddr *)&address, sizeof address) != 0)
        return perror("minimal: cannot connect"), 1;

    sansocket ws = {0};
    sansocket_client_request request = {.host = SANSOCKET_LITERAL("127.0.0.1:9001"), .target = SANSOCKET_LITERAL("/")};
    sansocket_io io = {.now_ms = now_ms(), .input = input, .output = output, .output_len = sizeof output};
    sansocket_init_client(&ws, sizeof ws, SANSOCKET_ABI_VERSION, NULL, system_entropy, NULL, io.now_ms);
    sansocket_result result = sansocket_request(&ws, &io, &request);
    ssize_t n = send(peer.fd, output, io.produced, MSG_NOSIGNAL);

    while (result == SANSOCKET_OK && io.transport != SANSOCKET_TRANSPORT_CLOSE) {
        result = (n > 0 ? sansocket_receive : n < 0 ? sansocket_handle_timeout : sansocket_receive_eof)(&ws, &io);
        send(peer.fd, output, io.produced, MSG_NOSIGNAL);
        io.input += io.consumed;
        io.input_len -= io.consumed;
        if (io.event.type == SANSOCKET_EVENT_OPENED) {
            sansocket_send(&ws, &io, SANSOCKET_TEXT, "Hello, sansocket", 16, 1);
            send(peer.fd, output, io.produced, MSG_NOSIGNAL);
        } else if (io.event.type == SANSOCKET_EVENT_DATA) {
            printf("%.*s\n", (int)io.event.len, (char *)io.event.data);
            sansocket_close(&ws, &io, 1000, NULL, 0);
            send(peer.fd, output, io.produced, MSG_NOSIGNAL);
        } else if (io.event.type == SANSOCKET_EVENT_NONE) {
            uint64_t due = SANSOCKET_NEVER;
            sansocket_get_next_timeout(&ws, &due);
            int wait = due <= io.now_ms ? 0 : due - io.now_ms < 60000 ? (int)(due - io.now_ms) : 60000;
            io.input = memmove(input, io.input, io.input_len);
            n = poll(&peer, 1, wait) < 1 ? -1 : read(peer.fd, input + io.input_len, sizeof input - io.input_len);
            io.input_len += n > 0 ? (size_t)n : 0;
            io.now_ms = now_ms();
        }
    }
    printf("closed with %u, %s\n", io.event.close_code, io.event.was_clean ? "clean" : "not clean");
    return io.event.was_clean ? 0 : 1;
}
