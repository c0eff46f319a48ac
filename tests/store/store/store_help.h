#ifndef TESTS_STORE_HELP_H
#define TESTS_STORE_HELP_H

/* Events and sinks for the tests of the store; header only. */

#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* asprintf */
#endif
#include "store/store/store_dir.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/rng.h"
#include "event/event.h"
#include "store/store.h"

#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define HELP_BASE ((ts_ns)1700000000 * TIME_S) /* 2023-11-14T22:13:20Z */

/* Sends every child of this process a signal; how many there were. */
static inline unsigned help_kill_children(int signal_number)
{
    char path[64];
    unsigned n = 0;
    long pid;
    snprintf(path, sizeof(path), "/proc/self/task/%ld/children", (long)getpid());
    FILE *f = fopen(path, "r");
    if (f == NULL)
        skip(); /* this kernel does not list children */
    while (fscanf(f, "%ld", &pid) == 1 && kill((pid_t)pid, signal_number) == 0)
        n++;
    fclose(f);
    return n;
}

/* Sends a document under a name of an index `logs-generic-default`; what was known of the name. */
static inline enum store_name_state help_named(struct store *s, const char *id, uint64_t document,
                                               bool create, ts_ns time)
{
    struct store_name name = {.document = document, .create = create};
    struct arena arena;
    struct event e;
    arena_init(&arena, 0);
    event_init(&e, &arena, time);
    event_set_text(&e, EVENT_F_WEIR_ID, id);
    assert_int_equal(store_name_look(s, &e, &name), ERR_NONE);
    enum store_name_state found = name.state;
    if (!store_name_is_there(&name))
        assert_int_equal(store_append_named(s, &e, &name), ERR_NONE);
    arena_release(&arena);
    return found;
}

/* The files of a store's pieces, and with them what is in them, as if they had come at a time. */
static inline void help_came(const char *dir, ts_ns time)
{
    char path[4200];
    unsigned n = 0;
    const struct timespec when[2] = {{.tv_sec = time / TIME_S}, {.tv_sec = time / TIME_S}};
    snprintf(path, sizeof(path), "%s/pieces", dir);
    DIR *d = opendir(path);
    assert_non_null(d);
    for (struct dirent *e; (e = readdir(d)) != NULL;)
        if (strstr(e->d_name, ".parquet") != NULL) {
            assert_int_equal(utimensat(dirfd(d), e->d_name, when, 0), 0);
            n++;
        }
    closedir(d);
    assert_true(n > 0);
}

