/*
 * A client for wss in C: our machine between two buffers of OpenSSL's. Says hello to an echo server, prints what comes back,
 * leaves.
 *
 *     ffi-examples/build/tls_client [--ca FILE] HOST:PORT
 *
 *     socket <- bytes -> BIO <- SSL -> input and output <- sansocket -> events
 *
 * OpenSSL touches no socket, and neither does sansocket: the only calls that can wait are in `exchange`.
 */
#define _DEFAULT_SOURCE
#include <netdb.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "sansocket.h"

struct tls {
    SSL *ssl;
    BIO *from_peer, *to_peer; /* the SSL's, both of them memory */
    int fd;
};

static uint64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* Masking keys come from OpenSSL's generator. */
static int32_t tls_entropy(void *context, uint8_t *bytes, size_t len)
{
    (void)context;
    return RAND_bytes(bytes, (int)len) == 1 ? 0 : 1;
}

/* Writes what TLS has for the peer. Returns false if the socket is broken. */
static bool flush(const struct tls *tls)
{
    uint8_t bytes[4096];
    int len;
    while ((len = BIO_read(tls->to_peer, bytes, sizeof bytes)) > 0) {
        if (send(tls->fd, bytes, (size_t)len, MSG_NOSIGNAL) != len)
            return false;
    }
    return true;
}

/* Writes what is due, then waits for bytes from the peer, `wait` milliseconds at most. Returns false at the end of the socket. */
static bool exchange(const struct tls *tls, int wait)
{
    uint8_t bytes[4096];
    struct pollfd readable = {.fd = tls->fd, .events = POLLIN};

    if (!flush(tls))
        return false;
    if (poll(&readable, 1, wait) < 1)
        return true;
    ssize_t n = recv(tls->fd, bytes, sizeof bytes, 0);
    return n > 0 && BIO_write(tls->from_peer, bytes, (int)n) == n;
}

/* TLS's handshake, with the certificate checked for `host`. */
static bool handshake(const struct tls *tls, const char *host)
{
    uint64_t due = now_ms() + 10000;
    if (SSL_set1_host(tls->ssl, host) != 1 || SSL_set_tlsext_host_name(tls->ssl, host) != 1)
        return false;
    for (;;) {
        int done = SSL_do_handshake(tls->ssl);
        if (done == 1)
            return true;
        uint64_t now = now_ms();
        if (SSL_get_error(tls->ssl, done) != SSL_ERROR_WANT_READ || now >= due || !exchange(tls, (int)(due - now))) {
            flush(tls); /* the alert that tells the peer why */
            return false;
        }
    }
}

/* Encrypts what is due. Memory takes all of it. Returns false if TLS is broken. */
static bool encrypt(const struct tls *tls, sansocket_io *io)
{
    int len = (int)io->output_len;
    io->output_len = 0;
    return len == 0 || SSL_write(tls->ssl, io->output, len) == len;
}

/* The loop. Returns whether the closing handshake was completed. */
static bool converse(const struct tls *tls, sansocket *ws, const sansocket_client_request *request)
{
    static uint8_t input[16384], output[4096];
    sansocket_io io = {.now_ms = now_ms(), .input = input, .output = output, .output_size = sizeof output};
    bool going = sansocket_request(ws, &io, request) == SANSOCKET_OK;

    while (going && io.transport != SANSOCKET_TRANSPORT_CLOSE) {
        going = sansocket_receive(ws, &io) == SANSOCKET_OK;
        if (io.event.type == SANSOCKET_EVENT_OPENED) {
            sansocket_send(ws, &io, SANSOCKET_TEXT, "Hello, TLS", 10, 1);
        } else if (io.event.type == SANSOCKET_EVENT_DATA) {
            printf("%.*s\n", (int)io.event.len, (char *)io.event.data);
            sansocket_close(ws, &io, 1000, NULL, 0);
        } else if (io.event.type == SANSOCKET_EVENT_NONE) {
            sansocket_handle_timeout(ws, &io);
        }
        going = encrypt(tls, &io) && going;
        if (io.event.type == SANSOCKET_EVENT_NONE) {
            if (io.transport == SANSOCKET_TRANSPORT_SHUTDOWN_WRITE)
                SSL_shutdown(tls->ssl);
            io.input = memmove(input, io.input, io.input_len);
            int n = SSL_read(tls->ssl, input + io.input_len, (int)(sizeof input - io.input_len));
            if (n > 0)
                io.input_len += (size_t)n;
            else if (SSL_get_error(tls->ssl, n) != SSL_ERROR_WANT_READ || !exchange(tls, sansocket_poll_timeout(ws, io.now_ms)))
                sansocket_receive_eof(ws, &io); /* the peer's close_notify, or a fault */
            io.now_ms = now_ms();
        }
    }
    SSL_shutdown(tls->ssl);
    flush(tls);
    printf("closed with %u, %s\n", io.event.close_code, io.event.was_clean ? "clean" : "not clean");
    return io.event.was_clean;
}

static int connect_to(const char *host, const char *port)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *found = NULL;
    if (getaddrinfo(host, port, &hints, &found) != 0)
        return -1;
    int fd = socket(found->ai_family, found->ai_socktype, 0);
    if (fd >= 0 && connect(fd, found->ai_addr, found->ai_addrlen) != 0) {
        close(fd);
        fd = -1;
    }
    freeaddrinfo(found);
    return fd;
}

int main(int argc, char **argv)
{
    const char *ca = argc == 4 && strcmp(argv[1], "--ca") == 0 ? argv[2] : NULL, *where = argv[argc - 1];
    const char *colon = argc == 2 || ca != NULL ? strrchr(where, ':') : NULL;
    char host[256];
    bool clean = false;

    if (colon == NULL || (size_t)(colon - where) >= sizeof host) {
        fputs("usage: tls_client [--ca FILE] HOST:PORT\n", stderr);
        return 2;
    }
    snprintf(host, sizeof host, "%.*s", (int)(colon - where), where);
    struct tls tls = {.fd = connect_to(host, colon + 1)};
    if (tls.fd < 0) {
        fprintf(stderr, "tls_client: cannot connect to %s\n", where);
        return 1;
    }
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
    if ((ca != NULL ? SSL_CTX_load_verify_locations(context, ca, NULL) : SSL_CTX_set_default_verify_paths(context)) != 1)
        fprintf(stderr, "tls_client: no certificates to trust in %s\n", ca != NULL ? ca : "the system's folder");
    tls.ssl = SSL_new(context);
    tls.from_peer = BIO_new(BIO_s_mem());
    tls.to_peer = BIO_new(BIO_s_mem());
    SSL_set_bio(tls.ssl, tls.from_peer, tls.to_peer);
    SSL_set_connect_state(tls.ssl);

    if (handshake(&tls, host)) {
        sansocket ws = {0};
        sansocket_client_request request = {.host = {where, strlen(where)}, .target = SANSOCKET_LITERAL("/")};
        sansocket_setup setup = SANSOCKET_SETUP;
        setup.now_ms = now_ms();
        setup.entropy = tls_entropy;
        sansocket_init_client(&ws, &setup);
        clean = converse(&tls, &ws, &request);
    } else {
        long fault = SSL_get_verify_result(tls.ssl);
        fprintf(stderr, "tls_client: no TLS with %s: %s\n", where,
                fault != X509_V_OK ? X509_verify_cert_error_string(fault) : "the handshake failed");
    }
    SSL_free(tls.ssl);
    SSL_CTX_free(context);
    close(tls.fd);
    return clean ? 0 : 1;
}
