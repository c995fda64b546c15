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
