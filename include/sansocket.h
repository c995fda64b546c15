/*
 * sansocket: WebSocket without the socket. RFC 6455, both roles, as a state machine: bytes in, events out; commands in, bytes
 * out; time in, deadlines out. No sockets, no heap, no clock, no threads, no callbacks but one for a client's entropy and, for
 * those who want them, that of a codec of their own and that of a write without a copy (sansocket_buffered_send_part_by).
 *
 * THE LOOP of a program that has a socket, a UART or a TLS stream: a `sansocket` is the machine, a `sansocket_buffered` that and the two
 * buffers of its transport. Take events until there are none, write what is due, obey the transport's order, wait, read. A server
 * that echoes, without its sockets:
 *
 *     sansocket_acceptance acceptance = {0};
 *     acceptance.origin = SANSOCKET_ORIGIN_SAME_HOST;        // which pages may connect
 *     sansocket_setup setup = SANSOCKET_SETUP;
 *     setup.now_ms = now_ms();
 *     sansocket_init_server(&ws, &setup);
 *     sansocket_buffers buffers = {0};
 *     buffers.input = input, buffers.input_size = sizeof input;
 *     buffers.output = output, buffers.output_size = sizeof output;
 *     buffers.room_for = sizeof output / 2;                  // an event comes when its echo, of as many bytes, has room
 *     sansocket_buffered_attach(&b, &ws, &buffers);
 *     while (sansocket_buffered_get_transport(&b) != SANSOCKET_TRANSPORT_CLOSE) {
 *         while (sansocket_buffered_next(&b, now_ms(), &event) == SANSOCKET_OK && event.type != SANSOCKET_EVENT_NONE) {
 *             if (event.type == SANSOCKET_EVENT_REQUEST || event.type == SANSOCKET_EVENT_HTTP_REQUEST)
 *                 sansocket_buffered_accept_or_refuse(&b, now_ms(), event.data, event.len, &acceptance);
 *             else if (event.type == SANSOCKET_EVENT_DATA)   // a whole message
 *                 sansocket_buffered_send(&b, now_ms(), event.kind, event.data, event.len);
 *         }
 *         sansocket_bytes due = sansocket_buffered_due(&b);
 *         if (due.len > 0 && can_write())
 *             sansocket_buffered_written(&b, write_some(due.data, due.len), now_ms());
 *         if (sansocket_buffered_get_transport(&b) == SANSOCKET_TRANSPORT_SHUTDOWN_WRITE)
 *             shut_down();
 *         wait_until(sansocket_buffered_wants_reading(&b), due.len > 0, sansocket_buffered_poll_timeout(&b, now_ms()));
 *         sansocket_bytes space = sansocket_buffered_space(&b);
 *         if (space.len > 0 && the_peer_has_ended())
 *             sansocket_buffered_eof(&b);
 *         else
 *             sansocket_buffered_filled(&b, space.len > 0 ? read_some(space.data, space.len) : 0, now_ms());
 *     }
 *
 * BY HAND, for programs that want every byte (writev, codecs, buffers of their own): a `sansocket` and an `io` for each call. Give what
 * arrived (sansocket_receive) until no event is left, keep what was not consumed, write what is in the output, obey `transport`, wait
 * no longer than sansocket_poll_timeout says, then call sansocket_handle_timeout. docs/c.md has both loops.
 *
 * What holds for every function:
 *
 * - Results. Every function that can refuse returns a sansocket_result. All but SANSOCKET_OK mean that nothing was consumed,
 *   unmasked, written, changed or drawn from entropy, with these exceptions: `needed`, `consumed`, `done` and the event of a
 *   sansocket_io say so; sansocket_collect keeps a piece with SANSOCKET_INCOMPLETE; what an inflater took stays in it, and what
 *   sansocket_inflate wrote before it found a fault is in the free part of the output; after SANSOCKET_CODEC_FAILED the message
 *   that was begun cannot be ended. The peer's faults are events (SANSOCKET_EVENT_FAILED), not results.
 * - No connection. Functions that return a value instead of a result say what they return "without a connection": where `ws` is NULL,
 *   misaligned or was never initialised.
 * - Arguments. Whatever a function's docs say, it may also return SANSOCKET_NULL_POINTER, SANSOCKET_MISALIGNED,
 *   SANSOCKET_NOT_INITIALISED, SANSOCKET_LENGTH_TOO_LARGE, SANSOCKET_OVERLAP, or SANSOCKET_INVALID_ARGUMENT for an `output_len`
 *   above `output_size`. A pointer may be NULL only where that is said; bytes, text and arrays may be NULL where their length is
 *   0.
 * - Room. A call that returns SANSOCKET_NEEDS_ROOM is made again once the output has drained. Nothing else makes it due: what
 *   waits in the input makes no socket readable. The same holds for a caller that stops calling sansocket_receive while its
 *   output is full. An event was consumed before its answer is written, so an output with room for one input buffer and 145 bytes
 *   more spares a handler that only echoes from SANSOCKET_NEEDS_ROOM; another handler keeps what it has to say until there is
 *   room.
 * - Ownership. All memory is the caller's and stays so; nothing is allocated and nothing is to be freed. Memory that is passed is
 *   used during the call only, with five exceptions: the configuration and its list of subprotocols are lent to connections for
 *   as long as those are used, the entropy function and its context must stay valid for as long as the client is used, the memory of an inflater
 *   or compressor is lent for as long as that is used, and connection and buffers are lent to a sansocket_buffered until they are detached.
 * - Contents. Structs and bytes that a function reads were written before; what is free in the output may have any contents. A
 *   zeroed sansocket, sansocket_buffered, sansocket_config, sansocket_inflater or sansocket_compressor gives SANSOCKET_NOT_INITIALISED. Memory of
 *   indeterminate contents as one of these is outside the contract, except where a function initialises it.
 * - Overlap. Structs overlap neither each other nor any bytes. It is checked that bytes which are read do not overlap what is free in
 *   the output, and that the input, the window and the lent memory of compression, which are written, do not overlap any of it. What a
 *   sansocket_buffered reads must not overlap any of its output.
 * - Threads. The library has no state of its own: different connections may be used by different threads at the same time, one
 *   connection by one thread at a time, in whatever order the caller's locks make. No call blocks.
 * - Wrong calls (wrong order, wrong role, after a failure) are results, never undefined behaviour.
 *
 * Transports that cannot half-close (a UART, a modem, most message queues): once sansocket_get_was_clean is 1 and the output is
 * written, call sansocket_receive_eof instead of sansocket_receive: both Closes are the end of such a transport, and what is left in
 * the input belongs to whoever comes next. sansocket_receive would swallow it, since a peer says nothing after its Close. An end that
 * is not clean takes until the deadline (SANSOCKET_OPTION_CLOSING_TIMEOUT_MS), during which sansocket_receive drops what the peer
 * still sends.
 *
 * Linking only what is called: each function of the static library stands in a section of its own. With -Wl,--gc-sections (GCC
 * and Clang for ELF; -Wl,-dead_strip for macOS, /OPT:REF for MSVC) a program takes the code that it calls: a server without
 * sansocket_init_client and sansocket_request has no client's handshake in it, and who does not call the functions of compression
 * has no codec. Keep debug sections out of the comparison (strip).
 *
 * § is a section of RFC 6455 unless another RFC is named. Lengths are in bytes, times in milliseconds. Fields called `reserved`
 * are 0. Enums are 32 bits wide for every compiler.
 *
 * This file is generated from src/ffi by ci/header; changes belong there.
 */

#ifndef SANSOCKET_H
#define SANSOCKET_H

#include <stddef.h>
#include <stdint.h>
/** The version of this header, to be compared: `#if SANSOCKET_VERSION >= 1002003` is 1.2.3 or later. */
#define SANSOCKET_VERSION \
    (SANSOCKET_VERSION_MAJOR * 1000000 + SANSOCKET_VERSION_MINOR * 1000 + SANSOCKET_VERSION_PATCH)

/** Initialises a sansocket_text with a string literal: `sansocket_text host = SANSOCKET_LITERAL("example.com");`. */
#define SANSOCKET_LITERAL(literal) \
    { "" literal, sizeof(literal) - 1 }

/** Initialises a sansocket_setup with its size and version, all else zero: `sansocket_setup setup = SANSOCKET_SETUP;`. */
#define SANSOCKET_SETUP \
    { sizeof(sansocket_setup), SANSOCKET_ABI_VERSION, (sansocket_role)0, 0, NULL, NULL, NULL, NULL, NULL, 0, 0, (sansocket_level)0 }

/** Makes an enum 32 bits wide, as the library has it, with `-fshort-enums` too; in C++ any number may be one, as in C. */
#if defined(__cplusplus)
#define SANSOCKET_ENUM(name) name : uint32_t
#elif defined(__GNUC__)
#define SANSOCKET_ENUM(name) __attribute__((mode(SI))) name
#else
#define SANSOCKET_ENUM(name) name
#endif


/** What `sansocket_get_next_timeout` and `sansocket_get_round_trip_us` return if there is nothing to return. */
#define SANSOCKET_NEVER 18446744073709551615ull

/** The longest header of a frame. */
#define SANSOCKET_MAX_FRAME_HEADER_LEN 14

/** The longest payload of a control frame (§5.5). */
#define SANSOCKET_MAX_CONTROL_PAYLOAD 125

/** The most headers, and the most origins, that a verb takes. */
#define SANSOCKET_MAX_LIST 16

/**
 * The version of this header's structs and functions. `SANSOCKET_SETUP` fills it in, and the functions that initialise compare
 * it with the library's.
 */
#define SANSOCKET_ABI_VERSION 4

/** The version of the library that this header belongs to: its first number. */
#define SANSOCKET_VERSION_MAJOR 0

/** The second number of the version. */
#define SANSOCKET_VERSION_MINOR 1

/** The third number of the version. */
#define SANSOCKET_VERSION_PATCH 0

/** Bytes of free output that suffice for every `sansocket_receive` and `sansocket_handle_timeout`. */
#define SANSOCKET_MAX_ANSWER 131

/** The most bytes that `sansocket_receive` leaves in the input once the opening handshake is over. */
#define SANSOCKET_MAX_REMAINDER 130

/** The length of a Sec-WebSocket-Accept, in bytes. */
#define SANSOCKET_ACCEPT_KEY_LEN 28

/**
 * What a function did. Every result but `SANSOCKET_OK` means that nothing was consumed, unmasked, written, changed or drawn
 * from entropy. Numbers are never reused; later versions may add some.
 */
typedef enum SANSOCKET_ENUM(sansocket_result) {
    /** Done. */
    SANSOCKET_OK = 0,
    /**
     * Not yet: the output has too little room. Write what is in it and call again; `needed` says how many free bytes suffice,
     * `sansocket_buffered_get_room` how many there are.
     */
    SANSOCKET_NEEDS_ROOM = 1,
    /** The entropy function did not return 0. */
    SANSOCKET_ENTROPY_FAILED = 2,
    /** Not yet: more bytes have to arrive, of a head, of a frame's header or of a message. No mistake. */
    SANSOCKET_INCOMPLETE = 4,
    /** A pointer is NULL that must not be. */
    SANSOCKET_NULL_POINTER = 16,
    /** A pointer to a struct is not aligned as the struct must be. */
    SANSOCKET_MISALIGNED = 17,
    /** The struct was never initialised. */
    SANSOCKET_NOT_INITIALISED = 18,
    /**
     * The size in `sansocket_setup` is not the library's: it was not filled in by `SANSOCKET_SETUP`, or header and library are
     * of different versions.
     */
    SANSOCKET_WRONG_SIZE = 19,
    /** The ABI version in `sansocket_setup` is not the library's. */
    SANSOCKET_WRONG_VERSION = 20,
    /** A length above `PTRDIFF_MAX`. */
    SANSOCKET_LENGTH_TOO_LARGE = 21,
    /** The output, the input or memory that was lent overlap. */
    SANSOCKET_OVERLAP = 22,
    /**
     * A role, kind, opcode, option, level, rule or decision on the Origin that does not exist, an `rsv` above 7, an event that is not
     * data, a `reserved` that is not 0, an `output_len` above `output_size`, or a count of more bytes than there are.
     */
    SANSOCKET_INVALID_ARGUMENT = 23,
    /** A value is outside the range of its option, or window bits are not 8 to 15. */
    SANSOCKET_OUT_OF_RANGE = 24,
    /** More headers or origins than `SANSOCKET_MAX_LIST`. */
    SANSOCKET_LIST_TOO_LONG = 25,
    /** The bytes are not the whole head of a request, or of a response. */
    SANSOCKET_NOT_A_HEAD = 26,
    /** The message is longer than the memory lent to collect it. */
    SANSOCKET_MESSAGE_TOO_LONG = 27,
    /** The bytes are not the header of a frame, or not of one that the rules allow. */
    SANSOCKET_NOT_A_FRAME = 28,
    /**
     * The memory lent to an inflater or compressor does not have the length that it must have, or a block for what remains of a turn
     * is too short.
     */
    SANSOCKET_WRONG_MEMORY_LEN = 29,
    /**
     * A codec of the caller's that compresses returned another number than 0, or did not do what `sansocket_deflate_codec` says.
     */
    SANSOCKET_CODEC_FAILED = 30,
    /** A call of the opening handshake while no opening handshake waits for it. */
    SANSOCKET_USAGE_NOT_CONNECTING = 257,
    /** A message, Ping, Pong or Close before the opening handshake is over (§4.1, §6.1). Afterwards it is not a mistake. */
    SANSOCKET_USAGE_NOT_OPEN = 258,
    /** A call that is for the other role. */
    SANSOCKET_USAGE_WRONG_ROLE = 259,
    /** §5.6: text that is not UTF-8, or that ends inside a character. */
    SANSOCKET_USAGE_INVALID_UTF8 = 260,
    /** §5.5: a control payload of more than 125 bytes. */
    SANSOCKET_USAGE_CONTROL_PAYLOAD_TOO_LONG = 261,
    /** §7.4: a code that is not allowed in a frame. */
    SANSOCKET_USAGE_INVALID_CLOSE_CODE = 262,
    /** §5.5.1: a reason of more than 123 bytes, or a reason without a code. */
    SANSOCKET_USAGE_INVALID_CLOSE_REASON = 263,
    /** §5.4: a fragment of another kind than the message that it continues, or compressed while that is not, or the reverse. */
    SANSOCKET_USAGE_WRONG_MESSAGE_KIND = 264,
    /** A host that is not allowed in a Host header. */
    SANSOCKET_USAGE_INVALID_HOST = 265,
    /** A target that is not allowed in a request line: it must start with `/` or `?` and have neither blanks, controls nor `#`. */
    SANSOCKET_USAGE_INVALID_TARGET = 266,
    /** A header name that is not a token, or a value with control bytes. */
    SANSOCKET_USAGE_INVALID_HEADER = 267,
    /** A header that the opening handshake writes itself. */
    SANSOCKET_USAGE_RESERVED_HEADER = 268,
    /** A list of subprotocols with an empty, repeated or malformed name (§4.1). */
    SANSOCKET_USAGE_INVALID_SUBPROTOCOL = 269,
    /** §4.2.2: a subprotocol that the client did not offer or that is not in the `Config`'s list. */
    SANSOCKET_USAGE_UNOFFERED_SUBPROTOCOL = 270,
    /** §4.2.2: a request whose Origin is not among those that are accepted. */
    SANSOCKET_USAGE_ORIGIN_NOT_ALLOWED = 271,
    /** A request that is not a valid opening handshake. */
    SANSOCKET_USAGE_NOT_AN_OPENING_HANDSHAKE = 272,
    /**
     * A status that a final response cannot have, below 200 or above 999; a body with 204, 205 or 304, which have no body; or
     * success for a CONNECT, which would open a tunnel (RFC 9110 §9.3.6).
     */
    SANSOCKET_USAGE_INVALID_STATUS = 273,
    /** Fewer bytes were presented than were left unconsumed before. */
    SANSOCKET_USAGE_INPUT_TOO_SHORT = 274,
    /**
     * A compressed message arrives, or should be sent, and compression was not agreed on, or not as this call needs it; or the inflater,
     * the compressor or the memory for what is inflated is missing, or its window is too small.
     */
    SANSOCKET_USAGE_NO_DEFLATE = 275,
    /** §5.4: a whole message while another is unfinished. */
    SANSOCKET_USAGE_MESSAGE_UNFINISHED = 276,
    /** §5.2: a payload of 2^63 bytes or more. */
    SANSOCKET_USAGE_PAYLOAD_TOO_LONG = 277,
    /** §5.4: a further part of a message while no message is unfinished. */
    SANSOCKET_USAGE_NO_MESSAGE_UNFINISHED = 278,
    /**
     * A `sansocket_buffered` connection with an input below 131 bytes, or an output below 262, below 131 and the room that was
     * asked for, or below a frame and 131.
     */
    SANSOCKET_USAGE_BUFFER_TOO_SHORT = 279,
    /** RFC 7692 §7.1.2: settings of permessage-deflate with a window of other than 8 to 15 bits. */
    SANSOCKET_USAGE_INVALID_WINDOW_BITS = 280,
    /** A compressor that many connections share is inside a message of another, or not inside the one that is to be continued. */
    SANSOCKET_USAGE_WRONG_COMPRESSOR = 281,
    /** The scheme is missing or not `ws`, `wss`, `http` or `https`. */
    SANSOCKET_URL_INVALID_SCHEME = 513,
    /**
     * The host is missing, or has a byte that no host has. Names with characters beyond ASCII must be given in their `xn--`
     * form.
     */
    SANSOCKET_URL_INVALID_HOST = 514,
    /** The port is not a number from 1 to 65535. */
    SANSOCKET_URL_INVALID_PORT = 515,
    /** A user name or password (`user@`), for which §3 has no place. Credentials go into a header. */
    SANSOCKET_URL_USER_INFORMATION = 516,
    /** A fragment (`#`), which §3 forbids. */
    SANSOCKET_URL_FRAGMENT = 517,
    /** A blank, a control byte or a byte beyond ASCII in path or query: they must be given percent-encoded. */
    SANSOCKET_URL_INVALID_TARGET = 518,
    /** RFC 1951 §3.2.3: block type 3 is reserved. */
    SANSOCKET_INFLATE_RESERVED_BLOCK_TYPE = 769,
    /** RFC 1951 §3.2.4: NLEN of a stored block is not the complement of LEN. */
    SANSOCKET_INFLATE_STORED_LEN_MISMATCH = 770,
    /** RFC 1951 §3.2.7: more than 286 literal and length codes, or more than 30 distance codes. */
    SANSOCKET_INFLATE_TOO_MANY_CODES = 771,
    /** RFC 1951 §3.2.7: the code length code is over-subscribed or incomplete. */
    SANSOCKET_INFLATE_BAD_CODE_LENGTH_CODE = 772,
    /** RFC 1951 §3.2.7: a repeat without a previous length, or beyond the last code. */
    SANSOCKET_INFLATE_BAD_REPEAT = 773,
    /** RFC 1951 §3.2.5: there is no code for the end of the block. */
    SANSOCKET_INFLATE_NO_END_OF_BLOCK = 774,
    /** RFC 1951 §3.2.2: the literal and length code is over-subscribed or incomplete. */
    SANSOCKET_INFLATE_BAD_LITERAL_CODE = 775,
    /** RFC 1951 §3.2.2: the distance code is over-subscribed or incomplete. */
    SANSOCKET_INFLATE_BAD_DISTANCE_CODE = 776,
    /** RFC 1951 §3.2.5: bits that are not a code for a literal or a length, or symbol 286 or 287. */
    SANSOCKET_INFLATE_INVALID_LITERAL = 777,
    /** RFC 1951 §3.2.5: bits that are not a code for a distance, or symbol 30 or 31. */
    SANSOCKET_INFLATE_INVALID_DISTANCE = 778,
    /** RFC 1951 §3.2.5, RFC 7692 §7.1.2: a match before the first byte of the history, or beyond the agreed window. */
    SANSOCKET_INFLATE_DISTANCE_TOO_FAR = 779,
    /**
     * RFC 7692 §7.2.1: the message does not end with an empty stored block whose LEN and NLEN were removed: it ends inside a
     * block, or continues after that block.
     */
    SANSOCKET_INFLATE_NOT_FLUSHED = 780,
    /** A codec other than this library's refuses the data and does not say why. */
    SANSOCKET_INFLATE_UNSPECIFIED = 781,
} sansocket_result;

