#include "CZlib.h"

#ifdef CZLIB_IS_NEEDED
/* 15 bits of window, and 16 more for a header and a trailer of gzip. */
int CZlib_begin_deflate(z_stream *stream) {
    return deflateInit2(stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
}
int CZlib_begin_inflate(z_stream *stream) { return inflateInit2(stream, 15 + 16); }
#endif
