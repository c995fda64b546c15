/*
 * A client for wss in C: mbedTLS between the socket and the connection. Says hello to an echo server, prints what comes back, leaves.
 *
 *     ffi-examples/build/mbedtls_client [--ca FILE] [--deflate] wss://HOST[:PORT]/PATH
 *
 * With mbedTLS 2.28 HOST is a name: it compares names with the certificate's, and no addresses.
 */
#include "wire.h"

#include <mbedtls/ctr_drbg.h>
#include <mbedtls/entropy.h>
#include <mbedtls/error.h>
#include <mbedtls/net_sockets.h>
#include <mbedtls/ssl.h>

#include "deflate.h"
#include "show.h"

struct tls {
    mbedtls_ssl_context ssl;
    int fd, fault; /* why it has ended, as mbedTLS has it */
    size_t begun;  /* how many bytes mbedtls_ssl_write has to finish */
    bool was_shut_down;
};

static int tcp_send(void *fd, const unsigned char *bytes, size_t len)
{
    ssize_t n = send(*(int *)fd, bytes, len, MSG_NOSIGNAL);
    return n >= 0 ? (int)n : errno == EAGAIN || errno == EINTR ? MBEDTLS_ERR_SSL_WANT_WRITE : MBEDTLS_ERR_NET_SEND_FAILED;
}

static int tcp_receive(void *fd, unsigned char *bytes, size_t len)
{
    ssize_t n = recv(*(int *)fd, bytes, len, 0);
    return n >= 0 ? (int)n : errno == EAGAIN || errno == EINTR ? MBEDTLS_ERR_SSL_WANT_READ : MBEDTLS_ERR_NET_RECV_FAILED;
}

/* Whether a call will go on once the socket can be read or written, which it adds to `events`; otherwise it has ended. */
static bool has_to_wait(int result, short *events)
{
    *events |= (short)(result == MBEDTLS_ERR_SSL_WANT_READ ? POLLIN : result == MBEDTLS_ERR_SSL_WANT_WRITE ? POLLOUT : 0);
    return result == MBEDTLS_ERR_SSL_WANT_READ || result == MBEDTLS_ERR_SSL_WANT_WRITE;
}

static bool is_open(const struct tls *tls)
{
    return mbedtls_ssl_get_ciphersuite(&tls->ssl) != NULL;
}

/* Writes what TLS takes: at most one record more than the socket has taken. Returns whether that is anything. */
static bool tls_write(struct tls *tls, sansocket_buffered *b, short *events)
{
    sansocket_bytes due = sansocket_buffered_due(b);
    /* What mbedTLS has begun it wants again with the same length, although more may be due by now; `due` has not moved. */
    size_t len = tls->begun > 0 && due.len > 0 ? tls->begun : due.len;
    int n = len > 0 ? mbedtls_ssl_write(&tls->ssl, due.data, len) : 0;
    tls->begun = has_to_wait(n, events) ? len : 0;
    if (n > 0) {
        sansocket_buffered_written(b, (size_t)n, now_ms());
    } else if (n < 0 && tls->begun == 0) {
        tls->fault = n;
        sansocket_buffered_write_failed(b);
        if (!is_open(tls)) /* a handshake that has failed is not to be continued by reading */
            sansocket_buffered_eof(b);
    }
    /* close_notify, once, and the end of TCP after it. */
    if (sansocket_buffered_get_transport(b) == SANSOCKET_TRANSPORT_SHUTDOWN_WRITE && !tls->was_shut_down) {
        tls->was_shut_down = !has_to_wait(mbedtls_ssl_close_notify(&tls->ssl), events);
        if (tls->was_shut_down)
            shutdown(tls->fd, SHUT_WR);
    }
    return n > 0;
}

/* Reads what TLS gives. An end without close_notify is an end: that both Closes were exchanged shows that nothing was cut off. */
static bool tls_read(struct tls *tls, sansocket_buffered *b, short *events)
{
    sansocket_bytes space = sansocket_buffered_space(b);
    int n = space.len > 0 ? mbedtls_ssl_read(&tls->ssl, space.data, space.len) : 0;
    if (space.len > 0 && n <= 0 && !has_to_wait(n, events)) {
        tls->fault = n;
        sansocket_buffered_eof(b);
    } else {
        sansocket_buffered_filled(b, n > 0 ? (size_t)n : 0, now_ms());
    }
    return n > 0;
}

/* wire_next, through TLS. The handshake of TLS is in the first of these calls, within the time that the connection has for its own. */
static bool tls_next(struct tls *tls, sansocket_buffered *b, sansocket_event *event)
{
    while (sansocket_buffered_next(b, now_ms(), event) == SANSOCKET_OK) {
        if (event->type != SANSOCKET_EVENT_NONE)
            return true;
        if (sansocket_buffered_get_transport(b) == SANSOCKET_TRANSPORT_CLOSE)
            return false;
        struct pollfd ready = {tls->fd, 0, 0};
        bool was_open = is_open(tls);
        bool has_written = tls_write(tls, b, &ready.events), has_read = tls_read(tls, b, &ready.events);
        /* Nor is there a reason to wait once a read has ended the handshake of TLS: now the write can go on. */
        if (!has_written && !has_read && is_open(tls) == was_open)
            poll(&ready, 1, sansocket_buffered_poll_timeout(b, now_ms()));
    }
    return false;
}