/**
 * Which pages may connect (§10.2). There is no default: a server that authenticates by cookies and takes any origin can be used
 * by every page that its users visit.
 */
typedef enum SANSOCKET_ENUM(sansocket_origin) {
    /** Any: for public services, for those that authenticate inside the connection, and where the caller checked it. */
    SANSOCKET_ORIGIN_ANY = 1,
    /**
     * Those in `origins`, compared byte by byte: `https://example.com`. A request without Origin does not come from a browser's
     * page and passes.
     */
    SANSOCKET_ORIGIN_ONE_OF = 2,
    /**
     * Pages of the host that is asked for: the same host and port, where no port stands for 80. A request without Origin passes,
     * `null` does not. This believes the Host header: a name that an attacker points at this server's address passes for its own
     * (DNS rebinding), so a server that others must not reach by such a name compares Host with the names that it has.
     */
    SANSOCKET_ORIGIN_SAME_HOST = 3,
    /** The same for requests that came over TLS, to this program or to a proxy in front of it: no port stands for 443. */
    SANSOCKET_ORIGIN_SAME_HOST_SECURE = 4,
} sansocket_origin;

/** The two kinds of message (§5.6). */
typedef enum SANSOCKET_ENUM(sansocket_kind) {
    /** UTF-8 text. */
    SANSOCKET_TEXT = 1,
    /** Any bytes. */
    SANSOCKET_BINARY = 2,
} sansocket_kind;

/** What happened. */
typedef enum SANSOCKET_ENUM(sansocket_event_type) {
    /** Nothing, and nothing more can be had from this input. */
    SANSOCKET_EVENT_NONE = 0,
    /**
     * Server: a valid opening handshake (§4.2.1). `data` and `len`: its head. Nothing more is read until
     * `sansocket_accept_or_refuse`, `sansocket_accept` or `sansocket_respond` answers it.
     */
    SANSOCKET_EVENT_REQUEST = 1,
    /** Server: plain HTTP on our port. `data` and `len`: its head. `sansocket_respond` answers it. */
    SANSOCKET_EVENT_HTTP_REQUEST = 2,
    /** Client: the server's 101, completely checked (§4.1). Messages may be sent. `status`; `data` and `len`: its head. */
    SANSOCKET_EVENT_OPENED = 3,
    /**
     * Client: any other final response. `status`; `error`: what is wrong with it; `data` and `len`: its head. Its body, if it
     * has one, stays in the input, unparsed; the connection takes nothing more, and `sansocket_close` ends it at once.
     */
    SANSOCKET_EVENT_REFUSED = 4,
    /**
     * A piece of a message, unmasked and, if text, checked as far as it goes. `kind`; `offset`; `first`; `last`; `data` and
     * `len`: the bytes, which the caller may change in place. `len` is 0 only where a message ends without further bytes.
     */
    SANSOCKET_EVENT_DATA = 5,
    /** A Ping (§5.5.2). `data` and `len`: its payload, at most 125 bytes; `answered`: whether this call wrote the Pong. */
    SANSOCKET_EVENT_PING = 6,
    /** A Pong (§5.5.3). `data` and `len`: its payload, at most 125 bytes; `answers`: which Ping of ours it answers. */
    SANSOCKET_EVENT_PONG = 7,
    /**
     * The peer's Close (§5.5.1). This call wrote ours, unless it was sent before. `close_code`: the peer's, 1005 if it gave
     * none; `data` and `len`: its reason, at most 123 bytes of UTF-8.
     */
    SANSOCKET_EVENT_CLOSE_RECEIVED = 8,
    /** The peer broke a rule (§7.1.7): `error`. This call wrote the Close or the HTTP response that tells the peer. */
    SANSOCKET_EVENT_FAILED = 9,
    /**
     * The connection has ended: the last event of every connection, given exactly once. The transport can go. `close_code`: the
     * peer's, 1005 if its Close had none, 1006 if there was no Close; `was_clean`: whether both Closes were exchanged (§7.1.4);
     * `cause`.
     */
    SANSOCKET_EVENT_CLOSED = 10,
} sansocket_event_type;

/**
 * The rule that the peer broke, in the field `error` of an event; 0 in the others. Numbers are never reused; later
 * versions may add some.
 */
typedef enum SANSOCKET_ENUM(sansocket_error) {
    /** No rule was broken. */
    SANSOCKET_ERROR_NONE = 0,
    /** §5.2: RSV1, RSV2 or RSV3 is set without an extension that defines it. */
    SANSOCKET_ERROR_RESERVED_BIT_SET = 1,
    /** §5.2: opcode 3-7 or B-F. */
    SANSOCKET_ERROR_RESERVED_OPCODE = 2,
    /** §5.4, §5.5: a control frame without FIN. */
    SANSOCKET_ERROR_FRAGMENTED_CONTROL_FRAME = 3,
    /** §5.5: a control frame with more than 125 bytes of payload. */
    SANSOCKET_ERROR_CONTROL_FRAME_TOO_LONG = 4,
    /** §5.1: a client's frame without a masking key. */
    SANSOCKET_ERROR_UNMASKED_CLIENT_FRAME = 5,
    /** §5.1: a server's frame with a masking key. */
    SANSOCKET_ERROR_MASKED_SERVER_FRAME = 6,
    /** §5.2: a length that would fit a shorter form. */
    SANSOCKET_ERROR_NON_MINIMAL_LENGTH = 7,
    /** §5.2: the most significant bit of a 64-bit length is set. */
    SANSOCKET_ERROR_LENGTH_TOP_BIT_SET = 8,
    /** §5.4: a continuation frame while no message is unfinished. */
    SANSOCKET_ERROR_CONTINUATION_WITHOUT_START = 9,
    /** §5.4: a text or binary frame while another message is unfinished. */
    SANSOCKET_ERROR_MESSAGE_INSIDE_MESSAGE = 10,
    /** §8.1: a text message that is not UTF-8. */
    SANSOCKET_ERROR_INVALID_UTF8 = 11,
    /** §5.5.1: a Close body of one byte. */
    SANSOCKET_ERROR_CLOSE_BODY_TOO_SHORT = 12,
    /** §7.4: a close code that is not allowed in a frame. */
    SANSOCKET_ERROR_INVALID_CLOSE_CODE = 13,
    /** §5.5.1: a close reason that is not UTF-8. */
    SANSOCKET_ERROR_INVALID_CLOSE_REASON = 14,
    /**
     * §10.4: longer than `SANSOCKET_OPTION_MAX_MESSAGE_LEN`, known from the header
     * or, when compressed, while inflating.
     */
    SANSOCKET_ERROR_MESSAGE_TOO_LONG = 15,
    /** §10.4: more fragments than `SANSOCKET_OPTION_MAX_FRAGMENTS`. */
    SANSOCKET_ERROR_TOO_MANY_FRAGMENTS = 16,
    /** §10.4: more empty frames in a row than `SANSOCKET_OPTION_MAX_EMPTY_FRAMES`. */
    SANSOCKET_ERROR_TOO_MANY_EMPTY_FRAMES = 17,
    /** RFC 7692 §7.2.2: a compressed message that does not inflate. */
    SANSOCKET_ERROR_INVALID_DEFLATE = 18,
    /**
     * RFC 9112 §3: not an HTTP/1.x request line, as with TLS or another protocol on this port. §4.2.1: an opening handshake
     * whose target is neither a path nor a URL.
     */
    SANSOCKET_ERROR_INVALID_REQUEST_LINE = 32,
    /** RFC 9112 §4: not an HTTP/1.x status line, or a 101 of HTTP/1.0. */
    SANSOCKET_ERROR_INVALID_STATUS_LINE = 33,
    /** RFC 9112 §5.1: a header name with a byte that is not allowed in a token, or with white space around it. */
    SANSOCKET_ERROR_INVALID_HEADER_NAME = 34,
    /** RFC 9110 §5.5: a control byte in a header value. */
    SANSOCKET_ERROR_INVALID_HEADER_VALUE = 35,
    /** RFC 9112 §2.2: CR without LF or LF without CR. We accept neither as a line end. */
    SANSOCKET_ERROR_INVALID_LINE_END = 36,
    /** RFC 9112 §5.2: a folded header line. Refused in requests as the RFC requires, in responses by policy. */
    SANSOCKET_ERROR_FOLDED_HEADER_LINE = 37,
    /** A head longer than `SANSOCKET_OPTION_MAX_HEAD_LEN`. */
    SANSOCKET_ERROR_HEAD_TOO_LONG = 38,
    /** More header lines than `SANSOCKET_OPTION_MAX_HEADER_LINES`. */
    SANSOCKET_ERROR_TOO_MANY_HEADER_LINES = 39,
    /** A request target longer than `SANSOCKET_OPTION_MAX_TARGET_LEN`. */
    SANSOCKET_ERROR_TARGET_TOO_LONG = 40,
    /** §9.1, §11.3: a list header (Connection, Upgrade, Sec-WebSocket-Protocol, -Extensions) that breaks its grammar. */
    SANSOCKET_ERROR_INVALID_HEADER_LIST = 41,
    /**
     * RFC 9112 §6.1, §6.3: a Content-Length that is not a number, or several that differ; one together with Transfer-Encoding; a
     * Transfer-Encoding of a request that does not end in chunked, or one in HTTP/1.0. The end of the body cannot be determined.
     */
    SANSOCKET_ERROR_INVALID_BODY_LENGTH = 42,
    /** §4.2.1: the method is not GET. */
    SANSOCKET_ERROR_METHOD_NOT_GET = 48,
    /** RFC 9112 §3.2: no Host, two of them, or an invalid one. */
    SANSOCKET_ERROR_INVALID_HOST = 49,
    /** §4.2.1: Connection does not list `upgrade`. */
    SANSOCKET_ERROR_MISSING_CONNECTION_UPGRADE = 50,
    /** §4.2.1: no Sec-WebSocket-Key, two of them, or one that is not the base64 of 16 bytes. */
    SANSOCKET_ERROR_INVALID_KEY = 51,
    /** §4.2.1: no Sec-WebSocket-Version, or two of them. */
    SANSOCKET_ERROR_INVALID_VERSION = 52,
    /** §4.4: a version other than 13. */
    SANSOCKET_ERROR_UNSUPPORTED_VERSION = 53,
    /** Policy on RFC 9110 §7.8: the request announces a body. */
    SANSOCKET_ERROR_REQUEST_WITH_BODY = 54,
    /** Policy on RFC 9110 §7.8: `Expect` in an opening handshake. */
    SANSOCKET_ERROR_UNSUPPORTED_EXPECTATION = 55,
    /** RFC 8441 §5, RFC 9113 §8.2.2: Connection, Upgrade, Transfer-Encoding or Sec-WebSocket-Key in an extended CONNECT. */
    SANSOCKET_ERROR_CONNECTION_SPECIFIC_FIELD = 56,
    /** §4.1: a final response with a status other than 101. */
    SANSOCKET_ERROR_STATUS_NOT_101 = 64,
    /** §4.1: Upgrade is missing or not `websocket`. */
    SANSOCKET_ERROR_INVALID_UPGRADE = 65,
    /** §4.1: Connection does not list `upgrade`. */
    SANSOCKET_ERROR_MISSING_CONNECTION_UPGRADE_IN_RESPONSE = 66,
    /** §4.1: Sec-WebSocket-Accept is missing or repeated. */
    SANSOCKET_ERROR_INVALID_ACCEPT = 67,
    /** §4.1: Sec-WebSocket-Accept does not match our key. */
    SANSOCKET_ERROR_WRONG_ACCEPT = 68,
    /** §4.1: a subprotocol that was not offered, or two of them. */
    SANSOCKET_ERROR_UNOFFERED_SUBPROTOCOL = 69,
    /** §4.1: an extension that was not offered. */
    SANSOCKET_ERROR_UNOFFERED_EXTENSION = 70,
    /** RFC 9112 §6.1: Transfer-Encoding in a 101. */
    SANSOCKET_ERROR_RESPONSE_WITH_BODY = 71,
    /** More interim responses than `SANSOCKET_OPTION_MAX_INTERIM_RESPONSES`. */
    SANSOCKET_ERROR_TOO_MANY_INTERIM_RESPONSES = 72,
    /**
     * RFC 7692 §7.1: the response's Sec-WebSocket-Extensions names something other than permessage-deflate, or that with an
     * unknown, repeated or invalid parameter, or it grants less than every offer asked for.
     */
    SANSOCKET_ERROR_INVALID_DEFLATE_RESPONSE = 73,
} sansocket_error;

