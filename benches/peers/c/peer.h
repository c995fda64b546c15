/* The C side of the peer interface (see src/api.rs). To add a C library: fill one ws_c_peer, name its
 * getter in src/peers/foreign/c_peers.rs and its file in build.rs. */
#ifndef PEER_H
#define PEER_H
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#ifdef __cplusplus
extern "C" {
#endif

/* mirrors of the Rust types, see src/peers/foreign/c_peers.rs */
typedef struct { uint64_t msgs, bytes, touch, verify, hash; } ws_sink;
typedef struct { uint8_t *buf; size_t cap, pos; uint64_t total; } ws_out;
typedef size_t (*ws_responder)(const uint8_t *req, size_t n, uint8_t *out, size_t cap);

static inline void ws_sink_part(ws_sink *s, const uint8_t *p, size_t n) {
    s->bytes += n;
    if (n) s->touch += p[0] + ((uint64_t)p[n - 1] << 8);
    if (s->verify) for (size_t i = 0; i < n; i++) s->hash = (s->hash ^ p[i]) * 0x100000001b3ull;
}
static inline void ws_sink_end(ws_sink *s) { s->msgs++; }
static inline void ws_sink_message(ws_sink *s, const uint8_t *p, size_t n) { ws_sink_part(s, p, n); ws_sink_end(s); }
static inline void ws_out_write(ws_out *o, const void *p, size_t n) {
    if (o->pos + n > o->cap) o->pos = 0;
    memcpy(o->buf + o->pos, p, n);
    o->pos += n;
    o->total += n;
}

enum { WSC_UTF8 = 1, WSC_STREAMING = 2, WSC_HS_SERVER = 4, WSC_HS_CLIENT = 8, WSC_DEFLATE = 16, WSC_NATIVE = 32, WSC_NO_DECODE = 64, WSC_NO_ENCODE = 128, WSC_NO_CLIENT_DECODE = 256 };

typedef struct {
    const char *name;
    uint32_t caps;
    size_t state_bytes;
    void *(*open)(int client, int deflate, size_t chunk);
    void (*close)(void *);
    /* wire holds exactly nmsgs unfragmented messages */
    void (*decode)(void *, const uint8_t *wire, size_t len, size_t chunk, size_t nmsgs, ws_sink *);
    void (*encode)(void *, int text, const uint8_t *payload, size_t len, size_t n, ws_out *);
    size_t (*server_handshake)(const uint8_t *req, size_t n, uint8_t *out, size_t cap);
    int (*client_handshake)(ws_responder);
} ws_c_peer;

#ifdef __cplusplus
}
#endif
#endif
