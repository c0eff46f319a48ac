/* SPDX-License-Identifier: Apache-2.0 */
/* Searches that are gone on with: names, owners, how long they are kept, and how many there may be.
 */
#include "cmocka_head.h"

#include "find/context.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NOW (100 * TIME_S)

static struct find_context *open_kind(struct find_contexts *t, enum find_context_kind kind,
                                      const char *owner, ts_ns steady)
{
    const struct find_context what = {.kind = kind, .index = "logs-*", .before = 7};
    struct find_context *c;
    assert_int_equal(find_context_open(t, &what, owner, TIME_MIN, steady, &c), ERR_NONE);
    return c;
}

static enum err take(struct find_contexts *t, const char *name, const char *owner, ts_ns steady,
                     struct find_context **out)
{
    return find_context_take(t, FIND_CONTEXT_SCROLL, name, owner, 0, steady, out);
}

static void owners(void **state)
{
    (void)state;
    struct find_contexts *t = find_contexts_new(1), *other = find_contexts_new(2);
    struct find_context *c = open_kind(t, FIND_CONTEXT_SCROLL, "anna", NOW), *found = NULL;
    struct find_context *foreign = open_kind(other, FIND_CONTEXT_SCROLL, "anna", NOW);
    char name[FIND_CONTEXT_NAME_SIZE];
    const char *listed = name;
    memcpy(name, c->name, sizeof(name));
    assert_string_not_equal(name, foreign->name); /* of another run of the program */
    assert_int_equal(take(t, name, "anna", NOW, &found), ERR_BUSY);
    find_context_give(t, c, NOW);
    assert_int_equal(take(t, name, "bert", NOW, &found), ERR_NOT_FOUND);
    assert_int_equal(find_context_take(t, FIND_CONTEXT_MOMENT, name, "anna", 0, NOW, &found),
                     ERR_NOT_FOUND);
    assert_int_equal(take(t, foreign->name, "anna", NOW, &found), ERR_NOT_FOUND);
    assert_int_equal(take(t, name, "anna", NOW, &found), ERR_NONE);
    assert_ptr_equal(found, c);
    assert_string_equal(found->index, "logs-*");
    assert_int_equal(found->before, 7);
    assert_int_equal(find_context_close(t, FIND_CONTEXT_SCROLL, &listed, 1, "bert"), 0);
    /* One that is closed while somebody has it lives until it is given back. */
    assert_int_equal(find_context_close(t, FIND_CONTEXT_SCROLL, &listed, 1, "anna"), 1);
    assert_string_equal(found->index, "logs-*");
    find_context_give(t, found, NOW);
    assert_int_equal(take(t, name, "anna", NOW, &found), ERR_NOT_FOUND);
    find_context_give(other, foreign, NOW);
    find_contexts_free(t);
    find_contexts_free(other);
    find_contexts_free(NULL);
}

/* From the end of each use on; never while it is in use. */
static void ends_by_itself(void **state)
{
    (void)state;
    struct find_contexts *t = find_contexts_new(1);
    struct find_context *c = open_kind(t, FIND_CONTEXT_MOMENT, "anna", NOW), *found, *same;
    char name[FIND_CONTEXT_NAME_SIZE];
    memcpy(name, c->name, sizeof(name));
    assert_int_equal(find_context_count(t, NOW + TIME_HOUR), 1);
    find_context_give(t, c, NOW + TIME_HOUR);
    ts_ns at = NOW + TIME_HOUR + TIME_MIN - 1;
    assert_int_equal(find_context_take(t, FIND_CONTEXT_MOMENT, name, "anna", TIME_HOUR, at, &found),
                     ERR_NONE);
    /* A point in time serves several at once. */
    assert_int_equal(find_context_take(t, FIND_CONTEXT_MOMENT, name, "anna", 0, at, &same),
                     ERR_NONE);
    find_context_give(t, found, at);
    find_context_give(t, same, at);
    assert_int_equal(find_context_count(t, at + TIME_HOUR - 1), 1);
    assert_int_equal(find_context_count(t, at + TIME_HOUR), 0);
    find_contexts_free(t);
}

