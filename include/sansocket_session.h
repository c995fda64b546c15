/*
 * sansocket_session: a WebSocket client that connects again. It dials, waits, dials again, keeps what is sent meanwhile, and says what may
 * be lost; redirects, an HTTP proxy and a heartbeat of the application's if they are wanted. As sans-IO as sansocket.h, whose connections it
 * uses: it says when to dial, what to write and where to read into, and time is a number. No sockets, no heap, no threads, no
 * callbacks but one for entropy.
 *
 * THE LOOP: take events until there are none, obey the transport's order, write what is due, wait, read. Without its sockets:
 *
 *     sansocket_session_setup setup = SANSOCKET_SESSION_SETUP;
 *     setup.now_ms = now_ms();
 *     setup.entropy = entropy;
 *     setup.url.data = url, setup.url.len = strlen(url);
 *     setup.buffers.input = input, setup.buffers.input_size = sizeof input;
 *     setup.buffers.output = output, setup.buffers.output_size = sizeof output;
 *     setup.memory = memory, setup.memory_size = sizeof memory;      // the URL, and messages that wait
 *     if (sansocket_session_init(&s, &setup) != SANSOCKET_OK)
 *         return;
 *     sansocket_session_start(&s, now_ms());
 *     for (;;) {
 *         while (sansocket_session_next(&s, now_ms(), &event) == SANSOCKET_OK && event.type != SANSOCKET_SESSION_EVENT_NONE)
 *             handle(&s, &event);                                    // send, close and so on are allowed in here
 *         if (sansocket_session_get_state(&s) == SANSOCKET_SESSION_STATE_STOPPED)
 *             break;                                                 // nothing is waited for any longer
 *         uint32_t epoch = sansocket_session_get_epoch(&s);
 *         switch (sansocket_session_get_transport(&s)) {
 *         case SANSOCKET_SESSION_TRANSPORT_NONE:
 *             close_it();
 *             break;
 *         case SANSOCKET_SESSION_TRANSPORT_DIAL:                     // once for each epoch
 *             if (sansocket_session_dial(&s, &dial) == SANSOCKET_OK && connect_to(&dial))
 *                 sansocket_session_connected(&s, epoch, now_ms());
 *             else
 *                 sansocket_session_dial_failed(&s, epoch, SANSOCKET_DIAL_ERROR_CONNECT);
 *             continue;
 *         case SANSOCKET_SESSION_TRANSPORT_START_TLS:                // in a proxy's tunnel; reported as a dial
 *             ...
 *         case SANSOCKET_SESSION_TRANSPORT_KEEP:
 *             break;
 *         case SANSOCKET_SESSION_TRANSPORT_SHUTDOWN_WRITE:
 *             shut_down();
 *             break;
 *         }
 *         sansocket_bytes due = sansocket_session_due(&s);
 *         if (due.len > 0 && can_write())
 *             sansocket_session_written(&s, epoch, write_some(due.data, due.len), now_ms());
 *         wait_until(sansocket_session_wants_reading(&s), due.len > 0, sansocket_session_poll_timeout(&s, now_ms()));
 *         sansocket_bytes space = sansocket_session_space(&s);
 *         if (space.len > 0 && the_peer_has_ended())
 *             sansocket_session_eof(&s, epoch);
 *         else
 *             sansocket_session_filled(&s, epoch, space.len > 0 ? read_some(space.data, space.len) : 0, now_ms());
 *     }
 *
 * ffi-examples/session_client.c is that as a program.
 *
 * What it promises:
 *
 * - At most once. A message is handed to one connection or to none. What was handed over and may be lost is told by
 *   SANSOCKET_SESSION_EVENT_DOWN, what was dropped unsent by SANSOCKET_SESSION_EVENT_DROPPED. Nothing is sent a second time.
 * - In order. Messages leave in the order of their numbers, except for those sent by sansocket_session_send_now.
 * - The queue leaves after the handler of SANSOCKET_SESSION_EVENT_UP has had its say.
 * - Waits are random from the first on (§7.2.3), and grow until a connection has been up for a while.
 * - Reports name the epoch of their dial, and those of a transport that was given up are ignored.
 *
 * What sansocket.h says of every function holds for these too: results, arguments, ownership, threads. Where it says connection, read
 * session. All memory that the setup names is lent for as long as the session is used, with the configurations and their texts; the buffers,
 * the memory and the struct overlap neither each other nor what a call reads. Functions of sansocket.h that read heads
 * (sansocket_head_header, sansocket_response_parse) take those of the events. Their texts: sansocket_session_result_text knows all results,
 * and those that only sessions have are constants, not members of the enum: `switch ((uint32_t)result)`.
 *
 * § is a section of RFC 6455 unless another RFC is named. This file is generated from session/src/ffi by ci/header; changes belong there.
 */

#ifndef SANSOCKET_SESSION_H
#define SANSOCKET_SESSION_H

#include "sansocket.h"
/** Initialises a sansocket_session_setup with size and version, all else zero: `sansocket_session_setup setup = SANSOCKET_SESSION_SETUP;`. */
#define SANSOCKET_SESSION_SETUP \
    { sizeof(sansocket_session_setup), SANSOCKET_ABI_VERSION, 0, 0, NULL, NULL, NULL, NULL, { NULL, 0 }, \
      { NULL, 0, NULL, 0, NULL, 0, 0, 0, { 0 }, 0 }, NULL, 0, { 0 } }

/** The queue has no room for the message, or is that of a session without one. The caller still has it. */
#define SANSOCKET_SESSION_FULL ((sansocket_result)1025)

/** The message does not fit into the output, or not even into an empty queue. */
#define SANSOCKET_SESSION_TOO_LONG ((sansocket_result)1026)

/** The session was closed, or has given up. */
#define SANSOCKET_SESSION_STOPPED ((sansocket_result)1027)

/** Not at this time: no connection is open, or its output has no room; or there is nothing to dial. */
#define SANSOCKET_SESSION_NOT_NOW ((sansocket_result)1028)

/** `sansocket_session_send_part`: the connection on which the message began is no longer open. */
#define SANSOCKET_SESSION_INTERRUPTED ((sansocket_result)1029)

/** The URL is longer than `SANSOCKET_SESSION_OPTION_MAX_URL_LEN`. */
#define SANSOCKET_SESSION_URL_TOO_LONG ((sansocket_result)1040)

/** The memory is shorter than `sansocket_session_config_url_memory_len`. */
#define SANSOCKET_SESSION_MEMORY_TOO_SHORT ((sansocket_result)1041)

