/*
 * sansocket_socketio: a Socket.IO client (protocol 5, over WebSocket). Namespaces, events with arguments and binary attachments, answers to
 * events both ways, auth, heartbeats, and what was missed while the connection was down, from servers that recover it. As sans-IO as
 * sansocket_session.h, on whose sessions it stands: those dial, wait, dial again and keep what is emitted meanwhile; their loop is the program's
 * loop. No sockets, no heap, no threads, no callbacks but the session's one for entropy.
 *
 * A CLIENT. The session's setup is as in sansocket_session.h, with the URL from here:
 *
 *     static sansocket_session s;
 *     static sansocket_socketio io;
 *     static sansocket_namespace_slot namespaces[1];
 *     static sansocket_ack_slot acks[4];
 *     static uint8_t packets[1024];
 *     static uint32_t id;
 *
 *     static int begin(const char *url, char *out, size_t out_size, sansocket_session_setup *session)
 *     {
 *         sansocket_target target;
 *         sansocket_socketio_setup setup = SANSOCKET_SOCKETIO_SETUP;
 *         setup.namespaces = namespaces, setup.namespace_count = 1;
 *         setup.acks = acks, setup.ack_count = 4;
 *         setup.memory = packets, setup.memory_size = sizeof packets;
 *         if (sansocket_socketio_target(url, strlen(url), NULL, 0, out, out_size, &target) != SANSOCKET_OK)
 *             return -1;
 *         session->url = target.url;
 *         return sansocket_session_init(&s, session) == SANSOCKET_OK && sansocket_socketio_init(&io, &setup) == SANSOCKET_OK
 *             && sansocket_socketio_connect(&io, &s, now_ms(), target.namespace_name.data, target.namespace_name.len, &id) == SANSOCKET_OK
 *             && sansocket_session_start(&s, now_ms()) == SANSOCKET_OK ? 0 : -1;
 *     }
 *
 *     static void say(const char *text, size_t len)                  // at any time: it waits for the namespace
 *     {
 *         sansocket_argument arguments[] = {SANSOCKET_TEXT_ARGUMENT(text, len)};
 *         sansocket_emit emit = {id, 0, 0, {0}, SANSOCKET_LITERAL("say"), arguments, 1, NULL, 0};
 *         if (sansocket_socketio_emit(&io, &s, now_ms(), &emit, NULL) != SANSOCKET_OK)
 *             later(text, len);
 *     }
 *
 *     static void handle(const sansocket_socketio_event *event)      // emitting and so on are allowed in here
 *     {
 *         sansocket_json args[2];
 *         if (event->type == SANSOCKET_SOCKETIO_EVENT_JOINING)
 *             sansocket_socketio_authenticate(&io, &s, now_ms(), id, "{\"name\":\"C\"}", 12);
 *         else if (event->type == SANSOCKET_SOCKETIO_EVENT_EVENT && sansocket_json_equals(event->name, "said", 4)
 *             && sansocket_json_items(event->json, 1, args, 2) == 3)
 *             show(args[0].json, args[1].json);                      // the name comes first, and is skipped
 *     }
 *
 *     static void run(void)
 *     {
 *         sansocket_socketio_event event;
 *         for (;;) {
 *             while (sansocket_socketio_next(&io, &s, now_ms(), &event) == SANSOCKET_OK
 *                 && event.type != SANSOCKET_SOCKETIO_EVENT_NONE)
 *                 handle(&event);
 *             if (sansocket_session_get_state(&s) == SANSOCKET_SESSION_STATE_STOPPED)
 *                 return;
 *             obey_write_wait_and_read(&s, sansocket_socketio_poll_timeout(&io, &s, now_ms()));
 *         }
 *     }
 *
 * That is the session's loop, in which two functions have taken the place of two: sansocket_socketio_next that of sansocket_session_next, and
 * sansocket_socketio_poll_timeout that of sansocket_session_poll_timeout. ffi-examples/chat_client.c is a program.
 *
 * What the session promises holds for events: at most once, and in order. Its functions that send messages (sansocket_session_send and its
 * like), sansocket_session_hold and _release are not for a program that speaks Socket.IO; all others are.
 *
 * What sansocket.h says of every function holds for these too: results, arguments, ownership, threads. Where it says connection, read client. A
 * client and its session are used together, always the same two, by one thread at a time. What the setups of both name is lent for as long as
 * they are used; none of it overlaps, and what a call reads lies apart from it, except for the session's input, where what events show lies.
 * The functions for JSON need neither client nor session. sansocket_socketio_result_text knows all results; those that only Socket.IO has
 * are constants, not members of the enum: `switch ((uint32_t)result)`.
 *
 * This file is generated from socketio/src/ffi by ci/header; changes belong there.
 */

#ifndef SANSOCKET_SOCKETIO_H
#define SANSOCKET_SOCKETIO_H

#include "sansocket_session.h"
/** Initialises a sansocket_socketio_setup with size and version, all else zero: `sansocket_socketio_setup setup = SANSOCKET_SOCKETIO_SETUP;`. */
#define SANSOCKET_SOCKETIO_SETUP \
    { sizeof(sansocket_socketio_setup), SANSOCKET_ABI_VERSION, 0, NULL, NULL, 0, NULL, 0, NULL, 0, { 0 } }

