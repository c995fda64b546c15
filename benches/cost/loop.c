/* What a call costs in a C program's loop: `loop receive|send server|client CALLS`, 16 bytes each. `ci/ffi-lto` counts it. */
#include "sansocket.h"

#include <stdlib.h>
#include <string.h>

/* A key other than zero, for this program only. */
static int entropy(void *context, uint8_t *bytes, size_t len)
{
    (void)context;
    memset(bytes, 0x5A, len);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc != 4)
        return 2;
    int receives = strcmp(argv[1], "receive") == 0;
    sansocket_role role = strcmp(argv[2], "server") == 0 ? SANSOCKET_SERVER : SANSOCKET_CLIENT;
    long calls = atol(argv[3]);

    sansocket ws = {0};
    sansocket_setup setup = SANSOCKET_SETUP;
    setup.role = role;
    setup.entropy = entropy;
    if (sansocket_init_open(&ws, &setup) != SANSOCKET_OK)
        return 1;
    /* From the other role, whose frames are masked if it is a client. */
    uint8_t masked[22] = {0x82, 0x80 | 16, 1, 2, 3, 4}, unmasked[22] = {0x82, 16}, input[22], output[64], payload[16] = {3};
    size_t len = role == SANSOCKET_SERVER ? 22 : 18;
    sansocket_io io = {0};
    for (long i = 0; i < calls; i++) {
        io.now_ms = (uint64_t)i;
        io.output = output, io.output_size = sizeof output, io.output_len = 0;
        if (receives) {
            memcpy(input, role == SANSOCKET_SERVER ? masked : unmasked, sizeof input);
            io.input = input, io.input_len = len;
            if (sansocket_receive(&ws, &io) != SANSOCKET_OK || io.event.type != SANSOCKET_EVENT_DATA || io.event.len != 16)
                return 1;
        } else if (sansocket_send(&ws, &io, SANSOCKET_BINARY, payload, sizeof payload, 1) != SANSOCKET_OK || io.output_len < 18) {
            return 1;
        }
    }
    return 0;
}