/** What sent a Ping of ours. */
typedef enum SANSOCKET_ENUM(sansocket_ping_source) {
    /** `sansocket_handle_timeout`, to see whether the peer is alive. */
    SANSOCKET_PING_KEEPALIVE = 1,
    /** The caller, by `sansocket_ping`. */
    SANSOCKET_PING_APPLICATION = 2,
} sansocket_ping_source;

/** What ended a connection: for a log, and for whoever decides about connecting again. */
typedef enum SANSOCKET_ENUM(sansocket_end_cause) {
    /** The transport's input ended: the peer closed it, or it broke. */
    SANSOCKET_CAUSE_END_OF_INPUT = 1,
    /** The opening handshake took longer than `SANSOCKET_OPTION_HANDSHAKE_TIMEOUT_MS`. */
    SANSOCKET_CAUSE_HANDSHAKE_TIMEOUT = 2,
    /** A keepalive Ping was not answered within `SANSOCKET_OPTION_PONG_TIMEOUT_MS`. */
    SANSOCKET_CAUSE_PONG_TIMEOUT = 3,
    /** The peer sent nothing for `SANSOCKET_OPTION_IDLE_TIMEOUT_MS`, and there was no room for a Close. */
    SANSOCKET_CAUSE_IDLE_TIMEOUT = 4,
    /** The closing took longer than `SANSOCKET_OPTION_CLOSING_TIMEOUT_MS`. */
    SANSOCKET_CAUSE_CLOSING_TIMEOUT = 5,
    /** The caller closed a refused opening handshake. */
    SANSOCKET_CAUSE_CALLER = 6,
    /**
     * The transport took none of the output for `SANSOCKET_OPTION_WRITE_TIMEOUT_MS`: of a
     * `sansocket_buffered` connection.
     */
    SANSOCKET_CAUSE_WRITE_TIMEOUT = 7,
} sansocket_end_cause;

/** What to do with the transport now. */
typedef enum SANSOCKET_ENUM(sansocket_transport) {
    /** Keep it. */
    SANSOCKET_TRANSPORT_KEEP = 0,
    /**
     * Write what is due, then shut down writing (`shutdown(SHUT_WR)`) and continue to read until the end of input or the
     * deadline, so that a reset does not destroy our last bytes (§7.1.1).
     */
    SANSOCKET_TRANSPORT_SHUTDOWN_WRITE = 1,
    /** Close it once what is due is written, or when the peer stops taking it: the caller sets a deadline for that. */
    SANSOCKET_TRANSPORT_CLOSE = 2,
} sansocket_transport;

/**
 * What `sansocket_config_set` sets, and what it is unless set. Lengths are in bytes; times in milliseconds, where 0 turns a
 * deadline off; 0 or 1 stands for no or yes.
 */
typedef enum SANSOCKET_ENUM(sansocket_option) {
    /** The most bytes of a message, after inflating: 16 MiB. 64 bits. */
    SANSOCKET_OPTION_MAX_MESSAGE_LEN = 1,
    /** The most fragments of a message, empty ones included: 65 536. One is always allowed. 32 bits. */
    SANSOCKET_OPTION_MAX_FRAGMENTS = 2,
    /** The most empty data frames between two bytes of payload: 1 024. 32 bits. */
    SANSOCKET_OPTION_MAX_EMPTY_FRAMES = 3,
    /** The most bytes of a handshake head: 8 192. If your buffer is smaller, set this to its size. 32 bits. */
    SANSOCKET_OPTION_MAX_HEAD_LEN = 4,
    /** The most bytes of a request target: 4 096. 32 bits. */
    SANSOCKET_OPTION_MAX_TARGET_LEN = 5,
    /** The most header lines in a head: 100. 16 bits. */
    SANSOCKET_OPTION_MAX_HEADER_LINES = 6,
    /** For a client, the most interim (1xx) responses before the final one: 8. 8 bits. */
    SANSOCKET_OPTION_MAX_INTERIM_RESPONSES = 7,
    /** Whether `receive` answers Pings itself (§5.5.2): yes. */
    SANSOCKET_OPTION_AUTO_PONG = 8,
    /** From the start to the end of the opening handshake: 10 000 ms. 32 bits. */
    SANSOCKET_OPTION_HANDSHAKE_TIMEOUT_MS = 9,
    /** From our Close, the peer's or a failure, whichever comes first, to the end of the connection: 5 000 ms. 32 bits. */
    SANSOCKET_OPTION_CLOSING_TIMEOUT_MS = 10,
    /** Between two keepalive Pings: 25 000 ms. 32 bits. */
    SANSOCKET_OPTION_KEEPALIVE_INTERVAL_MS = 11,
    /** From a keepalive Ping to its Pong: 20 000 ms. 32 bits. */
    SANSOCKET_OPTION_PONG_TIMEOUT_MS = 12,
    /**
     * Without any byte from the peer being consumed (those of an unfinished header or control frame do not count yet): off. 32 bits.
     */
    SANSOCKET_OPTION_IDLE_TIMEOUT_MS = 13,
    /**
     * The average rate, in bytes per second, at which a peer must take what was due before our Close to get longer than
     * `SANSOCKET_OPTION_CLOSING_TIMEOUT_MS` for it: 240. With 0 any byte is enough. For callers that report what the
     * transport takes (`sansocket_written`). 32 bits.
     */
    SANSOCKET_OPTION_MIN_WRITE_RATE = 14,
    /**
     * For a `sansocket_buffered` connection: as long as the transport takes nothing of the output that is due. Whatever it
     * takes moves this deadline: 20 000 ms. 32 bits.
     */
    SANSOCKET_OPTION_WRITE_TIMEOUT_MS = 15,
} sansocket_option;

/** An end of a connection (§1.1). */
typedef enum SANSOCKET_ENUM(sansocket_role) {
    /** Sends the opening handshake and masks what it sends. */
    SANSOCKET_CLIENT = 1,
    /** Answers the opening handshake and never masks. */
    SANSOCKET_SERVER = 2,
} sansocket_role;

/** How much a compressor spends on a short output. */
typedef enum SANSOCKET_ENUM(sansocket_level) {
    /**
     * The least time and memory: matches among four places, the fixed code, and no delay, so that what is fed of a message comes
     * out before its end. 10 to 35 % longer than zlib's level 6.
     */
    SANSOCKET_LEVEL_FAST = 1,
    /** As short as zlib's level 6, within 3 %, in less time and less memory. */
    SANSOCKET_LEVEL_DEFAULT = 2,
    /** As short as zlib's level 6 or shorter, in more time than `SANSOCKET_OPTION_DEFAULT`. */
    SANSOCKET_LEVEL_BEST = 3,
} sansocket_level;

/** The states of a connection, numbered as browsers number `readyState`. */
typedef enum SANSOCKET_ENUM(sansocket_state) {
    /** The opening handshake is under way. */
    SANSOCKET_STATE_CONNECTING = 0,
    /** Messages may be sent. */
    SANSOCKET_STATE_OPEN = 1,
    /** A Close was sent or received, the connection failed or the handshake was refused. */
    SANSOCKET_STATE_CLOSING = 2,
    /** `SANSOCKET_EVENT_CLOSED` was given. */
    SANSOCKET_STATE_CLOSED = 3,
} sansocket_state;

/** Which frames may come, as to their masking (§5.1). */
typedef enum SANSOCKET_ENUM(sansocket_masking) {
    /** Masked or not. */
    SANSOCKET_MASKING_ANY = 0,
    /** Masked only: from a client. */
    SANSOCKET_MASKING_REQUIRED = 1,
    /** Not masked: from a server. */
    SANSOCKET_MASKING_FORBIDDEN = 2,
} sansocket_masking;

/** Opcodes (§5.2). */
typedef enum SANSOCKET_ENUM(sansocket_opcode) {
    /** A further fragment of a message. */
    SANSOCKET_OPCODE_CONTINUATION = 0,
    /** The first or only frame of a text message. */
    SANSOCKET_OPCODE_TEXT = 1,
    /** The first or only frame of a binary message. */
    SANSOCKET_OPCODE_BINARY = 2,
    /** The closing handshake. */
    SANSOCKET_OPCODE_CLOSE = 8,
    /** Asks for a Pong. */
    SANSOCKET_OPCODE_PING = 9,
    /** Answers a Ping, or nothing. */
    SANSOCKET_OPCODE_PONG = 10,
} sansocket_opcode;

/** The close codes that have a name (§7.4.1 and the registry). 3000 to 4999 are the applications' own. */
typedef enum SANSOCKET_ENUM(sansocket_close_code) {
    /** The connection has fulfilled its purpose. */
    SANSOCKET_CLOSE_NORMAL_CLOSURE = 1000,
    /** A server goes down, or a browser leaves the page. */
    SANSOCKET_CLOSE_GOING_AWAY = 1001,
    /** The peer broke the protocol. */
    SANSOCKET_CLOSE_PROTOCOL_ERROR = 1002,
    /** A kind of data that this endpoint does not accept. */
    SANSOCKET_CLOSE_UNSUPPORTED_DATA = 1003,
    /** The peer's Close had no code. Never in a frame. */
    SANSOCKET_CLOSE_NO_STATUS_RECEIVED = 1005,
    /** The connection ended without a Close from the peer. Never in a frame. */
    SANSOCKET_CLOSE_ABNORMAL_CLOSURE = 1006,
    /** Data that does not fit the type of the message, such as text that is not UTF-8. */
    SANSOCKET_CLOSE_INVALID_PAYLOAD_DATA = 1007,
    /** A policy of this endpoint was violated. */
    SANSOCKET_CLOSE_POLICY_VIOLATION = 1008,
    /** A message is too big. */
    SANSOCKET_CLOSE_MESSAGE_TOO_BIG = 1009,
    /** An extension that the client needs is missing in the server's handshake. For clients only. */
    SANSOCKET_CLOSE_MANDATORY_EXTENSION = 1010,
    /** Something unexpected happened in the endpoint itself. */
    SANSOCKET_CLOSE_INTERNAL_ERROR = 1011,
    /** The service restarts. */
    SANSOCKET_CLOSE_SERVICE_RESTART = 1012,
    /** Try again later. */
    SANSOCKET_CLOSE_TRY_AGAIN_LATER = 1013,
    /** A gateway got a bad answer. */
    SANSOCKET_CLOSE_BAD_GATEWAY = 1014,
} sansocket_close_code;

/**
 * A connection with the two buffers of its transport: it says what is to be written and where to read into, and no more I/O
 * than that. It lies in 320 bytes of the caller's, and may be moved between calls; the connection and the
 * buffers that it was attached to stay where they are. There is nothing to free.
 */
typedef struct sansocket_buffered {
    /** Not for the caller. */
    uint64_t opaque[40];
} sansocket_buffered;

/**
 * One endpoint of one connection, in 128 bytes of the caller's: on the stack, in static memory, in a struct. Its contents are
 * the library's. It may be moved (`memcpy`, `realloc`) between calls; of the copies only one may be used then. There is nothing
 * to free. Zeroed memory is a `sansocket` that was never initialised.
 */
typedef struct sansocket {
    /** Not for the caller. */
    uint64_t opaque[16];
} sansocket;

/**
 * What `sansocket_buffered_attach` is told. Begin with all of it zero. The struct itself is needed only during the call; the
 * memory that it names is lent until `sansocket_buffered_detach`, or until neither the `sansocket_buffered` nor an event of it
 * is used.
 */
typedef struct sansocket_buffers {
    /** For what arrives: where to read into. Its contents do not matter. */
    uint8_t *input;
    /**
     * How many bytes, at least 131. A message that is joined here has at most 144 bytes less (a header and a control frame);
     * while a head fills it without an end, it is answered with 431, whatever `SANSOCKET_OPTION_MAX_HEAD_LEN` says.
     */
    size_t input_size;
    /** For what goes to the peer. Its contents do not matter. */
    uint8_t *output;
    /**
     * How many bytes, at least 262. 131 of them (`SANSOCKET_MAX_ANSWER`) are kept for answers to the peer; the longest message
     * that `sansocket_buffered_send` takes has 14 bytes less than the others.
     */
    size_t output_size;
    /**
     * For messages that arrive in pieces, to be joined here: the longest may fill it. NULL, with a size of 0, to join them in the
     * input. What is inflated comes here (`sansocket_buffered_set_inflater`), `in_pieces` too: then the longest piece may fill it.
     */
    uint8_t *joining;
    /** How many bytes. */
    size_t joining_size;
    /**
     * There is no event unless the output has room for so many bytes of frames beside the answer to the peer: what a handler sends
     * for each event without looking. For an echo that is the longest piece and 14. At most `output_size` less 131, otherwise
     * `SANSOCKET_USAGE_BUFFER_TOO_SHORT`.
     */
    size_t room_for;
    /**
     * 1 for messages in pieces, as they arrive, of any length; 0 for whole ones. A message that is too long to be joined fails the
     * connection with 1009.
     */
    uint8_t in_pieces;
    /** 0. */
    uint8_t reserved[7];
    /** 0. */
    uint64_t reserved_more;
} sansocket_buffers;

/**
 * Text of the caller's or in memory of the caller's: `len` bytes at `data`, without NUL at its end. Names, hosts, targets and
 * subprotocols are ASCII; the value of a header that was received may have any bytes but controls.
 *
 * A text that may be left out is left out if its length is 0, wherever it points. A text that a function returns has `data` NULL
 * if what was asked for does not exist.
 */
typedef struct sansocket_text {
    /** The first byte. */
    const char *data;
    /** How many bytes. */
    size_t len;
} sansocket_text;

/** One header line. */
typedef struct sansocket_header {
    /** Compared without regard to case. */
    sansocket_text name;
    /** Without white space around it. */
    sansocket_text value;
} sansocket_header;

/** What a client asks for. The subprotocols it offers are those of its configuration. Begin with all of it zero. */
typedef struct sansocket_client_request {
    /** Host, with the port unless it is the scheme's default: `example.com:8080`, `[::1]:9001`. */
    sansocket_text host;
    /** Path and query: `/chat?room=1`. Never empty. */
    sansocket_text target;
    /** Origin (§4.1), which browsers send and others may; of length 0 for none. */
    sansocket_text origin;
    /** Further headers: Authorization, Cookie, User-Agent. NULL for none. */
    const sansocket_header *headers;
    /** How many, at most `SANSOCKET_MAX_LIST`. */
    size_t header_count;
    /** 0. */
    uint64_t reserved[2];
} sansocket_client_request;

/**
 * How an endpoint compresses (permessage-deflate, RFC 7692), both for what it sends and for what it receives, so that the same
 * settings serve both roles. All zero are the RFC's defaults: windows of 32 KiB and context takeover, in both directions.
 *
 * Compression takes memory for each connection, and the length of a compressed message tells about its content: whoever can add
 * text of his own to a message with a secret can guess the secret from the lengths (CRIME, BREACH; RFC 7692 §8). Send such
 * messages uncompressed.
 */
typedef struct sansocket_deflate_config {
    /**
     * The base-2 logarithm of the largest window that we compress with, 8 to 15: that of our compressor. 0 stands for 15. A
     * smaller one is used if the peer asks for it.
     */
    uint8_t send_window_bits;
    /**
     * The base-2 logarithm of the largest window that the peer may compress with, 8 to 15: that of the memory lent for
     * inflating. 0 stands for 15.
     */
    uint8_t receive_window_bits;
    /**
     * 1 if each of our messages is compressed by itself (`*_no_context_takeover`, RFC 7692 §7.1.1), so that the compressor can
     * serve many connections.
     */
    uint8_t send_no_context_takeover;
    /**
     * 1 if the peer has to compress each of its messages by itself. The history costs memory here, but makes messages much
     * shorter.
     */
    uint8_t receive_no_context_takeover;
    /**
     * 1 if compression is agreed on without the two settings for receiving where the peer does not support what they ask of it;
     * the program lends 32 KiB for inflating then. With 0 messages are not compressed then.
     */
    uint8_t fallback;
    /** 0. */
    uint8_t reserved[3];
} sansocket_deflate_config;

