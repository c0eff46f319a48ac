/* SPDX-License-Identifier: Apache-2.0 */
/* Memory that is short at any moment: readers refuse or drop, count it, and leak nothing. */
#include "base/mem.h"
#include "event/event.h"
#include "fault_memory.h"
#include "ingest/delta.h"
#include "ingest/parser.h"
#include "ingest/sort.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static const char *const lines[] = {
    "#separator \\x09",
    "#path\tconn",
    "#fields\tts\tuid\tid.orig_h\tid.resp_h\tduration\torig_bytes\torig_pkts\torig_ip_bytes\tx",
    "1700000000.5\tC1\t10.0.0.1\t10.0.0.2\t300\t5000\t20\t9000\ta\\x01b",
    "{\"ts\":1,\"uid\":\"C\",\"_path\":\"dns\",\"answers\":[\"1.2.3.4\",\"b\"],\"TTLs\":[1,2]}",
    ("{\"@timestamp\":1,\"agent\":{\"type\":\"packetbeat\"},\"event\":{\"dataset\":\"flow\"},"
     "\"flow\":{\"id\":\"F\"},\"unknown\":{\"a\":[1,2,3,4,5,6]},\"bad\":\"\xff\"}"),
};

static void take(void *ctx, struct event *e)
{
    (void)ctx;
    assert_false(e->failed);
}

static void read_lines(void)
{
    struct ingest_counts counts = {0};
    struct ingest_settings settings;
    ingest_settings_default(&settings);
    settings.delta = ingest_delta_new(10, (struct hash_key){1, 2}, &counts);
    struct ingest_parser *p = ingest_parser_new(&settings, "conn.log");
    for (size_t i = 0; p != NULL && i < sizeof(lines) / sizeof(lines[0]); i++)
        ingest_parser_line(p, lines[i], strlen(lines[i]), i + 1, false, take, NULL);
    ingest_parser_free(p);
    ingest_delta_free(settings.delta);
}

static void lines_without_memory(void **state)
{
    (void)state;
    uint64_t n = 1;
    for (bool hit = true; hit; n++) {
        fault_arm(n);
        read_lines();
        hit = fault_disarm();
    }
    assert_in_range(n, 20, 5000);
}

static void count(void *ctx, struct event *e)
{
    (void)e;
    ++*(unsigned *)ctx;
}

/* An event is sorted or its addition was refused. */
static void sorting_without_memory(void **state)
{
    (void)state;
    struct arena arena;
    uint64_t n = 1;
    for (bool hit = true; hit; n++) {
        unsigned added = 0;
        unsigned came = 0;
        struct event e;
        arena_init(&arena, 0);
        event_init(&e, &arena, 5);
        event_set_text(&e, EVENT_F_MESSAGE, "text");
        fault_arm(n);
        struct ingest_sort *s = ingest_sort_new(1, NULL);
        for (int i = 0; s != NULL && i < 100; i++)
            added += ingest_sort_add(s, &e) == ERR_NONE;
        enum err code = s != NULL ? ingest_sort_drain(s, count, &came) : ERR_MEMORY;
        hit = fault_disarm();
        assert_true(code == ERR_NONE ? came == added : came <= added);
        ingest_sort_free(s);
        arena_release(&arena);
    }
    assert_in_range(n, 4, 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_without_memory),
        cmocka_unit_test(sorting_without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
