/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store/store_help.h"

#include "store/row.h"

static void add_value(struct event *e, const char *name, struct event_value v)
{
    event_add_named(e, name, strlen(name), &v);
}

/* Events with every type, lists, unknown names, both address sizes, times before 1970. */
static void odd_event(struct event *e, struct arena *arena, struct rng *rng, uint64_t i)
{
    char name[32];
    struct ip v6 = {{0x20, 1, 0xd, 0xb8, [15] = (uint8_t)i}};
    uint8_t quad[4] = {10, 0, 0, (uint8_t)i};
    struct ip v4 = ip_from_v4(quad);
    event_init(e, arena, (ts_ns)(rng_u64(rng) >> 2) - INT64_MAX / 4);
    e->sequence = rng_u64(rng);
    e->source = (uint32_t)rng_u64(rng);
    event_set_i64(e, EVENT_F_SOURCE_BYTES, (int64_t)rng_u64(rng));
    event_set_f64(e, EVENT_F_EVENT_RISK_SCORE, rng_normal(rng) * 1e200);
    event_set_bool(e, EVENT_F_FLOW_FINAL, i % 2 > 0);
    event_set_time(e, EVENT_F_EVENT_START, i % 3 > 0 ? e->time - 5 : INT64_MAX);
    event_set_ip(e, EVENT_F_SOURCE_IP, i % 2 > 0 ? &v6 : &v4);
    for (uint64_t k = 0; k < i % 4; k++)
        event_add_str(e, EVENT_F_TAGS, "Ünïcode tag", 13);
    event_set_str(e, EVENT_F_MESSAGE, "", 0);
    snprintf(name, sizeof(name), "custom.f%u", (unsigned)(i % 50));
    add_value(e, name, (struct event_value){.type = EVENT_I64, .i = INT64_MIN});
    add_value(e, name, (struct event_value){.type = EVENT_STR, .s = "x", .len = 1});
    add_value(e, name, (struct event_value){.type = EVENT_BOOL, .b = true});
}

static void test_round_trip(void **state)
{
    (void)state;
    for (int level = 0; level < 2; level++) {
        struct store_rows rows;
        struct store_batch batch;
        struct store_row row;
        struct arena arena;
        struct rng rng;
        struct buf expected;
        struct buf found;
        struct buf packed;
        rng_init(&rng, 3);
        arena_init(&arena, 0);
        buf_init(&expected);
        buf_init(&found);
        buf_init(&packed);
        assert_int_equal(store_rows_init(&rows), ERR_NONE);
        ts_ns min = INT64_MAX;
        for (uint64_t i = 0; i < 500; i++) {
            struct event e;
            odd_event(&e, &arena, &rng, i);
            assert_int_equal(store_rows_add(&rows, &e), ERR_NONE);
            help_print(&e, &expected);
            min = e.time < min ? e.time : min;
        }
        assert_int_equal(rows.min_time, min);
        assert_int_equal(store_rows_pack(&rows, level, &packed), ERR_NONE);
        assert_int_equal(store_batch_open(bytes_make(packed.p, packed.n), &batch), ERR_NONE);
        assert_int_equal(batch.rows_n, 500);
        while (store_batch_next(&batch, &row)) {
            struct event e;
            assert_int_equal(store_row_event(&batch, &row, &arena, &e), ERR_NONE);
            assert_true(event_has(&e, EVENT_F_SOURCE_BYTES));
            help_print(&e, &found);
        }
        assert_false(batch.bad);
        assert_string_equal(buf_text(&found), buf_text(&expected));
        store_batch_release(&batch);
        /* Cleared, the same writer makes another batch. */
        store_rows_clear(&rows);
        assert_int_equal(store_rows_size(&rows), 0);
        store_rows_release(&rows);
        buf_release(&expected);
        buf_release(&found);
        buf_release(&packed);
        arena_release(&arena);
    }
}

/* The batch of the format page, written by hand: one row with source.port 443 and a tag list. */
static const uint8_t by_hand[] =
    "WRB\1\0"
    "\1\0\0\0"
    "\2\0\0\0"
    "\0\312\232\73\0\0\0\0" /* base: 1 s */
    "\53\0\0\0"
    "\13source.port\0"
    "\4tags\0"
    "\27"        /* row of 23 bytes */
    "\2\3\7\2"   /* base + 1 ns, source 3, sequence 7, 2 fields */
    "\0\2\366\6" /* source.port: integer 443 */
    "\1\10\3"    /* tags: list of 3 */
    "\1\1a\0"    /* "a" */
    "\1\1b\0"    /* "b" */
    "\5\4\12\0"; /* address, and the NUL of the literal is not its last byte */

