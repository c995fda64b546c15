/*
 * An echo server in C: one thread, epoll, one read buffer and one write buffer for all connections.
 *
 *     ffi-examples/build/echo_server [--listen ADDR:PORT] [--quiet] [--max-message BYTES]
 *
 * A connection at rest is the 128 bytes of its `sansocket`, a file descriptor and a NULL pointer. Only while it has input that
 * is not consumed (half a header) or output that the socket does not take, the pointer owns a block of that size; while
 * there is such output, nothing is read from the peer: no other back-pressure is needed.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "listen.h"
#include "sansocket.h"

enum {
    INPUT_LEN = 65536,
    ROOM = 14 + SANSOCKET_MAX_ANSWER, /* the header of an echo, and whatever sansocket_receive writes */
    TICK_MS = 100                     /* deadlines are checked at most that often */
};

/* What one connection keeps while it has to: unconsumed input, then output that is due. */
struct rest {
    size_t input_len, output_len;
    uint8_t bytes[];
};

struct client {
    sansocket ws;
    struct rest *rest;
    int fd;
    uint32_t interest;
};

/* Of the connection whose turn it is. The echo of all input fits into the output. */
static uint8_t input[INPUT_LEN], output[INPUT_LEN + ROOM];
static sansocket_io io;

static sansocket_config config;
static struct client **clients; /* by file descriptor */
static size_t clients_len, client_count;
static int epoll_fd, listen_fd;
static uint64_t due = SANSOCKET_NEVER; /* no deadline comes earlier */
static bool quiet;
static volatile sig_atomic_t signals;

static uint64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void look_at(uint64_t at)
{
    due = at < due ? at : due;
}

static void report(const struct client *c)
{
    const sansocket_event *event = &io.event;
    if (quiet || event->type == SANSOCKET_EVENT_NONE)
        return;
    printf("%d: %s", c->fd, sansocket_event_text(event->type));
    if (event->error != SANSOCKET_ERROR_NONE)
        printf(": %s", sansocket_error_text(event->error));
    if (event->close_code != 0)
        printf(" %u%s", event->close_code, event->type == SANSOCKET_EVENT_CLOSED && event->was_clean ? ", clean" : "");
    putchar('\n');
}

/* Writes what the socket takes of the output. Returns false if the connection is broken. */
static bool flush(struct client *c)
{
    size_t sent = 0;
    while (sent < io.output_len) {
        ssize_t n = send(c->fd, output + sent, io.output_len - sent, MSG_NOSIGNAL);
        if (n >= 0)
            sent += (size_t)n;
        else if (errno == EAGAIN)
            break;
        else if (errno != EINTR)
            return false;
    }
    sansocket_written(&c->ws, sent, io.now_ms);
    io.output_len -= sent;
    memmove(output, output + sent, io.output_len);
    return true;
}

static bool has_room(void)
{
    return io.output_size - io.output_len >= io.input_len + ROOM;
}

/* The loop: feed what there is, answer each event, keep what was not consumed. Returns false if the connection is broken. */
static bool converse(struct client *c)
{
    static const sansocket_acceptance any_origin = {.origin = SANSOCKET_ORIGIN_ANY};
    static const sansocket_header plain = {SANSOCKET_LITERAL("Content-Type"), SANSOCKET_LITERAL("text/plain")};
    static const char text[] = "This port speaks WebSocket: connect with ws://\n";

    do {
        if (!has_room() && !flush(c))
            return false;
        if (!has_room())
            break; /* the socket takes no more: the rest of the input waits */
        if (sansocket_receive(&c->ws, &io) != SANSOCKET_OK)
            return false;
        if (io.event.type == SANSOCKET_EVENT_REQUEST)
            sansocket_accept_or_refuse(&c->ws, &io, io.event.data, io.event.len, &any_origin);
        else if (io.event.type == SANSOCKET_EVENT_HTTP_REQUEST)
            sansocket_respond(&c->ws, &io, 404, &plain, 1, text, sizeof text - 1);
        else if (io.event.type == SANSOCKET_EVENT_DATA) /* nothing is written if it crosses a Close */
            sansocket_send(&c->ws, &io, io.event.kind, io.event.data, io.event.len, io.event.last);
        else
            report(c);
    } while (io.event.type != SANSOCKET_EVENT_NONE);

    io.input = memmove(input, io.input, io.input_len);
    return true;
}