/** How a server accepts an opening handshake. Begin with all of it zero. */
typedef struct sansocket_acceptance {
    /**
     * The subprotocol, out of those that the client offers and the configuration lists (`sansocket_choose_subprotocol`), or that
     * the client offers if the configuration lists none (`sansocket_request_subprotocol_at`); of length 0 for none.
     */
    sansocket_text subprotocol;
    /** Further headers, such as Set-Cookie. NULL for none. */
    const sansocket_header *headers;
    /** How many, at most `SANSOCKET_MAX_LIST`. */
    size_t header_count;
    /** The origins, for `SANSOCKET_ORIGIN_ONE_OF`; NULL for none. */
    const sansocket_text *origins;
    /** How many, at most `SANSOCKET_MAX_LIST`. */
    size_t origin_count;
    /**
     * Compression for this client: other settings than those of the configuration, which has it on
     * (`sansocket_config_set_deflate`). NULL for those.
     */
    const sansocket_deflate_config *deflate;
    /** The decision on the request's Origin. */
    sansocket_origin origin;
    /** 1 for no compression for this client, whatever the configuration and `deflate` say. */
    uint8_t no_deflate;
    /** 0. */
    uint8_t reserved[3];
    /** 0. */
    uint64_t reserved_more[2];
} sansocket_acceptance;

/** Some bytes. `data` is NULL, and `len` 0, if there are none. */
typedef struct sansocket_bytes {
    /** The first byte. */
    uint8_t *data;
    /** How many bytes. */
    size_t len;
} sansocket_bytes;

/**
 * Writes to the transport, for `sansocket_buffered_send_part_by`: what is due, then the payload (`writev`, `sendmsg`). Both are to be read
 * only, and only during the call, in which the connection cannot be used: every call would return `SANSOCKET_NOT_INITIALISED`. Returns
 * how many bytes of both the transport took, in this order; 0 if it takes nothing now, or no more, which the next write shows.
 */
typedef size_t (*sansocket_write)(void *context, struct sansocket_bytes due, struct sansocket_bytes payload);

/**
 * Inflates what a peer compressed, for one connection: 3 456 bytes of the caller's, or 2 112 where pointers have 32 bits, for tables
 * that are smaller and slower; and 2^8 to 2^15 of history that are lent to it. Its contents are the library's. It may be moved
 * between calls, as a `sansocket` may; the history may not. There is nothing to free.
 *
 * The functions that take an inflater or a compressor are not in a library that was built without the feature `deflate`.
 */
typedef struct sansocket_inflater {
    /** Not for the caller. */
    uint64_t opaque[96];
    /** Not for the caller. */
    size_t opaque_sizes[336];
} sansocket_inflater;

/**
 * Compresses what we send, for one connection: 256 bytes of the caller's, and 384 to 158 400 of memory that are lent to it. Its
 * contents are the library's. It may be moved between calls, as a `sansocket` may; the lent memory may not. There is nothing to
 * free.
 */
typedef struct sansocket_compressor {
    /** Not for the caller. */
    uint64_t opaque[32];
} sansocket_compressor;

/** What a codec of the caller's is to do in one step. */
typedef struct sansocket_codec_step {
    /** In: what to read; nothing may be read through it if `input_len` is 0. */
    const uint8_t *input;
    /** In: how many bytes. */
    size_t input_len;
    /** In: where to write to. */
    uint8_t *output;
    /** In: how many bytes at most. */
    size_t output_size;
    /** Out, 0 before: how many bytes of the input are done with. They are not presented again. */
    size_t consumed;
    /** Out, 0 before: how many bytes were written to the output. */
    size_t produced;
    /**
     * In, for a codec that compresses: 1 if the message ends with this input, so that all of it has to come out
     * (`Z_SYNC_FLUSH`); otherwise bytes may be held back (`Z_NO_FLUSH`).
     */
    uint8_t flush;
    /** 0 in this version. */
    uint8_t reserved[7];
} sansocket_codec_step;

/**
 * Takes a step: reads from the input and writes to the output until the one is consumed and all that it says is written, or the
 * other is full. Returns 0, or something else if it cannot go on; `consumed` and `produced` count then, too.
 */
typedef int32_t (*sansocket_codec_run)(void *context, struct sansocket_codec_step *step);

/** Forgets the history and the message under way. */
typedef void (*sansocket_codec_reset)(void *context);

/**
 * Says, before a message begins, that the window which was agreed on has 2^`window_bits` bytes. Returns 1 if the codec can do
 * with that, else 0. It may be asked the same again at any time.
 */
typedef uint8_t (*sansocket_codec_limit_window)(void *context, uint32_t window_bits);

/**
 * A codec of the caller's that inflates, for one connection: zlib, or what a processor has. Begin with all of it zero, fill in
 * `context` to `window_bits`, and pass it to `sansocket_receive_with_codec`. It is used during the call only, and may be moved
 * between calls.
 *
 * It has to do what zlib's `inflate` does on a raw stream (`inflateInit2` with -15, `Z_SYNC_FLUSH`), where `Z_BUF_ERROR` is no
 * failure. The bytes 00 00 ff ff between two messages, which senders remove, are put there by the library.
 *
 * The functions run inside the call. They must not call functions of this library for the same `sansocket`, nor jump or throw
 * out of it, and they keep no pointer. A codec of the caller's stands outside of what is proven of this library: it may allocate
 * or abort if its author lets it. Counts that it returns are checked: more bytes than there are, or neither read nor written, is
 * a fault of the message (`SANSOCKET_ERROR_INVALID_DEFLATE`), as another result than 0 is.
 */
typedef struct sansocket_inflate_codec {
    /** What the functions are called with. */
    void *context;
    /** Inflates. */
    sansocket_codec_run inflate;
    /** Forgets. */
    sansocket_codec_reset reset;
    /**
     * Whether it can inflate what was compressed with a window of that size, and, if it can do that too, from now on refuses
     * matches that begin further back. NULL stands for: if its own is no smaller.
     */
    sansocket_codec_limit_window limit_window;
    /** The base-2 logarithm of its window in bytes, 8 to 15. */
    uint32_t window_bits;
    /** 0. */
    uint32_t reserved;
    /** Not for the caller, except that it makes all of it 0 at first, and after it has reset the codec itself. */
    uint64_t state[2];
} sansocket_inflate_codec;

/**
 * A codec of the caller's that compresses. Without context takeover any number of connections can share it, one message after
 * the other. Begin with all of it zero, fill in `context` to `window_bits`, and pass it to `sansocket_send_with_codec` or
 * `sansocket_encode_compressed_with_codec`.
 *
 * It has to do what zlib's `deflate` does on a raw stream (`deflateInit2` with -15), where `Z_BUF_ERROR` is no failure. With
 * `flush` the output ends with the bytes 00 00 ff ff of an empty stored block, which the library removes; it is complete once
 * there is room left after them. The rest is as for `sansocket_inflate_codec`, but a fault is `SANSOCKET_CODEC_FAILED`.
 */
typedef struct sansocket_deflate_codec {
    /** What the functions are called with. */
    void *context;
    /** Compresses. */
    sansocket_codec_run compress;
    /** Forgets. */
    sansocket_codec_reset reset;
    /**
     * Whether it can compress so that nothing refers to bytes further back than that, and does so from now on. NULL stands for:
     * if its own window is no larger.
     */
    sansocket_codec_limit_window limit_window;
    /** The base-2 logarithm of its window in bytes, 8 to 15. */
    uint32_t window_bits;
    /** 0. */
    uint32_t reserved;
    /** Not for the caller, except that it makes all of it 0 at first, and after it has reset the codec itself. */
    uint64_t state[2];
} sansocket_deflate_codec;

/** An event: its type, and what `sansocket_event_type` says that goes with it. All other fields are 0. */
typedef struct sansocket_event {
    /** What happened. */
    sansocket_event_type type;
    /** The rule that the peer broke. */
    sansocket_error error;
    /** Text or binary, the same for all pieces of a message. */
    sansocket_kind kind;
    /** Which Ping of ours the Pong answers; 0 if it came unasked, or to one that was not the latest of its source. */
    sansocket_ping_source answers;
    /** A close code (§7.4). */
    uint16_t close_code;
    /** The status of a response. */
    uint16_t status;
    /** 1 if the message starts with this piece. */
    uint8_t first;
    /** 1 if the message ends with this piece: what `sansocket_send` takes as `fin`. */
    uint8_t last;
    /**
     * 1 if the connection ended with both Closes. Ours counts as soon as it is in the output: whether it was written the caller
     * knows.
     */
    uint8_t was_clean;
    /** 1 if the Pong is in the output; 0 if `sansocket_pong` is the caller's. */
    uint8_t answered;
    /** Bytes of this message before this piece. */
    uint64_t offset;
    /**
     * Bytes in the caller's own memory: in the input of the call that gave the event, before where `input` points now, or in the
     * window of `sansocket_receive_with`. They are not copied: they are there until the caller moves, overwrites or frees that
     * memory, so use them before the next read into it and before a `memmove` of what is left. Calls of this library leave them
     * alone, but for `sansocket_buffered_next`, which releases those that it gave before. To be read only, except those of
     * `SANSOCKET_EVENT_DATA`. No NUL follows them. Without meaning if `len` is 0.
     */
    uint8_t *data;
    /** How many bytes. */
    size_t len;
    /** What ended the connection. */
    sansocket_end_cause cause;
    /** 0 in this version. */
    uint32_t reserved;
    /** 0 in this version. */
    uint64_t reserved_more;
} sansocket_event;

/**
 * What goes in and out of every call that reads or writes bytes. Begin with all of it zero: `sansocket_io io = {0};`. The
 * library keeps no pointer to it, so one struct can serve all connections of a thread.
 *
 * It refers to two buffers of the caller's. Of the input, calls take from the front: they move `input` on and shorten
 * `input_len`. To the output, calls append: they lengthen `output_len`. So neither can be counted twice, and a call that does
 * nothing leaves both as they are.
 */
typedef struct sansocket_io {
    /** In: the time, in milliseconds since any epoch, of a clock that does not run backwards or leap. */
    uint64_t now_ms;
    /**
     * In and out: the bytes that arrived and were not consumed yet. `sansocket_receive` and `sansocket_receive_with` consume
     * from the front; payload is unmasked in place, and what is not consumed is left as it was. The caller keeps it, moves it to
     * the front of its buffer, and presents it again with more after it.
     */
    uint8_t *input;
    /** In and out: how many bytes. */
    size_t input_len;
    /** In: the caller's buffer for what goes to the peer. The part that is free must not overlap what the call reads. */
    uint8_t *output;
    /**
     * In: the size of that buffer, in bytes. `sansocket_receive` asks for 131 free bytes (`SANSOCKET_MAX_ANSWER`), which suffice
     * for it and for `sansocket_handle_timeout`.
     */
    size_t output_size;
    /**
     * In and out: how many bytes of the buffer are due, whatever the event. Calls append to them. The caller writes them to the
     * transport, in their order, and takes them out: `output_len = 0`, or what was not written moved to the front.
     */
    size_t output_len;
    /** Out, where the result is `SANSOCKET_NEEDS_ROOM`: how many free bytes the call wants; otherwise 0. */
    size_t needed;
    /**
     * Out, of `sansocket_send_with` and `sansocket_compress`: how many bytes of what they were given are done with; 0 where the
     * result is not `SANSOCKET_OK`.
     */
    size_t consumed;
    /**
     * Out: what to do with the transport of the connection that was called, once the output is written. With one struct for many
     * connections, it is that of the last one; `sansocket_get_transport` asks another.
     */
    sansocket_transport transport;
    /**
     * Out, of `sansocket_send_with`, `sansocket_compress` and `sansocket_inflate_end`: 1 if the message is complete; 0 if the
     * call is to be made again, with what was not consumed.
     */
    uint32_t done;
    /**
     * Out, of `sansocket_receive`, `sansocket_receive_with`, `sansocket_receive_eof` and `sansocket_handle_timeout`: what
     * happened; `SANSOCKET_EVENT_NONE` where the result is not `SANSOCKET_OK`. The other functions leave it alone, so that it
     * can be answered.
     */
    sansocket_event event;
} sansocket_io;

/**
 * Limits, timeouts and subprotocols: one for any number of connections. Its contents are the library's.
 *
 * It is lent to the connections that are initialised with it: it stays where it is, unchanged, until the last of them is no
 * longer used. Meanwhile any number of threads may have connections that use it.
 */
typedef struct sansocket_config {
    /** Not for the caller. */
    uint64_t opaque[16];
} sansocket_config;

/**
 * A source of bytes that a peer cannot predict (§10.3), which a client needs: writes `len` bytes (4 for a frame, 16 for an
 * opening handshake) to `bytes` and returns 0, or returns something else if it cannot. It must not call functions of this
 * library for the same `sansocket`. `context` is what was passed with it.
 */
typedef int32_t (*sansocket_entropy)(void *context, uint8_t *bytes, size_t len);

/** What an opening handshake that was done elsewhere agreed on. Begin with all of it zero. */
typedef struct sansocket_negotiated {
    /** 1 if a subprotocol was agreed. */
    uint8_t has_subprotocol;
    /** The subprotocol, as its place in the list of the configuration, counted from 0. */
    uint8_t subprotocol;
    /**
     * 1 if permessage-deflate (RFC 7692) was agreed, with the parameters below. Its messages are received by
     * `sansocket_receive_with`.
     */
    uint8_t has_deflate;
    /** 1 for `server_no_context_takeover`. */
    uint8_t server_no_context_takeover;
    /** `server_max_window_bits`, 8 to 15; 0 for 15, where nothing was said. */
    uint8_t server_max_window_bits;
    /** 1 for `client_no_context_takeover`. */
    uint8_t client_no_context_takeover;
    /** `client_max_window_bits`, 8 to 15; 0 for 15, where nothing was said. */
    uint8_t client_max_window_bits;
    /** 0. */
    uint8_t reserved;
    /** 0. */
    uint64_t reserved_more[3];
} sansocket_negotiated;

/**
 * What a `..._init` function is told. Begin with `sansocket_setup setup = SANSOCKET_SETUP;`, which fills in size and version and
 * leaves the rest zero, and set what the function reads. The struct itself is needed only during the call, so one serves many.
 */
typedef struct sansocket_setup {
    /** `sizeof(sansocket_setup)`. */
    size_t size;
    /** `SANSOCKET_ABI_VERSION`. */
    uint32_t abi_version;
    /** `sansocket_init_open`: which end this is. */
    sansocket_role role;
    /** Connections: the time, as in `sansocket_io`. */
    uint64_t now_ms;
    /** Connections: limits and timeouts, lent until the connection is no longer used; NULL for the defaults. */
    const sansocket_config *config;
    /** Clients: the source of masking keys, called only while a function of this `sansocket` runs. */
    sansocket_entropy entropy;
    /** What `entropy` is called with. */
    void *entropy_context;
    /** `sansocket_init_open`: what was agreed; NULL for nothing. Needed only during the call. */
    const sansocket_negotiated *negotiated;
    /** Inflater and compressor: the memory lent for as long as it is used. Its contents do not matter. */
    uint8_t *memory;
    /** How many bytes. */
    size_t memory_len;
    /** Compressor: the base-2 logarithm of its window in bytes, 8 to 15. */
    uint32_t window_bits;
    /** Compressor: how much it spends on a short output; 0 for `SANSOCKET_LEVEL_DEFAULT`. */
    sansocket_level level;
} sansocket_setup;

/** What a header must satisfy beyond §5.2's syntax. */
typedef struct sansocket_frame_rules {
    /** Bytes of payload that are still acceptable; what is longer is `SANSOCKET_ERROR_MESSAGE_TOO_LONG`. */
    uint64_t max_payload_len;
    /** Which frames may come. */
    sansocket_masking masking;
    /** The reserved bits that an extension gave a meaning (§5.8), as in `sansocket_frame_header`. */
    uint8_t rsv;
    /** 0. */
    uint8_t reserved[3];
} sansocket_frame_rules;

