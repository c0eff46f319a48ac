/* SPDX-License-Identifier: Apache-2.0 */
#include "hunt/keep.h"

#include "base/buf.h"
#include "cmocka_head.h"
#include "event/event.h"
#include "event/json.h"
#include "hunt/hunt.h"

#include <stdio.h>
#include <string.h>

static struct hunt_doc *make(ts_ns time, unsigned number)
{
    struct arena arena;
    struct event e;
    struct buf scratch;
    char id[16];
    arena_init(&arena, 0);
    buf_init(&scratch);
    snprintf(id, sizeof(id), "%08u", number);
    event_init(&e, &arena, time + 5);
    e.source = 3;
    e.sequence = number;
    event_set_text(&e, EVENT_F_USER_NAME, "anna");
    event_add_named(&e, "odd.field", 9, &(struct event_value){.type = EVENT_I64, .i = 7});
    const struct hunt_source source = {"index", id, "1", &e};
    struct hunt_doc *d = hunt_doc_new(&source, time, &scratch);
    assert_non_null(d);
    buf_release(&scratch);
    arena_release(&arena);
    return d;
}

static void a_document_gives_its_event_back(void **state)
{
    (void)state;
    struct hunt_doc *d = make(100, 42);
    struct event_json *reader = event_json_new();
    struct arena arena;
    struct event e;
    arena_init(&arena, 0);
    assert_int_equal(hunt_doc_event(d, reader, &arena, &e), ERR_NONE);
    assert_int_equal(e.time, 105);
    assert_int_equal(e.source, 3);
    assert_int_equal(e.sequence, 42);
    assert_string_equal(event_str(&e, EVENT_F_USER_NAME, ""), "anna");
    assert_non_null(event_find(&e, "odd.field", 9));
    assert_string_equal(d->id, "00000042");
    assert_string_equal(d->index, "index");
    assert_true(d->bytes >= sizeof(*d) + d->json_n);
    arena_release(&arena);
    event_json_free(reader);
    hunt_doc_free(d);
}

static void documents_stand_in_the_order_of_time(void **state)
{
    (void)state;
    struct hunt_keep k = {0};
    uint64_t random = 1;
    ts_ns popped = -1;
    for (unsigned i = 0; i < 3000; i++) {
        random = random * 6364136223846793005U + 1442695040888963407U;
        ts_ns time = (ts_ns)i + (ts_ns)(random >> 60);
        assert_true(hunt_keep_take(&k, make(time, i)));
        /* Old ones leave as new ones come. */
        while (k.n > 100 && hunt_keep_at(&k, 0)->time + 200 < (ts_ns)i) {
            struct hunt_doc *d = hunt_keep_pop(&k);
            assert_true(d->time >= popped);
            popped = d->time;
            hunt_doc_free(d);
        }
    }
    for (size_t i = 1; i < k.n; i++) {
        const struct hunt_doc *a = hunt_keep_at(&k, i - 1);
        const struct hunt_doc *b = hunt_keep_at(&k, i);
        assert_true(a->time < b->time || (a->time == b->time && strcmp(a->id, b->id) < 0));
        assert_true(hunt_keep_has(&k, b->time, b->id));
        assert_false(hunt_keep_has(&k, b->time, "none"));
    }
    size_t before = hunt_keep_before(&k, 2900);
    assert_true(hunt_keep_at(&k, before - 1)->time < 2900);
    assert_true(hunt_keep_at(&k, before)->time >= 2900);
    assert_int_equal(hunt_keep_before(&k, TIME_MAX), k.n);
    hunt_keep_release(&k);
    assert_null(hunt_keep_pop(&k));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_document_gives_its_event_back),
        cmocka_unit_test(documents_stand_in_the_order_of_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
