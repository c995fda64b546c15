/*
 * The smallest client on lwIP's raw API: sends a message, shows what comes, closes. Exit status 0 after a good end, 1 after any other, 2
 * for wrong usage, 3 if the server refused.
 *
 *     ffi-examples/build/lwip/client [--tap NAME] [--address ADDR] ws://ADDR[:PORT]/PATH
 */
#include "raw.h"

#include <stdio.h>
#include <string.h>

#include "../show.h"
#include "host.h"

static struct raw connection;
static uint8_t input[1024], output[1024];
static sansocket_url url;
static bool has_connected;
static int status;

static void handle(struct raw *c, const sansocket_event *event)
{
    if (event->type == SANSOCKET_EVENT_OPENED) {
        sansocket_buffered_send(&c->b, now_ms(), SANSOCKET_TEXT, "Hello, sansocket", 16);
    } else if (event->type == SANSOCKET_EVENT_DATA) {
        show(event);
        sansocket_buffered_close(&c->b, now_ms(), 1000, NULL, 0);
    } else if (event->type == SANSOCKET_EVENT_REFUSED) {
        status = show_refusal(event);
        sansocket_buffered_close(&c->b, now_ms(), 0, NULL, 0);
    }
}

static bool begin(void)
{
    sansocket_buffers buffers = {.input = input, .input_size = sizeof input, .output = output, .output_size = sizeof output};
    sansocket_setup setup = SANSOCKET_SETUP;
    setup.now_ms = now_ms();
    setup.entropy = host_entropy;
    return sansocket_init_client(&connection.ws, &setup) == SANSOCKET_OK &&
           sansocket_buffered_attach(&connection.b, &connection.ws, &buffers) == SANSOCKET_OK;
}

static err_t on_connected(void *arg, struct tcp_pcb *pcb, err_t error)
{
    const sansocket_client_request request = {.host = url.authority, .target = url.target};
    (void)arg, (void)pcb, (void)error;
    has_connected = begin();
    sansocket_buffered_request(&connection.b, now_ms(), &request);
    raw_turn(&connection);
    return ERR_OK;
}

/* Begins twice, so that TCP's handshake has the deadline of WebSocket's, and this one its own when it comes. */
static bool dial(ip4_addr_t address)
{
    struct tcp_pcb *pcb = tcp_new();
    if (pcb == NULL || !begin())
        return false;
    raw_begin(&connection, pcb);
    return tcp_connect(pcb, &address, url.port, on_connected) == ERR_OK;
}

int main(int argc, char **argv)
{
    const char *usage = "usage: client [--tap NAME] [--address ADDR] ws://ADDR[:PORT]/PATH", *tap = "tap0", *own = "192.168.68.2", *to = "";
    char host[16];
    ip4_addr_t address, server;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0)
            return puts(usage), 0;
        if (i + 1 < argc && strcmp(argv[i], "--tap") == 0)
            tap = argv[++i];
        else if (i + 1 < argc && strcmp(argv[i], "--address") == 0)
            own = argv[++i];
        else
            to = argv[i];
    }
    if (sansocket_url_parse(to, strlen(to), &url) != SANSOCKET_OK || url.is_secure || ip4addr_aton(own, &address) == 0)
        return fprintf(stderr, "%s\n", usage), 2;
    snprintf(host, sizeof host, "%.*s", (int)url.host.len, url.host.data);
    if (ip4addr_aton(host, &server) == 0)
        return fprintf(stderr, "client: not an IPv4 address: %.*s\n", (int)url.host.len, url.host.data), 2;
    host_begin(tap, address);
    if (dial(server))
        while (connection.pcb != NULL && host_turn())
            continue;
    if (!has_connected)
        return fprintf(stderr, "client: cannot connect to %s, port %u\n", host, url.port), 1;
    return status != 0 ? status : show_end(&connection.ws);
}