/** A frame's header (§5.2). */
typedef struct sansocket_frame_header {
    /** Bytes of payload, below 2^63. */
    uint64_t payload_len;
    /** What the frame is. */
    sansocket_opcode opcode;
    /** The masking key, if `masked`; else 0. */
    uint8_t masking_key[4];
    /** 1 if the message ends with this frame. */
    uint8_t fin;
    /** RSV1 (4), RSV2 (2) and RSV3 (1). */
    uint8_t rsv;
    /** 1 if the payload is masked. */
    uint8_t masked;
    /** Bytes of the header itself, 2 to 14. Out, of `sansocket_frame_header_decode`. */
    uint8_t header_len;
    /** 0. */
    uint8_t reserved[4];
} sansocket_frame_header;

/** A request, read in place: all texts lie in the head, or are constants. */
typedef struct sansocket_request_parts {
    /** `GET` in an opening handshake. */
    sansocket_text method;
    /** The target as it was sent: path and query, or a whole URL (RFC 9112 §3.2). */
    sansocket_text target;
    /** The path of the target, `/` if it has none. */
    sansocket_text path;
    /** The query of the target, after its `?`; `data` NULL if it has none. */
    sansocket_text query;
    /** The host that is asked for, with its port; `data` NULL if there is none. */
    sansocket_text host;
    /** The Origin header (§10.2); `data` NULL if there is none. */
    sansocket_text origin;
} sansocket_request_parts;

/** A response, read in place. */
typedef struct sansocket_response_parts {
    /** The text after the status; often empty. It lies in the head. */
    sansocket_text reason;
    /** 101, or why not. */
    uint16_t status;
    /** 0 in this version. */
    uint8_t reserved[6];
} sansocket_response_parts;

/** What a client offers of permessage-deflate (RFC 7692 §7.1): the first of its offers that is valid. */
typedef struct sansocket_deflate_offer {
    /** 1 if it offers compression; 0 if all of this is 0. */
    uint8_t is_offered;
    /** 1 if it asks that the server compresses each message by itself. */
    uint8_t server_no_context_takeover;
    /** The largest window that it can inflate with, 8 to 15; 0 where it says nothing. */
    uint8_t server_max_window_bits;
    /** 1 if it hints that it compresses each message by itself. */
    uint8_t client_no_context_takeover;
    /** The largest window that it compresses with in any case, 8 to 15, if the server may limit it; 0 if it may not. */
    uint8_t client_max_window_bits;
    /** 0 in this version. */
    uint8_t reserved[3];
} sansocket_deflate_offer;

/** What was agreed on compression, as seen from this end. */
typedef struct sansocket_deflate_agreement {
    /** 1 if permessage-deflate was agreed; 0 if all of this is 0. */
    uint8_t is_agreed;
    /**
     * The base-2 logarithm of the window that we may compress with, 8 to 15. A compressor of ours keeps
     * to it, whatever its own is.
     */
    uint8_t send_window_bits;
    /** The base-2 logarithm of the window that the peer may compress with, 8 to 15: at least this many bits has an inflater. */
    uint8_t receive_window_bits;
    /** 1 if none of our messages refers to an earlier one: the compressor may serve other connections between two messages. */
    uint8_t send_no_context_takeover;
    /** 1 if none of the peer's messages refers to an earlier one. */
    uint8_t receive_no_context_takeover;
    /** 0 in this version. */
    uint8_t reserved[3];
} sansocket_deflate_agreement;

/** A `ws`, `wss`, `http` or `https` URL: where to connect, and what to ask for. All texts lie in the URL, or are constants. */
typedef struct sansocket_url {
    /** The host to connect to; an IPv6 address without its brackets. */
    sansocket_text host;
    /** Host and port as the Host header has them, for `sansocket_client_request`: the port only if it is not the scheme's. */
    sansocket_text authority;
    /** Path and query, for `sansocket_client_request`. */
    sansocket_text target;
    /** The port to connect to: that of the scheme, 80 or 443, unless another is named. */
    uint16_t port;
    /** 1 if TLS comes first: `wss` or `https`. */
    uint8_t is_secure;
    /** 0 in this version. */
    uint8_t reserved[5];
} sansocket_url;

/** Fails to compile where an enum is not 32 bits wide: tell the compiler to make enums as wide as int. */
typedef char sansocket_enums_are_32_bits_wide[sizeof(sansocket_kind) == 4 ? 1 : -1];

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/* ---- The functions that a program needs ---- */

/**
 * Begins a server's connection, when the transport is there. Of `setup` it reads `now_ms` and `config`. `ws` may have any
 * contents before.
 *
 * Returns `SANSOCKET_OK`, `SANSOCKET_WRONG_SIZE`, `SANSOCKET_WRONG_VERSION` or `SANSOCKET_NOT_INITIALISED` (the configuration).
 */
sansocket_result sansocket_init_server(sansocket *ws, const sansocket_setup *setup);

/**
 * Begins a client's connection, when the transport (and TLS in it) is there; `sansocket_request` comes next. Of `setup` it reads
 * `now_ms`, `config`, `entropy`, which is not NULL, and `entropy_context`. The rest as `sansocket_init_server`.
 */
sansocket_result sansocket_init_client(sansocket *ws, const sansocket_setup *setup);

/**
 * Gives a connection its buffers: once, right after it was initialised, or for one turn with buffers that many connections
 * share, which `sansocket_buffered_detach` ends. `buffered` may have any contents before, and what it held is lost, unread input
 * and output that is due too: `sansocket_buffered_detach` comes first.
 *
 * The connection is lent until it is detached, or for as long as `buffered` is used: it stays where it is, belongs to no other
 * `sansocket_buffered`, and meanwhile only functions that ask it something (`sansocket_get_...`) are called with `ws` itself.
 *
 * Returns `SANSOCKET_OK`, `SANSOCKET_NOT_INITIALISED` (the connection), `SANSOCKET_USAGE_BUFFER_TOO_SHORT`,
 * `SANSOCKET_OVERLAP` if two of the buffers do, or `SANSOCKET_INVALID_ARGUMENT` for a `reserved` that is not 0.
 */
sansocket_result sansocket_buffered_attach(sansocket_buffered *buffered, sansocket *ws, const sansocket_buffers *buffers);

/**
 * Releases the current event and writes the next to `event`: `SANSOCKET_EVENT_NONE` if there is none, and where the result is
 * not `SANSOCKET_OK`. Then the transport is to be written, read or waited for. The bytes of an event lie in the input, or in the
 * memory for joining, until the next call of this function; they may be changed in place, and answered from there.
 *
 * There is no event while the output lacks room for the answer that it may cause: a peer that does not read is not read. What
 * arrived comes before the end of the input, and that before deadlines, which act only up to the time of the last
 * `sansocket_buffered_filled`.
 *
 * Returns `SANSOCKET_OK`, or `SANSOCKET_ENTROPY_FAILED` if a client's answer to the peer needs a masking key: call it again;
 * `SANSOCKET_USAGE_NO_DEFLATE` for a compressed message, if there is no inflater (`sansocket_buffered_set_inflater`) or its history is
 * shorter than was agreed: the connection has failed with 1011 then.
 */
sansocket_result sansocket_buffered_next(sansocket_buffered *buffered, uint64_t now_ms, sansocket_event *event);

/**
 * Returns what is to be written to the transport, in this order; `data` is NULL if there is nothing, or without a connection.
 * It stays where it is until `sansocket_buffered_written`, whatever is sent meanwhile. To be read only.
 */
sansocket_bytes sansocket_buffered_due(const sansocket_buffered *buffered);

/**
 * Says that the transport took the first `n` bytes of what is due; with TLS, the transport below it. 0 is allowed. Call
 * `sansocket_buffered_next` before you wait, unless `sansocket_buffered_wants_reading`: there may be room for events again. The rest
 * of what is due may have moved.
 *
 * If it takes nothing for `SANSOCKET_OPTION_WRITE_TIMEOUT_MS`, the connection ends.
 *
 * Returns `SANSOCKET_OK`, or `SANSOCKET_INVALID_ARGUMENT` if `n` is more than is due.
 */
sansocket_result sansocket_buffered_written(sansocket_buffered *buffered, size_t n, uint64_t now_ms);

/**
 * Says that the transport takes no more: what is due is dropped, and what is sent from now on. What has arrived can still be
 * read, the peer's Close perhaps, until `sansocket_buffered_eof`. Returns `SANSOCKET_OK`.
 */
sansocket_result sansocket_buffered_write_failed(sansocket_buffered *buffered);

/**
 * Returns what to do with the transport now: `SANSOCKET_TRANSPORT_KEEP` as long as something is due; `SANSOCKET_TRANSPORT_CLOSE`
 * when all is over, or without a connection. Shut it down once where an edge-triggered epoll waits for the socket: it says so until
 * the end, and on Linux each `shutdown` wakes that, so that the loop would never wait. With `poll`, doing it again is harmless.
 */
sansocket_transport sansocket_buffered_get_transport(const sansocket_buffered *buffered);

/**
 * Returns 1 if `sansocket_buffered_space` has something: wait until the transport can be read; else 0. With 1,
 * `sansocket_buffered_next` has nothing before the space is filled, or a deadline has passed: a loop need not call it.
 */
uint8_t sansocket_buffered_wants_reading(const sansocket_buffered *buffered);

/**
 * Returns the milliseconds from `now_ms` until `sansocket_buffered_next` has something to do, as `poll` takes them: 0 for at
 * once, -1 if nothing is waited for. It is 0, too, when the transport is to be closed, or without a connection: nothing would end
 * that wait. After the wait comes `sansocket_buffered_filled`, with 0 if nothing arrived.
 */
int32_t sansocket_buffered_poll_timeout(const sansocket_buffered *buffered, uint64_t now_ms);

/**
 * Returns where the transport's next bytes go. `data` is NULL if nothing should be read now: events wait for
 * `sansocket_buffered_next` or for room in the output, there is nothing more to read, or there is no connection. It stays where
 * it is until `sansocket_buffered_filled`, so that a read may be under way.
 */
sansocket_bytes sansocket_buffered_space(sansocket_buffered *buffered);

/**
 * Says that the transport has put `n` bytes at the start of the space. 0 says that there was nothing to read: the deadlines up
 * to `now_ms` may act. Report that too after each wait, also while there is no space: without it no deadline acts. (A `recv` of
 * 0 is the end of the input: `sansocket_buffered_eof`.)
 *
 * While a read is under way (io_uring, IOCP, Asio), a timer reports 0 as well: what that read brings, at the start of the space that
 * was lent to it, is reported later. (Once the connection has failed, that no longer matters.)
 *
 * Returns `SANSOCKET_OK`, or `SANSOCKET_INVALID_ARGUMENT` if `n` is more than the space.
 */
sansocket_result sansocket_buffered_filled(sansocket_buffered *buffered, size_t n, uint64_t now_ms);

/**
 * Says that the transport's input has ended, in order or by a reset. It takes effect after all that arrived before; what is due
 * still leaves. A transport that cannot shut down one direction (a UART, most TLS libraries) calls it when it is told
 * `SANSOCKET_TRANSPORT_SHUTDOWN_WRITE` and `sansocket_get_was_clean` is 1. What is unread is dropped then: where it may belong to
 * the next connection, call `sansocket_buffered_pause` as soon as both Closes were exchanged, and end when nothing is due.
 *
 * Returns `SANSOCKET_OK`.
 */
sansocket_result sansocket_buffered_eof(sansocket_buffered *buffered);

/**
 * `sansocket_request`, into the output of the connection: a client's first call. What `request` points to is needed only during
 * the call.
 *
 * All functions of this kind append all of their bytes to the output, or they do nothing and return `SANSOCKET_NEEDS_ROOM`:
 * `sansocket_buffered_get_room` says when there is room again. For what the output could not hold even if it were empty, they
 * return `SANSOCKET_USAGE_BUFFER_TOO_SHORT`. What they read must not overlap the output. They return what
 * those do whose names they have.
 */
sansocket_result sansocket_buffered_request(
    sansocket_buffered *buffered, uint64_t now_ms, const sansocket_client_request *request);

/** `sansocket_accept_or_refuse`, into the output of the connection. `head` is that of the event, where it lies or a copy of it. */
sansocket_result sansocket_buffered_accept_or_refuse(
    sansocket_buffered *buffered, uint64_t now_ms, const uint8_t *head, size_t head_len, const sansocket_acceptance *acceptance);

/**
 * Sends a whole message, as one frame: compressed if that was agreed on and there is a compressor
 * (`sansocket_buffered_set_compressor`). For what is longer than the output there is `sansocket_buffered_send_part`. `payload` may
 * lie in the input, as that of an event does.
 *
 * Returns what `sansocket_send` does, or `SANSOCKET_USAGE_MESSAGE_UNFINISHED` inside a message that is sent in parts.
 */
sansocket_result sansocket_buffered_send(
    sansocket_buffered *buffered, uint64_t now_ms, sansocket_kind kind, const void *payload, size_t len);

/**
 * `sansocket_close`, into the output of the connection. What was sent before still leaves, the peer's messages still come, and
 * the connection ends with `SANSOCKET_EVENT_CLOSED`. Room that is kept for answers to the peer is there for a Close too.
 */
sansocket_result sansocket_buffered_close(
    sansocket_buffered *buffered, uint64_t now_ms, uint16_t code, const char *reason, size_t reason_len);

/* ---- A connection with its buffers: more of the loop ---- */

/**
 * Returns when `sansocket_buffered_next` has something to do, in the milliseconds of `now_ms`; a time that has passed says at
 * once, `SANSOCKET_NEVER` that nothing is waited for: when the transport is to be closed, too, or without a connection.
 */
uint64_t sansocket_buffered_get_next_timeout(const sansocket_buffered *buffered);

/**
 * Writes the current event to `event` once more, with its bytes as they are now: for a handler that could not finish, because
 * there was no room for its answer. `SANSOCKET_EVENT_NONE` if there is none. Returns `SANSOCKET_OK`.
 */
sansocket_result sansocket_buffered_current(sansocket_buffered *buffered, sansocket_event *event);

/**
 * Returns how many bytes of frames the output has room for: a payload and its header, of 2 to 14 bytes; 0 without a connection.
 * What is missing after `SANSOCKET_NEEDS_ROOM` comes back when the transport takes what is due. If nothing is due, the output is
 * too short for it.
 */
size_t sansocket_buffered_get_room(const sansocket_buffered *buffered);

/**
 * Says that the caller takes no events for now, for reasons of its own: `sansocket_buffered_next` gives only what deadlines cause,
 * there is no space, and the deadlines that wait for the peer stand still. Returns `SANSOCKET_OK`.
 */
sansocket_result sansocket_buffered_pause(sansocket_buffered *buffered, uint64_t now_ms);

/**
 * Ends a `sansocket_buffered_pause`. Its time does not count for the writing deadline: a peer whose output nobody read may have
 * waited for that. Without a pause it does nothing. Returns `SANSOCKET_OK`.
 */
sansocket_result sansocket_buffered_resume(sansocket_buffered *buffered, uint64_t now_ms);

/**
 * Returns what has arrived and is not read as WebSocket: after `SANSOCKET_EVENT_REFUSED`, the body of the response. `data` is
 * NULL if there is nothing, or without a connection. It stays where it is until `sansocket_buffered_next`.
 */
sansocket_bytes sansocket_buffered_unread(const sansocket_buffered *buffered);

/**
 * Drops the first `n` bytes of what is unread, which makes space for more. Call `sansocket_buffered_next` before you wait.
 *
 * Returns `SANSOCKET_OK`, or `SANSOCKET_INVALID_ARGUMENT` if `n` is more than is unread.
 */
sansocket_result sansocket_buffered_discard(sansocket_buffered *buffered, size_t n);

/* ---- A connection with its buffers: more that it sends ---- */

/** `sansocket_accept`, into the output of the connection. `head` is that of the event, where it lies or a copy of it. */
sansocket_result sansocket_buffered_accept(
    sansocket_buffered *buffered, uint64_t now_ms, const uint8_t *head, size_t head_len, const sansocket_acceptance *acceptance);

