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