/** Initialise a sansocket_argument: `sansocket_argument arguments[] = {SANSOCKET_TEXT_ARGUMENT(room, strlen(room)), SANSOCKET_JSON_ARGUMENT("true")};`. */
#define SANSOCKET_TEXT_ARGUMENT(data, len) \
    { SANSOCKET_ARGUMENT_TEXT, 0, 0, { data, len } }
#define SANSOCKET_INTEGER_ARGUMENT(integer) \
    { SANSOCKET_ARGUMENT_INTEGER, 0, integer, { NULL, 0 } }
#define SANSOCKET_JSON_ARGUMENT(literal) \
    { SANSOCKET_ARGUMENT_JSON, 0, 0, SANSOCKET_LITERAL(literal) }
#define SANSOCKET_ATTACHMENT_ARGUMENT \
    { SANSOCKET_ARGUMENT_ATTACHMENT, 0, 0, { NULL, 0 } }

/** The namespace is not wanted: it was not connected, was left, or the server does not let the client in; or it is not asked for now. */
#define SANSOCKET_SOCKETIO_NOT_CONNECTED ((sansocket_result)1281)

/** The event that is answered came on a connection that has ended, or in a namespace that was left. */
#define SANSOCKET_SOCKETIO_STALE ((sansocket_result)1282)

/** As many answers are waited for as there are slots for them. */
#define SANSOCKET_SOCKETIO_NO_ACK_SLOT ((sansocket_result)1283)

/**
 * The event or answer does not fit into the client's memory, or with all its attachments into the session's output or queue, or is longer
 * than the server takes.
 */
#define SANSOCKET_SOCKETIO_TOO_LONG ((sansocket_result)1284)

/** A namespace's name starts with a slash, and has no comma. */
#define SANSOCKET_SOCKETIO_INVALID_NAME ((sansocket_result)1296)

/** The namespace's name does not fit into `SANSOCKET_SOCKETIO_OPTION_NAMESPACE_LEN`. */
#define SANSOCKET_SOCKETIO_NAME_TOO_LONG ((sansocket_result)1297)

/** As many namespaces are connected as there are slots for them. */
#define SANSOCKET_SOCKETIO_NO_NAMESPACE_SLOT ((sansocket_result)1298)

/** The namespace is being left. Connect it after its `SANSOCKET_SOCKETIO_EVENT_DISCONNECTED`. */
#define SANSOCKET_SOCKETIO_LEAVING ((sansocket_result)1299)

/** The memory has less than `SANSOCKET_SOCKETIO_OPTION_NAMESPACE_LEN` bytes for each namespace. */
#define SANSOCKET_SOCKETIO_MEMORY_TOO_SHORT ((sansocket_result)1300)

/** The JSON value is of another kind, or has no such member. */
#define SANSOCKET_SOCKETIO_OTHER_KIND ((sansocket_result)1301)

/** There is no byte. */
#define SANSOCKET_SOCKETIO_PACKET_EMPTY ((sansocket_result)1312)

/** The first byte is not a digit from 0 to 6. */
#define SANSOCKET_SOCKETIO_PACKET_UNKNOWN_TYPE ((sansocket_result)1313)

/** The number of attachments is none, or 0, or the packet has some although its type has none. */
#define SANSOCKET_SOCKETIO_PACKET_INVALID_ATTACHMENTS ((sansocket_result)1314)

/** More attachments than `SANSOCKET_SOCKETIO_OPTION_MAX_ATTACHMENTS`. */
#define SANSOCKET_SOCKETIO_PACKET_TOO_MANY_ATTACHMENTS ((sansocket_result)1315)

/** A namespace starts with a slash and has no comma. */
#define SANSOCKET_SOCKETIO_PACKET_INVALID_NAMESPACE ((sansocket_result)1316)

/** The id is larger than 2^53 - 1, or missing. */
#define SANSOCKET_SOCKETIO_PACKET_INVALID_ID ((sansocket_result)1317)

/** A packet that cannot be acknowledged has an id. */
#define SANSOCKET_SOCKETIO_PACKET_UNEXPECTED_ID ((sansocket_result)1318)

/** An event, an acknowledgement or a refusal without a payload. */
#define SANSOCKET_SOCKETIO_PACKET_MISSING_PAYLOAD ((sansocket_result)1319)

/** A packet has a payload although its type has none. */
#define SANSOCKET_SOCKETIO_PACKET_UNEXPECTED_PAYLOAD ((sansocket_result)1320)

/** What is there is not JSON (RFC 8259). */
#define SANSOCKET_SOCKETIO_PACKET_INVALID_JSON ((sansocket_result)1321)

/** JSON is nested deeper than 32. */
#define SANSOCKET_SOCKETIO_PACKET_TOO_DEEP ((sansocket_result)1322)

/** Arguments that are not an array, or an auth that is not an object. */
#define SANSOCKET_SOCKETIO_PACKET_WRONG_PAYLOAD ((sansocket_result)1323)

/** The event has no name. */
#define SANSOCKET_SOCKETIO_PACKET_INVALID_EVENT_NAME ((sansocket_result)1324)

/**
 * The event has a name that the libraries use themselves: `connect`, `connect_error`, `disconnect`, `disconnecting`, `newListener`,
 * `removeListener`.
 */
#define SANSOCKET_SOCKETIO_PACKET_RESERVED_EVENT_NAME ((sansocket_result)1325)

