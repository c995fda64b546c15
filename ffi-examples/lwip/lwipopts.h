/* What lwIP is built with here: its raw API alone, IPv4 and TCP. A device has fewer connections, and all else follows. */
#ifndef LWIPOPTS_H
#define LWIPOPTS_H

#ifndef MAX_CONNECTIONS
#define MAX_CONNECTIONS 24
#endif

#define NO_SYS 1
#define SYS_LIGHTWEIGHT_PROT 0
#define LWIP_NETCONN 0
#define LWIP_SOCKET 0
#define LWIP_UDP 0
#define LWIP_RAW 0
#define LWIP_STATS 0
#define MEM_ALIGNMENT 8

/* A connection: four segments each way. */
#define TCP_MSS 1460
#define TCP_WND (4 * TCP_MSS)
#define TCP_SND_BUF (4 * TCP_MSS)
#define MEMP_NUM_TCP_PCB (MAX_CONNECTIONS + 4)

/*
 * What a peer can make lwIP keep is bounded, and there is as much for each, so that those who stand still take nothing from the others:
 * what arrives, RAW_MAX_PBUFS (16); what is sent, TCP_SND_QUEUELEN segments (16) with TCP_SND_BUF bytes. Segments after a lost one are
 * kept as long as there are pbufs, by lwIP's default (TCP_QUEUE_OOSEQ): without that, each loss may cost seconds.
 */
#define PBUF_POOL_BUFSIZE 512
#define PBUF_POOL_SIZE (16 * MAX_CONNECTIONS + 32)
#ifndef SHORT_OF_MEMORY
#define MEMP_NUM_TCP_SEG (16 * MAX_CONNECTIONS)
#define MEM_SIZE (MAX_CONNECTIONS * (TCP_SND_BUF + 16 * 128))
#else /* a test */
#define MEMP_NUM_TCP_SEG 32
#define MEM_SIZE 16384
#endif

/* With the sanitizer, each block comes from malloc, so that it sees which one is used after its end, or never freed. */
#ifdef __SANITIZE_ADDRESS__
#define MEM_LIBC_MALLOC 1
#define MEMP_MEM_MALLOC 1
#endif

#endif
