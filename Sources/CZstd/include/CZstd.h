#ifndef CZSTD_H
#define CZSTD_H

/* libzstd 1.4 or later, from the distribution: Debian and Ubuntu's libzstd-dev. */
#if __has_include(<zstd.h>)
#include <zstd.h>
#elif defined(CZSTD_IS_NEEDED)
#error "zstd.h is missing: install libzstd-dev (apt-get install libzstd-dev), or build with --disable-default-traits"
#endif

#endif