/** A placeholder names no attachment of the packet, or there are more `SANSOCKET_ARGUMENT_ATTACHMENT` than attachments. */
#define SANSOCKET_SOCKETIO_PACKET_INVALID_PLACEHOLDER ((sansocket_result)1326)

/** A text message while attachments are due. */
#define SANSOCKET_SOCKETIO_PACKET_ATTACHMENTS_DUE ((sansocket_result)1327)

/** A binary message while no attachment is due. */
#define SANSOCKET_SOCKETIO_PACKET_NO_ATTACHMENT_DUE ((sansocket_result)1328)

/** A text message without a byte. */
#define SANSOCKET_SOCKETIO_ENGINE_EMPTY ((sansocket_result)1344)

/** The first byte of a text message is no type of Engine.IO. */
#define SANSOCKET_SOCKETIO_ENGINE_UNKNOWN_TYPE ((sansocket_result)1345)

/** Engine.IO's handshake is not a JSON object. */
#define SANSOCKET_SOCKETIO_ENGINE_INVALID_HANDSHAKE ((sansocket_result)1346)

/** Its `sid` is missing, empty or not a string. */
#define SANSOCKET_SOCKETIO_ENGINE_INVALID_SID ((sansocket_result)1347)

/** Its `upgrades` is missing, or not an array of strings. */
#define SANSOCKET_SOCKETIO_ENGINE_INVALID_UPGRADES ((sansocket_result)1348)

/** Its `pingInterval` is missing, or not a number. */
#define SANSOCKET_SOCKETIO_ENGINE_INVALID_PING_INTERVAL ((sansocket_result)1349)

/** Its `pingTimeout` is missing, or not a number. */
#define SANSOCKET_SOCKETIO_ENGINE_INVALID_PING_TIMEOUT ((sansocket_result)1350)

/** Its `maxPayload` is not a number. */
#define SANSOCKET_SOCKETIO_ENGINE_INVALID_MAX_PAYLOAD ((sansocket_result)1351)


/** The most attachments of what is emitted or answered. */
#define SANSOCKET_SOCKETIO_MAX_ATTACHMENTS 10

/** Where a namespace stands. */
typedef enum SANSOCKET_ENUM(sansocket_socketio_state) {
    /** It is not wanted. */
    SANSOCKET_SOCKETIO_STATE_OFF = 0,
    /** It is wanted, and waits for a connection or for the server's answer. What is emitted waits with it. */
    SANSOCKET_SOCKETIO_STATE_CONNECTING = 1,
    /** We are in. */
    SANSOCKET_SOCKETIO_STATE_CONNECTED = 2,
    /** We leave it, after what waits. */
    SANSOCKET_SOCKETIO_STATE_LEAVING = 3,
} sansocket_socketio_state;

/** What an argument is. */
typedef enum SANSOCKET_ENUM(sansocket_argument_type) {
    /** A string: `text`, UTF-8, which is escaped as JSON wants it. */
    SANSOCKET_ARGUMENT_TEXT = 1,
    /** A number: `integer`. JavaScript rounds what is beyond 2^53 - 1. */
    SANSOCKET_ARGUMENT_INTEGER = 2,
    /** A value that is JSON already: `text`; `true` or `null` are such values, too. */
    SANSOCKET_ARGUMENT_JSON = 3,
    /** All items of an array that is JSON already: `text`. Each is an argument. */
    SANSOCKET_ARGUMENT_ITEMS = 4,
    /** The place of the next attachment. In `JSON` and `ITEMS` they stand as `{"_placeholder":true,"num":0}`. */
    SANSOCKET_ARGUMENT_ATTACHMENT = 5,
} sansocket_argument_type;

/** What `sansocket_socketio_config_set` sets, and what it is unless set. */
typedef enum SANSOCKET_ENUM(sansocket_socketio_option) {
    /**
     * How many bytes of the client's memory each namespace has: for its name, and for what connection state recovery needs, which is the
     * server's `pid` and the offset of the last event, some 30 bytes together. If they do not fit, there is no recovery. 128 bytes. 16 bits.
     */
    SANSOCKET_SOCKETIO_OPTION_NAMESPACE_LEN = 1,
    /** From the end of the WebSocket's opening handshake to Engine.IO's: 20 000 ms. 32 bits. */
    SANSOCKET_SOCKETIO_OPTION_OPEN_TIMEOUT_MS = 2,
    /** The most attachments that a packet of the server's may have: 10. 16 bits. */
    SANSOCKET_SOCKETIO_OPTION_MAX_ATTACHMENTS = 3,
} sansocket_socketio_option;