/** The scheme of the proxy is not `http`: one that is itself reached over TLS (`https`), or one for SOCKS. */
#define SANSOCKET_SESSION_PROXY_UNSUPPORTED_SCHEME ((sansocket_result)1056)

/** The host of the proxy is missing, or has a byte that no host has. */
#define SANSOCKET_SESSION_PROXY_INVALID_HOST ((sansocket_result)1057)

/** The port of the proxy is not a number from 1 to 65535. */
#define SANSOCKET_SESSION_PROXY_INVALID_PORT ((sansocket_result)1058)

/** The proxy has a path, a query or a fragment. A single `/` is no path. */
#define SANSOCKET_SESSION_PROXY_PATH ((sansocket_result)1059)

/** A colon in the user name (RFC 7617 §2): a server would take what follows it for the password. */
#define SANSOCKET_SESSION_COLON_IN_USER ((sansocket_result)1072)

/** A control character in the user name or in the password (RFC 7617 §2). */
#define SANSOCKET_SESSION_CONTROL_CHARACTER ((sansocket_result)1073)

/** A `%` in the user information of a URL that two hexadecimal digits do not follow (RFC 3986 §2.1). */
#define SANSOCKET_SESSION_INVALID_PERCENT_ENCODING ((sansocket_result)1074)


/** The most redirects in a row that are followed, whatever the configuration says. */
#define SANSOCKET_SESSION_MAX_REDIRECTS 5

/** Bytes of the queue that a message takes beside its payload. */
#define SANSOCKET_SESSION_QUEUE_OVERHEAD 13

/** Where a session stands. */
typedef enum SANSOCKET_ENUM(sansocket_session_state) {
    /** Not started. */
    SANSOCKET_SESSION_STATE_IDLE = 0,
    /** A transport is being dialled, through the proxy and with TLS if they are wanted. */
    SANSOCKET_SESSION_STATE_DIALING = 1,
    /** The opening handshake. */
    SANSOCKET_SESSION_STATE_HANDSHAKING = 2,
    /** Messages may be sent. */
    SANSOCKET_SESSION_STATE_OPEN = 3,
    /** The closing handshake. */
    SANSOCKET_SESSION_STATE_CLOSING = 4,
    /** Waits before the next dial. */
    SANSOCKET_SESSION_STATE_BACKOFF = 5,
    /** The session was closed, or has given up. It can be started again. */
    SANSOCKET_SESSION_STATE_STOPPED = 6,
} sansocket_session_state;

/** What `sansocket_session_config_set` sets, and what it is unless set. */
typedef enum SANSOCKET_ENUM(sansocket_session_option) {
    /**
     * From the dial (name, TCP, proxy, TLS) to the end of the opening handshake: 20 000 ms. 0: no deadline but that of the opening
     * handshake. 32 bits.
     */
    SANSOCKET_SESSION_OPTION_CONNECT_TIMEOUT_MS = 1,
    /**
     * The first wait after a connection that was up for `SANSOCKET_SESSION_OPTION_MIN_UPTIME_MS`, and after the first dial that failed, is
     * random between 0 and this (RFC 6455 §7.2.3), so that clients do not come back all at once: 5 000 ms. 32 bits.
     */
    SANSOCKET_SESSION_OPTION_FIRST_DELAY_MS = 2,
    /** The second wait, before its jitter: 1 000 ms. 32 bits. */
    SANSOCKET_SESSION_OPTION_MIN_DELAY_MS = 3,
    /** The longest wait, before its jitter, at most 24 days: 30 000 ms. 32 bits. */
    SANSOCKET_SESSION_OPTION_MAX_DELAY_MS = 4,
    /** By how much each wait is longer than the last, in percent of that: 200, twice as long. 16 bits. */
    SANSOCKET_SESSION_OPTION_FACTOR_PERCENT = 5,
    /**
     * How much a wait is longer or shorter at random, in percent, at most 100: 50. It comes after the cap, so that waits at the cap are
     * spread too. 8 bits.
     */
    SANSOCKET_SESSION_OPTION_JITTER_PERCENT = 6,
    /**
     * A connection that was up for less counts as a failure: the waits go on growing, so that a server that accepts and drops is not
     * dialled in a tight loop. 5 000 ms. 32 bits.
     */
    SANSOCKET_SESSION_OPTION_MIN_UPTIME_MS = 7,
    /**
     * After how many failures in a row the session gives up: 0, never. The end of a connection that was up for
     * `SANSOCKET_SESSION_OPTION_MIN_UPTIME_MS` is none. 32 bits.
     */
    SANSOCKET_SESSION_OPTION_MAX_FAILURES = 8,
    /**
     * How many redirects (301, 302, 303, 307, 308) in a row are followed: 0, none. At most `SANSOCKET_SESSION_MAX_REDIRECTS`. Never from
     * `wss` to `ws`. 8 bits.
     */
    SANSOCKET_SESSION_OPTION_MAX_REDIRECTS = 9,
    /**
     * The longest URL, the session's or one that it is redirected to, which has at most 512 bytes: 256 bytes. The session's memory has room
     * for it, twice if redirects are followed. 16 bits.
     */
    SANSOCKET_SESSION_OPTION_MAX_URL_LEN = 10,
    /** The longest Retry-After (RFC 9110 §10.2.3) that is obeyed, in seconds; a longer one counts as this: 3 600. 32 bits. */
    SANSOCKET_SESSION_OPTION_MAX_RETRY_AFTER_S = 11,
    /** What happens to a message for which the queue has no room: it is refused. */
    SANSOCKET_SESSION_OPTION_OVERFLOW = 12,
    /** The most messages in the queue: 1 024. The memory that is lent for it limits their bytes. 32 bits. */
    SANSOCKET_SESSION_OPTION_MAX_QUEUED = 13,
} sansocket_session_option;

