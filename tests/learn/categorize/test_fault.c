/* SPDX-License-Identifier: Apache-2.0 */
/* The n-th allocation fails, for every n: nothing is lost that was there, and nothing leaks. */
#include "categorize/categorize.h"

#include "fault_memory.h"
#include "help.h"

static const char analyzer_text[] =
    "{\"char_filter\":[{\"type\":\"pattern_replace\",\"pattern\":\"x+\",\"replacement\":\"y\"}],"
    "\"tokenizer\":{\"type\":\"pattern\",\"pattern\":\" +\"},\"filter\":[{\"type\":\"stop\","
    "\"stopwords\":[\"a\",\"b\"]}]}";

static void test_analyzer(void **state)
{
    (void)state;
    struct format_node *node = NULL;
    struct format_node *filters = NULL;
    assert_int_equal(format_node_json(analyzer_text, strlen(analyzer_text), "job", &node, NULL),
                     ERR_NONE);
    assert_int_equal(format_node_json("[\"a\",\"b\"]", 9, "job", &filters, NULL), ERR_NONE);
    for (int which = 0; which < 2; which++) {
        bool failed = true;
        for (uint64_t n = 1; failed; n++) {
            struct categorize_analyzer *a = NULL;
            fault_arm(n);
            enum err err = categorize_analyzer_new(which == 0 ? filters : NULL,
                                                   which == 0 ? NULL : node, &a, NULL);
            failed = fault_disarm();
            assert_int_equal(err, failed ? ERR_MEMORY : ERR_NONE);
            categorize_analyzer_free(a);
        }
    }
    format_node_free(filters);
    format_node_free(node);
}

/* A message that finds no memory has no category, or one without an example: the rest stays. */
static void test_messages(void **state)
{
    (void)state;
    struct categorize_analyzer *a = help_analyzer("[\"x+\"]", NULL);
    for (uint64_t n = 1; n < 60; n++) {
        struct categorize_stats s;
        struct categorize *c = help_new(a);
        uint32_t id = 0;
        help_put(c, "one message of a group");
        fault_arm(n);
        enum categorize_verdict verdict = categorize_message(
            c, help_text("two"), help_text("xxx new words opened here"), 0, true, &id);
        (void)fault_disarm();
        categorize_sum(c, &s);
        assert_int_equal(s.documents, verdict == CATEGORIZE_DONE ? 2 : 1);
        assert_int_equal(s.failed, verdict == CATEGORIZE_FAILED);
        assert_int_equal(help_put(c, "one message of a group"), 1);
        categorize_free(c);
    }
    categorize_analyzer_free(a);
}

static void test_whole(void **state)
{
    (void)state;
    struct categorize_analyzer *a = help_analyzer(NULL, NULL);
    struct categorize *c = help_new(a);
    struct buf saved, list;
    buf_init(&saved);
    buf_init(&list);
    help_put(c, "queue mail from north harbour tower at night");
    help_put(c, "queue mail from south island light at night");
    help_put(c, "queue mail from north harbour light at night");
    help_put(c, "queue mail from north island gate at night");
    help_put(c, "queue mail from east harbour gate at night");
    categorize_save(c, &saved);
    bool failed = true;
    for (uint64_t n = 1; failed; n++) {
        const struct categorize_options options = {.analyzer = a, .seed = {1, 2}, .examples = 4};
        struct categorize *back = NULL;
        struct cursor in = cursor_make(saved.p, saved.n);
        fault_arm(n);
        enum err err = categorize_new(&options, &back);
        if (err == ERR_NONE)
            err = categorize_load(back, &in);
        failed = fault_disarm();
        assert_int_equal(err, failed ? ERR_MEMORY : ERR_NONE);
        categorize_free(back);
    }
    failed = true;
    for (uint64_t n = 1; failed; n++) {
        fault_arm(n);
        enum err err = categorize_each(c, CATEGORIZE_ALL, help_line, &list);
        categorize_judge(c);
        failed = fault_disarm();
        assert_true(err == ERR_NONE || err == ERR_MEMORY);
        buf_clear(&list);
    }
    buf_release(&list);
    buf_release(&saved);
    categorize_free(c);
    categorize_analyzer_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_analyzer),
                                       cmocka_unit_test(test_messages),
                                       cmocka_unit_test(test_whole)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
