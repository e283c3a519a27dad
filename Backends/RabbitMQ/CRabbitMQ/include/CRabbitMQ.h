#ifndef CRABBITMQ_H
#define CRABBITMQ_H

/* librabbitmq 0.11 or later, from the distribution: Debian and Ubuntu's librabbitmq-dev. Of it the codec alone is used: what
 * reads and writes the frames of AMQP 0-9-1. */
#if __has_include(<rabbitmq-c/amqp.h>)
#include <stdint.h>
#include <sys/time.h>
#include <rabbitmq-c/amqp.h>
#include <rabbitmq-c/framing.h>
#elif __has_include(<amqp.h>)
#include <stdint.h>
#include <sys/time.h>
#include <amqp.h>
#include <amqp_framing.h>
#else
#error "amqp.h is missing: install librabbitmq-dev (apt-get install librabbitmq-dev), or build with --disable-default-traits"
#endif

#endif
