/* The host around lwIP: a TAP device, a clock, a loop. On a device, this is what its port of lwIP has. */
#ifndef HOST_H
#define HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lwip/ip4_addr.h"

/* Begins lwIP with this address on a TAP device, which exists and is up. Ends the program if that fails. */
void host_begin(const char *tap, ip4_addr_t address);

/* What nobody can foresee: for masking keys. */
int32_t host_entropy(void *context, uint8_t *bytes, size_t len);

/* Waits for a frame or for lwIP's next timer, and lets lwIP have its turn. Returns false once SIGTERM or SIGINT came. */
bool host_turn(void);

#endif