/** What happened in a session. What `sansocket.h` has too has its number there. */
typedef enum SANSOCKET_ENUM(sansocket_session_event_type) {
    /** Nothing: obey the transport's order, write, read, or wait. */
    SANSOCKET_SESSION_EVENT_NONE = 0,
    /**
     * The connection is open: the server's 101. `status`; `data` and `len`: its head. What the handler sends by
     * `sansocket_session_send_now`, a log-in, a subscription, goes before what waits in the queue; `sansocket_session_hold` keeps the
     * queue back until the server has answered that.
     */
    SANSOCKET_SESSION_EVENT_UP = 3,
    /**
     * The server answered the opening handshake with another status than 101. `status`; `data` and `len`: its head; what has arrived
     * of its body: `sansocket_session_unread`, and `sansocket_session_read_body` waits for the rest. `DOWN` follows.
     */
    SANSOCKET_SESSION_EVENT_REFUSED = 4,
    /**
     * A message, or a piece of one if `in_pieces` was set: `kind`; `offset`; `first`; `last`; `data` and `len`: the bytes, which the
     * caller may change in place.
     */
    SANSOCKET_SESSION_EVENT_DATA = 5,
    /**
     * A Ping (§5.5.2), which was answered unless `SANSOCKET_OPTION_AUTO_PONG` is 0. `data` and `len`: its payload, at most 125 bytes.
     */
    SANSOCKET_SESSION_EVENT_PING = 6,
    /** A Pong (§5.5.3). `data` and `len`: its payload, at most 125 bytes; `answers`: which Ping of ours it answers. */
    SANSOCKET_SESSION_EVENT_PONG = 7,
    /** The peer's Close (§5.5.1). `close_code`: 1005 if it gave none; `data` and `len`: its reason. `DOWN` follows. */
    SANSOCKET_SESSION_EVENT_CLOSE_RECEIVED = 8,
    /** The peer broke a rule (§7.1.7): `error`. `DOWN` follows. */
    SANSOCKET_SESSION_EVENT_FAILED = 9,
    /**
     * The transport stands, through the proxy and with TLS if they are wanted, and the opening handshake comes next.
     * `sansocket_session_request` asks for it with header fields of the caller's: credentials are made anew at each dial. Otherwise
     * the session asks without. `data` and `len`: the URL, which may be one that the session was redirected to: some headers do not
     * belong to another host.
     */
    SANSOCKET_SESSION_EVENT_CONNECTED = 16,
    /**
     * The proxy did not open a tunnel. `status`, where 407 has its challenge in Proxy-Authenticate; `data` and `len`: the head of its
     * answer. `DOWN` follows.
     */
    SANSOCKET_SESSION_EVENT_PROXY_REFUSED = 17,
    /** The server redirects. `status`: 301, 302, 303, 307 or 308; `data` and `len`: the URL that is dialled next. */
    SANSOCKET_SESSION_EVENT_REDIRECTED = 18,
    /**
     * There is no connection any longer, or it did not come about. `cause`, and what goes with it; `retry_in_ms`: when the session
     * dials again, in milliseconds from now, or `SANSOCKET_NEVER`; `first_number`, `last_number` and `count`: messages that were handed
     * to the transport, and of which it is not known whether they arrived. The session does not send them again. The handler can decide
     * otherwise: `sansocket_session_retry_in`, `sansocket_session_stop`.
     */
    SANSOCKET_SESSION_EVENT_DOWN = 19,
    /**
     * Messages were dropped unsent: the queue was full, they were volatile, or the session was closed. `first_number`, `last_number`,
     * `count`.
     */
    SANSOCKET_SESSION_EVENT_DROPPED = 20,
    /** The session dials no more, and not because it was asked to: the cause is final, or there were too many failures. */
    SANSOCKET_SESSION_EVENT_GAVE_UP = 21,
} sansocket_session_event_type;

/** Why a connection ended, or did not come about. */
typedef enum SANSOCKET_ENUM(sansocket_session_cause) {
    /** None: the event is not `DOWN`. */
    SANSOCKET_SESSION_CAUSE_NONE = 0,
    /** There was no transport: `dial_error`. */
    SANSOCKET_SESSION_CAUSE_DIAL = 1,
    /** It took longer than `SANSOCKET_SESSION_OPTION_CONNECT_TIMEOUT_MS`. */
    SANSOCKET_SESSION_CAUSE_CONNECT_TIMEOUT = 2,
    /**
     * The proxy did not open a tunnel: `status`, where 407 asks for other credentials, and 502 to 504 say that it did not reach the
     * server.
     */
    SANSOCKET_SESSION_CAUSE_PROXY_REFUSED = 3,
    /** The proxy's answer was not HTTP, or not only an answer: `error`. */
    SANSOCKET_SESSION_CAUSE_PROXY_FAILED = 4,
    /** The server answered the opening handshake with another status than 101 (§4.1): `status`. */
    SANSOCKET_SESSION_CAUSE_REFUSED = 5,
    /** The server's redirect was not followed: `redirect_error`. */
    SANSOCKET_SESSION_CAUSE_REDIRECT = 6,
    /** The server broke a rule of the protocol, with its 101 or later: `error`. */
    SANSOCKET_SESSION_CAUSE_FAILED = 7,
    /** The server closed the connection (§7.1.5): `close_code`, 1005 if it gave none. */
    SANSOCKET_SESSION_CAUSE_CLOSED = 8,
    /** The connection was cut off: `end_cause`. */
    SANSOCKET_SESSION_CAUSE_LOST = 9,
    /** The heartbeat was not answered in time. */
    SANSOCKET_SESSION_CAUSE_HEARTBEAT_TIMEOUT = 10,
    /** The application closed the session. */
    SANSOCKET_SESSION_CAUSE_APPLICATION = 11,
    /**
     * The connection was given up: messages that belong together were cut in two, because there was no masking key for one of them.
     */
    SANSOCKET_SESSION_CAUSE_DROPPED = 12,
} sansocket_session_cause;

/** Why there is no transport. The caller says which, since only it knows names, sockets and certificates. */
typedef enum SANSOCKET_ENUM(sansocket_dial_error) {
    /** The host's name has no address, or nobody could be asked for it. */
    SANSOCKET_DIAL_ERROR_NAME = 1,
    /** No connection: nobody listens there, nobody is there, or the connection broke while TLS was started. */
    SANSOCKET_DIAL_ERROR_CONNECT = 2,
    /** The certificate is wrong: another attempt would give the same. */
    SANSOCKET_DIAL_ERROR_CERTIFICATE = 3,
    /** The URL wants TLS, and this program has none: another attempt would give the same. */
    SANSOCKET_DIAL_ERROR_NO_TLS = 4,
} sansocket_dial_error;

