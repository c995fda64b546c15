/* Counts every allocation of the process (Rust, C and C++ alike) while it is told to. Always linked in: every
 * allocation of every peer pays for one more test. */
#define _GNU_SOURCE
#include <errno.h>
#include <malloc.h>
#include <stdint.h>
#include <stddef.h>
extern void *__libc_malloc(size_t), *__libc_calloc(size_t, size_t), *__libc_realloc(void *, size_t), *__libc_memalign(size_t, size_t);
extern void __libc_free(void *);
static int on;
static uint64_t count;
static int64_t live;
static inline void *add(void *p) { if (on && p) { count++; live += malloc_usable_size(p); } return p; }
void *malloc(size_t n) { return add(__libc_malloc(n)); }
void *calloc(size_t a, size_t b) { return add(__libc_calloc(a, b)); }
void free(void *p) { if (on && p) live -= malloc_usable_size(p); __libc_free(p); }
void *realloc(void *p, size_t n) { if (on && p) live -= malloc_usable_size(p); return add(__libc_realloc(p, n)); }
void *memalign(size_t a, size_t n) { return add(__libc_memalign(a, n)); }
void *aligned_alloc(size_t a, size_t n) { return add(__libc_memalign(a, n)); }
int posix_memalign(void **o, size_t a, size_t n) { void *p = add(__libc_memalign(a, n)); if (!p) return ENOMEM; *o = p; return 0; }
void ah_enable(int v) { on = v; }
uint64_t ah_count(void) { return count; }
int64_t ah_live(void) { return live; }
