/*
 * A client for wss in C: OpenSSL between the socket and the connection. Says hello to an echo server, prints what comes back, leaves.
 *
 *     ffi-examples/build/tls_client [--ca FILE] [--deflate] wss://HOST[:PORT]/PATH
 */
#include "wire.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <signal.h>

#include "deflate.h"
#include "show.h"

/* What the socket has to do before a call that moved nothing can go on: POLLIN or POLLOUT; 0 if it never will. */
static short waits_for(const SSL *ssl, int result)
{
    int error = SSL_get_error(ssl, result);
    return error == SSL_ERROR_WANT_READ ? POLLIN : error == SSL_ERROR_WANT_WRITE ? POLLOUT : 0;
}

/* Writes what TLS takes: at most one record more than the socket has taken. Returns whether that is anything. */
static bool tls_write(SSL *ssl, sansocket_buffered *b, short *events)
{
    sansocket_bytes due = sansocket_buffered_due(b);
    ERR_clear_error();
    int n = due.len > 0 ? SSL_write(ssl, due.data, (int)due.len) : 0;
    short waits = due.len > 0 ? waits_for(ssl, n) : 0;
    if (n > 0)
        sansocket_buffered_written(b, (size_t)n, now_ms());
    else if (due.len > 0 && waits == 0)
        sansocket_buffered_write_failed(b);
    *events |= waits;
    /* close_notify, once, and the end of TCP after it. */
    bool is_last = sansocket_buffered_get_transport(b) == SANSOCKET_TRANSPORT_SHUTDOWN_WRITE;
    if (is_last && (SSL_get_shutdown(ssl) & SSL_SENT_SHUTDOWN) == 0 && SSL_shutdown(ssl) >= 0)
        shutdown(SSL_get_fd(ssl), SHUT_WR);
    return n > 0;
}

/* Reads what TLS gives. An end without close_notify is an end: that both Closes were exchanged shows that nothing was cut off. */
static bool tls_read(SSL *ssl, sansocket_buffered *b, short *events)
{
    sansocket_bytes space = sansocket_buffered_space(b);
    ERR_clear_error();
    int n = space.len > 0 ? SSL_read(ssl, space.data, (int)space.len) : 0;
    short waits = space.len > 0 ? waits_for(ssl, n) : 0;
    if (space.len > 0 && n <= 0 && waits == 0)
        sansocket_buffered_eof(b);
    else
        sansocket_buffered_filled(b, n > 0 ? (size_t)n : 0, now_ms());
    *events |= waits;
    return n > 0;
}

/* wire_next, through TLS. The handshake of TLS is in the first of these calls, within the time that the connection has for its own. */
static bool tls_next(SSL *ssl, sansocket_buffered *b, sansocket_event *event)
{
    while (sansocket_buffered_next(b, now_ms(), event) == SANSOCKET_OK) {
        if (event->type != SANSOCKET_EVENT_NONE)
            return true;
        if (sansocket_buffered_get_transport(b) == SANSOCKET_TRANSPORT_CLOSE)
            return false;
        struct pollfd ready = {SSL_get_fd(ssl), 0, 0};
        int was_open = SSL_is_init_finished(ssl);
        bool has_written = tls_write(ssl, b, &ready.events), has_read = tls_read(ssl, b, &ready.events);
        /* Nor is there a reason to wait once a read has ended the handshake of TLS: now the write can go on. */
        if (!has_written && !has_read && SSL_is_init_finished(ssl) == was_open)
            poll(&ready, 1, sansocket_buffered_poll_timeout(b, now_ms()));
    }
    return false;
}

/* TLS over a socket, with a server that has to show a certificate for `host`. */
static SSL *tls_over(int fd, SSL_CTX *context, const char *host)
{
    SSL *ssl = SSL_new(context);
    SSL_set_fd(ssl, fd);
    SSL_set_connect_state(ssl);
    SSL_set_mode(ssl, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    if (X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host) != 1) { /* a name, not an address */
        SSL_set1_host(ssl, host);
        SSL_set_tlsext_host_name(ssl, host);
    }
    return ssl;
}

