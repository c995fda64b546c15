/* A listening socket for the servers here, in what C and C++ have in common. Nothing in it is about WebSocket. */
#ifndef LISTEN_H
#define LISTEN_H

#include <errno.h>
#include <netdb.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

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

#endif
