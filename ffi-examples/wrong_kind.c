/* An opcode where the kind of a message is asked for: the Makefile checks that the compiler warns of it, and of nothing else. */
#include "sansocket.h"

void ping(sansocket *ws, sansocket_io *io);

void ping(sansocket *ws, sansocket_io *io)
{
    sansocket_send(ws, io, SANSOCKET_OPCODE_PING, NULL, 0, 1);
}