/** What happened in a Socket.IO client. All but `NONE`, `DOWN` and `SESSION` have a `namespace_id`. */
typedef enum SANSOCKET_ENUM(sansocket_socketio_event_type) {
    /** Nothing: obey the transport's order, write, read, or wait. */
    SANSOCKET_SOCKETIO_EVENT_NONE = 0,
    /**
     * The namespace is asked for next, at each connection anew. The handler may call `sansocket_socketio_authenticate`; otherwise it is asked
     * for without credentials.
     */
    SANSOCKET_SOCKETIO_EVENT_JOINING = 1,
    /**
     * The namespace is joined. `sid`: the server's name for this client there; `recovered`: 1 if the events that were missed came before
     * this one.
     */
    SANSOCKET_SOCKETIO_EVENT_CONNECTED = 2,
    /**
     * The server does not let the client into the namespace: `refusal`; `json`: what it says, an object or a string. It is not asked again
     * by itself.
     */
    SANSOCKET_SOCKETIO_EVENT_CONNECT_ERROR = 3,
    /**
     * The namespace is not joined any longer: `reason`. One for each `CONNECTED`. It is joined again by itself, unless `is_final` is 1.
     */
    SANSOCKET_SOCKETIO_EVENT_DISCONNECTED = 4,
    /**
     * An event of the server's. `name`: its name, a JSON string; `json`: an array of its name and its arguments; `attachments`: how
     * many follow, as `ATTACHMENT`; `wants_ack`: 1 if `sansocket_socketio_ack` is to answer it, by `asker`.
     */
    SANSOCKET_SOCKETIO_EVENT_EVENT = 5,
    /** The answer to an event that was emitted. `ack`: which; `json`: an array of its arguments; `attachments`: how many follow. */
    SANSOCKET_SOCKETIO_EVENT_ACK = 6,
    /** There will be no answer. `ack`: which; `ack_error`: why. */
    SANSOCKET_SOCKETIO_EVENT_ACK_FAILED = 7,
    /** An attachment of the last `EVENT` or `ACK`: `data` and `len`; `attachment`: which one, counted from 0, of `attachments`. */
    SANSOCKET_SOCKETIO_EVENT_ATTACHMENT = 8,
    /**
     * The transport has ended: `session`, an event of the type `SANSOCKET_SESSION_EVENT_DOWN`. `fault`: why the client gave it up, if it
     * did; `error`: the rule that the server broke then.
     */
    SANSOCKET_SOCKETIO_EVENT_DOWN = 9,
    /** Another event of the session's: `session`. */
    SANSOCKET_SOCKETIO_EVENT_SESSION = 10,
} sansocket_socketio_event_type;

/** Why a namespace is not joined any longer. The texts are those of the JavaScript client. */
typedef enum SANSOCKET_ENUM(sansocket_socketio_reason) {
    /** None: the event is not `DISCONNECTED`. */
    SANSOCKET_SOCKETIO_REASON_NONE = 0,
    /** The server has put the client out. */
    SANSOCKET_SOCKETIO_REASON_IO_SERVER_DISCONNECT = 1,
    /** `sansocket_socketio_disconnect`. */
    SANSOCKET_SOCKETIO_REASON_IO_CLIENT_DISCONNECT = 2,
    /** The server sent no ping in time, or did not answer ours. */
    SANSOCKET_SOCKETIO_REASON_PING_TIMEOUT = 3,
    /** The connection was closed or cut off. */
    SANSOCKET_SOCKETIO_REASON_TRANSPORT_CLOSE = 4,
    /** The server broke a rule of WebSocket, or of who speaks when. */
    SANSOCKET_SOCKETIO_REASON_TRANSPORT_ERROR = 5,
    /** The server sent what is no packet. */
    SANSOCKET_SOCKETIO_REASON_PARSE_ERROR = 6,
    /** The application closed the session. */
    SANSOCKET_SOCKETIO_REASON_FORCED_CLOSE = 7,
} sansocket_socketio_reason;

/** Why the server does not let the client into a namespace. */
typedef enum SANSOCKET_ENUM(sansocket_socketio_refusal) {
    /** None: the event is not `CONNECT_ERROR`. */
    SANSOCKET_SOCKETIO_REFUSAL_NONE = 0,
    /** It says so: `json`. */
    SANSOCKET_SOCKETIO_REFUSAL_REFUSED = 1,
    /** It is one of Socket.IO 2, whose protocol is another. */
    SANSOCKET_SOCKETIO_REFUSAL_OLD_SERVER = 2,
    /** It has closed the namespace instead of an answer. */
    SANSOCKET_SOCKETIO_REFUSAL_CLOSED = 3,
    /** The request does not fit into the client's memory or the session's output. */
    SANSOCKET_SOCKETIO_REFUSAL_TOO_LONG = 4,
} sansocket_socketio_refusal;

/** Why there is no answer. */
typedef enum SANSOCKET_ENUM(sansocket_socketio_ack_error) {
    /** None: the event is not `ACK_FAILED`. */
    SANSOCKET_SOCKETIO_ACK_NONE = 0,
    /** It did not come in time. An event that still waited is dropped. */
    SANSOCKET_SOCKETIO_ACK_TIMEOUT = 1,
    /** The event was sent and its connection has ended, or its namespace was left, or it was dropped unsent. */
    SANSOCKET_SOCKETIO_ACK_LOST = 2,
} sansocket_socketio_ack_error;

/** Why the client gave up the connection. */
typedef enum SANSOCKET_ENUM(sansocket_socketio_fault) {
    /** It did not. */
    SANSOCKET_SOCKETIO_FAULT_NONE = 0,
    /** The server sent no ping within the times of its handshake. */
    SANSOCKET_SOCKETIO_FAULT_PING_TIMEOUT = 1,
    /** Engine.IO's handshake did not come within `SANSOCKET_SOCKETIO_OPTION_OPEN_TIMEOUT_MS`. */
    SANSOCKET_SOCKETIO_FAULT_OPEN_TIMEOUT = 2,
    /** What the server sent is no packet of Engine.IO, or its handshake is wrong: `error`. */
    SANSOCKET_SOCKETIO_FAULT_ENGINE = 3,
    /** What the server sent is no packet of Socket.IO: `error`. */
    SANSOCKET_SOCKETIO_FAULT_PACKET = 4,
    /** The server has closed the session by a packet of Engine.IO. */
    SANSOCKET_SOCKETIO_FAULT_CLOSED_BY_SERVER = 5,
    /**
     * What only another peer would send: a packet before the handshake, base64 over a WebSocket; or a message in pieces, because the session
     * has `in_pieces` set.
     */
    SANSOCKET_SOCKETIO_FAULT_UNEXPECTED = 6,
} sansocket_socketio_fault;

