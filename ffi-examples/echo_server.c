/*
 * An echo server in C: one thread, epoll, one pair of buffers for all connections.
 *
 *     ffi-examples/build/echo_server [--listen ADDR:PORT] [--quiet] [--max-message BYTES] [--subprotocol LIST] [--deflate]
 *
 * A connection at rest is the 128 bytes of its `sansocket`, a file descriptor and two NULL pointers. Only while something remains of
 * its turn (half a header, output that the socket does not take), the first owns a block of that size. With --deflate, the second owns
 * the 62 KiB of a codec for a client that compresses.
 */
#define _GNU_SOURCE
#include "wire.h"

#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/uio.h>

#include "deflate.h"
#include "listen.h"

enum {
    INPUT_LEN = 262144,
    LONG = 32768, /* from this length on a copy costs more than a write */
    /* of the longest piece; compressing makes bytes longer that cannot be made shorter */
    ECHO_LEN = INPUT_LEN + INPUT_LEN / 8 + INPUT_LEN / 64 + 64 + SANSOCKET_MAX_FRAME_HEADER_LEN,
    /* Room for it while 64 KiB are due. What a slow peer leaves of more would be copied from turn to turn. */
    OUTPUT_LEN = 65536 + ECHO_LEN + SANSOCKET_MAX_ANSWER,
    INFLATED_LEN = 32768,
    TICK_MS = 100 /* deadlines are checked at most that often */
};

/* What remains of a connection's turn. */
struct rest {
    uint64_t deadline;
    size_t len;
    uint8_t block[];
};

struct client {
    sansocket ws;
    struct rest *rest;
    struct deflate *deflate;
    int fd;
    uint32_t interest;
};

/* The connection whose turn it is. The echo of all input fits into the output. */
static sansocket_buffered b;
static uint8_t input[INPUT_LEN], output[OUTPUT_LEN], inflated[INFLATED_LEN];

static struct options options;
static sansocket_config config;
static struct client **clients; /* by file descriptor */
static size_t clients_len, client_count;
static int epoll_fd, listen_fd;
static uint64_t now, due = SANSOCKET_NEVER; /* no deadline comes earlier than `due` */
static bool closing;

static void look_at(uint64_t at)
{
    due = at < due ? at : due;
}

static void report(const struct client *c, const sansocket_event *event)
{
    if (options.quiet)
        return;
    printf("%d: %s", c->fd, sansocket_event_text(event->type));
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
    if (sansocket_buffered_accept_or_refuse(&b, now, event->data, event->len, &acceptance) != SANSOCKET_OK)
        sansocket_buffered_respond(&b, now, 500, NULL, 0, NULL, 0);
    if (!sansocket_get_deflate(&c->ws).is_agreed)
        return;
    c->deflate = calloc(1, sizeof *c->deflate);
    if (c->deflate != NULL && deflate_begin(c->deflate, &c->ws) == 0)
        deflate_lend(c->deflate, &b);
    else
        sansocket_buffered_fail(&b, now, SANSOCKET_CLOSE_INTERNAL_ERROR);
}

static size_t write_both(void *fd, sansocket_bytes first, sansocket_bytes payload)
{
    const struct iovec parts[] = {{first.data, first.len}, {payload.data, payload.len}};
    ssize_t n = writev(*(int *)fd, parts, 2);
    return n > 0 ? (size_t)n : 0;
}

/* Sends a piece back, all of which is taken: there is room. A long one is written from where it lies. */
static void echo(struct client *c, const sansocket_event *event)
{
    size_t taken;
    if (event->len < LONG)
        sansocket_buffered_send_part(&b, now, event->kind, event->offset, event->data, event->len, event->last, &taken);
    else
        sansocket_buffered_send_part_by(&b, now, event->kind, event->offset, event->data, event->len, event->last, write_both,
                                        &c->fd, &taken);
}