/** `sansocket_respond`, into the output of the connection, which has to hold the whole response. */
sansocket_result sansocket_buffered_respond(
    sansocket_buffered *buffered, uint64_t now_ms, uint16_t status, const sansocket_header *headers, size_t header_count,
    const void *body, size_t body_len);

/**
 * Sends a part of a message, as a fragment (§5.4), as far as there is room, and writes to `taken` how many bytes of `payload`
 * that is: call it again, with the rest, once the transport has taken some of what is due. `offset` is how many bytes of the
 * message went before: 0 begins one, as in an event. `fin` that is not 0 ends the message, once all of `payload` is taken. On a
 * connection that is already closing it takes everything, which goes nowhere. An empty message is one call with a `len` of 0. No
 * deadline comes for the rest: call it after each `sansocket_buffered_written`. All parts of a message are compressed, or none, as with
 * `sansocket_buffered_send`; the compressor may hold back what it took until the message ends, and the calls with the rest say `fin`
 * too, once one has.
 *
 * Returns what `sansocket_send` does, with `SANSOCKET_NEEDS_ROOM` if nothing can be taken;
 * `SANSOCKET_USAGE_MESSAGE_UNFINISHED` if a message begins inside another, `_NO_MESSAGE_UNFINISHED` if there is none to
 * continue; `SANSOCKET_USAGE_NO_DEFLATE` if the compressor was taken away inside the message. `taken` is written with `SANSOCKET_OK`
 * only.
 */
sansocket_result sansocket_buffered_send_part(
    sansocket_buffered *buffered, uint64_t now_ms, sansocket_kind kind, uint64_t offset, const void *payload, size_t len,
    uint8_t fin, size_t *taken);

/**
 * `sansocket_buffered_send_part` without a copy of what the transport takes at once: for long payload, a server's. It calls `write`
 * once, with `context`; what the transport does not take is copied to the output, which has to have room for all of it.
 *
 * `write` is not called where bytes have to be changed on their way, or go nowhere: for a client, where there is a compressor, and on
 * a connection that is already closing. Then this is `sansocket_buffered_send_part`, whose results it has.
 */
sansocket_result sansocket_buffered_send_part_by(
    sansocket_buffered *buffered, uint64_t now_ms, sansocket_kind kind, uint64_t offset, const void *payload, size_t len,
    uint8_t fin, sansocket_write write, void *context, size_t *taken);

/**
 * Sends a whole message that `sansocket_encode_message` encoded once for many connections of a server's.
 *
 * Returns what `sansocket_send_encoded` does, or `SANSOCKET_NEEDS_ROOM`.
 */
sansocket_result sansocket_buffered_send_encoded(
    sansocket_buffered *buffered, uint64_t now_ms, const uint8_t *encoded, size_t len);

/** `sansocket_ping`, into the output of the connection. */
sansocket_result sansocket_buffered_ping(sansocket_buffered *buffered, uint64_t now_ms, const void *payload, size_t len);

/** `sansocket_pong`, into the output of the connection. */
sansocket_result sansocket_buffered_pong(sansocket_buffered *buffered, uint64_t now_ms, const void *payload, size_t len);

/** `sansocket_fail`, into the output of the connection. */
sansocket_result sansocket_buffered_fail(sansocket_buffered *buffered, uint64_t now_ms, uint16_t code);

/* ---- A connection with its buffers: compression ---- */

/**
 * Inflates what comes on this connection with `inflater`, once permessage-deflate is agreed on, at the handshake's event or later; NULL
 * takes it away again. It is lent until then, until `sansocket_buffered_detach`, or for as long as `buffered` is used: it belongs to
 * this connection alone, and stays where it is. `sansocket_buffered_attach` begins without one, so a turn with shared buffers sets it
 * each time. Messages are inflated into `joining` of `sansocket_buffers`: a whole one that is longer fails the connection
 * with 1009; pieces, if they are asked for, fill it at most.
 *
 * Without an inflater a compressed message fails the connection with 1011, and `sansocket_buffered_next` returns
 * `SANSOCKET_USAGE_NO_DEFLATE` once.
 * Its history is as long as the window that was agreed for what the peer sends (`sansocket_get_deflate`), or longer.
 *
 * Returns `SANSOCKET_OK`, `SANSOCKET_NOT_INITIALISED` (one of the two), `SANSOCKET_USAGE_BUFFER_TOO_SHORT` if there is no `joining`,
 * or `SANSOCKET_OVERLAP` if the history and a buffer do.
 */
sansocket_result sansocket_buffered_set_inflater(sansocket_buffered *buffered, sansocket_inflater *inflater);

/**
 * Compresses what is sent on this connection with `compressor`, once permessage-deflate is agreed on; NULL takes it away again.
 * Messages of fewer than `min_len` bytes go uncompressed: without context takeover short ones hardly get shorter. It is lent as an
 * inflater is (`sansocket_buffered_set_inflater`), but without context takeover (`send_no_context_takeover` of
 * `sansocket_get_deflate`) any number of connections can share it, one message after the other; `sansocket_compressor_reset` it after
 * a message in parts that its connection did not end.
 *
 * Whether a message is compressed is decided when it begins: it goes uncompressed, too, if it is sent by `sansocket_buffered_send_plain`
 * or `_send_part_plain`, if what it could become at worst (n + n/8 + n/64 and at most 78 bytes) has no room where it fits as
 * it is, or if the compressor is inside a message of another connection.
 *
 * Returns `SANSOCKET_OK`, `SANSOCKET_NOT_INITIALISED` (one of the two), or `SANSOCKET_OVERLAP` if its memory and a buffer do. What is
 * sent must not overlap that memory either.
 */
sansocket_result sansocket_buffered_set_compressor(
    sansocket_buffered *buffered, sansocket_compressor *compressor, size_t min_len);

/**
 * `sansocket_buffered_send`, but never compressed: for messages with a secret beside text that a stranger may choose (CRIME, BREACH;
 * RFC 7692 §8), and for what is compressed already.
 */
sansocket_result sansocket_buffered_send_plain(
    sansocket_buffered *buffered, uint64_t now_ms, sansocket_kind kind, const void *payload, size_t len);

/**
 * `sansocket_buffered_send_part`, but never compressed. A message that began so goes on so, otherwise the result is
 * `SANSOCKET_USAGE_WRONG_MESSAGE_KIND`.
 */
sansocket_result sansocket_buffered_send_part_plain(
    sansocket_buffered *buffered, uint64_t now_ms, sansocket_kind kind, uint64_t offset, const void *payload, size_t len,
    uint8_t fin, size_t *taken);

/**
 * Sends a whole message that `sansocket_encode_compressed` compressed once, with this `window_bits`, for many connections of a server's.
 *
 * Returns what `sansocket_send_compressed` does, or `SANSOCKET_NEEDS_ROOM`.
 */
sansocket_result sansocket_buffered_send_compressed(
    sansocket_buffered *buffered, uint64_t now_ms, const uint8_t *encoded, size_t len, uint32_t window_bits);

/**
 * `sansocket_buffered_set_inflater` with a codec of the caller's.
 *
 * Returns what that does, `SANSOCKET_NULL_POINTER` for a codec without `inflate` or `reset`, or `SANSOCKET_OUT_OF_RANGE` for
 * window bits other than 8 to 15.
 */
sansocket_result sansocket_buffered_set_inflate_codec(sansocket_buffered *buffered, sansocket_inflate_codec *codec);

/**
 * `sansocket_buffered_set_compressor` with a codec of the caller's. If it fails, the functions that send return
 * `SANSOCKET_CODEC_FAILED`, and the connection has failed with 1011.
 *
 * Returns what that does, `SANSOCKET_NULL_POINTER` for a codec without `compress` or `reset`, or `SANSOCKET_OUT_OF_RANGE` for
 * window bits other than 8 to 15.
 */
sansocket_result sansocket_buffered_set_deflate_codec(
    sansocket_buffered *buffered, sansocket_deflate_codec *codec, size_t min_len);

/* ---- A connection with its buffers: buffers that many share ---- */

/**
 * Returns the length of the block that `sansocket_buffered_detach` wants, in bytes; 0 if nothing remains, or without a
 * connection: it is idle, and costs nothing until its next turn. Otherwise: input that is not consumed, the current event,
 * a message that is being joined, output that is due, and up to 192 bytes that remember the rest. A program that will not keep
 * that much fails or drops the connection.
 */
size_t sansocket_buffered_remaining(sansocket_buffered *buffered);

/**
 * Ends a turn with shared buffers: writes what remains to `block`, memory of any alignment with at least as many bytes as
 * `sansocket_buffered_remaining` says, which may be NULL if that is 0. Connection and buffers
 * are no longer lent then. Every function refuses `buffered`, and `sansocket_buffered_get_transport` says
 * `SANSOCKET_TRANSPORT_CLOSE`: ask it before, and `sansocket_buffered_get_next_timeout`. The block is the caller's; it may be copied and moved, and is for `sansocket_buffered_restore`.
 *
 * Returns `SANSOCKET_OK`, or `SANSOCKET_WRONG_MEMORY_LEN` if the block is shorter: it is still attached. The block must not
 * overlap the buffers.
 */
sansocket_result sansocket_buffered_detach(sansocket_buffered *buffered, uint8_t *block, size_t size);

/**
 * Begins a turn with what remained of the last: right after `sansocket_buffered_attach`, with buffers that are no shorter, and
 * memory for joining if there was some then. Reads the block that `sansocket_buffered_detach` wrote, or a copy of it, which is
 * not needed any longer then; a `size` of 0 stands for nothing that remained. Once for each block, before anything else:
 * neither one that is left out nor one that is given twice is noticed. `room_for` and `in_pieces` may differ from the last
 * turn's; a message that is being joined is joined to its end.
 *
 * Returns `SANSOCKET_OK`; `SANSOCKET_NOT_INITIALISED` if it is no such block; `SANSOCKET_WRONG_MEMORY_LEN` if it is cut off;
 * `SANSOCKET_USAGE_BUFFER_TOO_SHORT`, or `SANSOCKET_INVALID_ARGUMENT` as to the memory for joining: the buffers are not as they
 * were. The block must not overlap the buffers.
 */
sansocket_result sansocket_buffered_restore(sansocket_buffered *buffered, const uint8_t *block, size_t size);

/* ---- By hand, without buffers ---- */

/**
 * Writes a client's opening handshake (§4.1). What `request` points to is needed only during the call.
 *
 * Returns `SANSOCKET_OK`, `SANSOCKET_NEEDS_ROOM`, `SANSOCKET_ENTROPY_FAILED`, `SANSOCKET_USAGE_NOT_CONNECTING`,
 * `SANSOCKET_USAGE_WRONG_ROLE`, `SANSOCKET_USAGE_INVALID_HOST`, `_INVALID_TARGET`, `_INVALID_HEADER` (the origin, too),
 * `_RESERVED_HEADER`, `_INVALID_SUBPROTOCOL` (the configuration's) or `SANSOCKET_LIST_TOO_LONG`.
 */
sansocket_result sansocket_request(sansocket *ws, sansocket_io *io, const sansocket_client_request *request);

/**
 * `sansocket_accept`, or the response that refuses: 403 where the request's Origin is not allowed, 400 where the request is no
 * opening handshake. `sansocket_get_state` says which it was: `SANSOCKET_STATE_OPEN`, or `SANSOCKET_STATE_CLOSING` after a
 * refusal.
 *
 * Returns what `sansocket_accept` does, but for `SANSOCKET_USAGE_ORIGIN_NOT_ALLOWED` and `_NOT_AN_OPENING_HANDSHAKE`. What is
 * left are mistakes of the acceptance, such as a subprotocol that was not offered: nothing is written, and `sansocket_respond`
 * with 500 ends it.
 */
sansocket_result sansocket_accept_or_refuse(
    sansocket *ws, sansocket_io *io, const uint8_t *head, size_t head_len, const sansocket_acceptance *acceptance);

/**
 * Takes the bytes that arrived (`input`): at most one event, and the bytes that it makes due. Call it again until the event is
 * `SANSOCKET_EVENT_NONE`; what `input` holds then is presented again with more after it.
 *
 * Call it also when the output has drained after `SANSOCKET_NEEDS_ROOM`, or after the caller stopped calling for lack of room:
 * what waits in the input makes no socket readable.
 *
 * Returns `SANSOCKET_OK`; `SANSOCKET_NEEDS_ROOM` below 131 free bytes of output, where something may have to be answered;
 * `SANSOCKET_ENTROPY_FAILED`, for a client; `SANSOCKET_USAGE_INPUT_TOO_SHORT` where bytes of an unfinished head are missing.
 */
sansocket_result sansocket_receive(sansocket *ws, sansocket_io *io);

/**
 * Takes the end of the transport's input, an orderly end or a reset: ends in `SANSOCKET_EVENT_CLOSED` unless that was given
 * before. A server whose request waits for an answer still gives it: the event comes after `sansocket_accept` or
 * `sansocket_respond`, with the next `sansocket_receive`. First pass on all bytes that arrived before the end, those also that
 * were read before a write failed. Reads `now_ms` only and writes nothing.
 */
sansocket_result sansocket_receive_eof(sansocket *ws, sansocket_io *io);

/**
 * Writes a message, or the next fragment of one (§5.4), as one frame: `len` bytes and 2 to 14 more. `fin` that is not 0 ends the
 * message; without it, further calls with the same `kind` continue it. `payload` may lie in the input, as that of an event does,
 * or in the part of the output that is due. A message that crosses the peer's Close, or comes after ours or a failure, is no
 * mistake: nothing is written.
 *
 * Returns `SANSOCKET_OK`, `SANSOCKET_NEEDS_ROOM`, `SANSOCKET_ENTROPY_FAILED` (a client), `SANSOCKET_USAGE_NOT_OPEN` before the
 * opening handshake is over, `SANSOCKET_USAGE_INVALID_UTF8`, `SANSOCKET_USAGE_WRONG_MESSAGE_KIND`, or
 * `SANSOCKET_INVALID_ARGUMENT` for a kind that does not exist.
 */
sansocket_result sansocket_send(
    sansocket *ws, sansocket_io *io, sansocket_kind kind, const void *payload, size_t len, uint8_t fin);

/**
 * Writes our Close (§7.1.2): with a `code` and a `reason` of at most 123 bytes of UTF-8, or with neither: `code` is 0 then. The
 * peer's messages go on arriving, and its Pings are answered, until its own Close. Again, or after the peer's Close or a
 * failure, nothing is written. After a refused handshake it ends the connection at once, without the rest of the response.
 *
 * Returns `SANSOCKET_OK`, `SANSOCKET_NEEDS_ROOM`, `SANSOCKET_ENTROPY_FAILED` (a client), `SANSOCKET_USAGE_NOT_OPEN` before the
 * opening handshake is over, `SANSOCKET_USAGE_INVALID_CLOSE_CODE`, `SANSOCKET_USAGE_INVALID_CLOSE_REASON` or
 * `SANSOCKET_USAGE_INVALID_UTF8`.
 */
sansocket_result sansocket_close(sansocket *ws, sansocket_io *io, uint16_t code, const char *reason, size_t reason_len);

/**
 * Returns the milliseconds from `now_ms` until `sansocket_handle_timeout` has something to do, as `poll` takes them: 0 if that
 * time has passed, -1 if nothing is waited for, or without a connection.
 */
int32_t sansocket_poll_timeout(const sansocket *ws, uint64_t now_ms);

/**
 * Acts on the deadlines that have passed, all of them in one call: appends a keepalive Ping or the Close of an idle connection,
 * or gives `SANSOCKET_EVENT_CLOSED`. Call it at `sansocket_get_next_timeout`, or when `sansocket_poll_timeout` is 0; earlier or
 * more often does no harm. Reads `now_ms` and the output, not the input: pass on what arrived first. A loop that runs its timers
 * before it polls may have the awaited Pong unread.
 *
 * One keepalive Ping is awaited at a time. It never asks for room or fails for want of entropy: a Ping that cannot be written (6
 * bytes, a client's 10) is left out, and its Pong is awaited all the same, so that a writer that is stuck is noticed. For
 * callers of `sansocket_written`, whatever the transport takes meanwhile moves that deadline.
 */