static void test_by_hand(void **state)
{
    (void)state;
    uint8_t bytes[sizeof(by_hand) + 1];
    struct store_batch batch;
    struct store_row row;
    struct arena arena;
    struct event e;
    memcpy(bytes, by_hand, sizeof(by_hand));
    bytes[sizeof(by_hand)] = 1; /* the address is 10.0.0.1 */
    bytes[sizeof(by_hand) - 1] = 0;
    arena_init(&arena, 0);
    /* The numbers above are what the lengths add up to. */
    size_t body = sizeof(bytes) - 25;
    bytes[21] = (uint8_t)body;
    bytes[25 + 13 + 6] = (uint8_t)(body - 20);
    assert_int_equal(store_batch_open(bytes_make(bytes, sizeof(bytes)), &batch), ERR_NONE);
    assert_true(store_batch_next(&batch, &row));
    assert_int_equal(row.time, TIME_S + 1);
    assert_int_equal(row.source, 3);
    assert_int_equal(row.sequence, 7);
    assert_int_equal(store_row_event(&batch, &row, &arena, &e), ERR_NONE);
    assert_int_equal(event_i64(&e, EVENT_F_SOURCE_PORT, 0), 443);
    const struct event_item *tags = event_get(&e, EVENT_F_TAGS);
    assert_int_equal(tags->n, 3);
    assert_string_equal(event_values(tags)[1].s, "b");
    assert_int_equal(event_values(tags)[2].type, EVENT_IP);
    assert_int_equal(event_values(tags)[2].ip->b[15], 1);
    assert_false(store_batch_next(&batch, &row));
    assert_false(batch.bad);
    store_batch_release(&batch);
    /* Another version is not read. */
    bytes[3] = 2;
    assert_int_equal(store_batch_open(bytes_make(bytes, sizeof(bytes)), &batch), ERR_VERSION);
    arena_release(&arena);
}

/* Every cut and every changed byte of a raw batch: refused or read, never beyond the end. */
static void test_hostile(void **state)
{
    (void)state;
    struct store_rows rows;
    struct arena arena;
    struct rng rng;
    struct buf packed;
    rng_init(&rng, 5);
    arena_init(&arena, 0);
    buf_init(&packed);
    assert_int_equal(store_rows_init(&rows), ERR_NONE);
    for (uint64_t i = 0; i < 3; i++) {
        struct event e;
        odd_event(&e, &arena, &rng, i);
        assert_int_equal(store_rows_add(&rows, &e), ERR_NONE);
    }
    assert_int_equal(store_rows_pack(&rows, 0, &packed), ERR_NONE);
    unsigned refused = 0;
    for (size_t i = 0; i < packed.n * 9; i++) {
        size_t n = i < packed.n ? i : packed.n;
        uint8_t *copy = malloc(n + (n == 0));
        struct store_batch batch;
        struct store_row row;
        memcpy(copy, packed.p, n);
        if (i >= packed.n)
            copy[i % packed.n] ^= (uint8_t)(1U << (i / packed.n - 1));
        if (store_batch_open(bytes_make(copy, n), &batch) != ERR_NONE) {
            refused++;
            free(copy);
            continue;
        }
        while (store_batch_next(&batch, &row)) {
            struct event e;
            arena_clear(&arena);
            if (store_row_event(&batch, &row, &arena, &e) == ERR_NONE) {
                struct buf text;
                buf_init(&text);
                help_print(&e, &text);
                buf_release(&text);
            }
        }
        store_batch_release(&batch);
        free(copy);
    }
    assert_true(refused >= packed.n);
    store_rows_release(&rows);
    buf_release(&packed);
    arena_release(&arena);
}

static void test_limits(void **state)
{
    (void)state;
    struct store_rows rows;
    struct arena arena;
    struct event e;
    char *text = calloc(1, STORE_ROW_MAX + 1);
    assert_non_null(text);
    memset(text, 'x', STORE_ROW_MAX);
    arena_init(&arena, 0);
    assert_int_equal(store_rows_init(&rows), ERR_NONE);
    event_init(&e, &arena, 1);
    event_set_str_view(&e, EVENT_F_MESSAGE, text, STORE_ROW_MAX);
    assert_int_equal(store_rows_add(&rows, &e), ERR_LIMIT);
    assert_int_equal(rows.rows_n, 0);
    event_set_str_view(&e, EVENT_F_MESSAGE, text, STORE_ROW_MAX - 1000);
    for (int i = 0; i < 4; i++) {
        enum err rc = store_rows_add(&rows, &e);
        assert_int_equal(rc, ERR_NONE);
    }
    /* A full batch refuses and keeps what it has. */
    assert_int_equal(store_rows_add(&rows, &e), ERR_LIMIT);
    assert_int_equal(rows.rows_n, 4);
    store_rows_release(&rows);
    arena_release(&arena);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_by_hand),
        cmocka_unit_test(test_hostile),
        cmocka_unit_test(test_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