/* Answers what has arrived. */
static void answer_all(struct client *c)
{
    static const sansocket_header plain = {SANSOCKET_LITERAL("Content-Type"), SANSOCKET_LITERAL("text/plain")};
    static const char text[] = "This port speaks WebSocket: connect with ws://\n";
    sansocket_event event;

    do {
        sansocket_buffered_next(&b, now, &event);
        if (event.type == SANSOCKET_EVENT_REQUEST)
            accept_request(c, &event);
        else if (event.type == SANSOCKET_EVENT_HTTP_REQUEST)
            sansocket_buffered_respond(&b, now, 404, &plain, 1, text, sizeof text - 1);
        else if (event.type == SANSOCKET_EVENT_DATA)
            echo(c, &event);
        else if (event.type != SANSOCKET_EVENT_NONE)
            report(c, &event);
    } while (event.type != SANSOCKET_EVENT_NONE);
}

static void begin_turn(struct client *c)
{
    sansocket_buffers shared = {.input = input, .input_size = sizeof input, .output = output, .output_size = sizeof output};
    shared.in_pieces = 1;
    shared.room_for = ECHO_LEN;
    if (options.deflate) {
        shared.joining = inflated;
        shared.joining_size = sizeof inflated;
    }
    sansocket_buffered_attach(&b, &c->ws, &shared);
    if (c->deflate != NULL)
        deflate_lend(c->deflate, &b);
    if (c->rest != NULL)
        sansocket_buffered_restore(&b, c->rest->block, c->rest->len);
    free(c->rest);
    c->rest = NULL;
}

/* When it needs a turn, even if its socket stays as it is. */
static uint64_t next_timeout(const struct client *c)
{
    return c->rest != NULL ? c->rest->deadline : sansocket_get_next_timeout(&c->ws);
}

/* Keeps what remains of the turn. Returns false if there is no memory for it. */
static bool keep_rest(struct client *c, size_t len)
{
    c->rest = malloc(sizeof *c->rest + len);
    if (c->rest == NULL)
        return false;
    c->rest->deadline = sansocket_buffered_get_next_timeout(&b);
    c->rest->len = len;
    return sansocket_buffered_detach(&b, c->rest->block, len) == SANSOCKET_OK;
}

/* Returns false if the connection is over. */
static bool end_turn(struct client *c)
{
    struct epoll_event wanted = {.events = EPOLLIN, .data.fd = c->fd};
    size_t len = sansocket_buffered_remaining(&b);

    if (sansocket_buffered_get_transport(&b) == SANSOCKET_TRANSPORT_CLOSE)
        return false;
    if (len > 0) {
        wanted.events = (uint32_t)wire_events(&b);
        if (!keep_rest(c, len))
            return false;
    }
    look_at(next_timeout(c));
    if (wanted.events == c->interest)
        return true;
    c->interest = wanted.events;
    return epoll_ctl(epoll_fd, EPOLL_CTL_MOD, c->fd, &wanted) == 0;
}

static void drop(struct client *c)
{
    clients[c->fd] = NULL;
    client_count--;
    close(c->fd);
    free(c->rest);
    if (c->deflate != NULL)
        deflate_end(c->deflate);
    free(c->deflate);
    free(c);
}

/* A turn: the socket is read once, unless what was read before has to go first, so that the others have theirs. */
static void serve(struct client *c)
{
    begin_turn(c);
    wire_read(c->fd, &b, now);
    /* Only who has opened is told, and waited for as long as the closing deadline allows. */
    if (closing && sansocket_buffered_close(&b, now, SANSOCKET_CLOSE_GOING_AWAY, NULL, 0) == SANSOCKET_USAGE_NOT_OPEN) {
        drop(c);
        return;
    }
    do
        answer_all(c);
    while (wire_write(c->fd, &b, now));
    if (!end_turn(c))
        drop(c);
}

static bool add(int fd)
{
    struct epoll_event readable = {.events = EPOLLIN, .data.fd = fd};
    if ((size_t)fd >= clients_len) {
        size_t len = 2 * (size_t)fd;
        struct client **more = realloc(clients, len * sizeof *more);
        if (more == NULL)
            return false;
        memset(more + clients_len, 0, (len - clients_len) * sizeof *more);
        clients = more;
        clients_len = len;
    }
    struct client *c = calloc(1, sizeof *c);
    if (c == NULL || epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &readable) != 0) {
        free(c);
        return false;
    }
    c->fd = fd;
    c->interest = EPOLLIN;
    sansocket_setup setup = SANSOCKET_SETUP;
    setup.now_ms = now;
    setup.config = &config;
    sansocket_init_server(&c->ws, &setup);
    look_at(sansocket_get_next_timeout(&c->ws));
    clients[fd] = c;
    client_count++;
    return true;
}

