// RabbitMQ as a program in C uses it by librabbitmq, without anything clever: amqp_basic_publish for each message,
// amqp_simple_wait_frame for confirmations, amqp_consume_message for deliveries, an acknowledgement for every hundred.
#ifndef CRABBITMQTWIN_H
#define CRABBITMQTWIN_H
#include <stddef.h>

/// What is asked of the twin. The queue is there.
typedef struct {
    const char *host;
    int port;
    const char *queue;
    size_t bytes;
    long count;
    int confirms;
    /// How many messages may be unconfirmed, and how many deliveries unacknowledged.
    int window;
} twin_order;

typedef struct twin twin;

/// A publisher on a connection of its own; NULL, with the reason on standard error, where there is none.
twin *twin_publisher(const twin_order *order);

/// A consumer on a connection of its own, which does not consume yet.
twin *twin_consumer(const twin_order *order);

/// Publishes all; with confirmations returns when the last has come, without them when the server has read everything.
/// 0, or -1 with the reason on standard error, as the others.
int twin_publish(twin *twin);

/// Consumes and acknowledges all; returns when the server has seen it.
int twin_consume(twin *twin);

/// Publishes a message, waits for its confirmation, receives it, acknowledges it, and again; the nanoseconds of each.
int twin_round_trips(twin *publisher, twin *consumer, long long *nanoseconds);

/// The system calls of this process's threads, those to come, too: a counter that is read by twin_calls; -1 where the
/// kernel has none.
int twin_count_calls(void);
long long twin_calls(int counter);

void twin_end(twin *twin);
#endif