/** What a JSON value is. */
typedef enum SANSOCKET_ENUM(sansocket_json_kind) {
    /** `null` */
    SANSOCKET_JSON_NULL = 0,
    /** `true` or `false`: `is_true` */
    SANSOCKET_JSON_BOOL = 1,
    /** A number. */
    SANSOCKET_JSON_NUMBER = 2,
    /** A string. */
    SANSOCKET_JSON_TEXT = 3,
    /** An array. */
    SANSOCKET_JSON_ARRAY = 4,
    /** An object. */
    SANSOCKET_JSON_OBJECT = 5,
} sansocket_json_kind;

/**
 * A Socket.IO client, which stands on a `sansocket_session` that is passed to its functions: always the same one. It lies in 256 bytes of
 * the caller's and may be moved between calls; what was lent to it by its setup stays where it is. There is nothing to free. Zeroed memory is
 * a client that was never initialised.
 */
typedef struct sansocket_socketio {
    /** Not for the caller. */
    uint64_t opaque[32];
} sansocket_socketio;

/** An argument of an event or of an answer. `SANSOCKET_TEXT_ARGUMENT` and its like initialise one. */
typedef struct sansocket_argument {
    /** What it is. */
    sansocket_argument_type type;
    /** 0. */
    uint32_t reserved;
    /** A number. */
    int64_t integer;
    /** A string, or JSON. */
    sansocket_text text;
} sansocket_argument;

/** What is emitted, or answered. Begin with all of it zero. What it points to is needed only during the call. */
typedef struct sansocket_emit {
    /** `sansocket_socketio_emit`: the namespace. */
    uint32_t namespace_id;
    /**
     * `sansocket_socketio_emit`: within how many milliseconds the server is to answer, the wait for a connection counted; 0 if no answer is
     * wanted.
     */
    uint32_t ack_within_ms;
    /**
     * `sansocket_socketio_emit`: 1 if it is worth nothing later, such as a position: it is dropped if the namespace is not joined.
     */
    uint8_t is_volatile;
    /** 0. */
    uint8_t reserved[7];
    /** `sansocket_socketio_emit`: the event's name. */
    sansocket_text name;
    /** Its arguments. */
    const sansocket_argument *arguments;
    /** How many. */
    size_t argument_count;
    /** Bytes that are sent after it, each as a binary message, all or none. Nothing is written to them. */
    const sansocket_bytes *attachments;
    /** How many, at most `SANSOCKET_SOCKETIO_MAX_ATTACHMENTS`. */
    size_t attachment_count;
} sansocket_emit;

/** What was emitted. */
typedef struct sansocket_sent {
    /** The session's number of it, which `SANSOCKET_SESSION_EVENT_DROPPED` and `DOWN` name. */
    uint64_t number;
    /**
     * If an answer is wanted, what `SANSOCKET_SOCKETIO_EVENT_ACK` or `_ACK_FAILED` has as its `ack`, from 0 on; else `SANSOCKET_NEVER`.
     */
    uint64_t ack;
} sansocket_sent;

/** Which event of the server's is answered by `sansocket_socketio_ack`. It may be kept. */
typedef struct sansocket_asker {
    /** The event's id. */
    uint64_t id;
    /** Where it came. */
    uint32_t namespace_id;
    /** On which connection. */
    uint32_t connection;
} sansocket_asker;

/**
 * Limits and timeouts of Socket.IO clients: one for any number of them. Its contents are the library's.
 *
 * It is lent to the clients that are initialised with it: it stays where it is, unchanged, until the last of them is no longer used.
 */
typedef struct sansocket_socketio_config {
    /** Not for the caller. */
    uint64_t opaque[8];
} sansocket_socketio_config;

/**
 * An event of a Socket.IO client: its type, and what `sansocket_socketio_event_type` says that goes with it. All other fields are 0.
 *
 * Texts, JSON and bytes lie in memory that was lent to the session. They are there until the next call of `sansocket_socketio_next`. JSON
 * was checked, and is UTF-8; `sansocket_json_items` and its like read it. No NUL follows.
 */