/** Why a redirection is not followed; 0 if that is not the cause. */
typedef enum SANSOCKET_ENUM(sansocket_redirect_error) {
    /** From `wss` to `ws`, `https` to `http`: what was meant for TLS would be readable on the way (§10.6). */
    SANSOCKET_REDIRECT_ERROR_INSECURE = 1,
    /** User information in it: a server has no credentials to give. */
    SANSOCKET_REDIRECT_ERROR_USER_INFORMATION = 2,
    /** Not a reference to a URL for a WebSocket. */
    SANSOCKET_REDIRECT_ERROR_INVALID = 3,
    /** The URL is longer than `SANSOCKET_SESSION_OPTION_MAX_URL_LEN`. */
    SANSOCKET_REDIRECT_ERROR_TOO_LONG = 4,
    /** One more than `SANSOCKET_SESSION_OPTION_MAX_REDIRECTS` in a row. */
    SANSOCKET_REDIRECT_ERROR_TOO_MANY = 5,
} sansocket_redirect_error;

/** What the loop does with its transport. */
typedef enum SANSOCKET_ENUM(sansocket_session_transport) {
    /** There is none: the loop closes what it has, without writing or reading on. */
    SANSOCKET_SESSION_TRANSPORT_NONE = 0,
    /**
     * Dial what `sansocket_session_dial` says, once for each epoch, in place of any transport that there was before; report
     * `sansocket_session_connected` or `sansocket_session_dial_failed`.
     */
    SANSOCKET_SESSION_TRANSPORT_DIAL = 1,
    /**
     * The proxy has opened a tunnel: start TLS in it, for the host of `sansocket_session_dial`, and report as for a dial. There is
     * nothing to write or read until then.
     */
    SANSOCKET_SESSION_TRANSPORT_START_TLS = 2,
    /** Keep it. */
    SANSOCKET_SESSION_TRANSPORT_KEEP = 3,
    /** Shut down writing, once, and read on. */
    SANSOCKET_SESSION_TRANSPORT_SHUTDOWN_WRITE = 4,
} sansocket_session_transport;

/** What happens to a message for which the queue has no room: the value of `SANSOCKET_SESSION_OPTION_OVERFLOW`. */
typedef enum SANSOCKET_ENUM(sansocket_session_overflow) {
    /** It is refused, `SANSOCKET_SESSION_FULL`, and the caller still has it. */
    SANSOCKET_SESSION_OVERFLOW_REFUSE = 1,
    /** The oldest ones are dropped until there is room, and are reported by `SANSOCKET_SESSION_EVENT_DROPPED`. */
    SANSOCKET_SESSION_OVERFLOW_DROP_OLDEST = 2,
    /** It is dropped, and reported by `SANSOCKET_SESSION_EVENT_DROPPED`. */
    SANSOCKET_SESSION_OVERFLOW_DROP_NEWEST = 3,
} sansocket_session_overflow;

/**
 * A client's session: connections that follow one another, as one thing to send to and to take events from. It lies in 896 bytes of the
 * caller's, with its connection in it, and may be moved between calls; what was lent to it by its setup stays where it is. There is
 * nothing to free. Zeroed memory is a session that was never initialised.
 */
typedef struct sansocket_session {
    /** Not for the caller. */
    uint64_t opaque[112];
} sansocket_session;

/**
 * How sessions dial, wait, queue and give up: one for any number of sessions. Its contents are the library's.
 *
 * It is lent to the sessions that are initialised with it: it stays where it is, unchanged, until the last of them is no longer used.
 */
typedef struct sansocket_session_config {
    /** Not for the caller. */
    uint64_t opaque[24];
} sansocket_session_config;

/** A URL whose user and password are apart from it. */
typedef struct sansocket_split_url {
    /** The URL without them, for `sansocket_session_setup`. */
    sansocket_text url;
    /** The value of an Authorization header, `Basic ...`; `data` NULL if the URL had neither user nor password. */
    sansocket_text authorization;
} sansocket_split_url;

/**
 * An event of a session: its type, and what `sansocket_session_event_type` says that goes with it. All other fields are 0, but for
 * `retry_in_ms`.
 */
typedef struct sansocket_session_event {
    /** What happened. */
    sansocket_session_event_type type;
    /** Text or binary, the same for all pieces of a message. */
    sansocket_kind kind;
    /** Which Ping of ours the Pong answers; 0 if it came unasked. */
    sansocket_ping_source answers;
    /** The rule that the peer broke. */
    sansocket_error error;
    /** Why there is no connection. */
    sansocket_session_cause cause;
    /** Why there was no transport, as the caller said. */
    sansocket_dial_error dial_error;
    /** Why a redirect was not followed. */
    sansocket_redirect_error redirect_error;
    /** What ended a connection that was cut off. */
    sansocket_end_cause end_cause;
    /** A close code (§7.4). */
    uint16_t close_code;
    /** The status of a response. */
    uint16_t status;
    /** 1 if the message starts with this piece. */
    uint8_t first;
    /** 1 if the message ends with this piece. */
    uint8_t last;
    /** 0 in this version. */
    uint16_t reserved;
    /** Bytes of this message before this piece. */
    uint64_t offset;
    /**
     * Bytes in memory that was lent to the session. They are there until the next call of `sansocket_session_next`, whatever else is
     * called, but for `sansocket_session_set_url`, which overwrites a URL. To be read only, except those of `SANSOCKET_SESSION_EVENT_DATA`. No NUL follows them. Without meaning if `len` is 0.
     */
    uint8_t *data;
    /** How many bytes. */
    size_t len;
    /** When the session dials again, in milliseconds from now; `SANSOCKET_NEVER` if it does not, and in other events. */
    uint64_t retry_in_ms;
    /** The lowest number of some messages; 0 if there are none. */
    uint64_t first_number;
    /** The highest of these numbers. */
    uint64_t last_number;
    /** How many messages, which are not always all of those from the first to the last number. */
    uint64_t count;
    /** 0 in this version. */
    uint64_t reserved_more[2];
} sansocket_session_event;

/**
 * What `sansocket_session_init` is told. Begin with `sansocket_session_setup setup = SANSOCKET_SESSION_SETUP;`, which fills in size and
 * version and leaves the rest zero. The struct itself is needed only during the call.
 */
