/* What a client prints, and how it ends. */
#ifndef SHOW_H
#define SHOW_H

#include <stdio.h>
#include <stdlib.h>

#include "sansocket.h"

/* Prints a message so that a terminal obeys nothing in it: control characters, U+0080 to U+009F too, as \x1b. Text is UTF-8. */
static inline void show(const sansocket_event *message)
{
    for (size_t i = 0; i < message->len; i++) {
        unsigned byte = message->data[i], next = i + 1 < message->len ? message->data[i + 1] : 0;
        if (byte < 0x20 || byte == 0x7f || (byte >= 0x80 && message->kind != SANSOCKET_TEXT))
            printf("\\x%02x", byte);
        else if (byte == 0xc2 && next < 0xa0)
            i++, printf("\\x%02x", next);
        else
            putchar((int)byte);
    }
    putchar('\n');
    if (fflush(stdout) != 0)
        exit(141); /* nobody reads any longer: what a shell makes of SIGPIPE */
}

/* Says why there is no connection. Returns the exit status: 3 for another answer than 101, 1 for a 101 that breaks a rule. */
static inline int show_refusal(const sansocket_event *refused)
{
    if (refused->status != 101)
        return fprintf(stderr, "refused with status %u\n", refused->status), 3;
    return fprintf(stderr, "%s\n", sansocket_error_text(refused->error)), 1;
}

/* Says how a connection has ended. Returns the exit status: 0 for a good end, 1 for any other. */
static inline int show_end(const sansocket *ws)
{
    unsigned code = sansocket_get_close_code(ws), clean = sansocket_get_was_clean(ws);
    printf("closed with %u, %s\n", code, clean ? "clean" : "not clean");
    if (fflush(stdout) != 0)
        exit(141);
    return clean && (code == 1000 || code == 1001 || code == 1005) ? 0 : 1;
}

#endif