typedef struct sansocket_socketio_event {
    /** What happened. */
    sansocket_socketio_event_type type;
    /** The namespace. */
    uint32_t namespace_id;
    /** Why the namespace is not joined any longer. */
    sansocket_socketio_reason reason;
    /** Why the server does not let the client in. */
    sansocket_socketio_refusal refusal;
    /** Why there is no answer. */
    sansocket_socketio_ack_error ack_error;
    /** Why the client gave up the connection. */
    sansocket_socketio_fault fault;
    /** The rule that the server broke. */
    sansocket_result error;
    /** How many attachments the event or answer has. */
    uint16_t attachments;
    /** Which of them this is, counted from 0. */
    uint16_t attachment;
    /** 1 if the event is to be answered. */
    uint8_t wants_ack;
    /** 1 if what was missed came before. */
    uint8_t recovered;
    /** 1 if the namespace is not joined again by itself. */
    uint8_t is_final;
    /** 0 in this version. */
    uint8_t reserved[5];
    /** Which event of ours is answered, or not. */
    uint64_t ack;
    /** By what the event is answered. */
    sansocket_asker asker;
    /** An event's name, as JSON: `sansocket_json_equals(event.name, "say", 3)`. */
    sansocket_text name;
    /** JSON: an array, of an event its name first; or what the server says. */
    sansocket_text json;
    /** The server's name for this client, as it stands between the quotes of its JSON. */
    sansocket_text sid;
    /** The bytes of an attachment. */
    const uint8_t *data;
    /** How many. */
    size_t len;
    /** What the session says. */
    sansocket_session_event session;
    /** 0 in this version. */
    uint64_t reserved_more[2];
} sansocket_socketio_event;

/** Memory for a namespace. Its contents are the library's, and do not matter before. */
typedef struct sansocket_namespace_slot {
    /** Not for the caller. */
    uint64_t opaque[4];
} sansocket_namespace_slot;

/** Memory for an answer that is waited for. Its contents are the library's, and do not matter before. */
typedef struct sansocket_ack_slot {
    /** Not for the caller. */
    uint64_t opaque[5];
} sansocket_ack_slot;

/**
 * What `sansocket_socketio_init` is told. Begin with `sansocket_socketio_setup setup = SANSOCKET_SOCKETIO_SETUP;`, which fills in size and
 * version and leaves the rest zero. The struct itself is needed only during the call.
 */
typedef struct sansocket_socketio_setup {
    /** `sizeof(sansocket_socketio_setup)`. */
    size_t size;
    /** `SANSOCKET_ABI_VERSION`. */
    uint32_t abi_version;
    /** 0. */
    uint32_t reserved;
    /** Limits and timeouts, lent for as long as the client is used; NULL for the defaults. */
    const sansocket_socketio_config *config;
    /** A slot for each namespace that is connected at the same time, lent for as long as the client is used. */
    sansocket_namespace_slot *namespaces;
    /** How many. */
    size_t namespace_count;
    /**
     * A slot for each answer that is waited for at the same time, lent for as long as the client is used. NULL if `ack_count` is 0.
     */
    sansocket_ack_slot *acks;
    /** How many. */
    size_t ack_count;
    /**
     * `SANSOCKET_SOCKETIO_OPTION_NAMESPACE_LEN` bytes for each namespace slot, 128 unless set otherwise, and after them room for the longest
     * event that is emitted, its attachments not counted: lent for as long as the client is used. Its contents do not matter.
     */
    uint8_t *memory;
    /** How many bytes. */
    size_t memory_size;
    /** 0. */
    uint64_t reserved_more[2];
} sansocket_socketio_setup;

/** A JSON value, as it stands in its text. */
typedef struct sansocket_json {
    /** What it is. */
    sansocket_json_kind kind;
    /** 1 if it is `true`. */
    uint8_t is_true;
    /** 0 in this version. */
    uint8_t reserved[3];
    /**
     * The value, without blanks around it. Of an item or a member, a comma, a bracket or a blank follows, so that `strtod` finds the end of a
     * number.
     */
    sansocket_text json;
    /** The name of a member of an object, as it stands between its quotes; `data` is NULL for other values. */
    sansocket_text key;
} sansocket_json;

/** Where to dial, and what to join there. */
typedef struct sansocket_target {
    /** For the `url` of `sansocket_session_setup`, which copies it. It lies in the `out` of the call. */
    sansocket_text url;
    /** For `sansocket_socketio_connect`: the URL's path. It lies in the URL, or is a constant. */
    sansocket_text namespace_name;
} sansocket_target;

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/* ---- The functions that a program needs ---- */

/**
 * Takes a URL as Socket.IO's other clients do, `http://host:port/namespace?query`, or `https`, `ws` or `wss`, and writes to `out` the URL of the
 * server's WebSocket; and where that and the namespace lie to `target`. `path` is where the server has Socket.IO: `/socket.io/` if `path_len`
 * is 0. The length of URL and path and 40 bytes more always suffice for `out`.
 *
 * Returns `SANSOCKET_OK`, `SANSOCKET_URL_...`, `SANSOCKET_USAGE_BUFFER_TOO_SHORT` or `SANSOCKET_USAGE_INVALID_UTF8`. Nothing is written to
 * `target` unless it is `SANSOCKET_OK`.
 */
sansocket_result sansocket_socketio_target(
    const char *url, size_t url_len, const char *path, size_t path_len, char *out, size_t out_size, sansocket_target *target);

/**
 * Begins a client without namespaces. `io` may have any contents before.
 *
 * Returns `SANSOCKET_OK`, `SANSOCKET_WRONG_SIZE`, `SANSOCKET_WRONG_VERSION`, `SANSOCKET_NOT_INITIALISED` (the configuration), or
 * `SANSOCKET_SOCKETIO_MEMORY_TOO_SHORT`.
 */
sansocket_result sansocket_socketio_init(sansocket_socketio *io, const sansocket_socketio_setup *setup);