/* Puts what a connection kept into the shared buffers. */
static void load(struct client *c)
{
    io = (sansocket_io){.now_ms = now_ms(), .input = input, .output = output, .output_size = sizeof output};
    if (c->rest == NULL)
        return;
    io.input_len = c->rest->input_len;
    io.output_len = c->rest->output_len;
    memcpy(input, c->rest->bytes, io.input_len);
    memcpy(output, c->rest->bytes + io.input_len, io.output_len);
    free(c->rest);
    c->rest = NULL;
}

/* Writes what is due and keeps what is left in the shared buffers. Returns false if the connection is over. */
static bool store(struct client *c)
{
    sansocket_transport transport = sansocket_get_transport(&c->ws);

    if (!flush(c) || transport == SANSOCKET_TRANSPORT_CLOSE)
        return false;
    look_at(sansocket_get_next_timeout(&c->ws));
    if (transport == SANSOCKET_TRANSPORT_SHUTDOWN_WRITE && io.output_len == 0)
        shutdown(c->fd, SHUT_WR);
    if (io.input_len + io.output_len > 0) {
        c->rest = malloc(sizeof *c->rest + io.input_len + io.output_len);
        if (c->rest == NULL)
            return false;
        c->rest->input_len = io.input_len;
        c->rest->output_len = io.output_len;
        memcpy(c->rest->bytes, input, io.input_len);
        memcpy(c->rest->bytes + io.input_len, output, io.output_len);
    }
    uint32_t interest = io.output_len > 0 ? EPOLLOUT : EPOLLIN;
    if (interest != c->interest) {
        struct epoll_event change = {.events = interest, .data.fd = c->fd};
        c->interest = interest;
        return epoll_ctl(epoll_fd, EPOLL_CTL_MOD, c->fd, &change) == 0;
    }
    return true;
}

/* The socket is ready: continue where the last turn stopped, then read once. Returns false if the connection is over. */
static bool serve(struct client *c)
{
    load(c);
    if (!flush(c) || (io.output_len == 0 && io.input_len > 0 && !converse(c)) || !flush(c))
        return false;
    if (io.output_len == 0) {
        ssize_t n = recv(c->fd, input + io.input_len, INPUT_LEN - io.input_len, 0);
        if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
            sansocket_receive_eof(&c->ws, &io);
            report(c);
            return false;
        }
        io.input_len += n > 0 ? (size_t)n : 0;
        if (n > 0 && !converse(c))
            return false;
    }
    return store(c);
}

static void drop(struct client *c)
{
    clients[c->fd] = NULL;
    client_count--;
    close(c->fd);
    free(c->rest);
    free(c);
}

static bool add(int fd)
{
    int on = 1;
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
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    c->fd = fd;
    c->interest = EPOLLIN;
    sansocket_setup setup = SANSOCKET_SETUP;
    setup.now_ms = now_ms();
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
    for (;;) {
        int fd = accept4(listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0) {
            if (!add(fd))
                close(fd);
        } else if (errno == EAGAIN) {
            return;
        } else if (errno != EINTR && errno != ECONNABORTED) {
            /* Out of descriptors or memory: those who wait keep waiting, and the next tick tries again. */
            fprintf(stderr, "echo_server: cannot accept: %s\n", strerror(errno));
            watch_listener(false);
            look_at(now_ms() + TICK_MS);
            return;
        }
    }
}

/* Acts on the deadlines that have passed, and finds the next. */
static void handle_timeouts(void)
{
    uint64_t now = now_ms();
    due = SANSOCKET_NEVER;
    for (size_t fd = 0; fd < clients_len; fd++) {
        struct client *c = clients[fd];
        if (c == NULL)
            continue;
        if (sansocket_poll_timeout(&c->ws, now) != 0) {
            look_at(sansocket_get_next_timeout(&c->ws));
            continue;
        }
        load(c);
        sansocket_handle_timeout(&c->ws, &io);
        report(c);
        if (!store(c))
            drop(c);
    }
}