sansocket_result sansocket_handle_timeout(sansocket *ws, sansocket_io *io);

/* ---- Configuration ---- */

/**
 * Sets every option to its default. Of `setup` only size and version are read. `config` may have any contents before; there is
 * nothing to free.
 *
 * Returns `SANSOCKET_OK`, `SANSOCKET_WRONG_SIZE` or `SANSOCKET_WRONG_VERSION`.
 */
sansocket_result sansocket_config_init(sansocket_config *config, const sansocket_setup *setup);

/**
 * Sets an option, before the configuration is lent to a connection.
 *
 * Returns `SANSOCKET_OK`, `SANSOCKET_INVALID_ARGUMENT` for an option that does not exist, or `SANSOCKET_OUT_OF_RANGE`.
 */
sansocket_result sansocket_config_set(sansocket_config *config, sansocket_option option, uint64_t value);

/**
 * Sets the subprotocols that this endpoint speaks, in order of preference, as the header writes them: `chat, superchat`. A
 * client offers all of them; a server picks from them (`sansocket_choose_subprotocol`). `list` is lent for as long as the
 * configuration is. The names are checked when an opening handshake is written. A `len` of 0, the default, stands for none.
 *
 * Returns `SANSOCKET_OK`, or `SANSOCKET_USAGE_INVALID_SUBPROTOCOL` for what is not even UTF-8.
 */
sansocket_result sansocket_config_set_subprotocols(sansocket_config *config, const char *list, size_t len);

/**
 * Turns compression on: a client offers it as `settings` say, and a server accepts it so; NULL turns it off, which is the
 * default. Before the configuration is lent to a connection. `settings` is needed only during the call. Whether it was agreed
 * for a connection says `sansocket_get_deflate`, once that is open. For a client, an answer that fits no offer is
 * `SANSOCKET_EVENT_REFUSED` with `SANSOCKET_ERROR_INVALID_DEFLATE_RESPONSE`.
 *
 * A function by itself, so that programs which do not call it contain none of the rules by which compression is negotiated.
 *
 * Returns `SANSOCKET_OK`, or `SANSOCKET_OUT_OF_RANGE` for window bits that are neither 0 nor 8 to 15.
 */
sansocket_result sansocket_config_set_deflate(sansocket_config *config, const sansocket_deflate_config *settings);

/* ---- What a connection can be asked ---- */

/** Returns the state; `SANSOCKET_STATE_CLOSED` without a connection. */
sansocket_state sansocket_get_state(const sansocket *ws);

/**
 * Returns what to do with the transport now, as `transport` in `sansocket_io` says after each call; `SANSOCKET_TRANSPORT_CLOSE`
 * without a connection.
 */
sansocket_transport sansocket_get_transport(const sansocket *ws);

/** Returns the role; 0 without a connection. */
sansocket_role sansocket_get_role(const sansocket *ws);

/**
 * Returns the agreed subprotocol, in the list that was set with `sansocket_config_set_subprotocols`; `data` is NULL if none was
 * agreed, if a server took one without such a list, or without a connection.
 */
sansocket_text sansocket_get_subprotocol(const sansocket *ws);

/**
 * Returns what the opening handshake agreed on compression; all zero if that is nothing, before it is over, or without a
 * connection.
 */
sansocket_deflate_agreement sansocket_get_deflate(const sansocket *ws);

/**
 * Returns the code of the peer's Close (§7.1.5): 1005 if it had none, 1006 until a Close is received, or if `ws` was
 * never initialised.
 */
uint16_t sansocket_get_close_code(const sansocket *ws);

/**
 * Returns 1 if the closing handshake was completed (§7.1.4), else 0. Our Close counts as soon as it is in the output: until that
 * is written, the peer may see it otherwise.
 */
uint8_t sansocket_get_was_clean(const sansocket *ws);

/**
 * Returns when `sansocket_handle_timeout` has something to do, in the milliseconds of `now_ms`; `SANSOCKET_NEVER` if nothing is
 * waited for, so that the earliest of many is simply their minimum, or without a connection.
 */
uint64_t sansocket_get_next_timeout(const sansocket *ws);

/**
 * Returns the time between the last keepalive Ping that was answered by itself and its Pong, in microseconds, as fine as
 * `now_ms` is: whole milliseconds. For callers of `sansocket_written` it begins when the Ping has left. `SANSOCKET_NEVER` before
 * the first, or without a connection.
 */
uint64_t sansocket_get_round_trip_us(const sansocket *ws);

/* ---- The opening handshake, decided step by step ---- */

/**
 * Accepts the opening handshake that `SANSOCKET_EVENT_REQUEST` showed (§4.2.2): writes the 101. The connection is open then.
 * `head` is that of the event, where it lies or a copy of it (in other bytes, as long, the parts are read where those of the request
 * were, its Origin too); what `acceptance` points to is needed only during the call.
 *
 * It only decides: if it refuses, nothing is written, and the peer waits until `sansocket_respond` answers it (403 for an Origin
 * that is not allowed), or until the deadline of the handshake. `sansocket_accept_or_refuse` does that by itself.
 *
 * Returns `SANSOCKET_OK`, `SANSOCKET_NEEDS_ROOM`, `SANSOCKET_USAGE_NOT_CONNECTING`, `SANSOCKET_USAGE_WRONG_ROLE`,
 * `SANSOCKET_USAGE_ORIGIN_NOT_ALLOWED`, `_NOT_AN_OPENING_HANDSHAKE`, `_UNOFFERED_SUBPROTOCOL`, `_INVALID_SUBPROTOCOL`,
 * `_INVALID_HEADER`, `_RESERVED_HEADER`, `SANSOCKET_NOT_A_HEAD`, `SANSOCKET_INVALID_ARGUMENT` where no decision on the Origin
 * was made, `SANSOCKET_USAGE_INVALID_WINDOW_BITS` for those of `deflate` other than 0 and 8 to 15, or `SANSOCKET_LIST_TOO_LONG`.
 */
sansocket_result sansocket_accept(
    sansocket *ws, sansocket_io *io, const uint8_t *head, size_t head_len, const sansocket_acceptance *acceptance);

/**
 * Answers a request with any other final response: 404, 403, 401, a redirect, a page. The connection closes after it. To a HEAD
 * it writes the head alone, with the length of the body. Headers and body are needed only during the call.
 *
 * Returns `SANSOCKET_OK`, `SANSOCKET_NEEDS_ROOM`, `SANSOCKET_USAGE_NOT_CONNECTING`, `SANSOCKET_USAGE_WRONG_ROLE`,
 * `SANSOCKET_USAGE_INVALID_STATUS`, `_INVALID_HEADER`, `_RESERVED_HEADER` or `SANSOCKET_LIST_TOO_LONG`.
 */
sansocket_result sansocket_respond(
    sansocket *ws, sansocket_io *io, uint16_t status, const sansocket_header *headers, size_t header_count, const void *body,
    size_t body_len);

/**
 * `sansocket_respond`, the head alone: the caller writes the `content_len` bytes of the body after it, before it obeys
 * `transport`, unless the request was a HEAD. For bodies longer than the output.
 */
sansocket_result sansocket_respond_head(
    sansocket *ws, sansocket_io *io, uint16_t status, const sansocket_header *headers, size_t header_count, size_t content_len);

/**
 * Returns the first subprotocol of `config` that the client offers in `head`, the head of a request, in the list of the
 * configuration. Its `data` is NULL if there is none, or where an argument is wrong.
 */
sansocket_text sansocket_choose_subprotocol(const sansocket_config *config, const uint8_t *head, size_t head_len);

/**
 * Returns what the client offers of compression in `head`, the head of a request, if `config` has it on: a server may decide by
 * it on `deflate` and `no_deflate` of `sansocket_acceptance`. All zero if it offers none, or where an argument is wrong.
 */
sansocket_deflate_offer sansocket_request_deflate_offer(const sansocket_config *config, const uint8_t *head, size_t head_len);

/**
 * Begins a connection whose opening handshake was done elsewhere, by an HTTP/1.1, HTTP/2 (RFC 8441) or HTTP/3 (RFC 9220) stack:
 * messages may be sent at once. Of `setup` it reads `role`, `now_ms`, `config`, `negotiated` and, for a client, `entropy` and
 * `entropy_context`.
 *
 * Returns what `sansocket_init_server` does, `SANSOCKET_INVALID_ARGUMENT` for a role that does not exist, or
 * `SANSOCKET_OUT_OF_RANGE` for window bits that are neither 0 nor 8 to 15.
 */
sansocket_result sansocket_init_open(sansocket *ws, const sansocket_setup *setup);

/* ---- HTTP heads and URLs, read in place ---- */

/**
 * Reads the head of a request and writes its parts to `parts`. `head` is that of an event, where it lies or a copy of it.
 *
 * Returns `SANSOCKET_OK`, or `SANSOCKET_NOT_A_HEAD`; nothing is written unless it is `SANSOCKET_OK`.
 */
sansocket_result sansocket_request_parse(const uint8_t *head, size_t head_len, sansocket_request_parts *parts);

/**
 * Reads the head of a response and writes its parts to `parts`. `head` is that of an event, where it lies or a copy of it.
 *
 * Returns what `sansocket_request_parse` does.
 */
sansocket_result sansocket_response_parse(const uint8_t *head, size_t head_len, sansocket_response_parts *parts);

/**
 * Returns the value of the first header called `name` in `head`, the head of a request or a response. It lies in the head. Its
 * `data` is NULL if there is none, or where an argument is wrong.
 */
sansocket_text sansocket_head_header(const uint8_t *head, size_t head_len, const char *name, size_t name_len);

/**
 * Returns the header at `index`, counted from 0, of `head`, the head of a request or a response. It lies in the head.
 * `name.data` is NULL if there is none, or where an argument is wrong.
 */
sansocket_header sansocket_head_header_at(const uint8_t *head, size_t head_len, size_t index);

/**
 * Returns the subprotocol at `index`, counted from 0, of those that the client offers in `head`, the head of a request, in its
 * order of preference (§1.9). It lies in the head. Its `data` is NULL if there is none, or where an argument is wrong.
 */
sansocket_text sansocket_request_subprotocol_at(const uint8_t *head, size_t head_len, size_t index);

/**
 * Returns the token at `index`, counted from 0, of the list in `value`, a header's value such as `chat, superchat`: what stands
 * between commas, up to the first member that is no token (RFC 9110 §5.6.1). It lies in `value`. Its `data` is NULL if there is
 * none, or where an argument is wrong.
 */
sansocket_text sansocket_token_at(const char *value, size_t value_len, size_t index);

/**
 * Cuts `url` into its parts and writes them to `parts`.
 *
 * Returns `SANSOCKET_OK`, `SANSOCKET_URL_...` for the first part that is wrong, or `SANSOCKET_USAGE_INVALID_UTF8`. Nothing is
 * written unless it is `SANSOCKET_OK`.
 */
sansocket_result sansocket_url_parse(const char *url, size_t url_len, sansocket_url *parts);

/* ---- Further ways to send ---- */

/**
 * Writes a Ping (§5.5.2) of at most 125 bytes of payload. Its Pong arrives as an event.
 *
 * Returns what `sansocket_send` does, or `SANSOCKET_USAGE_CONTROL_PAYLOAD_TOO_LONG`.
 */
sansocket_result sansocket_ping(sansocket *ws, sansocket_io *io, const void *payload, size_t len);

/**
 * Writes a Pong (§5.5.3), for those who answer Pings themselves (`SANSOCKET_OPTION_AUTO_PONG` is 0) or send them unasked. It is
 * allowed until the peer's Close was received.
 *
 * Returns what `sansocket_ping` does.
 */
sansocket_result sansocket_pong(sansocket *ws, sansocket_io *io, const void *payload, size_t len);

/**
 * Fails the connection for a reason of the caller's (§7.1.7): writes a Close with `code` if none went out yet, and takes nothing
 * more from the peer. Before the opening handshake is over there is no Close to write: the connection ends by `transport` alone.
 * Once nothing more comes anyway it does nothing.
 *
 * Returns `SANSOCKET_OK`, `SANSOCKET_NEEDS_ROOM`, `SANSOCKET_ENTROPY_FAILED` (a client) or `SANSOCKET_USAGE_INVALID_CLOSE_CODE`.
 */
sansocket_result sansocket_fail(sansocket *ws, sansocket_io *io, uint16_t code);

/**
 * Writes the header alone of the frame that `sansocket_send` would write, at most 14 bytes: the caller writes `payload` itself,
 * directly after what is in the output (`writev`), and whatever calls write later after that. A client masks it on the way: each
 * byte is XORed with the last four bytes of the header in turn. The payload is read for the check of text only.
 *
 * Returns what `sansocket_send` does.
 */
sansocket_result sansocket_send_header(
    sansocket *ws, sansocket_io *io, sansocket_kind kind, const void *payload, size_t len, uint8_t fin);

/**
 * `sansocket_send_header` for `payload_len` bytes, below 2^63, that are not in memory (`sendfile`). Binary only: text would have
 * to be checked.
 *
 * Returns what `sansocket_send_header` does, or `SANSOCKET_USAGE_PAYLOAD_TOO_LONG`.
 */
sansocket_result sansocket_send_binary_header(sansocket *ws, sansocket_io *io, uint64_t payload_len, uint8_t fin);

/**
 * Encodes a whole message of a server's as one frame, once, to be sent to many: a server's frames are not masked, so they are
 * the same for all. `sansocket_send_encoded` sends it on each. `len` bytes and 2 to 10 more, in the output of an `io` of its
 * own; of that only the output is used.
 *
 * Returns `SANSOCKET_OK`, `SANSOCKET_NEEDS_ROOM`, `SANSOCKET_USAGE_INVALID_UTF8`, or `SANSOCKET_INVALID_ARGUMENT` for a kind
 * that does not exist.
 */
sansocket_result sansocket_encode_message(sansocket_io *io, sansocket_kind kind, const void *payload, size_t len);

/**
 * Counts a whole message that `sansocket_encode_message` encoded, the `len` bytes at `encoded`, as sent on this connection.
 * Writes to `due` how many of them the caller has to write now, after what is in the output: all, or 0 if the connection is
 * closing already.
 *
 * Returns `SANSOCKET_OK`, `SANSOCKET_USAGE_NOT_OPEN` before the opening handshake is over, `SANSOCKET_USAGE_WRONG_ROLE` for a
 * client, or `SANSOCKET_USAGE_MESSAGE_UNFINISHED`.
 */
sansocket_result sansocket_send_encoded(sansocket *ws, const uint8_t *encoded, size_t len, size_t *due);

/* ---- Messages that arrive in pieces ---- */

/**
 * Takes the next `SANSOCKET_EVENT_DATA` of a connection, as it was given. With the last piece of a message the event becomes
 * that of the whole: `first` and `last` are 1, `offset` is 0, `data` and `len` show all bytes. A message that came whole stays
 * where it is; what comes in pieces is copied to `memory`, `memory_len` bytes of the caller's, the same for all pieces of a
 * message. If it is text, it is valid UTF-8. There is nothing to initialise: what `memory` holds belongs to the pieces that
 * came.
 *
 * `SANSOCKET_OPTION_MAX_MESSAGE_LEN`, set to `memory_len`, lets the connection refuse what does not fit; without it
 * `sansocket_fail` with 1009 is the answer to `SANSOCKET_MESSAGE_TOO_LONG`.
 *
 * Returns `SANSOCKET_OK`; `SANSOCKET_INCOMPLETE` where more pieces are to come, and the event is as it was;
 * `SANSOCKET_MESSAGE_TOO_LONG`, here and for the further pieces; or `SANSOCKET_INVALID_ARGUMENT` for another event. The memory
 * must not overlap the piece.
 */
sansocket_result sansocket_collect(uint8_t *memory, size_t memory_len, sansocket_event *event);

/* ---- Time, and peers that are slow ---- */

/**
 * Says that the caller reads nothing from the transport for now: because its output is full, because others come first. What the
 * peer answers lies unread then, so the deadlines that wait for the peer (handshake, Pong, idle) stand still until
 * `sansocket_resume`. The closing deadline does not: it also ends what nobody reads. Allowed at any time, again and again.
 *
 * A caller that pauses because the peer takes nothing sets a deadline of its own for that.
 */