/**
 * Wants into a namespace, `/` or a slash and a name: now, if there is a connection, and at each connection to come; and writes its id to
 * `namespace_id`, the same when that name is connected again. Then start the session, unless it is.
 *
 * Returns `SANSOCKET_OK`, `SANSOCKET_SOCKETIO_INVALID_NAME`, `_NAME_TOO_LONG`, `_NO_NAMESPACE_SLOT`, `_LEAVING`, or
 * `SANSOCKET_USAGE_INVALID_UTF8`. Nothing is written unless it is `SANSOCKET_OK`.
 */
sansocket_result sansocket_socketio_connect(
    sansocket_socketio *io, sansocket_session *session, uint64_t now_ms, const char *name, size_t name_len,
    uint32_t *namespace_id);

/**
 * Releases the current event and writes the next to `event`: `SANSOCKET_SOCKETIO_EVENT_NONE` if there is none, and where the result is not
 * `SANSOCKET_OK`. It takes the place of `sansocket_session_next`, which is not to be called beside it: it takes the session's events, and does
 * what is due by itself: heartbeats, joining, deadlines.
 *
 * Returns what `sansocket_session_next` does.
 */
sansocket_result sansocket_socketio_next(
    sansocket_socketio *io, sansocket_session *session, uint64_t now_ms, sansocket_socketio_event *event);

/**
 * Returns the milliseconds from `now_ms` until `sansocket_socketio_next` has something to do, of the session's or of its own, as `poll` takes
 * them: 0 for at once, -1 if nothing is waited for, as after the session has stopped. 0 without a client or a session. It takes the place of
 * `sansocket_session_poll_timeout`.
 */
int32_t sansocket_socketio_poll_timeout(const sansocket_socketio *io, const sansocket_session *session, uint64_t now_ms);

/**
 * In the handler of `SANSOCKET_SOCKETIO_EVENT_JOINING`: asks for the namespace with `auth`, credentials in a JSON object. If the output has
 * no room for it now, that event comes again.
 *
 * Returns `SANSOCKET_OK`, `SANSOCKET_SOCKETIO_NOT_CONNECTED` at any other time, or `SANSOCKET_USAGE_INVALID_UTF8`;
 * `SANSOCKET_SOCKETIO_TOO_LONG`, or `SANSOCKET_SOCKETIO_PACKET_...` for what is no JSON object, after which the namespace is off.
 */
sansocket_result sansocket_socketio_authenticate(
    sansocket_socketio *io, sansocket_session *session, uint64_t now_ms, uint32_t namespace_id, const char *auth,
    size_t auth_len);

/**
 * Emits an event, now or once its namespace is joined, and writes to `sent` by what it is known, unless that is NULL. What `emit` points to
 * may lie in the session's input, as what an event shows does.
 *
 * Returns `SANSOCKET_OK`; `SANSOCKET_SOCKETIO_NOT_CONNECTED`, `_NO_ACK_SLOT`, `_TOO_LONG`; `SANSOCKET_SOCKETIO_PACKET_...` for arguments or a
 * name that no server would take; what `sansocket_session_send` does; or `SANSOCKET_INVALID_ARGUMENT` for an argument of a type that
 * does not exist.
 */
sansocket_result sansocket_socketio_emit(
    sansocket_socketio *io, sansocket_session *session, uint64_t now_ms, const sansocket_emit *emit, sansocket_sent *sent);

/**
 * Answers the event of the server's that `asker` names, once, with the arguments and attachments of `answer`, whose other fields are not
 * read. It need not be done in the event's handler, but while its connection lasts.
 *
 * Returns `SANSOCKET_OK`, `SANSOCKET_SOCKETIO_STALE`, or what `sansocket_socketio_emit` does.
 */
sansocket_result sansocket_socketio_ack(
    sansocket_socketio *io, sansocket_session *session, uint64_t now_ms, const sansocket_asker *asker,
    const sansocket_emit *answer);

/**
 * Leaves a namespace, after what waits for it. `SANSOCKET_SOCKETIO_EVENT_DISCONNECTED` follows if it is joined; if it is not, what waits is
 * dropped. With the last namespace the session is closed, and has to be started again after the next `sansocket_socketio_connect`. Without
 * effect on a namespace that does not exist. Returns `SANSOCKET_OK`.
 */
sansocket_result sansocket_socketio_disconnect(
    sansocket_socketio *io, sansocket_session *session, uint64_t now_ms, uint32_t namespace_id);

/* ---- JSON that has arrived, and that is made ---- */

/**
 * Writes the items of an array, or the members of an object, from the one with the index `skip` on, to `values`, at most `capacity` of them; and
 * returns how many there are, those that were skipped and those for which there was no room included. Of an event of the server's the name is
 * the first item: `sansocket_json_items(event.json, 1, args, 2) == 3` has two arguments in `args`. Returns 0 for what is neither an array nor an object, or no JSON, and where `values` is wrong. Each call reads the text from its start.
 */
size_t sansocket_json_items(sansocket_text json, size_t skip, sansocket_json *values, size_t capacity);

/**
 * Writes the member of an object with this name to `value`; of several the last, as JavaScript has it.
 *
 * Returns `SANSOCKET_OK`, `SANSOCKET_SOCKETIO_OTHER_KIND` if there is none, `SANSOCKET_SOCKETIO_PACKET_INVALID_JSON`, `_TOO_DEEP`, or
 * `SANSOCKET_USAGE_INVALID_UTF8`. Nothing is written unless it is `SANSOCKET_OK`.
 */
