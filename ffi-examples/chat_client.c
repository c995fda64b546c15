/* The chat of socketio/examples/chat in a terminal, as a client of Socket.IO: `chat_client http://127.0.0.1:9003/ [NAME]`. Lines are said,
 * `/join ROOM` changes the room, `/send FILE` sends a file. It ends with its input, once the server has answered to all. */
#include "session_wire.h"

#include <fcntl.h>

#include "sansocket_socketio.h"
#include "show.h"

enum { MAX_FILE = 4000000, MAX_ACKS = 8 };

static sansocket_session s;
static sansocket_socketio io;
static const char *name;
static char room[64] = "lobby";
static uint32_t id;
static uint64_t join_ack;
static int due; /* answers */
static bool is_in, was_in, is_refused;

/* Prints a line, with strings of JSON's for each %, and without control characters. */
static void print(const char *format, const sansocket_json *value)
{
    static uint8_t text[4096];
    sansocket_text copied;
    size_t len = 0;
    for (; *format != '\0' && len < sizeof text; format++)
        if (*format != '%')
            text[len++] = (uint8_t)*format;
        else if (sansocket_json_text((value++)->json, (char *)text + len, sizeof text - len, &copied) == SANSOCKET_OK)
            len += copied.len;
    show(&(sansocket_event){.kind = SANSOCKET_TEXT, .data = text, .len = len});
}

/* Emits an event about the room, to be answered; with a file, if there is one. Returns what the answer will have. */
static uint64_t ask(const char *event, const char *text, const sansocket_bytes *file)
{
    sansocket_argument arguments[] = {SANSOCKET_TEXT_ARGUMENT(room, strlen(room)), SANSOCKET_TEXT_ARGUMENT(text, strlen(text)),
                                      SANSOCKET_ATTACHMENT_ARGUMENT};
    sansocket_emit emit = {.namespace_id = id, .ack_within_ms = 30000, .name = {event, strlen(event)}, .arguments = arguments};
    emit.argument_count = file != NULL ? 3 : *text != '\0' ? 2 : 1;
    emit.attachments = file, emit.attachment_count = file != NULL;
    sansocket_sent sent = {0, SANSOCKET_NEVER};
    sansocket_result result = sansocket_socketio_emit(&io, &s, now_ms(), &emit, &sent);
    if (result != SANSOCKET_OK)
        fprintf(stderr, "not sent: %s\n", sansocket_socketio_result_text(result));
    due += result == SANSOCKET_OK;
    return sent.ack;
}

static void send_file(const char *path)
{
    static uint8_t data[MAX_FILE + 1];
    int file = open(path, O_RDONLY);
    ssize_t n = read(file, data, sizeof data);
    const char *slash = strrchr(path, '/');
    if (n > 0 && n <= MAX_FILE)
        ask("upload", slash != NULL ? slash + 1 : path, &(sansocket_bytes){data, (size_t)n});
    else
        fprintf(stderr, "%s cannot be read, is empty, or is larger than 4 MB\n", path);
    close(file);
}

static void on_line(char *line)
{
    line[strcspn(line, "\n")] = '\0';
    if (strncmp(line, "/join ", 6) == 0) {
        ask("leave", "", NULL);
        snprintf(room, sizeof room, "%.63s", line + 6);
        is_in = false;
        join_ack = ask("join", "", NULL);
    } else if (strncmp(line, "/send ", 6) == 0) {
        send_file(line + 6);
    } else if (*line != '\0') {
        ask("say", line, NULL);
    }
}

static void on_answer(const sansocket_socketio_event *event)
{
    sansocket_json args[2], other;
    size_t count = sansocket_json_items(event->json, 0, args, 2);
    if (count == 1 && sansocket_json_get(args[0].json, "error", 5, &other) == SANSOCKET_OK)
        print("* refused: %", &other);
    if (event->ack != join_ack || count != 2)
        return;
    is_in = was_in = true;
    print("* you are in %, with", args);
    for (size_t i = 0; sansocket_json_items(args[1].json, i, &other, 1) > i; i++)
        print("*   %", &other);
}

static void on_event(const sansocket_socketio_event *event)
{
    static const char *const formats[][2] = {
        {"said", "[%] %: %"}, {"joined", "[%] % has joined"}, {"left", "[%] % has left"}, {"uploaded", "[%] % has sent %"}};
    sansocket_json args[3] = {{0}, {0}, {0}};
    sansocket_json_items(event->json, 1, args, 3); /* the event's name comes first */
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
        if (sansocket_json_equals(event->name, formats[i][0], strlen(formats[i][0])))
            print(formats[i][1], args);
}

