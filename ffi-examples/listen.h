/* Options, signals and a listening socket for the servers here, in what C and C++ have in common. Nothing in it is about WebSocket. */
#ifndef LISTEN_H
#define LISTEN_H

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

/* What the command line says. */
struct options {
    const char *listen; /* ADDR:PORT */
    const char *subprotocol; /* NULL if it was not given */
    uint64_t max_message;    /* 0 if it was not given */
    bool quiet, deflate;
};

/* Ends the program: with 0 if the usage was asked for. */
static inline void exit_with_usage(const char *program, int status)
{
    fprintf(status == 0 ? stdout : stderr,
            "usage: %s [--listen ADDR:PORT] [--quiet] [--max-message BYTES] [--subprotocol LIST] [--deflate]\n", program);
    exit(status);
}

/* Reads the command line. Ends the program if there is something wrong with it. */
static inline struct options read_options(const char *program, int argc, char **argv)
{
    struct options options = {"127.0.0.1:9001", NULL, 0, false, false};
    for (int i = 1; i < argc; i++) {
        const char *option = argv[i], *value = i + 1 < argc ? argv[i + 1] : NULL;
        if (strcmp(option, "--help") == 0)
            exit_with_usage(program, 0);
        if (strcmp(option, "--quiet") == 0) {
            options.quiet = true;
            continue;
        }
        if (strcmp(option, "--deflate") == 0) {
            options.deflate = true;
            continue;
        }
        if (value == NULL)
            exit_with_usage(program, 2);
        i++;
        if (strcmp(option, "--listen") == 0) {
            options.listen = value;
        } else if (strcmp(option, "--subprotocol") == 0) {
            options.subprotocol = value;
        } else if (strcmp(option, "--max-message") == 0) {
            char *end;
            errno = 0;
            options.max_message = (uint64_t)strtoull(value, &end, 10);
            if (value[0] < '0' || value[0] > '9' || *end != '\0' || errno != 0 || options.max_message == 0)
                exit_with_usage(program, 2);
        } else {
            exit_with_usage(program, 2);
        }
    }
    return options;
}

/* Listens on `where`, ADDR:PORT, without blocking, and prints that. Ends the program, with the reason, if that fails. */
static inline int listen_on(const char *program, const char *where)
{
    char host[256], name[NI_MAXHOST], port[NI_MAXSERV];
    struct addrinfo hints, *found = NULL;
    struct sockaddr_storage address;
    socklen_t address_len = sizeof address;
    const char *colon = strrchr(where, ':');
    int fd, on = 1;

    if (colon == NULL || colon == where || (size_t)(colon - where) >= sizeof host) {
        fprintf(stderr, "%s: not an address and a port: %s\n", program, where);
        exit(2);
    }
    memset(&hints, 0, sizeof hints);
    hints.ai_flags = AI_PASSIVE;
    hints.ai_socktype = SOCK_STREAM;
    bool brackets = where[0] == '[' && colon[-1] == ']';
    snprintf(host, sizeof host, "%.*s", (int)(colon - where) - 2 * brackets, where + brackets);
    int error = getaddrinfo(host, colon + 1, &hints, &found);
    if (error != 0) {
        fprintf(stderr, "%s: cannot listen on %s: %s\n", program, where, gai_strerror(error));
        exit(2);
    }
    fd = socket(found->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (fd < 0 || bind(fd, found->ai_addr, found->ai_addrlen) != 0 || listen(fd, SOMAXCONN) != 0) {
        fprintf(stderr, "%s: cannot listen on %s: %s\n", program, where, strerror(errno));
        exit(1);
    }
    freeaddrinfo(found);
    getsockname(fd, (struct sockaddr *)&address, &address_len);
    getnameinfo((struct sockaddr *)&address, address_len, name, sizeof name, port, sizeof port, NI_NUMERICHOST | NI_NUMERICSERV);
    printf(address.ss_family == AF_INET6 ? "listening on ws://[%s]:%s/\n" : "listening on ws://%s:%s/\n", name, port);
    return fd;
}

/*
 * Has the system send small frames at once, and take little ahead of the network: what a slow peer takes shows as it does so, and a Ping
 * is not behind megabytes in line.
 */
static inline void send_at_once(int fd)
{
    int on = 1, unsent = 65536;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &unsent, sizeof unsent);
}

/* Says why there is no new connection, once a minute. */
static inline void complain(const char *program, const char *reason)
{
    static time_t complained;
    if (complained == 0 || time(NULL) >= complained + 60) {
        fprintf(stderr, "%s: cannot accept: %s\n", program, reason);
        complained = time(NULL);
    }
}

/*
 * Accepts a connection, with a socket that does not block. Returns -1 if nobody waits; or if descriptors or memory are used up, which
 * sets `is_short` and is said: those who wait keep waiting, and there is no point in trying again at once.
 */
static inline int accept_on(const char *program, int listener, bool *is_short)
{
    int fd;
    do
        fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    while (fd < 0 && (errno == EINTR || errno == ECONNABORTED));
    *is_short = fd < 0 && errno != EAGAIN;
    if (fd >= 0)
        send_at_once(fd);
    if (*is_short)
        complain(program, strerror(errno));
    return fd;
}

/* How often the program was told to stop. */
static volatile sig_atomic_t signals;

static inline void on_signal(int number)
{
    (void)number;
    signals = signals + 1;
}

/*
 * Counts SIGTERM and SIGINT from now on. They arrive in ppoll and epoll_pwait with the mask that this returns and nowhere else, so that
 * none is missed between a look at `signals` and the wait. The log may be a pipe that nobody reads any longer.
 */
static inline sigset_t count_signals(void)
{
    struct sigaction action;
    sigset_t blocked, waiting;
    memset(&action, 0, sizeof action);
    action.sa_handler = on_signal;
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGINT);
    sigaddset(&blocked, SIGTERM);
    sigprocmask(SIG_BLOCK, &blocked, &waiting);
    signal(SIGPIPE, SIG_IGN);
    return waiting;
}

#endif