static void watch_listener(bool on)
{
    struct epoll_event change = {.events = on ? EPOLLIN : 0, .data.fd = listen_fd};
    epoll_ctl(epoll_fd, EPOLL_CTL_MOD, listen_fd, &change);
}

static void accept_all(void)
{
    bool is_short;
    for (int fd; (fd = accept_on("echo_server", listen_fd, &is_short)) >= 0;) {
        if (!add(fd))
            close(fd);
    }
    if (is_short) { /* until the next tick */
        watch_listener(false);
        look_at(now + TICK_MS);
    }
}

/* Gives a turn to those whose deadlines have passed, or to all, and finds the next deadline. */
static void visit(bool all)
{
    due = SANSOCKET_NEVER;
    for (size_t fd = 0; fd < clients_len; fd++) {
        struct client *c = clients[fd];
        if (c == NULL)
            continue;
        uint64_t deadline = next_timeout(c);
        if (all || deadline <= now)
            serve(c);
        else
            look_at(deadline);
    }
}

static void run(const sigset_t *waiting)
{
    struct epoll_event events[256];
    uint64_t last_tick = 0;

    while (signals < 2 && (!closing || client_count > 0)) {
        now = now_ms();
        uint64_t at = due > last_tick + TICK_MS ? due : last_tick + TICK_MS;
        int timeout = due == SANSOCKET_NEVER ? -1 : at <= now ? 0 : at - now > 60000 ? 60000 : (int)(at - now);
        int count = epoll_pwait(epoll_fd, events, 256, timeout, waiting);
        now = now_ms();

        for (int i = 0; i < count; i++) {
            int fd = events[i].data.fd;
            if (fd == listen_fd && !closing)
                accept_all();
            else if ((size_t)fd < clients_len && clients[fd] != NULL)
                serve(clients[fd]);
        }
        if (signals > 0 && !closing) {
            closing = true;
            close(listen_fd);
            visit(true);
        }
        if (due <= now && now >= last_tick + TICK_MS) {
            last_tick = now;
            if (!closing)
                watch_listener(true);
            visit(false);
        }
    }
}

int main(int argc, char **argv)
{
    sansocket_setup setup = SANSOCKET_SETUP;

    options = read_options("echo_server", argc, argv);
    if (sansocket_config_init(&config, &setup) != SANSOCKET_OK) {
        fputs("echo_server: sansocket.h and the library are of different versions\n", stderr);
        return 1;
    }
    /* The defaults, but for one case of the Autobahn suite that cuts a message into 65 537 frames. */
    sansocket_config_set(&config, SANSOCKET_OPTION_MAX_FRAGMENTS, 100000);
    if (options.max_message > 0 &&
        sansocket_config_set(&config, SANSOCKET_OPTION_MAX_MESSAGE_LEN, options.max_message) != SANSOCKET_OK)
        exit_with_usage("echo_server", 2);
    const sansocket_deflate_config deflate = {.send_window_bits = 12};
    if (options.deflate)
        sansocket_config_set_deflate(&config, &deflate);
    if (options.subprotocol != NULL)
        sansocket_config_set_subprotocols(&config, options.subprotocol, strlen(options.subprotocol));
    setvbuf(stdout, NULL, _IOLBF, 0);
    sigset_t waiting = count_signals();
    listen_fd = listen_on("echo_server", options.listen);
    printf("%zu bytes per connection\n", sizeof(struct client));
    epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event readable = {.events = EPOLLIN, .data.fd = listen_fd};
    epoll_ctl(epoll_fd, EPOLL_CTL_ADD, listen_fd, &readable);
    run(&waiting);
    free(clients);
    return 0;
}