static void handle(const sansocket_socketio_event *event)
{
    char auth[800] = "{\"name\":";
    sansocket_text quoted = {0};
    sansocket_json message = {0};
    if (event->type == SANSOCKET_SOCKETIO_EVENT_JOINING) {
        sansocket_json_escape(name, strlen(name), auth + 8, sizeof auth - 9, &quoted);
        auth[8 + quoted.len] = '}';
        sansocket_socketio_authenticate(&io, &s, now_ms(), id, auth, 9 + quoted.len);
    } else if (event->type == SANSOCKET_SOCKETIO_EVENT_CONNECTED) {
        join_ack = ask("join", "", NULL);
    } else if (event->type == SANSOCKET_SOCKETIO_EVENT_CONNECT_ERROR) {
        is_refused = true;
        sansocket_json_get(event->json, "message", 7, &message);
        print("* refused: %", &message);
        poll(NULL, 0, was_in ? 2000 : 0); /* perhaps the server has not noticed yet that our old connection is gone */
    } else if (event->type == SANSOCKET_SOCKETIO_EVENT_DISCONNECTED) {
        is_in = false;
    } else if (event->type == SANSOCKET_SOCKETIO_EVENT_EVENT) {
        on_event(event);
    } else if (event->type == SANSOCKET_SOCKETIO_EVENT_ATTACHMENT) {
        printf("*   %zu bytes\n", event->len);
        fflush(stdout); /* which a pipe would hold back */
    } else if (event->type == SANSOCKET_SOCKETIO_EVENT_ACK) {
        due--, on_answer(event);
    } else if (event->type == SANSOCKET_SOCKETIO_EVENT_ACK_FAILED && due-- > 0 && event->ack != join_ack) {
        fprintf(stderr, "perhaps not delivered\n"); /* nothing is sent twice */
    } else if (event->type == SANSOCKET_SOCKETIO_EVENT_DOWN) {
        fprintf(stderr, "%s\n", sansocket_session_cause_text(event->session.cause));
    }
}

/* Asks for the namespace, as it was asked for before. */
static bool begin(const sansocket_text *namespace_name)
{
    is_refused = false;
    return sansocket_socketio_connect(&io, &s, now_ms(), namespace_name->data, namespace_name->len, &id) == SANSOCKET_OK
        && sansocket_session_start(&s, now_ms()) == SANSOCKET_OK;
}

int main(int argc, char **argv)
{
    /* Room for a file in each direction, and for what stands around it. */
    static uint8_t input[MAX_FILE + 10000], output[MAX_FILE + 10000], memory[MAX_FILE + 10000], packets[8192];
    static sansocket_namespace_slot namespaces[1];
    static sansocket_ack_slot acks[MAX_ACKS];
    char url[512];
    sansocket_target target;
    name = argc > 2 ? argv[2] : getenv("USER") != NULL ? getenv("USER") : "somebody";
    if (argc < 2 || argc > 3 || sansocket_socketio_target(argv[1], strlen(argv[1]), NULL, 0, url, sizeof url, &target) != SANSOCKET_OK)
        return fprintf(stderr, "usage: chat_client http://HOST[:PORT]/ [NAME]\n"), 2;
    sansocket_session_setup setup = SANSOCKET_SESSION_SETUP;
    setup.now_ms = now_ms();
    setup.entropy = system_entropy;
    setup.url = target.url;
    setup.buffers = (sansocket_buffers){.input = input, .input_size = sizeof input, .output = output, .output_size = sizeof output};
    setup.memory = memory, setup.memory_size = sizeof memory;
    sansocket_socketio_setup io_setup = SANSOCKET_SOCKETIO_SETUP;
    io_setup.namespaces = namespaces, io_setup.namespace_count = 1;
    io_setup.acks = acks, io_setup.ack_count = MAX_ACKS;
    io_setup.memory = packets, io_setup.memory_size = sizeof packets;
    if (sansocket_session_init(&s, &setup) != SANSOCKET_OK || sansocket_socketio_init(&io, &io_setup) != SANSOCKET_OK
        || !begin(&target.namespace_name))
        return 1;

    static char line[2000];
    sansocket_socketio_event event;
    int fd = -1;
    bool has_ended = false;
    setvbuf(stdin, NULL, _IONBF, 0); /* poll knows nothing of stdio's buffer */
    for (;;) {
        while (sansocket_socketio_next(&io, &s, now_ms(), &event) == SANSOCKET_OK && event.type != SANSOCKET_SOCKETIO_EVENT_NONE)
            handle(&event);
        if (sansocket_session_get_state(&s) == SANSOCKET_SESSION_STATE_STOPPED && !(is_refused && was_in && begin(&target.namespace_name)))
            return is_refused;
        session_obey(&s, &fd);
        bool has_moved = fd >= 0 && session_move(&s, fd);
        /* What is said before we are in the room would be refused; and each line takes up to two answers. */
        bool takes_lines = is_in && !has_ended && due + 2 <= MAX_ACKS;
        struct pollfd ready[] = {{fd, session_events(&s), 0}, {takes_lines ? 0 : -1, POLLIN, 0}};
        poll(ready, 2, has_moved ? 0 : sansocket_socketio_poll_timeout(&io, &s, now_ms()));
        if (ready[1].revents != 0 && !(has_ended = fgets(line, sizeof line, stdin) == NULL))
            on_line(line);
        if (has_ended && due == 0)
            sansocket_socketio_disconnect(&io, &s, now_ms(), id);
    }
}
