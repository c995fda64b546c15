/*
 * An echo server in libuv's loop: each connection has a uv_tcp_t, a uv_timer_t and buffers of its own.
 *
 *     ffi-examples/build/uv_server [--listen ADDR:PORT] [--quiet] [--max-message BYTES] [--subprotocol LIST] [--deflate]
 *
 * `turn` and the callbacks above it are the loop, to be copied; what is below is the echo.
 */
#define _GNU_SOURCE
#include <uv.h>

#include "deflate.h"
#include "listen.h"
#include "sansocket.h"

enum {
    INPUT_LEN = 16384,
    /* of the longest piece; compressing makes bytes longer that cannot be made shorter */
    ECHO_LEN = INPUT_LEN + INPUT_LEN / 8 + INPUT_LEN / 64 + 64 + SANSOCKET_MAX_FRAME_HEADER_LEN,
    INFLATED_LEN = INPUT_LEN / 2,
    WRITTEN_LEN = 16384 /* at once: libuv says when all is written, so that the peer has the writing deadline for so much */
};

struct client {
    uv_tcp_t tcp;
    uv_timer_t timer;
    uv_write_t write;
    size_t under_way; /* how many bytes it writes */
    uv_shutdown_t shutdown;
    bool was_shut_down;
    sansocket ws;
    sansocket_buffered b;
    struct deflate deflate;
    uint8_t input[INPUT_LEN], output[2 * ECHO_LEN], inflated[INFLATED_LEN];
};

static void handle(struct client *c, const sansocket_event *event);
static void turn(struct client *c);
static void drop(struct client *c);

static uint64_t now_of(const struct client *c)
{
    return uv_now(c->tcp.loop);
}

static void on_written(uv_write_t *write, int status)
{
    struct client *c = write->data;
    if (status == 0)
        sansocket_buffered_written(&c->b, c->under_way, now_of(c));
    else
        sansocket_buffered_write_failed(&c->b);
    c->under_way = 0;
    turn(c);
}

static void on_space(uv_handle_t *tcp, size_t suggested, uv_buf_t *bytes)
{
    (void)suggested;
    sansocket_bytes space = sansocket_buffered_space(&((struct client *)tcp->data)->b);
    *bytes = uv_buf_init((char *)space.data, (unsigned)space.len);
}

static void on_read(uv_stream_t *tcp, ssize_t n, const uv_buf_t *bytes)
{
    struct client *c = tcp->data;
    (void)bytes;
    if (n < 0)
        sansocket_buffered_eof(&c->b);
    else
        sansocket_buffered_filled(&c->b, (size_t)n, now_of(c));
    turn(c);
}

static void on_deadline(uv_timer_t *timer)
{
    struct client *c = timer->data;
    sansocket_buffered_filled(&c->b, 0, now_of(c));
    turn(c);
}

static void on_shutdown(uv_shutdown_t *shutdown, int status)
{
    (void)shutdown, (void)status; /* it fails if the peer has gone */
}

/* After whatever happens to the connection. */
static void turn(struct client *c)
{
    uv_stream_t *stream = (uv_stream_t *)&c->tcp;
    sansocket_event event;
    if (uv_is_closing((uv_handle_t *)stream))
        return;
    while (sansocket_buffered_next(&c->b, now_of(c), &event) == SANSOCKET_OK && event.type != SANSOCKET_EVENT_NONE)
        handle(c, &event);
    sansocket_bytes due = sansocket_buffered_due(&c->b); /* which stays there, whatever is sent meanwhile */
    if (due.len > 0 && c->under_way == 0) {
        c->under_way = due.len < WRITTEN_LEN ? due.len : WRITTEN_LEN;
        uv_buf_t bytes = uv_buf_init((char *)due.data, (unsigned)c->under_way);
        uv_write(&c->write, stream, &bytes, 1, on_written);
    }
    if (sansocket_buffered_wants_reading(&c->b))
        uv_read_start(stream, on_space, on_read);
    else
        uv_read_stop(stream);
    /* -1, for never, becomes the longest timeout. */
    uv_timer_start(&c->timer, on_deadline, (uint64_t)sansocket_buffered_poll_timeout(&c->b, now_of(c)), 0);
    sansocket_transport transport = sansocket_buffered_get_transport(&c->b);
    if (transport == SANSOCKET_TRANSPORT_CLOSE)
        drop(c);
    if (transport == SANSOCKET_TRANSPORT_SHUTDOWN_WRITE && !c->was_shut_down)
        c->was_shut_down = uv_shutdown(&c->shutdown, stream, on_shutdown) == 0;
}

static void on_timer_closed(uv_handle_t *timer)
{
    struct client *c = timer->data;
    deflate_end(&c->deflate);
    free(c);
}

static void on_tcp_closed(uv_handle_t *tcp)
{
    uv_close((uv_handle_t *)&((struct client *)tcp->data)->timer, on_timer_closed);
}

static void drop(struct client *c)
{
    uv_timer_stop(&c->timer);
    uv_close((uv_handle_t *)&c->tcp, on_tcp_closed);
}

/* ---- The echo ---- */

static struct options options;
static sansocket_config config;

static void report(const sansocket_event *event)
{
    if (options.quiet)
        return;
    printf("%s", sansocket_event_text(event->type));
    if (event->error != SANSOCKET_ERROR_NONE)
        printf(": %s", sansocket_error_text(event->error));
    if (event->close_code != 0)
        printf(" %u%s", event->close_code, event->was_clean ? ", clean" : "");
    putchar('\n');
}

