/* Nothing where no backend needs libevent: then its headers may be missing. */
#ifdef CEVENT_IS_NEEDED
#define _GNU_SOURCE
#include "CEvent.h"

#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

int CEvent_accept(int listener) { return accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC); }

int CEvent_pipe(int *reading, int *writing) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) return -1;
    *reading = ends[0];
    *writing = ends[1];
    return fcntl(ends[0], F_SETFL, O_NONBLOCK);
}

void CEvent_name_thread(const char *name) { pthread_setname_np(pthread_self(), name); }

int CEvent_ask_for(SSL *session, const char *name) { return (int)SSL_set_tlsext_host_name(session, name); }

int CEvent_require_tls_1_2(SSL_CTX *context) { return (int)SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION); }
#endif
