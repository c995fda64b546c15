/* What lwIP has to know of the compiler and the system: GCC or Clang on Linux. */
#ifndef ARCH_CC_H
#define ARCH_CC_H

#include <stdlib.h>
#include <sys/time.h>

#define LWIP_TIMEVAL_PRIVATE 0
#define LWIP_RAND() ((u32_t)random())

#endif
