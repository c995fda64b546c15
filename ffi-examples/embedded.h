/* What embedded_loop.c has, and what it needs from the board. */
#ifndef EMBEDDED_H
#define EMBEDDED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Begins a connection, when a peer is there. */
void embedded_begin(uint64_t now_ms);

/* One turn, which never waits. Returns false once the connection is over. */
bool embedded_turn(uint64_t now_ms);

/* The board's: take at most `room` bytes that arrived, or write some of `len`; return how many, 0 for none at the moment. */
size_t transport_read(uint8_t *bytes, size_t room);
size_t transport_write(const uint8_t *bytes, size_t len);

#endif
