/* embedded_loop.c on the first UART of Arm's MPS2 board, which QEMU has (mps2-an386): the whole firmware but start-up code. */
#include "embedded.h"

#define REGISTER(address) (*(volatile uint32_t *)(address))
#define UART_DATA REGISTER(0x40004000)
#define UART_STATE REGISTER(0x40004004)
#define UART_CONTROL REGISTER(0x40004008)
#define UART_DIVIDER REGISTER(0x40004010)
#define TIMER_CONTROL REGISTER(0x40000000)
#define TIMER_VALUE REGISTER(0x40000004)
#define TIMER_RELOAD REGISTER(0x40000008)

enum { TX_FULL = 1, RX_FULL = 2, TX_AND_RX_ON = 3, TICKS_PER_MS = 25000 };

size_t transport_read(uint8_t *bytes, size_t room)
{
    size_t n = 0;
    while (n < room && (UART_STATE & RX_FULL) != 0)
        bytes[n++] = (uint8_t)UART_DATA;
    return n;
}

size_t transport_write(const uint8_t *bytes, size_t len)
{
    size_t n = 0;
    while (n < len && (UART_STATE & TX_FULL) == 0)
        UART_DATA = bytes[n++];
    return n;
}

/* A 32-bit timer that counts down; it is read more often than it wraps. */
static uint64_t now_ms(void)
{
    static uint32_t last = 0xffffffff;
    static uint64_t ticks;
    uint32_t value = TIMER_VALUE;
    ticks += last - value;
    last = value;
    return ticks / TICKS_PER_MS;
}

int main(void)
{
    UART_DIVIDER = 16;
    UART_CONTROL = TX_AND_RX_ON;
    TIMER_RELOAD = 0xffffffff;
    TIMER_VALUE = 0xffffffff;
    TIMER_CONTROL = 1;
    for (;;) {
        embedded_begin(now_ms());
        while (embedded_turn(now_ms())) {
        }
    }
}
