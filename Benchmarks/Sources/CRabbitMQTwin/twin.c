#include "twin.h"
#include <linux/perf_event.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>
#if __has_include(<rabbitmq-c/amqp.h>)
#include <rabbitmq-c/amqp.h>
#include <rabbitmq-c/tcp_socket.h>
#else
#include <amqp.h>
#include <amqp_tcp_socket.h>
#endif

struct twin {
    amqp_connection_state_t connection;
    twin_order order;
    char *body;
    long unconfirmed;
    // Which messages are confirmed, by their tags, and the first that is not.
    char *is_confirmed;
    uint64_t first;
};

static int failed(const char *what) {
    fprintf(stderr, "twin: %s failed\n", what);
    return -1;
}

static int is_ok(amqp_connection_state_t connection) {
    return amqp_get_rpc_reply(connection).reply_type == AMQP_RESPONSE_NORMAL;
}

static twin *open_twin(const twin_order *order) {
    twin *made = calloc(1, sizeof *made);
    made->order = *order;
    made->connection = amqp_new_connection();
    made->body = malloc(order->bytes ? order->bytes : 1);
    memset(made->body, 7, order->bytes);
    made->is_confirmed = calloc((size_t)order->count + 2, 1);
    made->first = 1;
    amqp_socket_t *socket = amqp_tcp_socket_new(made->connection);
    if (!socket || amqp_socket_open(socket, order->host, order->port) != AMQP_STATUS_OK
        || amqp_login(made->connection, "/", 0, 131072, 0, AMQP_SASL_METHOD_PLAIN, "guest", "guest").reply_type
            != AMQP_RESPONSE_NORMAL
        || !amqp_channel_open(made->connection, 1)) {
        failed("connecting");
        twin_end(made);
        return NULL;
    }
    return made;
}

twin *twin_publisher(const twin_order *order) {
    twin *made = open_twin(order);
    if (made && order->confirms && !amqp_confirm_select(made->connection, 1)) {
        failed("confirm.select");
        twin_end(made);
        return NULL;
    }
    return made;
}

twin *twin_consumer(const twin_order *order) {
    twin *made = open_twin(order);
    if (made && !amqp_basic_qos(made->connection, 1, 0, (uint16_t)order->window, 0)) {
        failed("basic.qos");
        twin_end(made);
        return NULL;
    }
    return made;
}

// The properties that the wrapper, too, writes for a message without headers.
static int publish(twin *twin) {
    amqp_basic_properties_t properties;
    memset(&properties, 0, sizeof properties);
    properties._flags = AMQP_BASIC_CONTENT_TYPE_FLAG | AMQP_BASIC_DELIVERY_MODE_FLAG | AMQP_BASIC_MESSAGE_ID_FLAG
        | AMQP_BASIC_TIMESTAMP_FLAG | AMQP_BASIC_TYPE_FLAG;
    properties.content_type = amqp_cstring_bytes("application/octet-stream");
    properties.delivery_mode = 2;
    properties.message_id = amqp_cstring_bytes("01KASN7Z5N3W0V8Q6T4R2P0M9K");
    properties.timestamp = 1763870000;
    properties.type = amqp_cstring_bytes("order.created");
    amqp_bytes_t body = {.len = twin->order.bytes, .bytes = twin->body};
    if (amqp_basic_publish(twin->connection, 1, amqp_empty_bytes, amqp_cstring_bytes(twin->order.queue), 1, 0, &properties, body)
        != AMQP_STATUS_OK)
        return failed("basic.publish");
    twin->unconfirmed++;
    return 0;
}

// Waits for a frame, and counts what it confirms.
static int wait_for_confirmation(twin *twin) {
    amqp_frame_t frame;
    if (amqp_simple_wait_frame(twin->connection, &frame) != AMQP_STATUS_OK) return failed("waiting for a confirmation");
    if (frame.frame_type != AMQP_FRAME_METHOD || frame.payload.method.id != AMQP_BASIC_ACK_METHOD)
        return failed("a confirmation: something else came, and it");
    amqp_basic_ack_t *ack = frame.payload.method.decoded;
    if (ack->delivery_tag < 1 || ack->delivery_tag > (uint64_t)twin->order.count) return failed("a tag that is known");
    for (uint64_t tag = ack->multiple ? twin->first : ack->delivery_tag; tag <= ack->delivery_tag; tag++) {
        if (!twin->is_confirmed[tag]) twin->unconfirmed--;
        twin->is_confirmed[tag] = 1;
    }
    while (twin->is_confirmed[twin->first]) twin->first++;
    amqp_maybe_release_buffers(twin->connection);
    return 0;
}

