/* The README's program in C: a client over a socket. `ffi-examples/build/minimal ws://127.0.0.1:9001/`, with an echo server there. */
#include "wire.h"

#include "show.h"

int main(int argc, char **argv)
{
    static uint8_t input[16384], output[4096];
    const char *usage = "usage: minimal [ws://HOST[:PORT]/PATH]", *argument = argc > 1 ? argv[1] : "ws://127.0.0.1:9001/";
    sansocket_url url;
    if (strcmp(argument, "--help") == 0)
        return puts(usage), 0;
    if (argc > 2 || sansocket_url_parse(argument, strlen(argument), &url) != SANSOCKET_OK || url.is_secure)
        return fprintf(stderr, "%s\n", usage), 2;
    int fd = wire_dial(&url);
    if (fd < 0)
        return 1;

    sansocket ws;
    sansocket_setup setup = SANSOCKET_SETUP;
    setup.now_ms = now_ms();
    setup.entropy = system_entropy;
    sansocket_init_client(&ws, &setup);
    sansocket_buffered b;
    sansocket_buffers buffers = {.input = input, .input_size = sizeof input, .output = output, .output_size = sizeof output};
    sansocket_buffered_attach(&b, &ws, &buffers);
    sansocket_client_request request = {.host = url.authority, .target = url.target};
    bool has_begun = sansocket_buffered_request(&b, now_ms(), &request) == SANSOCKET_OK;

    sansocket_event event;
    int status = 0;
    while (has_begun && wire_next(fd, &b, &event)) {
        if (event.type == SANSOCKET_EVENT_OPENED) {
            sansocket_buffered_send(&b, now_ms(), SANSOCKET_TEXT, "Hello, sansocket", 16);
        } else if (event.type == SANSOCKET_EVENT_DATA) {
            show(&event);
            sansocket_buffered_close(&b, now_ms(), 1000, NULL, 0);
        } else if (event.type == SANSOCKET_EVENT_REFUSED) {
            status = show_refusal(&event);
            sansocket_buffered_close(&b, now_ms(), 0, NULL, 0);
        }
    }
    close(fd);
    return status != 0 ? status : show_end(&ws);
}