typedef struct sansocket_session_setup {
    /** `sizeof(sansocket_session_setup)`. */
    size_t size;
    /** `SANSOCKET_ABI_VERSION`. */
    uint32_t abi_version;
    /** 0. */
    uint32_t reserved;
    /** The time, in milliseconds since any epoch, of a clock that does not run backwards or leap. */
    uint64_t now_ms;
    /**
     * Limits and timeouts of the connections, lent for as long as the session is used; NULL for the defaults. What it says of
     * compression is not offered.
     */
    const sansocket_config *config;
    /** How to dial, wait, queue and give up, lent for as long as the session is used; NULL for the defaults. */
    const sansocket_session_config *session_config;
    /** The source of masking keys and of what spreads the waits, called only while a function of this session runs. Not NULL. */
    sansocket_entropy entropy;
    /** What `entropy` is called with. */
    void *entropy_context;
    /**
     * The server, `ws://host:port/path` or `wss`. It is copied. (User and password go into a header: `sansocket_split_url_user`.)
     */
    sansocket_text url;
    /**
     * The buffers of the connections, lent for as long as the session is used: `sansocket_buffered_attach` has their least sizes. The
     * output has to hold the request of the opening handshake, with its headers, and CONNECT if there is a proxy.
     */
    sansocket_buffers buffers;
    /** For the URL, and after it for messages that wait: lent for as long as the session is used. Its contents do not matter. */
    uint8_t *memory;
    /**
     * How many bytes. `sansocket_session_config_url_memory_len` of them, 256 unless set otherwise, are for URLs; a message in the queue
     * takes `SANSOCKET_SESSION_QUEUE_OVERHEAD` bytes more than its payload.
     */
    size_t memory_size;
    /** 0. */
    uint64_t reserved_more[2];
} sansocket_session_setup;

/** Where to dial, or for which host to start TLS in a proxy's tunnel. */
typedef struct sansocket_dial {
    /**
     * The host to connect to: the server's or the proxy's; an IPv6 address without its brackets. With `SANSOCKET_SESSION_TRANSPORT_START_TLS`
     * the server's name, for SNI and the certificate. It lies in the session's memory, until `sansocket_session_set_url` changes it, or in
     * the configuration; without NUL at its end.
     */
    sansocket_text host;
    /** Which dial this is. The reports of its transport name it. */
    uint32_t epoch;
    /** How many dials that failed and connections that ended came before this in a row: 0 for the first dial. */
    uint32_t failures;
    /** The port to connect to; 0 with `SANSOCKET_SESSION_TRANSPORT_START_TLS`. */
    uint16_t port;
    /**
     * 1 if TLS is started before `sansocket_session_connected` is reported, with `host` as its name. Through a proxy it comes later.
     */
    uint8_t tls;
    /** 1 if it is the proxy's. */
    uint8_t is_proxy;
    /** 0 in this version. */
    uint32_t reserved;
} sansocket_dial;

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/* ---- The functions that a program needs ---- */

/**
 * Begins a session, which does nothing until `sansocket_session_start`. `session` may have any contents before.
 *
 * Returns `SANSOCKET_OK`, `SANSOCKET_WRONG_SIZE`, `SANSOCKET_WRONG_VERSION`, `SANSOCKET_NULL_POINTER` without entropy,
 * `SANSOCKET_NOT_INITIALISED` (one of the configurations), `SANSOCKET_USAGE_BUFFER_TOO_SHORT`, `SANSOCKET_URL_...` for a wrong URL,
 * `SANSOCKET_SESSION_URL_TOO_LONG`, `_MEMORY_TOO_SHORT`, or `_PROXY_...` for a wrong proxy, whose user and password may give
 * `_COLON_IN_USER`, `_CONTROL_CHARACTER` or `_INVALID_PERCENT_ENCODING`.
 */
sansocket_result sansocket_session_init(sansocket_session *session, const sansocket_session_setup *setup);

/** Dials, unless the session is started already. After it has stopped this starts it again. Returns `SANSOCKET_OK`. */
sansocket_result sansocket_session_start(sansocket_session *session, uint64_t now_ms);

/**
 * Releases the current event and writes the next to `event`: `SANSOCKET_SESSION_EVENT_NONE` if there is none, and where the result is
 * not `SANSOCKET_OK`. Then the transport's order is to be obeyed, and the transport to be written, read or waited for. An event's bytes
 * lie where they are until the next call of this function; they may be sent from there.
 *
 * Returns `SANSOCKET_OK`; `SANSOCKET_ENTROPY_FAILED` if there is no masking key: call it again; or
 * `SANSOCKET_USAGE_BUFFER_TOO_SHORT` if the output is too short for the opening handshake or for CONNECT.
 */
sansocket_result sansocket_session_next(sansocket_session *session, uint64_t now_ms, sansocket_session_event *event);

/** Returns what to do with the transport now; `SANSOCKET_SESSION_TRANSPORT_NONE` without a session. */
sansocket_session_transport sansocket_session_get_transport(const sansocket_session *session);

/** Returns the dial that counts: what is reported of any other transport is ignored. 0 without a session. */
uint32_t sansocket_session_get_epoch(const sansocket_session *session);

/**
 * Writes to `dial` where to dial, while the transport's order is `SANSOCKET_SESSION_TRANSPORT_DIAL`; or for which host to start TLS, while
 * it is `SANSOCKET_SESSION_TRANSPORT_START_TLS`.
 *
 * Returns `SANSOCKET_OK`, or `SANSOCKET_SESSION_NOT_NOW` with another order. Nothing is written unless it is `SANSOCKET_OK`.
 */
sansocket_result sansocket_session_dial(const sansocket_session *session, sansocket_dial *dial);

/**
 * Says that the transport of this epoch stands: connected to the host of `sansocket_session_dial`, with TLS if that says so, or with TLS
 * in the tunnel.
 *
 * Reports name the epoch of their dial; what is reported of a transport that was given up, or at the wrong time, is ignored. Returns
 * `SANSOCKET_OK`.
 */
sansocket_result sansocket_session_connected(sansocket_session *session, uint32_t epoch, uint64_t now_ms);

/**
 * Says that there is no transport, or that TLS has failed: after `SANSOCKET_DIAL_ERROR_CERTIFICATE` and `_NO_TLS` the session gives
 * up, after others it waits and dials again. Returns `SANSOCKET_OK`, or `SANSOCKET_INVALID_ARGUMENT` for an error that does not exist.
 */
sansocket_result sansocket_session_dial_failed(sansocket_session *session, uint32_t epoch, sansocket_dial_error error);

/**
 * Returns what is to be written to the transport, in this order; `data` is NULL if there is nothing. It stays where it is until
 * `sansocket_session_written`, whatever is sent meanwhile. To be read only.
 */
sansocket_bytes sansocket_session_due(const sansocket_session *session);

/**
 * Says that the transport of this epoch took the first `n` bytes of what is due; with TLS, the transport below it. 0 is allowed. Call
 * `sansocket_session_next` before you wait: there may be room for events and for the queue again.
 *
 * Returns `SANSOCKET_OK`, or `SANSOCKET_INVALID_ARGUMENT` if `n` is more than is due.
 */
