/*
 * An echo server on lwIP's raw API, in static memory: for MAX_CONNECTIONS, and whoever comes beyond is reset.
 *
 *     ffi-examples/build/lwip/echo_server [--tap NAME] [--listen ADDR:PORT]
 */
#include "raw.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "deflate.h"
#include "host.h"

enum {
    INPUT_LEN = 1024, /* the longest head, and the longest piece of a message, which may be longer than that */
    ECHO_LEN = INPUT_LEN + SANSOCKET_MAX_FRAME_HEADER_LEN
};

struct connection {
    struct raw raw; /* first: `handle` gets it */
    uint8_t input[INPUT_LEN], output[2 * ECHO_LEN + SANSOCKET_MAX_ANSWER]; /* twice, so that small echoes leave together */
};

static struct connection connections[MAX_CONNECTIONS];
static sansocket_config config;

static void report(size_t at, const sansocket_event *event)
{
    printf("%zu: %s", at, sansocket_event_text(event->type));
    if (event->error != SANSOCKET_ERROR_NONE)
        printf(": %s", sansocket_error_text(event->error));
    if (event->close_code != 0)
        printf(" %u%s", event->close_code, event->was_clean ? ", clean" : "");
    putchar('\n');
}

static void handle(struct raw *raw, const sansocket_event *event)
{
    static const sansocket_acceptance any_origin = {.origin = SANSOCKET_ORIGIN_ANY};
    size_t at = (size_t)((struct connection *)raw - connections), taken;
    sansocket_buffered *b = &raw->b;

    if (event->type == SANSOCKET_EVENT_REQUEST) {
        sansocket_buffered_accept_or_refuse(b, now_ms(), event->data, event->len, &any_origin);
        deflate_lend(at, &raw->ws, b);
    } else if (event->type == SANSOCKET_EVENT_HTTP_REQUEST) {
        sansocket_buffered_respond(b, now_ms(), 404, NULL, 0, NULL, 0);
    } else if (event->type == SANSOCKET_EVENT_DATA) { /* all of it is taken: there is room */
        sansocket_buffered_send_part(b, now_ms(), event->kind, event->offset, event->data, event->len, event->last, &taken);
    } else {
        report(at, event);
    }
}

static err_t on_accept(void *arg, struct tcp_pcb *pcb, err_t error)
{
    size_t at = 0;
    (void)arg;
    while (at < MAX_CONNECTIONS && connections[at].raw.pcb != NULL)
        at++;
    if (error != ERR_OK || at == MAX_CONNECTIONS)
        return ERR_MEM; /* lwIP resets it; unless it has no memory, when there is no pcb */
    struct connection *c = &connections[at];
    sansocket_buffers buffers = {.input = c->input, .input_size = sizeof c->input, .output = c->output, .output_size = sizeof c->output};
    buffers.in_pieces = 1;
    buffers.room_for = ECHO_LEN;
    deflate_join_in(at, &buffers);
    sansocket_setup setup = SANSOCKET_SETUP;
    setup.now_ms = now_ms();
    setup.config = &config;
    sansocket_init_server(&c->raw.ws, &setup);
    sansocket_buffered_attach(&c->raw.b, &c->raw.ws, &buffers);
    raw_begin(&c->raw, pcb);
    printf("%zu: accepted\n", at);
    return ERR_OK;
}

int main(int argc, char **argv)
{
    const char *usage = "usage: echo_server [--tap NAME] [--listen ADDR:PORT]", *tap = "tap0", *listen = "192.168.68.2:9001";
    char host[16] = "";
    u16_t port;
    ip4_addr_t address;
    for (int i = 1; i < argc; i += 2) {
        if (strcmp(argv[i], "--help") == 0)
            return puts(usage), 0;
        if (i + 1 < argc && strcmp(argv[i], "--tap") == 0)
            tap = argv[i + 1];
        else if (i + 1 < argc && strcmp(argv[i], "--listen") == 0)
            listen = argv[i + 1];
        else
            return fprintf(stderr, "%s\n", usage), 2;
    }
    if (sscanf(listen, "%15[0-9.]:%hu", host, &port) != 2 || ip4addr_aton(host, &address) == 0)
        return fprintf(stderr, "echo_server: not an address and a port: %s\n", listen), 2;

    sansocket_setup setup = SANSOCKET_SETUP;
    if (sansocket_config_init(&config, &setup) != SANSOCKET_OK)
        return fputs("echo_server: sansocket.h and the library are of different versions\n", stderr), 1;
    deflate_configure(&config);
    setvbuf(stdout, NULL, _IOLBF, 0);
    signal(SIGPIPE, SIG_IGN); /* the log's */
    host_begin(tap, address);
    struct tcp_pcb *listener = tcp_new_ip_type(IPADDR_TYPE_V4);
    if (listener == NULL || tcp_bind(listener, IP4_ADDR_ANY, port) != ERR_OK || (listener = tcp_listen(listener)) == NULL)
        return fprintf(stderr, "echo_server: cannot listen on %s\n", listen), 1;
    tcp_accept(listener, on_accept);
    printf("%d connections of %zu bytes; listening on ws://%s:%u/\n", MAX_CONNECTIONS, sizeof(struct connection) + DEFLATE_LEN, host, port);
    while (host_turn())
        continue;
    return 0;
}