/* A list of any length costs those who wait no more than there are contexts. */
static void a_list_ends_what_it_names(void **state)
{
    (void)state;
    enum { NAMES = 200000, OPEN = FIND_CONTEXTS_OWN - 2 };
    struct find_contexts *t = find_contexts_new(1);
    const char **names = calloc(NAMES, sizeof(*names));
    char(*texts)[FIND_CONTEXT_NAME_SIZE] = calloc(NAMES, sizeof(*texts));
    assert_true(names != NULL && texts != NULL);
    for (size_t i = 0; i < NAMES; i++) {
        snprintf(texts[i], sizeof(texts[i]), "%08zx%024zx", i * 2654435761u % 0xffffffffu, i);
        names[i] = texts[i];
    }
    for (size_t i = 0; i < OPEN; i++) {
        struct find_context *c = open_kind(t, FIND_CONTEXT_SCROLL, "anna", NOW);
        /* Every second one, among names that are nobody's; some of them twice. */
        if (i % 2 == 0) {
            memcpy(texts[(i * 1999) % NAMES], c->name, sizeof(c->name));
            memcpy(texts[NAMES - 1 - i], c->name, sizeof(c->name));
        }
        find_context_give(t, c, NOW);
    }
    find_context_give(t, open_kind(t, FIND_CONTEXT_MOMENT, "anna", NOW), NOW);
    assert_int_equal(find_context_close(t, FIND_CONTEXT_SCROLL, names, NAMES, "bert"), 0);
    assert_int_equal(find_context_close(t, FIND_CONTEXT_MOMENT, names, NAMES, "anna"), 0);
    assert_int_equal(find_context_close(t, FIND_CONTEXT_SCROLL, names, NAMES, "anna"), OPEN / 2);
    assert_int_equal(find_context_close(t, FIND_CONTEXT_SCROLL, names, NAMES, "anna"), 0);
    assert_int_equal(find_context_count(t, NOW), OPEN / 2 + 1);
    free(names);
    free(texts);
    find_contexts_free(t);
}

static void bounds(void **state)
{
    (void)state;
    struct find_contexts *t = find_contexts_new(1);
    struct find_context what = {.kind = FIND_CONTEXT_SCROLL}, *c;
    char owner[16];
    size_t n = 0;
    for (int o = 0; n < FIND_CONTEXTS_MAX; o++) {
        snprintf(owner, sizeof(owner), "owner %d", o);
        for (int i = 0; i < FIND_CONTEXTS_OWN; i++, n++)
            find_context_give(t, open_kind(t, FIND_CONTEXT_SCROLL, owner, NOW), NOW);
        assert_int_equal(find_context_open(t, &what, owner, TIME_MIN, NOW, &c), ERR_LIMIT);
    }
    assert_int_equal(find_context_open(t, &what, "nobody", TIME_MIN, NOW, &c), ERR_LIMIT);
    assert_int_equal(find_context_close(t, FIND_CONTEXT_SCROLL, NULL, 0, owner), FIND_CONTEXTS_OWN);
    /* And what was left alone makes room. */
    assert_int_equal(find_context_open(t, &what, "nobody", TIME_MIN, NOW + TIME_HOUR, &c),
                     ERR_NONE);
    find_context_give(t, c, NOW + TIME_HOUR);
    assert_int_equal(find_context_count(t, NOW + TIME_HOUR), 1);
    static char large[FIND_CONTEXTS_BYTES / 2];
    memset(large, ' ', sizeof(large));
    what.body = large;
    what.body_n = sizeof(large) - 4096;
    assert_int_equal(find_context_open(t, &what, "a", TIME_MIN, NOW + TIME_HOUR, &c), ERR_NONE);
    find_context_give(t, c, NOW + TIME_HOUR);
    assert_int_equal(find_context_open(t, &what, "b", TIME_MIN, NOW + TIME_HOUR, &c), ERR_NONE);
    find_context_give(t, c, NOW + TIME_HOUR);
    assert_int_equal(find_context_open(t, &what, "c", TIME_MIN, NOW + TIME_HOUR, &c), ERR_LIMIT);
    find_contexts_free(t);
}

static void places(void **state)
{
    (void)state;
    struct find_contexts *t = find_contexts_new(1);
    struct find_context *c = open_kind(t, FIND_CONTEXT_SCROLL, "anna", NOW);
    static char text[70000];
    memset(text, 'x', sizeof(text));
    struct event_value v[2] = {event_value_str("where", 5), event_value_i64(3)};
    assert_int_equal(find_context_place(c, v, 2), ERR_NONE);
    assert_int_equal(c->after_n, 2);
    assert_ptr_not_equal(c->after[0].s, v[0].s);
    assert_string_equal(c->after[0].s, "where");
    v[0] = event_value_str(text, sizeof(text) - 1);
    assert_int_equal(find_context_place(c, v, 2), ERR_LIMIT);
    assert_string_equal(c->after[0].s, "where");
    find_context_give(t, c, NOW);
    find_contexts_free(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(owners),
        cmocka_unit_test(ends_by_itself),
        cmocka_unit_test(a_list_ends_what_it_names),
        cmocka_unit_test(bounds),
        cmocka_unit_test(places),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
