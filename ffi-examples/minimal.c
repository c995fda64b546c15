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

/* Masking keys must be unpredictable (RFC 6455 §5.3): they come from the system. */
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
    sansocket_io io = {.now_ms = now_ms(), .input = input, .output = output, .output_size = sizeof output};
    sansocket_setup setup = SANSOCKET_SETUP;
    setup.now_ms = io.now_ms;
    setup.entropy = system_entropy;
    sansocket_init_client(&ws, &setup);
    sansocket_result result = sansocket_request(&ws, &io, &request);

    while (result == SANSOCKET_OK && io.transport != SANSOCKET_TRANSPORT_CLOSE) {
        result = sansocket_receive(&ws, &io);
        if (io.event.type == SANSOCKET_EVENT_OPENED) {
            sansocket_send(&ws, &io, SANSOCKET_TEXT, "Hello, sansocket", 16, 1);
        } else if (io.event.type == SANSOCKET_EVENT_DATA) {
            printf("%.*s\n", (int)io.event.len, (char *)io.event.data);
            sansocket_close(&ws, &io, 1000, NULL, 0);
        } else if (io.event.type == SANSOCKET_EVENT_NONE) {
            sansocket_handle_timeout(&ws, &io);
        }
        send(peer.fd, output, io.output_len, MSG_NOSIGNAL);
        io.output_len = 0;
        if (io.event.type == SANSOCKET_EVENT_NONE && poll(&peer, 1, sansocket_poll_timeout(&ws, io.now_ms)) > 0) {
            io.input = memmove(input, io.input, io.input_len);
            ssize_t n = read(peer.fd, input + io.input_len, sizeof input - io.input_len);
            io.input_len += n > 0 ? (size_t)n : 0;
            if (n == 0)
                sansocket_receive_eof(&ws, &io);
        }
        io.now_ms = now_ms();
    }
    printf("closed with %u, %s\n", io.event.close_code, io.event.was_clean ? "clean" : "not clean");
    return io.event.was_clean ? 0 : 1;
}