sansocket_result sansocket_session_written(sansocket_session *session, uint32_t epoch, size_t n, uint64_t now_ms);

/**
 * Says that the transport of this epoch takes no more. What has arrived can still be read, until `sansocket_session_eof`; what is sent
 * waits for the next connection. Returns `SANSOCKET_OK`.
 */
sansocket_result sansocket_session_write_failed(sansocket_session *session, uint32_t epoch);

/** Returns 1 if `sansocket_session_space` has something: wait until the transport can be read; else 0. */
uint8_t sansocket_session_wants_reading(const sansocket_session *session);

/**
 * Returns the milliseconds from `now_ms` until `sansocket_session_next` has something to do, as `poll` takes them: 0 for at once, -1 if
 * nothing is waited for: before the start, and after the session has stopped. 0 without a session. While there is a transport,
 * `sansocket_session_filled` comes after the wait, with 0 if nothing arrived.
 */
int32_t sansocket_session_poll_timeout(const sansocket_session *session, uint64_t now_ms);

/**
 * Returns where the transport's next bytes go. `data` is NULL if nothing should be read now. It stays where it is until
 * `sansocket_session_filled`, so that a read may be under way.
 */
sansocket_bytes sansocket_session_space(sansocket_session *session);

/**
 * Says that the transport of this epoch has put `n` bytes at the start of the space. 0 says that there was nothing to read: the deadlines
 * up to `now_ms` may act. Report that too after each wait while there is a transport, also while there is no space: without it no deadline
 * of the connection acts. (A `recv` of 0 is the end of the input: `sansocket_session_eof`.)
 *
 * Returns `SANSOCKET_OK`, or `SANSOCKET_INVALID_ARGUMENT` if `n` is more than the space.
 */
sansocket_result sansocket_session_filled(sansocket_session *session, uint32_t epoch, size_t n, uint64_t now_ms);

/**
 * Says that the input of the transport of this epoch has ended, in order or by a reset. It takes effect after all that arrived before.
 * Returns `SANSOCKET_OK`.
 */
sansocket_result sansocket_session_eof(sansocket_session *session, uint32_t epoch);

/**
 * Sends a message, now or, after those that wait before it, once there is a connection, and writes its number to `number`, unless that is
 * NULL: from 1 on, in the order of the calls, by which events tell what became of it. It may be called before
 * `sansocket_session_start`, and in any handler. `payload` may lie in the input, as that of an event does.
 *
 * Returns `SANSOCKET_OK`; `SANSOCKET_SESSION_FULL`, if `SANSOCKET_SESSION_OPTION_OVERFLOW` says so; `SANSOCKET_SESSION_TOO_LONG`,
 * `SANSOCKET_SESSION_STOPPED`, `SANSOCKET_USAGE_INVALID_UTF8`, or `SANSOCKET_INVALID_ARGUMENT` for a kind that does not exist.
 */
sansocket_result sansocket_session_send(
    sansocket_session *session, uint64_t now_ms, sansocket_kind kind, const void *payload, size_t len, uint64_t *number);

/**
 * Ends the session: an open connection by a closing handshake, with `code`, or 0 for none, and `reason`, at most 123 bytes of UTF-8;
 * anything else at once. What waits in the queue is dropped, and reported; a program that wants it to leave waits until
 * `sansocket_session_get_queued` is 0. `SANSOCKET_SESSION_EVENT_DOWN` comes last, if there was a connection or a dial.
 *
 * Returns `SANSOCKET_OK`, or what `sansocket_close` does; the session goes on then.
 */
sansocket_result sansocket_session_close(
    sansocket_session *session, uint64_t now_ms, uint16_t code, const char *reason, size_t reason_len);

/** Returns where the session stands; `SANSOCKET_SESSION_STATE_STOPPED` without a session. */
sansocket_session_state sansocket_session_get_state(const sansocket_session *session);

/* ---- More that a program sends and decides ---- */

/**
 * `sansocket_session_send`, of a message that is worth nothing later, such as a position: it is dropped, and reported, if there is no
 * connection, or if the connection ends while it waits. Returns what that does.
 */
sansocket_result sansocket_session_send_volatile(
    sansocket_session *session, uint64_t now_ms, sansocket_kind kind, const void *payload, size_t len, uint64_t *number);

/**
 * `sansocket_session_send`, on the connection that is open, before those that wait: a log-in.
 *
 * Returns `SANSOCKET_OK`; `SANSOCKET_SESSION_NOT_NOW` if no connection is open, or its output has no room;
 * `SANSOCKET_SESSION_TOO_LONG`, `SANSOCKET_USAGE_INVALID_UTF8`, or `SANSOCKET_INVALID_ARGUMENT` for a kind that does not exist.
 */
sansocket_result sansocket_session_send_now(
    sansocket_session *session, uint64_t now_ms, sansocket_kind kind, const void *payload, size_t len, uint64_t *number);

/**
 * Sends a part of a message that is longer than the output, or is not all in memory, on the connection that is open, as far as there is
 * room, and writes to `taken` how many bytes of `payload` that is: call it again, with the rest, once the transport has taken some of what
 * is due. `offset` is how many bytes of the message went before: 0 begins one. `fin` that is not 0 ends the message, once all of `payload`
 * is taken. Its number is the next one, from its first part on (`sansocket_session_get_last_number`). What is sent until its last part
 * waits in the queue. It cannot wait there itself, and if the connection ends before its last part, it is among the unconfirmed ones, and
 * the caller begins a new one.
 *
 * Returns `SANSOCKET_OK`; `SANSOCKET_SESSION_NOT_NOW` if no connection is open, messages wait, or the output has no room: again, later;
 * `SANSOCKET_SESSION_INTERRUPTED` for parts but the first, once the connection that had that one is no longer open;
 * `SANSOCKET_USAGE_INVALID_UTF8`, or `SANSOCKET_INVALID_ARGUMENT` for a kind that does not exist. `taken` is written with `SANSOCKET_OK`
 * only.
 */
sansocket_result sansocket_session_send_part(
    sansocket_session *session, uint64_t now_ms, sansocket_kind kind, uint64_t offset, const void *payload, size_t len,
    uint8_t fin, size_t *taken);