/* The conversation. Returns the exit status. */
static int converse(SSL *ssl, const sansocket_url *url, bool deflates)
{
    static uint8_t input[16384], output[4096], inflated[16384];
    static struct deflate deflate;
    sansocket_setup setup = SANSOCKET_SETUP;
    sansocket_config config;
    sansocket_config_init(&config, &setup);
    if (deflates)
        sansocket_config_set_deflate(&config, &(sansocket_deflate_config){.send_window_bits = 12});
    sansocket ws;
    setup.config = &config;
    setup.now_ms = now_ms();
    setup.entropy = system_entropy;
    sansocket_init_client(&ws, &setup);
    sansocket_buffered b;
    sansocket_buffers buffers = {.input = input, .input_size = sizeof input, .output = output, .output_size = sizeof output};
    buffers.joining = inflated;
    buffers.joining_size = sizeof inflated;
    sansocket_buffered_attach(&b, &ws, &buffers);
    sansocket_buffered_request(&b, now_ms(), &(sansocket_client_request){.host = url->authority, .target = url->target});

    sansocket_event event;
    int status = 0;
    while (tls_next(ssl, &b, &event)) {
        if (event.type == SANSOCKET_EVENT_OPENED) {
            if (deflate_begin(&deflate, &ws) == 0)
                deflate_lend(&deflate, &b);
            sansocket_buffered_send(&b, now_ms(), SANSOCKET_TEXT, "Hello, TLS", 10);
        } else if (event.type == SANSOCKET_EVENT_DATA) {
            show(&event);
            sansocket_buffered_close(&b, now_ms(), 1000, NULL, 0);
        } else if (event.type == SANSOCKET_EVENT_REFUSED) {
            status = show_refusal(&event);
            sansocket_buffered_close(&b, now_ms(), 0, NULL, 0);
        }
    }
    deflate_end(&deflate);
    long fault = SSL_get_verify_result(ssl);
    if (SSL_get_peer_finished(ssl, NULL, 0) == 0)
        return fprintf(stderr, "no TLS with %.*s: %s\n", (int)url->authority.len, url->authority.data,
                       fault != X509_V_OK ? X509_verify_cert_error_string(fault) : "the handshake failed"), 1;
    return status != 0 ? status : show_end(&ws);
}

int main(int argc, char **argv)
{
    const char *usage = "usage: tls_client [--ca FILE] [--deflate] wss://HOST[:PORT]/PATH", *argument = argv[argc - 1];
    const char *ca = NULL;
    bool deflates = false, is_wrong = argc < 2;
    char host[256];
    sansocket_url url;
    for (int i = 1; i < argc - 1; i++) {
        if (strcmp(argv[i], "--deflate") == 0)
            deflates = true;
        else if (strcmp(argv[i], "--ca") == 0 && i + 2 < argc)
            ca = argv[++i];
        else
            is_wrong = true;
    }
    if (strcmp(argument, "--help") == 0)
        return puts(usage), 0;
    if (is_wrong || sansocket_url_parse(argument, strlen(argument), &url) != SANSOCKET_OK || !url.is_secure)
        return fprintf(stderr, "%s\n", usage), 2;
    signal(SIGPIPE, SIG_IGN); /* OpenSSL writes without MSG_NOSIGNAL */
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
    if ((ca != NULL ? SSL_CTX_load_verify_locations(context, ca, NULL) : SSL_CTX_set_default_verify_paths(context)) != 1)
        return fprintf(stderr, "no certificates to trust in %s\n", ca != NULL ? ca : "the system's folder"), 1;
    int fd = wire_dial(&url);
    if (fd < 0)
        return 1;
    snprintf(host, sizeof host, "%.*s", (int)url.host.len, url.host.data);
    SSL *ssl = tls_over(fd, context, host);
    int status = converse(ssl, &url, deflates);
    SSL_shutdown(ssl);
    SSL_free(ssl);
    SSL_CTX_free(context);
    close(fd);
    return status;
}
