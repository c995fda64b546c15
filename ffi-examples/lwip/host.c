#define _GNU_SOURCE
#include "host.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "lwip/init.h"
#include "lwip/netif.h"
#include "lwip/pbuf.h"
#include "lwip/timeouts.h"
#include "netif/ethernet.h"
#include "lwip/etharp.h"

static struct netif netif;
static int tap_fd;
static u8_t frame[1514];
static volatile sig_atomic_t is_told_to_end;

u32_t sys_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (u32_t)((uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000);
}

/* Frames that the system does not take are lost, as on any wire. */
static err_t send_frame(struct netif *to, struct pbuf *p)
{
    (void)to;
    u16_t len = pbuf_copy_partial(p, frame, sizeof frame, 0);
    ssize_t n;
    do
        n = write(tap_fd, frame, len);
    while (n < 0 && errno == EINTR);
    return n == len ? ERR_OK : ERR_IF;
}

/* Returns whether there was one. */
static bool receive_frame(void)
{
    ssize_t len = read(tap_fd, frame, sizeof frame);
    if (len <= 0)
        return false;
    struct pbuf *p = pbuf_alloc(PBUF_RAW, (u16_t)len, PBUF_POOL);
    if (p != NULL) {
        pbuf_take(p, frame, (u16_t)len);
        if (netif.input(p, &netif) != ERR_OK)
            pbuf_free(p);
    }
    return true;
}

static err_t set_up(struct netif *to)
{
    static const u8_t hardware_address[ETH_HWADDR_LEN] = {2, 0, 0, 's', 'a', 'n'};
    memcpy(to->hwaddr, hardware_address, sizeof hardware_address);
    to->hwaddr_len = sizeof hardware_address;
    to->mtu = 1500;
    to->flags = NETIF_FLAG_BROADCAST | NETIF_FLAG_ETHARP | NETIF_FLAG_ETHERNET | NETIF_FLAG_LINK_UP;
    to->output = etharp_output;
    to->linkoutput = send_frame;
    return ERR_OK;
}

static void on_signal(int number)
{
    (void)number;
    is_told_to_end = 1;
}

void host_begin(const char *tap, ip4_addr_t address)
{
    ip4_addr_t mask = {PP_HTONL(0xffffff00)}, gateway = {0};
    struct ifreq request = {.ifr_flags = IFF_TAP | IFF_NO_PI};
    struct sigaction action = {.sa_handler = on_signal};

    snprintf(request.ifr_name, sizeof request.ifr_name, "%s", tap);
    tap_fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (tap_fd < 0 || ioctl(tap_fd, TUNSETIFF, &request) != 0) {
        fprintf(stderr, "cannot use the TAP device %s: %s\n", tap, strerror(errno));
        exit(1);
    }
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    lwip_init();
    netif_add(&netif, &address, &mask, &gateway, NULL, set_up, ethernet_input);
    netif_set_default(&netif);
    netif_set_up(&netif);
}

int32_t host_entropy(void *context, uint8_t *bytes, size_t len)
{
    (void)context;
    return getentropy(bytes, len);
}

bool host_turn(void)
{
    struct pollfd arrived = {.fd = tap_fd, .events = POLLIN};
    u32_t timeout = sys_timeouts_sleeptime();
    poll(&arrived, 1, timeout > 1000 ? 1000 : (int)timeout);
    /* What has arrived comes before the timers; some frames a turn are enough. */
    for (int frames = 0; frames < 64 && receive_frame(); frames++)
        continue;
    PBUF_CHECK_FREE_OOSEQ(); /* if pbufs have come to an end */
    sys_check_timeouts();
    return !is_told_to_end;
}
