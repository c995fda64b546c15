/* A client that connects again: sends numbers, one each 100 ms, and prints what comes. `session_client ws://127.0.0.1:9001/ 100`, with an
 * echo server there, which may come and go: 100 numbers, or without an end. */
#include "session_wire.h"

#include <inttypes.h>

#include "show.h"

static sansocket_session s;
static int has_given_up;

static void handle(const sansocket_session_event *event)
{
    sansocket_event message = {.kind = event->kind, .data = event->data, .len = event->len};
    if (event->type == SANSOCKET_SESSION_EVENT_DATA) {
        show(&message);
        return;
    }
    fprintf(stderr, "%s", sansocket_session_event_text(event->type));
    if (event->type == SANSOCKET_SESSION_EVENT_DOWN)
        fprintf(stderr, ": %s", sansocket_session_cause_text(event->cause));
    if (event->retry_in_ms != SANSOCKET_NEVER)
        fprintf(stderr, ", again in %" PRIu64 " ms", event->retry_in_ms);
    if (event->count > 0) /* nothing is sent twice: whether these arrived, the application finds out */
        fprintf(stderr, ", %" PRIu64 " of %" PRIu64 " to %" PRIu64, event->count, event->first_number, event->last_number);
    fputc('\n', stderr);
    has_given_up |= event->type == SANSOCKET_SESSION_EVENT_GAVE_UP;
}

int main(int argc, char **argv)
{
    static uint8_t input[16384], output[8192], memory[16384];
    const char *url = argc > 1 ? argv[1] : "ws://127.0.0.1:9001/";
    unsigned long count = argc > 2 ? strtoul(argv[2], NULL, 10) : 0;
    sansocket_session_setup setup = SANSOCKET_SESSION_SETUP;
    sansocket_session_config config;
    sansocket_session_config_init(&config, &setup);
    sansocket_session_config_set(&config, SANSOCKET_SESSION_OPTION_FIRST_DELAY_MS, 500);
    setup.session_config = &config;
    setup.now_ms = now_ms();
    setup.entropy = system_entropy;
    setup.url = (sansocket_text){url, strlen(url)};
    setup.buffers.input = input, setup.buffers.input_size = sizeof input;
    setup.buffers.output = output, setup.buffers.output_size = sizeof output;
    setup.memory = memory, setup.memory_size = sizeof memory;
    sansocket_result result = sansocket_session_init(&s, &setup);
    if (argc > 3 || result != SANSOCKET_OK)
        return fprintf(stderr, "usage: session_client [ws://HOST[:PORT]/PATH [COUNT]]: %s\n", sansocket_session_result_text(result)), 2;

    sansocket_session_event event;
    uint64_t next_ms = now_ms(), number = 0;
    bool has_ended = false;
    int fd = -1;
    sansocket_session_start(&s, now_ms());
    while (sansocket_session_get_state(&s) != SANSOCKET_SESSION_STATE_STOPPED) {
        while (sansocket_session_next(&s, now_ms(), &event) == SANSOCKET_OK && event.type != SANSOCKET_SESSION_EVENT_NONE)
            handle(&event);
        session_obey(&s, &fd);
        bool has_moved = fd >= 0 && session_move(&s, fd);
        if (now_ms() >= next_ms && (count == 0 || number < count)) {
            char text[24];
            int len = snprintf(text, sizeof text, "%" PRIu64, number + 1);
            sansocket_session_send(&s, now_ms(), SANSOCKET_TEXT, text, (size_t)len, &number); /* refused if the queue is full: later */
            next_ms = now_ms() + 100;
        }
        if (!has_ended && number == count && count > 0 && sansocket_session_get_queued(&s) == 0)
            has_ended = sansocket_session_close(&s, now_ms(), 1000, NULL, 0) == SANSOCKET_OK;
        struct pollfd ready = {fd, session_events(&s), 0};
        int timeout = has_moved ? 0 : sansocket_session_poll_timeout(&s, now_ms());
        poll(&ready, 1, timeout < 0 || timeout > 100 ? 100 : timeout);
    }
    return has_given_up;
}
