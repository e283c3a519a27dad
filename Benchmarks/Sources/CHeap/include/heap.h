// The C library's count of the heap: its struct is not in the Glibc module of every toolchain.
#ifndef CHEAP_HEAP_H
#define CHEAP_HEAP_H
#include <stddef.h>

/// The bytes of the heap that are in use, of all arenas (mallinfo2(3)).
size_t heap_bytes_in_use(void);
#endif