sansocket_result sansocket_pause(sansocket *ws, uint64_t now_ms);

/** Ends a `sansocket_pause`: the caller reads again. Without a pause it does nothing. */
sansocket_result sansocket_resume(sansocket *ws, uint64_t now_ms);

/**
 * Says that the transport took `n` of the bytes that are due: those that calls wrote to the output, and those that the caller
 * writes after them (`sansocket_send_header`, `sansocket_respond_head`, `sansocket_send_encoded`). With TLS, count what the
 * transport below it took.
 *
 * Whoever calls this does so for all of them, in their order. Then whatever the transport takes until a keepalive Ping has left
 * puts off the deadline of its Pong, so that only a peer that takes nothing is given up; and the closing deadline moves while
 * the peer takes what was due no later than our Close, at `SANSOCKET_OPTION_MIN_WRITE_RATE` or faster. A socket takes as many
 * bytes as the system buffers for it, so keep that buffer small (`SO_SNDBUF`, on Linux `TCP_NOTSENT_LOWAT`) where a peer may
 * read slowly. Whoever does not call it loses nothing else.
 */
sansocket_result sansocket_written(sansocket *ws, size_t n, uint64_t now_ms);

/**
 * Widens `tick`, a 32-bit counter of milliseconds that wraps after 49.7 days, to 64 bits, and returns it. `last_ms` is what the
 * last call returned, 0 at first, when any tick is taken as it is; at most 24 days lie between two calls. A tick from before the
 * last one gives `last_ms`.
 */
uint64_t sansocket_widen_ms(uint64_t last_ms, uint32_t tick);

/* ---- Compression: permessage-deflate (RFC 7692) ---- */

/**
 * Makes an inflater at the start of a connection. Of `setup` it reads `memory` and `memory_len`: the history, 2^8 to 2^15 bytes,
 * at least as long as the window that was agreed for what the peer sends (`receive_window_bits` of `sansocket_get_deflate`): 32 KiB
 * serve any. What refers further back than was agreed is a fault all the same.
 *
 * Returns `SANSOCKET_OK`, `SANSOCKET_WRONG_MEMORY_LEN` for a length that is no power of 2 or out of that range, `SANSOCKET_WRONG_SIZE` or `SANSOCKET_WRONG_VERSION`.
 */
sansocket_result sansocket_inflater_init(sansocket_inflater *inflater, const sansocket_setup *setup);

/**
 * Makes a compressor at the start of a connection. Of `setup` it reads `window_bits`, of which it uses no more than is
 * agreed for what we send (`send_window_bits` of `sansocket_get_deflate`), `level`, `memory` and `memory_len`: at least as much as
 * `sansocket_compressor_memory_len` says, or, for `SANSOCKET_LEVEL_FAST`, a window and 128 bytes, where what follows the window is
 * the largest hash table that fits.
 *
 * Returns what `sansocket_inflater_init` does, or `SANSOCKET_OUT_OF_RANGE` for `window_bits` other than 8 to 15,
 * `SANSOCKET_INVALID_ARGUMENT` for a level that does not exist; `SANSOCKET_WRONG_MEMORY_LEN` for too little memory.
 */
sansocket_result sansocket_compressor_init(sansocket_compressor *compressor, const sansocket_setup *setup);

/**
 * Returns the bytes of memory that a compressor of this window and level has use for: 2 w for `SANSOCKET_LEVEL_FAST`, w being
 * 2^`window_bits`, and 19/4 w + 2 752 for the others; 0 if `window_bits` is not 8 to 15 or there is no such level.
 */
size_t sansocket_compressor_memory_len(uint32_t window_bits, sansocket_level level);

/**
 * `sansocket_receive` for a connection with permessage-deflate. Compressed messages are inflated into `window`, `window_len`
 * bytes of the caller's, where the event shows them; others come as they do there. `inflater` belongs to this connection alone.
 *
 * Inflating cannot be undone, so this call asks for 131 free bytes of output before it inflates, and what the inflater took
 * stays in it.
 *
 * Returns what `sansocket_receive` does, or `SANSOCKET_USAGE_NO_DEFLATE` where a compressed message comes and the window is
 * empty or the inflater's history is shorter than was agreed. No two of input, output, window and history may overlap.
 */
sansocket_result sansocket_receive_with(
    sansocket *ws, sansocket_io *io, sansocket_inflater *inflater, uint8_t *window, size_t window_len);

/**
 * `sansocket_send`, compressed (RFC 7692 §6.1): writes at most one frame, as long as the output allows. Until `done` the caller
 * writes what is due and calls again with what is left of the payload after its first `consumed` bytes, which may be nothing,
 * and the same `kind` and `fin`. Fragments follow as with `sansocket_send`. With context takeover `compressor` belongs to this
 * connection alone. Without (`send_no_context_takeover` of `sansocket_get_deflate`) any number of connections can share it, one
 * message after the other; `sansocket_compressor_reset` it after a message that its connection did not end.
 *
 * To leave a message uncompressed, because it holds a secret beside what a stranger chose (RFC 7692 §8) or is not worth it, use
 * `sansocket_send`.
 *
 * Returns what `sansocket_send` does, with `SANSOCKET_NEEDS_ROOM` below 32 free bytes; `SANSOCKET_USAGE_NO_DEFLATE` where none
 * was agreed; `SANSOCKET_USAGE_WRONG_COMPRESSOR` if the compressor is inside another message than this one. Neither payload nor output may overlap the compressor's memory.
 */
sansocket_result sansocket_send_with(
    sansocket *ws, sansocket_io *io, sansocket_compressor *compressor, sansocket_kind kind, const void *payload, size_t len,
    uint8_t fin);

/** Forgets the history and all state, a fault too. */
sansocket_result sansocket_inflater_reset(sansocket_inflater *inflater);

/** Forgets the history, and a message that was not ended. */
sansocket_result sansocket_compressor_reset(sansocket_compressor *compressor);

/** Returns the base-2 logarithm of the window in bytes, 8 to 15; 0 if the inflater was never initialised. */
uint32_t sansocket_inflater_get_window_bits(const sansocket_inflater *inflater);

/** Returns the base-2 logarithm of the window in bytes, 8 to 15; 0 if the compressor was never initialised. */
uint32_t sansocket_compressor_get_window_bits(const sansocket_compressor *compressor);

/**
 * Returns 1 if no message is under way: at first, after a reset, and once the last one is done; 0 inside a message, or if the
 * compressor was never initialised.
 */
uint8_t sansocket_compressor_is_idle(const sansocket_compressor *compressor);

/**
 * Compresses a whole message of a server's as one frame, once, to be sent to many: to every connection whose server compresses
 * each message by itself (`send_no_context_takeover` of `sansocket_get_deflate`), in a window of at least 2^`window_bits` bytes.
 * `sansocket_send_compressed` sends it on each. The compressor uses no more of its own window, and may serve other
 * connections, or other messages, between the calls. The frame goes to the output of an `io` of its own; of that only the output
 * is used.
 *
 * Returns `SANSOCKET_OK`; `SANSOCKET_NEEDS_ROOM` unless there is room for a frame that does not compress, of n + n/8 + n/64 and at
 * most 74 bytes for a payload of n; `SANSOCKET_USAGE_INVALID_UTF8`; `SANSOCKET_USAGE_WRONG_COMPRESSOR` for one that is inside a
 * message; `SANSOCKET_OUT_OF_RANGE` for window bits other than 8 to 15; or `SANSOCKET_INVALID_ARGUMENT` for a kind that does not
 * exist. Neither payload nor output may overlap the compressor's memory.
 */
sansocket_result sansocket_encode_compressed(
    sansocket_io *io, sansocket_compressor *compressor, uint32_t window_bits, sansocket_kind kind, const void *payload,
    size_t len);

/**
 * Counts a message that `sansocket_encode_compressed` encoded with this `window_bits`, the `len` bytes at `encoded`, as sent on
 * this connection. Writes to `due` how many of them the caller has to write now, after what is in the output: all, or 0 if the
 * connection is closing already.
 *
 * Returns what `sansocket_send_encoded` does, `SANSOCKET_OUT_OF_RANGE` for window bits other than 8 to 15, or
 * `SANSOCKET_USAGE_NO_DEFLATE` if this server does not compress each message by itself, or only in a smaller window: send it
 * another way then.
 */
sansocket_result sansocket_send_compressed(sansocket *ws, const uint8_t *encoded, size_t len, uint32_t window_bits, size_t *due);

/**
 * `sansocket_receive_with` a codec of the caller's.
 *
 * Returns what that does, `SANSOCKET_NULL_POINTER` for a codec without `inflate` or `reset`, or `SANSOCKET_OUT_OF_RANGE` for
 * window bits other than 8 to 15. Input, window and output may not overlap.
 */
sansocket_result sansocket_receive_with_codec(
    sansocket *ws, sansocket_io *io, sansocket_inflate_codec *codec, uint8_t *window, size_t window_len);

/**
 * `sansocket_send_with` a codec of the caller's.
 *
 * Returns what that does, `SANSOCKET_NULL_POINTER` for a codec without `compress` or `reset`, `SANSOCKET_OUT_OF_RANGE` for window
 * bits other than 8 to 15, `SANSOCKET_USAGE_NO_DEFLATE` if it cannot keep to the window, or `SANSOCKET_CODEC_FAILED`: then the message cannot be ended, so `sansocket_fail` with 1011 ends the
 * connection. What is in the output is due all the same.
 */
sansocket_result sansocket_send_with_codec(
    sansocket *ws, sansocket_io *io, sansocket_deflate_codec *codec, sansocket_kind kind, const void *payload, size_t len,
    uint8_t fin);

/**
 * `sansocket_encode_compressed` with a codec of the caller's.
 *
 * Returns what that does, `SANSOCKET_NULL_POINTER` for a codec without `compress` or `reset`, `SANSOCKET_USAGE_NO_DEFLATE` for one
 * that cannot keep to the window, or `SANSOCKET_CODEC_FAILED`.
 */
sansocket_result sansocket_encode_compressed_with_codec(
    sansocket_io *io, sansocket_deflate_codec *codec, uint32_t window_bits, sansocket_kind kind, const void *payload, size_t len);

/**
 * Inflates from the input to the output, until the one is consumed and all that it says is written, or the other is full: call
 * again then. For those who frame messages themselves; a message is any number of these calls, then `sansocket_inflate_end`.
 * `sansocket_inflater_reset` between messages forgets the history.
 *
 * Returns `SANSOCKET_OK`, or a `SANSOCKET_INFLATE_...` for the rule broken, given again until the inflater is reset; what it
 * wrote to the free part of the output is of no use then.
 */
sansocket_result sansocket_inflate(sansocket_inflater *inflater, sansocket_io *io);

/**
 * Ends the message after its last byte was consumed: writes what is still to come, and stands as if the bytes 00 00 ff ff, which
 * the sender removed (RFC 7692 §7.2.2), had been read. If `done` is 0, the output was filled: call again, with room.
 *
 * Returns what `sansocket_inflate` does.
 */
sansocket_result sansocket_inflate_end(sansocket_inflater *inflater, sansocket_io *io);

/**
 * Compresses `len` bytes at `data` to the output until the one is consumed (`consumed`) or the other is full; up to 63 bits wait
 * inside for room. `flush` that is not 0 says that the message ends with them, and is given again with the rest of them, which
 * may be nothing, until `done`. For those who frame messages themselves.
 */
sansocket_result sansocket_compress(
    sansocket_compressor *compressor, sansocket_io *io, const void *data, size_t len, uint8_t flush);

/* ---- For programs that do the opening handshake or the framing themselves ---- */

/**
 * Looks for the end of the head at the start of `input`, within the limits of `config` (NULL for the defaults), and writes its
 * length to `head_len`. `sender` says whether it is a request (`SANSOCKET_CLIENT`) or a response (`SANSOCKET_SERVER`). It looks
 * at all of `input` each time. For those who do the opening handshake themselves: `sansocket_receive` does this.
 *
 * Returns `SANSOCKET_OK`; `SANSOCKET_INCOMPLETE`; `SANSOCKET_NOT_A_HEAD`, and `error`, unless it is NULL, says why;
 * `SANSOCKET_INVALID_ARGUMENT` for a role that does not exist. `head_len` is written only with the first, `error` only with the
 * third of these.
 */
sansocket_result sansocket_head_find(
    const sansocket_config *config, sansocket_role sender, const uint8_t *input, size_t input_len, size_t *head_len,
    sansocket_error *error);

/**
 * Writes the Sec-WebSocket-Accept that answers `key`, the value of Sec-WebSocket-Key as it was sent, to `accept`: 28 bytes
 * (`SANSOCKET_ACCEPT_KEY_LEN`), without NUL. For those who do the opening handshake themselves.
 */
sansocket_result sansocket_accept_key(const char *key, size_t key_len, char *accept);

/**
 * Reads the frame header at the start of `input` and writes it to `header`; it took `header->header_len` bytes. `rules` NULL
 * takes whatever is a header. Lengths must be minimal and below 2^63 (§5.2).
 *
 * Returns `SANSOCKET_OK`; `SANSOCKET_INCOMPLETE`; `SANSOCKET_NOT_A_FRAME`, as soon as the first byte is there that breaks a
 * rule, and `error`, unless it is NULL, says which; `SANSOCKET_INVALID_ARGUMENT` for rules on masking that do not exist.
 * `header` is written only with the first, `error` only with the third of these.
 */
sansocket_result sansocket_frame_header_decode(
    const uint8_t *input, size_t input_len, const sansocket_frame_rules *rules, sansocket_frame_header *header,
    sansocket_error *error);

/**
 * Writes a frame's header to the output, with the length in its shortest form: 2 to 14 bytes. The payload, masked by
 * `sansocket_apply_mask` if the header says so, goes after it. Of `io` only the output is used; `header_len` is not looked at.
 *
 * Returns `SANSOCKET_OK`, `SANSOCKET_NEEDS_ROOM`, `SANSOCKET_INVALID_ARGUMENT` for an opcode that does not exist or an `rsv`
 * above 7, or `SANSOCKET_USAGE_PAYLOAD_TOO_LONG`.
 */
sansocket_result sansocket_frame_header_encode(sansocket_io *io, const sansocket_frame_header *header);

/**
 * XORs `len` bytes of a payload with the four bytes of `key`, repeated; masks and unmasks (§5.3), in place. `offset` bytes of
 * the same payload went before: 0 at its start.
 */
sansocket_result sansocket_apply_mask(const uint8_t *key, uint64_t offset, uint8_t *bytes, size_t len);

/* ---- Texts and numbers ---- */

/**
 * Returns one sentence, without a full stop, that says what a result means. Any number may be passed. Never NULL; constant, ends
 * in NUL.
 */
const char *sansocket_result_text(sansocket_result result);

/**
 * Returns one sentence, without a full stop, about the rule that the field `error` of an event names. Any number may be passed.
 * Never NULL; constant, ends in NUL.
 */
const char *sansocket_error_text(sansocket_error error);

/** Returns the close code that tells a peer of an error (§7.1.7): 1002, 1007, 1008 or 1009. 1002 for a number that is no error. */
uint16_t sansocket_error_close_code(sansocket_error error);

/**
 * Returns the name of an event for a log: `data`, `close received`. Any number may be passed. Never NULL; constant, ends in NUL.
 */
const char *sansocket_event_text(sansocket_event_type event_type);

/**
 * Returns one sentence, without a full stop, about the `cause` of `SANSOCKET_EVENT_CLOSED`. Any number may be passed. Never
 * NULL; constant, ends in NUL.
 */
const char *sansocket_end_cause_text(sansocket_end_cause cause);

/** Returns 1 if the code may stand in a Close frame, ours or the peer's (1000 to 1003, 1007 to 1014 and 3000 to 4999), else 0. */
uint8_t sansocket_close_code_is_allowed(uint16_t code);

/**
 * Returns the version of the library that runs, as `SANSOCKET_VERSION` has that of the header: 1 000 000 times its first
 * number, 1000 times its second and its third.
 */
uint32_t sansocket_version(void);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* SANSOCKET_H */