sansocket_result sansocket_json_get(sansocket_text json, const char *key, size_t key_len, sansocket_json *value);

/** Returns 1 if `json` is a string and, its escapes resolved, the same as `text`; else 0. */
uint8_t sansocket_json_equals(sansocket_text json, const char *text, size_t text_len);

/**
 * Writes a string, its escapes resolved, to `out`, and where it lies to `text`. As many bytes as `json` has always suffice. No NUL follows.
 *
 * Returns `SANSOCKET_OK`, `SANSOCKET_SOCKETIO_OTHER_KIND` if `json` is no string, `SANSOCKET_USAGE_BUFFER_TOO_SHORT`,
 * `SANSOCKET_SOCKETIO_PACKET_INVALID_JSON`, or `SANSOCKET_USAGE_INVALID_UTF8`. Nothing is written to `text` unless it is `SANSOCKET_OK`.
 */
sansocket_result sansocket_json_text(sansocket_text json, char *out, size_t out_size, sansocket_text *text);

/**
 * Writes a number to `integer`.
 *
 * Returns `SANSOCKET_OK`, or `SANSOCKET_SOCKETIO_OTHER_KIND` if `json` is not a number of digits, with a minus or not, up to 2^53 - 1. Others
 * stand in the text, for `strtod`.
 */
sansocket_result sansocket_json_integer(sansocket_text json, int64_t *integer);

/**
 * Writes `text`, which is UTF-8, to `out` as a JSON string, in quotes, and where it lies to `json`: for JSON that a program makes itself. It
 * takes two bytes more than the text, and one or five more for each character that is escaped.
 *
 * Returns `SANSOCKET_OK`, `SANSOCKET_USAGE_BUFFER_TOO_SHORT`, or `SANSOCKET_USAGE_INVALID_UTF8`. Nothing is written to `json` unless it is
 * `SANSOCKET_OK`.
 */
sansocket_result sansocket_json_escape(const char *text, size_t text_len, char *out, size_t out_size, sansocket_text *json);

/* ---- What a client can be asked ---- */

/** Returns where a namespace stands; `SANSOCKET_SOCKETIO_STATE_OFF` for one that does not exist, or without a client. */
sansocket_socketio_state sansocket_socketio_get_state(const sansocket_socketio *io, uint32_t namespace_id);

/**
 * Returns the name of a namespace: `/`, or a slash and a name. It lies in the client's memory, for as long as the namespace is connected. `data`
 * is NULL for one that does not exist, or without a client.
 */
sansocket_text sansocket_socketio_get_name(const sansocket_socketio *io, uint32_t namespace_id);

/**
 * Returns when `sansocket_socketio_next` has something to do, of the session's or of its own, in the milliseconds of `now_ms`; a time that has
 * passed says at once, `SANSOCKET_NEVER` that nothing is waited for, or that there is no client or no session.
 */
uint64_t sansocket_socketio_get_next_timeout(const sansocket_socketio *io, const sansocket_session *session);

/* ---- Configuration ---- */

/**
 * Sets every option to its default. Of `setup` only size and version are read. `config` may have any contents before; there is
 * nothing to free.
 *
 * Returns `SANSOCKET_OK`, `SANSOCKET_WRONG_SIZE` or `SANSOCKET_WRONG_VERSION`.
 */
sansocket_result sansocket_socketio_config_init(sansocket_socketio_config *config, const sansocket_socketio_setup *setup);

/**
 * Sets an option, before the configuration is lent to a client.
 *
 * Returns `SANSOCKET_OK`, `SANSOCKET_INVALID_ARGUMENT` for an option that does not exist, or `SANSOCKET_OUT_OF_RANGE`.
 */
sansocket_result sansocket_socketio_config_set(
    sansocket_socketio_config *config, sansocket_socketio_option option, uint64_t value);

/* ---- Texts ---- */

/**
 * Returns one sentence, without a full stop, that says what a result means, those of `sansocket.h` and `sansocket_session.h` included. Any
 * number may be passed. Never NULL; constant, ends in NUL.
 */
const char *sansocket_socketio_result_text(sansocket_result result);

/**
 * Returns the name of an event for a log: `connected`, `ack failed`. Any number may be passed. Never NULL; constant, ends in NUL.
 */
const char *sansocket_socketio_event_text(sansocket_socketio_event_type event_type);

/**
 * Returns the `reason` of `SANSOCKET_SOCKETIO_EVENT_DISCONNECTED` as the JavaScript client calls it: `io server disconnect`. Any number may
 * be passed. Never NULL; constant, ends in NUL.
 */
const char *sansocket_socketio_reason_text(sansocket_socketio_reason reason);

/**
 * Returns one sentence, without a full stop, about the `fault` of `SANSOCKET_SOCKETIO_EVENT_DOWN`. Any number may be passed. Never NULL;
 * constant, ends in NUL.
 */
const char *sansocket_socketio_fault_text(sansocket_socketio_fault fault);

/** Returns the name of a namespace's state for a log: `connecting`. Any number may be passed. Never NULL; constant, ends in NUL. */
const char *sansocket_socketio_state_text(sansocket_socketio_state state);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* SANSOCKET_SOCKETIO_H */