/**
 * Asks for the opening handshake, after `SANSOCKET_SESSION_EVENT_CONNECTED`: with an Origin, unless `origin_len` is 0, and with header
 * fields, at most `SANSOCKET_MAX_LIST`. What they point to is needed only during the call.
 *
 * Returns `SANSOCKET_OK`, `SANSOCKET_USAGE_NOT_CONNECTING` at any other time, `SANSOCKET_USAGE_BUFFER_TOO_SHORT`,
 * `SANSOCKET_ENTROPY_FAILED`, `SANSOCKET_USAGE_INVALID_HEADER` (the origin, too), `_RESERVED_HEADER`, `_INVALID_SUBPROTOCOL` (the
 * configuration's) or `SANSOCKET_LIST_TOO_LONG`.
 */
sansocket_result sansocket_session_request(
    sansocket_session *session, uint64_t now_ms, const char *origin, size_t origin_len, const sansocket_header *headers,
    size_t header_count);

/**
 * Keeps the queue back until `sansocket_session_release`, or until the connection ends: after `SANSOCKET_SESSION_EVENT_UP`, for a server
 * that wants an answer to its challenge first. What is sent meanwhile waits too, except by `sansocket_session_send_now`. Returns
 * `SANSOCKET_OK`.
 */
sansocket_result sansocket_session_hold(sansocket_session *session, uint64_t now_ms);

/** Lets the queue leave. Returns `SANSOCKET_OK`. */
sansocket_result sansocket_session_release(sansocket_session *session, uint64_t now_ms);

/**
 * Sends a Ping with at most 125 bytes of payload, on the connection that is open. Its Pong shows that what was sent before it has arrived:
 * give each a payload of its own, so that it is known which of them is answered.
 *
 * Returns `SANSOCKET_OK`, `SANSOCKET_NEEDS_ROOM`, `SANSOCKET_ENTROPY_FAILED`, `SANSOCKET_USAGE_NOT_OPEN` without a connection, or
 * `SANSOCKET_USAGE_CONTROL_PAYLOAD_TOO_LONG`.
 */
sansocket_result sansocket_session_ping(sansocket_session *session, uint64_t now_ms, const void *payload, size_t len);

/**
 * Dials in `ms` milliseconds, whatever the session would do: after `SANSOCKET_SESSION_EVENT_DOWN`, for a cause that is final otherwise or
 * to wait for another time; and while the session waits, with 0, if the program knows that the network is back. Without effect while
 * there is a connection, and after `sansocket_session_close`. Returns `SANSOCKET_OK`.
 */
sansocket_result sansocket_session_retry_in(sansocket_session *session, uint64_t now_ms, uint64_t ms);

/**
 * Does not dial again: after `SANSOCKET_SESSION_EVENT_DOWN`, and while the session waits. `SANSOCKET_SESSION_EVENT_GAVE_UP` follows.
 * Returns `SANSOCKET_OK`.
 */
sansocket_result sansocket_session_stop(sansocket_session *session, uint64_t now_ms);

/**
 * Dials another URL from the next dial on. It is copied. A dial that is under way, up to the end of the opening handshake, is given up for
 * it, without an event. Returns what `sansocket_session_init` does for a URL; the old one stays then.
 */
sansocket_result sansocket_session_set_url(sansocket_session *session, const char *url, size_t url_len);

/* ---- Configuration ---- */

/**
 * Sets every option to its default. Of `setup` only size and version are read. `config` may have any contents before; there is
 * nothing to free.
 *
 * Returns `SANSOCKET_OK`, `SANSOCKET_WRONG_SIZE` or `SANSOCKET_WRONG_VERSION`.
 */
sansocket_result sansocket_session_config_init(sansocket_session_config *config, const sansocket_session_setup *setup);

/**
 * Sets an option, before the configuration is lent to a session.
 *
 * Returns `SANSOCKET_OK`, `SANSOCKET_INVALID_ARGUMENT` for an option that does not exist, or `SANSOCKET_OUT_OF_RANGE`.
 */
sansocket_result sansocket_session_config_set(sansocket_session_config *config, sansocket_session_option option, uint64_t value);

/**
 * Sets the HTTP proxy, `http://user:password@host:port`, user and password being optional, and which hosts are dialled without it, as
 * `NO_PROXY` lists them: names, with a dot in front for what ends in them, addresses and ranges of addresses, `*` for all, separated by
 * commas. The proxy is asked for a tunnel (CONNECT) for `ws` too. A `proxy_len` of 0, the default, stands for none. Both texts are lent for
 * as long as the configuration is. The proxy's URL is checked by `sansocket_session_init`.
 *
 * Returns `SANSOCKET_OK`, or `SANSOCKET_USAGE_INVALID_UTF8`.
 */
sansocket_result sansocket_session_config_set_proxy(
    sansocket_session_config *config, const char *proxy, size_t proxy_len, const char *no_proxy, size_t no_proxy_len);

/**
 * Sets a heartbeat: `text` is sent each `interval_ms` milliseconds while a connection is open, and if no message answers it within
 * `timeout_ms`, the connection is given up (`SANSOCKET_SESSION_CAUSE_HEARTBEAT_TIMEOUT`). For servers and clients that cannot see Pongs, and
 * for gateways that answer Pings themselves. The answer is a message that starts with `answer`, an event like others; any message if
 * `answer_len` is 0. A `text_len` of 0, the default, stands for no heartbeat. Both texts are lent for as long as the configuration is.
 *
 * Returns `SANSOCKET_OK`, or `SANSOCKET_USAGE_INVALID_UTF8`.
 */
sansocket_result sansocket_session_config_set_heartbeat(
    sansocket_session_config *config, const char *text, size_t text_len, const char *answer, size_t answer_len,
    uint32_t interval_ms, uint32_t timeout_ms);

/**
 * Returns how many bytes of a session's memory its URLs take; the rest is the queue. `config` is NULL for the defaults. 0 without a
 * configuration.
 */
size_t sansocket_session_config_url_memory_len(const sansocket_session_config *config);

/* ---- What a session can be asked, and more of the loop ---- */

/**
 * Returns the URL that is dialled: the session's, or the one that it was redirected to. It lies in the session's memory, until
 * `sansocket_session_set_url` or `sansocket_session_next` changes it. `data` is NULL
 * without a session.
 */
sansocket_text sansocket_session_get_url(const sansocket_session *session);

/** Returns how many messages wait in the queue; 0 without a session. */
uint32_t sansocket_session_get_queued(const sansocket_session *session);

/** Returns the number of the latest message; 0 if there was none, or without a session. */
uint64_t sansocket_session_get_last_number(const sansocket_session *session);

