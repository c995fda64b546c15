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