/* With a subprotocol of --subprotocol, or the first that the client offers; with a codec if the client compresses. */
static void accept_request(struct client *c, const sansocket_event *event)
{
    sansocket_acceptance acceptance = {.origin = SANSOCKET_ORIGIN_ANY};
    acceptance.subprotocol = options.subprotocol != NULL ? sansocket_choose_subprotocol(&config, event->data, event->len)
                                                         : sansocket_request_subprotocol_at(event->data, event->len, 0);
    if (sansocket_buffered_accept_or_refuse(&c->b, now_of(c), event->data, event->len, &acceptance) != SANSOCKET_OK)
        sansocket_buffered_respond(&c->b, now_of(c), 500, NULL, 0, NULL, 0);
    if (deflate_begin(&c->deflate, &c->ws) == 0)
        deflate_lend(&c->deflate, &c->b);
    else
        sansocket_buffered_fail(&c->b, now_of(c), SANSOCKET_CLOSE_INTERNAL_ERROR);
}

static void handle(struct client *c, const sansocket_event *event)
{
    static const sansocket_header plain = {SANSOCKET_LITERAL("Content-Type"), SANSOCKET_LITERAL("text/plain")};
    static const char text[] = "This port speaks WebSocket: connect with ws://\n";
    size_t taken;
    if (event->type == SANSOCKET_EVENT_REQUEST)
        accept_request(c, event);
    else if (event->type == SANSOCKET_EVENT_HTTP_REQUEST)
        sansocket_buffered_respond(&c->b, now_of(c), 404, &plain, 1, text, sizeof text - 1);
    else if (event->type == SANSOCKET_EVENT_DATA) /* all of it is taken: there is room */
        sansocket_buffered_send_part(&c->b, now_of(c), event->kind, event->offset, event->data, event->len, event->last, &taken);
    else
        report(event);
}

/* If descriptors are used up, libuv accepts those who wait and closes them at once. */
static void on_connection(uv_stream_t *listener, int status)
{
    struct client *c = status == 0 ? calloc(1, sizeof *c) : NULL;
    uv_os_fd_t fd;
    if (status != 0) {
        complain("uv_server", uv_strerror(status));
        return;
    }
    if (c == NULL)
        abort(); /* there would be no more of these calls before uv_accept */
    uv_tcp_init(listener->loop, &c->tcp);
    uv_timer_init(listener->loop, &c->timer);
    c->tcp.data = c->timer.data = c->write.data = c;
    sansocket_setup setup = SANSOCKET_SETUP;
    setup.now_ms = now_of(c);
    setup.config = &config;
    sansocket_init_server(&c->ws, &setup);
    sansocket_buffers buffers = {.input = c->input, .input_size = sizeof c->input, .output = c->output, .output_size = sizeof c->output};
    buffers.joining = c->inflated;
    buffers.joining_size = sizeof c->inflated;
    buffers.in_pieces = 1;
    buffers.room_for = ECHO_LEN;
    sansocket_buffered_attach(&c->b, &c->ws, &buffers);
    if (uv_accept(listener, (uv_stream_t *)&c->tcp) != 0 || uv_fileno((uv_handle_t *)&c->tcp, &fd) != 0) {
        drop(c);
        return;
    }
    send_at_once(fd);
    turn(c);
}

/* Ends what listens and waits for signals, so that a second one ends the program; and connections, once they have answered. */
static void leave(uv_handle_t *one, void *unused)
{
    struct client *c = one->data;
    (void)unused;
    if (uv_is_closing(one) || one->type == UV_TIMER)
        return;
    if (c == NULL)
        uv_close(one, NULL);
    else if (sansocket_buffered_close(&c->b, now_of(c), SANSOCKET_CLOSE_GOING_AWAY, NULL, 0) == SANSOCKET_USAGE_NOT_OPEN)
        drop(c);
    else
        turn(c);
}

static void on_stop(uv_signal_t *stop, int number)
{
    (void)number;
    uv_walk(stop->loop, leave, NULL);
}

int main(int argc, char **argv)
{
    uv_loop_t *loop = uv_default_loop();
    uv_tcp_t listener;
    uv_signal_t stop[2];
    sansocket_setup setup = SANSOCKET_SETUP;
    const sansocket_deflate_config deflate = {.send_window_bits = 12};

    options = read_options("uv_server", argc, argv);
    if (sansocket_config_init(&config, &setup) != SANSOCKET_OK)
        return fputs("uv_server: sansocket.h and the library are of different versions\n", stderr), 1;
    if (options.max_message > 0 &&
        sansocket_config_set(&config, SANSOCKET_OPTION_MAX_MESSAGE_LEN, options.max_message) != SANSOCKET_OK)
        exit_with_usage("uv_server", 2);
    if (options.deflate)
        sansocket_config_set_deflate(&config, &deflate);
    if (options.subprotocol != NULL &&
        sansocket_config_set_subprotocols(&config, options.subprotocol, strlen(options.subprotocol)) != SANSOCKET_OK)
        exit_with_usage("uv_server", 2);
    setvbuf(stdout, NULL, _IOLBF, 0);
    signal(SIGPIPE, SIG_IGN); /* libuv writes without MSG_NOSIGNAL */
    uv_tcp_init(loop, &listener);
    listener.data = NULL;
    uv_tcp_open(&listener, listen_on("uv_server", options.listen));
    uv_listen((uv_stream_t *)&listener, SOMAXCONN, on_connection);
    for (int i = 0; i < 2; i++) {
        uv_signal_init(loop, &stop[i]);
        stop[i].data = NULL;
        uv_signal_start(&stop[i], on_stop, i == 0 ? SIGINT : SIGTERM);
    }
    uv_run(loop, UV_RUN_DEFAULT);
    return uv_loop_close(loop) == 0 ? 0 : 1;
}