/* A flow as the packet sensor makes it: 32 fields. */
static inline void help_flow(struct event *e, struct arena *arena, struct rng *rng, ts_ns time,
                             uint64_t sequence)
{
    char text[80];
    uint8_t source[4] = {192, 168, (uint8_t)rng_below(rng, 4), (uint8_t)rng_below(rng, 250)};
    uint8_t peer[4] = {(uint8_t)(20 + rng_below(rng, 60)), (uint8_t)rng_below(rng, 20), 7,
                       (uint8_t)rng_below(rng, 30)};
    struct ip a = ip_from_v4(source);
    struct ip b = ip_from_v4(peer);
    static const int64_t ports[] = {443, 443, 443, 80, 53, 22, 123, 8443};
    int64_t sent = (int64_t)(rng_below(rng, 4000) + 60);
    int64_t got = (int64_t)(rng_below(rng, 60000) + 60);
    ts_ns took = (ts_ns)rng_below(rng, 30000) * TIME_MS;
    event_init(e, arena, time);
    e->sequence = sequence;
    event_set_text(e, EVENT_F_EVENT_KIND, "event");
    event_add_str(e, EVENT_F_EVENT_CATEGORY, "network", 7);
    event_add_str(e, EVENT_F_EVENT_TYPE, "connection", 10);
    event_add_str(e, EVENT_F_EVENT_TYPE, "end", 3);
    event_set_text(e, EVENT_F_EVENT_ACTION, "network_flow");
    event_set_text(e, EVENT_F_EVENT_DATASET, "network_traffic.flow");
    event_set_text(e, EVENT_F_DATA_STREAM_TYPE, "logs");
    event_set_text(e, EVENT_F_DATA_STREAM_DATASET, "network_traffic.flow");
    event_set_text(e, EVENT_F_DATA_STREAM_NAMESPACE, "default");
    event_set_text(e, EVENT_F_AGENT_TYPE, "packetbeat");
    event_set_text(e, EVENT_F_AGENT_NAME, "sensor-1");
    event_set_time(e, EVENT_F_EVENT_START, time - took);
    event_set_time(e, EVENT_F_EVENT_END, time);
    event_set_i64(e, EVENT_F_EVENT_DURATION, took);
    event_set_ip(e, EVENT_F_SOURCE_IP, &a);
    event_set_i64(e, EVENT_F_SOURCE_PORT, (int64_t)(1024 + rng_below(rng, 60000)));
    event_set_i64(e, EVENT_F_SOURCE_BYTES, sent);
    event_set_i64(e, EVENT_F_SOURCE_PACKETS, sent / 400 + 1);
    event_set_ip(e, EVENT_F_DESTINATION_IP, &b);
    event_set_i64(e, EVENT_F_DESTINATION_PORT, ports[rng_below(rng, 8)]);
    event_set_i64(e, EVENT_F_DESTINATION_BYTES, got);
    event_set_i64(e, EVENT_F_DESTINATION_PACKETS, got / 1000 + 1);
    event_set_text(e, EVENT_F_DESTINATION_GEO_COUNTRY_ISO_CODE, peer[0] % 3 == 0 ? "DE" : "US");
    event_set_i64(e, EVENT_F_DESTINATION_AS_NUMBER, 1000 + peer[0]);
    event_set_text(e, EVENT_F_DESTINATION_AS_ORGANIZATION_NAME, "Example Networks Ltd");
    event_set_i64(e, EVENT_F_NETWORK_BYTES, sent + got);
    event_set_i64(e, EVENT_F_NETWORK_PACKETS, sent / 400 + got / 1000 + 2);
    event_set_text(e, EVENT_F_NETWORK_TRANSPORT, "tcp");
    event_set_text(e, EVENT_F_NETWORK_TYPE, "ipv4");
    event_set_text(e, EVENT_F_NETWORK_DIRECTION, "outbound");
    snprintf(text, sizeof(text), "1:%016llx%08llx=", (unsigned long long)rng_u64(rng),
             (unsigned long long)rng_below(rng, UINT32_MAX));
    event_set_text(e, EVENT_F_NETWORK_COMMUNITY_ID, text);
    event_set_bool(e, EVENT_F_FLOW_FINAL, true);
}

/* An event as one text: everything in it, fields in order of name; for comparing. */
static inline int help_compare_items(const void *a, const void *b)
{
    const struct event_item *x = *(const struct event_item *const *)a;
    const struct event_item *y = *(const struct event_item *const *)b;
    return strcmp(x->name, y->name);
}

static inline void help_print(const struct event *e, struct buf *out)
{
    const struct event_item *items[512];
    char scratch[EVENT_TEXT_SIZE];
    assert_true(e->n <= 512);
    buf_format(out, "%lld %u %llu", (long long)e->time, e->source, (unsigned long long)e->sequence);
    for (uint32_t i = 0; i < e->n; i++)
        items[i] = &e->items[i];
    qsort(items, e->n, sizeof(items[0]), help_compare_items);
    for (uint32_t i = 0; i < e->n; i++) {
        buf_format(out, " %s=", items[i]->name);
        for (uint32_t k = 0; k < items[i]->n; k++) {
            size_t n;
            const struct event_value *v = &event_values(items[i])[k];
            const char *text = event_value_text(v, scratch, &n);
            buf_format(out, "%s%d:", k > 0 ? "," : "", v->type);
            buf_add(out, text, n);
        }
    }
    buf_char(out, '\n');
}

struct help_list {
    struct buf text;
    uint64_t n;
    uint64_t stop_at; /* 0: never */
};

static inline bool help_collect(void *ctx, struct event *e)
{
    struct help_list *l = ctx;
    help_print(e, &l->text);
    return ++l->n != l->stop_at;
}

#endif