/* Says goodbye to all. Their answers are waited for as long as the closing deadline allows. */
static void close_all(void)
{
    close(listen_fd);
    for (size_t fd = 0; fd < clients_len; fd++) {
        struct client *c = clients[fd];
        if (c == NULL)
            continue;
        load(c);
        if (sansocket_close(&c->ws, &io, 1001, NULL, 0) != SANSOCKET_OK || !store(c))
            drop(c); /* its opening handshake is not over, or the connection is broken */
    }
}

static void on_signal(int number)
{
    (void)number;
    signals = signals + 1;
}

static void run(void)
{
    struct epoll_event events[256];
    sigset_t blocked, waiting;
    struct sigaction action = {.sa_handler = on_signal};
    uint64_t last_tick = 0;
    bool closing = false;

    /* Signals arrive in epoll_pwait and nowhere else, so none is missed between the check and the wait. */
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGINT);
    sigaddset(&blocked, SIGTERM);
    sigprocmask(SIG_BLOCK, &blocked, &waiting);

    while (signals < 2 && (!closing || client_count > 0)) {
        uint64_t now = now_ms(), at = due > last_tick + TICK_MS ? due : last_tick + TICK_MS;
        int timeout = due == SANSOCKET_NEVER ? -1 : at <= now ? 0 : at - now > 60000 ? 60000 : (int)(at - now);
        int count = epoll_pwait(epoll_fd, events, 256, timeout, &waiting);

        for (int i = 0; i < count; i++) {
            int fd = events[i].data.fd;
            if (fd == listen_fd && !closing)
                accept_all();
            else if ((size_t)fd < clients_len && clients[fd] != NULL && !serve(clients[fd]))
                drop(clients[fd]);
        }
        if (signals > 0 && !closing) {
            closing = true;
            close_all();
        }
        now = now_ms();
        if (due <= now && now >= last_tick + TICK_MS) {
            last_tick = now;
            if (!closing)
                watch_listener(true);
            handle_timeouts();
        }
    }
}

/* A number of bytes and nothing else, as the option of that name takes it. */
static bool set_max_message(const char *bytes)
{
    char *end;
    errno = 0;
    unsigned long long len = strtoull(bytes, &end, 10);
    return bytes[0] >= '0' && bytes[0] <= '9' && *end == '\0' && errno == 0 &&
           sansocket_config_set(&config, SANSOCKET_OPTION_MAX_MESSAGE_LEN, len) == SANSOCKET_OK;
}

int main(int argc, char **argv)
{
    const char *where = "127.0.0.1:9001";
    sansocket_setup setup = SANSOCKET_SETUP;

    if (sansocket_config_init(&config, &setup) != SANSOCKET_OK) {
        fputs("echo_server: sansocket.h and the library are of different versions\n", stderr);
        return 1;
    }
    /* The defaults, but for one case of the Autobahn suite that cuts a message into 65 537 frames. */
    sansocket_config_set(&config, SANSOCKET_OPTION_MAX_FRAGMENTS, 100000);
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--quiet") == 0)
            quiet = true;
        else if (strcmp(argv[i], "--listen") == 0 && i + 1 < argc)
            where = argv[++i];
        else if (strcmp(argv[i], "--max-message") != 0 || i + 1 == argc || !set_max_message(argv[++i])) {
            fputs("usage: echo_server [--listen ADDR:PORT] [--quiet] [--max-message BYTES]\n", stderr);
            return 2;
        }
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    listen_fd = listen_on("echo_server", where);
    printf("%zu bytes per connection\n", sizeof(struct client));
    epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event readable = {.events = EPOLLIN, .data.fd = listen_fd};
    epoll_ctl(epoll_fd, EPOLL_CTL_ADD, listen_fd, &readable);
    run();
    free(clients);
    return 0;
}
