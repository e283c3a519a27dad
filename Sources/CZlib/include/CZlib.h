#ifndef CZLIB_H
#define CZLIB_H

/* zlib 1.2 or later, from the distribution: Debian and Ubuntu's zlib1g-dev. */
#if __has_include(<zlib.h>)
#include <zlib.h>

/* deflateInit2 and inflateInit2 for gzip (RFC 1952), which are macros: Z_OK, or why not. */
int CZlib_begin_deflate(z_stream *stream);
int CZlib_begin_inflate(z_stream *stream);
#elif defined(CZLIB_IS_NEEDED)
#error "zlib.h is missing: install zlib1g-dev (apt-get install zlib1g-dev), or build with --disable-default-traits"
#endif

#endif