/* ---- The conversation ---- */

/* Returns the exit status. */
static int converse(struct tls *tls, mbedtls_ctr_drbg_context *random, const sansocket_url *url, bool deflates)
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
    setup.entropy = mbedtls_ctr_drbg_random;
    setup.entropy_context = random;
    sansocket_init_client(&ws, &setup);
    sansocket_buffered b;
    sansocket_buffers buffers = {.input = input, .input_size = sizeof input, .output = output, .output_size = sizeof output};
    buffers.joining = inflated;
    buffers.joining_size = sizeof inflated;
    sansocket_buffered_attach(&b, &ws, &buffers);
    sansocket_buffered_request(&b, now_ms(), &(sansocket_client_request){.host = url->authority, .target = url->target});

    sansocket_event event;
    int status = 0;
    while (tls_next(tls, &b, &event)) {
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
    if (!is_open(tls)) {
        char reason[512] = "the handshake failed";
        if (tls->fault == MBEDTLS_ERR_X509_CERT_VERIFY_FAILED)
            mbedtls_x509_crt_verify_info(reason, sizeof reason, "", mbedtls_ssl_get_verify_result(&tls->ssl));
        else if (tls->fault != 0)
            mbedtls_strerror(tls->fault, reason, sizeof reason);
        reason[strcspn(reason, "\n")] = '\0';
        return fprintf(stderr, "no TLS with %.*s: %s\n", (int)url->authority.len, url->authority.data, reason), 1;
    }
    return status != 0 ? status : show_end(&ws);
}

/* TLS over a socket, with a server that has to show a certificate for `host`. Returns 0 or what mbedTLS says. */
static int tls_over(struct tls *tls, mbedtls_ssl_config *config, mbedtls_x509_crt *trusted, mbedtls_ctr_drbg_context *random, const char *host)
{
    int error = mbedtls_ssl_config_defaults(config, MBEDTLS_SSL_IS_CLIENT, MBEDTLS_SSL_TRANSPORT_STREAM, MBEDTLS_SSL_PRESET_DEFAULT);
    mbedtls_ssl_conf_min_version(config, MBEDTLS_SSL_MAJOR_VERSION_3, MBEDTLS_SSL_MINOR_VERSION_3); /* TLS 1.2 */
    mbedtls_ssl_conf_authmode(config, MBEDTLS_SSL_VERIFY_REQUIRED);
    mbedtls_ssl_conf_ca_chain(config, trusted, NULL);
    mbedtls_ssl_conf_rng(config, mbedtls_ctr_drbg_random, random);
    mbedtls_ssl_init(&tls->ssl);
    if (error == 0)
        error = mbedtls_ssl_setup(&tls->ssl, config);
    if (error == 0)
        error = mbedtls_ssl_set_hostname(&tls->ssl, host);
    mbedtls_ssl_set_bio(&tls->ssl, &tls->fd, tcp_send, tcp_receive, NULL);
    return error;
}

int main(int argc, char **argv)
{
    const char *usage = "usage: mbedtls_client [--ca FILE] [--deflate] wss://HOST[:PORT]/PATH", *argument = argv[argc - 1];
    const char *ca = "/etc/ssl/certs/ca-certificates.crt";
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

    static mbedtls_entropy_context entropy;
    static mbedtls_ctr_drbg_context random;
    static mbedtls_x509_crt trusted;
    static mbedtls_ssl_config config;
    static struct tls tls;
    mbedtls_entropy_init(&entropy);
    mbedtls_ctr_drbg_init(&random);
    mbedtls_x509_crt_init(&trusted);
    mbedtls_ssl_config_init(&config);
    if (mbedtls_ctr_drbg_seed(&random, mbedtls_entropy_func, &entropy, NULL, 0) != 0)
        return fputs("no entropy\n", stderr), 1;
    if (mbedtls_x509_crt_parse_file(&trusted, ca) < 0)
        return fprintf(stderr, "no certificates to trust in %s\n", ca), 1;
    tls.fd = wire_dial(&url);
    if (tls.fd < 0)
        return 1;
    snprintf(host, sizeof host, "%.*s", (int)url.host.len, url.host.data);
    int status = tls_over(&tls, &config, &trusted, &random, host) == 0 ? converse(&tls, &random, &url, deflates) : 1;
    mbedtls_ssl_free(&tls.ssl);
    mbedtls_ssl_config_free(&config);
    mbedtls_x509_crt_free(&trusted);
    mbedtls_ctr_drbg_free(&random);
    mbedtls_entropy_free(&entropy);
    close(tls.fd);
    return status;
}