int twin_publish(twin *twin) {
    for (long index = 0; index < twin->order.count; index++) {
        while (twin->order.confirms && twin->unconfirmed >= twin->order.window)
            if (wait_for_confirmation(twin)) return -1;
        if (publish(twin)) return -1;
    }
    while (twin->order.confirms && twin->unconfirmed > 0)
        if (wait_for_confirmation(twin)) return -1;
    if (!twin->order.confirms
        && amqp_channel_close(twin->connection, 1, AMQP_REPLY_SUCCESS).reply_type != AMQP_RESPONSE_NORMAL)
        return failed("channel.close");
    return 0;
}

static int consume(twin *twin) {
    amqp_basic_consume(
        twin->connection, 1, amqp_cstring_bytes(twin->order.queue), amqp_empty_bytes, 0, 0, 0, amqp_empty_table);
    return is_ok(twin->connection) ? 0 : failed("basic.consume");
}

static int receive(twin *twin, amqp_envelope_t *envelope) {
    amqp_maybe_release_buffers(twin->connection);
    if (amqp_consume_message(twin->connection, envelope, NULL, 0).reply_type != AMQP_RESPONSE_NORMAL)
        return failed("receiving");
    return envelope->message.body.len == twin->order.bytes ? 0 : failed("a body of the length that was sent");
}

int twin_consume(twin *twin) {
    if (consume(twin)) return -1;
    for (long index = 1; index <= twin->order.count; index++) {
        amqp_envelope_t envelope;
        if (receive(twin, &envelope)) return -1;
        uint64_t tag = envelope.delivery_tag;
        amqp_destroy_envelope(&envelope);
        if ((index % 100 == 0 || index == twin->order.count) && amqp_basic_ack(twin->connection, 1, tag, 1))
            return failed("basic.ack");
    }
    if (amqp_channel_close(twin->connection, 1, AMQP_REPLY_SUCCESS).reply_type != AMQP_RESPONSE_NORMAL)
        return failed("channel.close");
    return 0;
}

static long long now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000000000LL + time.tv_nsec;
}

int twin_round_trips(twin *publisher, twin *consumer, long long *nanoseconds) {
    if (consume(consumer)) return -1;
    for (long index = 0; index < publisher->order.count; index++) {
        long long start = now();
        if (publish(publisher)) return -1;
        while (publisher->unconfirmed > 0)
            if (wait_for_confirmation(publisher)) return -1;
        amqp_envelope_t envelope;
        if (receive(consumer, &envelope)) return -1;
        if (amqp_basic_ack(consumer->connection, 1, envelope.delivery_tag, 0)) return failed("basic.ack");
        amqp_destroy_envelope(&envelope);
        nanoseconds[index] = now() - start;
    }
    return 0;
}

int twin_count_calls(void) {
    long id = -1;
    const char *places[] = {
        "/sys/kernel/tracing/events/raw_syscalls/sys_enter/id",
        "/sys/kernel/debug/tracing/events/raw_syscalls/sys_enter/id",
    };
    for (size_t place = 0; place < 2 && id < 0; place++) {
        FILE *file = fopen(places[place], "r");
        if (!file) continue;
        if (fscanf(file, "%ld", &id) != 1) id = -1;
        fclose(file);
    }
    if (id < 0) return -1;
    struct perf_event_attr wanted;
    memset(&wanted, 0, sizeof wanted);
    wanted.type = PERF_TYPE_TRACEPOINT;
    wanted.size = sizeof wanted;
    wanted.config = (uint64_t)id;
    wanted.inherit = 1;
    return (int)syscall(SYS_perf_event_open, &wanted, 0, -1, -1, PERF_FLAG_FD_CLOEXEC);
}

long long twin_calls(int counter) {
    uint64_t count = 0;
    return counter >= 0 && read(counter, &count, sizeof count) == sizeof count ? (long long)count : 0;
}

void twin_end(twin *twin) {
    if (!twin) return;
    amqp_connection_close(twin->connection, AMQP_REPLY_SUCCESS);
    amqp_destroy_connection(twin->connection);
    free(twin->is_confirmed);
    free(twin->body);
    free(twin);
}