/**
 * Returns how many dials have failed and connections have ended in a row, which the next wait depends on. The end of one that was up for
 * `SANSOCKET_SESSION_OPTION_MIN_UPTIME_MS` begins the count anew, at 1. 0 without a session.
 */
uint32_t sansocket_session_get_failures(const sansocket_session *session);

/**
 * Returns the agreed subprotocol, in the list that was set with `sansocket_config_set_subprotocols`; `data` is NULL if none was agreed, or
 * without a session.
 */
sansocket_text sansocket_session_get_subprotocol(const sansocket_session *session);

/**
 * Returns the time between the last keepalive Ping that was answered and its Pong, in microseconds; `SANSOCKET_NEVER` before the first, or
 * without a session.
 */
uint64_t sansocket_session_get_round_trip_us(const sansocket_session *session);

/**
 * Returns when `sansocket_session_next` has something to do, in the milliseconds of `now_ms`; a time that has passed says at once,
 * `SANSOCKET_NEVER` that nothing is waited for, or that there is no session.
 */
uint64_t sansocket_session_get_next_timeout(const sansocket_session *session);

/**
 * Writes the current event to `event` once more, with its bytes as they are now: for a handler that could not finish, because there was
 * no room for its answer. `SANSOCKET_SESSION_EVENT_NONE` if there is none. Returns `SANSOCKET_OK`.
 */
sansocket_result sansocket_session_current(sansocket_session *session, sansocket_session_event *event);

/**
 * Returns what has arrived and no event has shown yet: after `SANSOCKET_SESSION_EVENT_REFUSED`, the body of the answer, as far as it came
 * with the head. `data` is NULL if there is nothing. It stays where it is until `sansocket_session_next`.
 */
sansocket_bytes sansocket_session_unread(const sansocket_session *session);

/**
 * After `SANSOCKET_SESSION_EVENT_REFUSED`: the transport stays, and what arrives of the body is in `sansocket_session_unread`, until
 * `sansocket_session_discard` makes space for more. `SANSOCKET_SESSION_EVENT_DOWN` comes when the server ends the connection, at the
 * deadline of the opening handshake, or after `sansocket_session_end_body`. Without effect at any other time. Returns `SANSOCKET_OK`.
 */
sansocket_result sansocket_session_read_body(sansocket_session *session, uint64_t now_ms);

/**
 * Drops the first `n` bytes of the body of a refusal, which makes space for more, after `sansocket_session_read_body`.
 *
 * Returns `SANSOCKET_OK`, or `SANSOCKET_INVALID_ARGUMENT` if `n` is more than is unread.
 */
sansocket_result sansocket_session_discard(sansocket_session *session, size_t n);

/** Says that the program has enough of the body. Returns `SANSOCKET_OK`. */
sansocket_result sansocket_session_end_body(sansocket_session *session, uint64_t now_ms);

/**
 * Says that the caller takes no messages for now, on this connection, if it is open, and on those after it: there is no space, and the
 * deadlines that wait for the peer stand still. That connections come and go is told all the same. Returns `SANSOCKET_OK`.
 */
sansocket_result sansocket_session_pause(sansocket_session *session, uint64_t now_ms);

/** Ends a `sansocket_session_pause`. Returns `SANSOCKET_OK`. */
sansocket_result sansocket_session_resume(sansocket_session *session, uint64_t now_ms);

/* ---- Credentials (RFC 7617) ---- */

/**
 * Writes the value of an Authorization or Proxy-Authorization header to `out`: `Basic`, and the base64 form of `user:password`; and where
 * it lies to `value`. `out` needs 6 + 4 * ((n + 2) / 3) bytes, where n counts user, colon and password; it holds a secret afterwards.
 *
 * Returns `SANSOCKET_OK`, `SANSOCKET_SESSION_COLON_IN_USER`, `SANSOCKET_SESSION_CONTROL_CHARACTER`, or
 * `SANSOCKET_USAGE_BUFFER_TOO_SHORT`. Nothing is written unless it is `SANSOCKET_OK`.
 */
sansocket_result sansocket_basic_credentials(
    const char *user, size_t user_len, const char *password, size_t password_len, char *out, size_t out_size,
    sansocket_text *value);

/**
 * Cuts user and password out of a URL, `wss://user:password@host/path`, and writes to `out` the URL without them and after it the value of
 * an Authorization header; and where they lie to `split`. Twice the URL's length and 16 bytes more always suffice for `out`, which may hold
 * a secret afterwards. The rest of the URL is not checked.
 *
 * Returns `SANSOCKET_OK`, `SANSOCKET_SESSION_CONTROL_CHARACTER`, `_COLON_IN_USER` or `_INVALID_PERCENT_ENCODING`,
 * `SANSOCKET_USAGE_INVALID_UTF8`, or `SANSOCKET_USAGE_BUFFER_TOO_SHORT`. Nothing is written to `split` unless it is `SANSOCKET_OK`.
 */
sansocket_result sansocket_split_url_user(
    const char *url, size_t url_len, char *out, size_t out_size, sansocket_split_url *split);

/* ---- Texts ---- */

/**
 * Returns one sentence, without a full stop, that says what a result means, those of `sansocket.h` included. Any number may be passed.
 * Never NULL; constant, ends in NUL.
 */
const char *sansocket_session_result_text(sansocket_result result);

/** Returns the name of an event for a log: `up`, `gave up`. Any number may be passed. Never NULL; constant, ends in NUL. */
const char *sansocket_session_event_text(sansocket_session_event_type event_type);

/**
 * Returns one sentence, without a full stop, about the `cause` of `SANSOCKET_SESSION_EVENT_DOWN`. Any number may be passed. Never
 * NULL; constant, ends in NUL.
 */
const char *sansocket_session_cause_text(sansocket_session_cause cause);

/** Returns one sentence, without a full stop, about a `dial_error`. Any number may be passed. Never NULL; constant, ends in NUL. */
const char *sansocket_dial_error_text(sansocket_dial_error error);

/**
 * Returns one sentence, without a full stop, about a `redirect_error`. Any number may be passed. Never NULL; constant, ends in NUL.
 */
const char *sansocket_redirect_error_text(sansocket_redirect_error error);

/** Returns the name of a state for a log: `open`, `backoff`. Any number may be passed. Never NULL; constant, ends in NUL. */
const char *sansocket_session_state_text(sansocket_session_state state);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* SANSOCKET_SESSION_H */
