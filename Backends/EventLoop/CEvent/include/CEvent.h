#ifndef CEVENT_H
#define CEVENT_H

/* libevent 2.1 and OpenSSL 3, from the distribution: Debian and Ubuntu's libevent-dev and libssl-dev. */
#if !__has_include(<event2/event.h>)
#error "event2/event.h is missing: install libevent-dev (apt-get install libevent-dev), or build with --disable-default-traits"
#elif !__has_include(<openssl/ssl.h>)
#error "openssl/ssl.h is missing: install libssl-dev (apt-get install libssl-dev), or build with --disable-default-traits"
#else
/* The system's headers come first, as Swift sees them: libevent's own define _GNU_SOURCE, which changes them. */
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/eventfd.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <event2/event.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

/* accept4, which the system declares to GNU sources alone: a descriptor that neither blocks nor is inherited; -1 and errno. */
int CEvent_accept(int listener);

/* pipe2, likewise: of both ends none is inherited, and reading does not block. 0 where it worked. */
int CEvent_pipe(int *reading, int *writing);

/* pthread_setname_np of the calling thread, likewise: at most 15 bytes. */
void CEvent_name_thread(const char *name);

/* SSL_set_tlsext_host_name, a macro: the name that the server is asked for. 1 where it worked. */
int CEvent_ask_for(SSL *session, const char *name);

/* SSL_CTX_set_min_proto_version, a macro: TLS 1.2 at least. 1 where it worked. */
int CEvent_require_tls_1_2(SSL_CTX *context);
#endif

#endif
