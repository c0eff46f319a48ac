/* SPDX-License-Identifier: Apache-2.0 */
#include "categorize/categorize.h"

#include "base/rng.h"
#include "help.h"

static void test_one_template_one_category(void **state)
{
    (void)state;
    static const struct {
        const char *message;
        uint32_t id;
    } log[] = {
        {"Server listening on 0.0.0.0 port 22.", 1},
        {"Accepted password for alice from 10.0.0.1 port 4711 ssh2", 2},
        {"Failed password for bob from 10.0.0.1 port 4712 ssh2", 3},
        {"Failed password for invalid user guest from 10.0.0.9 port 1 ssh2", 4},
        {"Server listening on :: port 22.", 1},
        {"Accepted password for carol from 10.0.0.2 port 4713 ssh2", 2},
        {"session opened for user root by (uid=0)", 5},
        {"session closed for user root", 6},
        {"Failed password for invalid user test from 10.0.0.9 port 2 ssh2", 4},
        {"Failed password for dave from 10.0.0.1 port 4712 ssh2", 3},
        {"session opened for user www-data by (uid=0)", 5},
        {"session closed for user www-data", 6},
        {"eth0: link up, 1000 Mbps", 7},
        {"eth0: link down", 8},
        {"eth1: link up, 100 Mbps", 7},
        {"12345", 9},
        {"", 9},
        {"Disk full on /dev/sda1", 10},
        {"Disk empty on /dev/sda1", 11},
    };
    struct categorize_analyzer *a = help_analyzer(NULL, NULL);
    struct categorize *c = help_new(a);
    for (int round = 0; round < 3; round++) {
        for (size_t i = 0; i < sizeof(log) / sizeof(log[0]); i++) {
            uint32_t id = help_put(c, log[i].message);
            if (id != log[i].id)
                fail_msg("%s: category %u", log[i].message, id);
        }
    }
    struct buf terms;
    buf_init(&terms);
    assert_true(categorize_terms(c, 4, &terms));
    assert_string_equal(buf_text(&terms), "Failed password for invalid user from port ssh2");
    assert_false(categorize_terms(c, 0, &terms));
    assert_false(categorize_terms(c, 12, &terms));
    buf_release(&terms);
    categorize_free(c);
    categorize_analyzer_free(a);
}

static void test_groups(void **state)
{
    (void)state;
    struct categorize_analyzer *a = help_analyzer(NULL, NULL);
    struct categorize *c = help_new(a);
    uint32_t id;
    struct bytes one = help_text("one"), two = help_text("two");
    assert_int_equal(categorize_message(c, one, help_text("some words here"), 5, true, &id), 0);
    assert_int_equal(id, 1);
    assert_int_equal(categorize_message(c, two, help_text("some words here"), 5, true, &id), 0);
    assert_int_equal(id, 2);
    assert_int_equal(categorize_message(c, one, help_text("some words here"), 6, true, &id), 0);
    assert_int_equal(id, 1);
    help_lists(c, "1 of one x2 [some words here]\n2 of two x1 [some words here]\n");
    categorize_free(c);
    categorize_analyzer_free(a);
}

/* A category that has become general takes in those that it was told apart from. */
static void test_dead(void **state)
{
    (void)state;
    struct categorize_analyzer *a = help_analyzer(NULL, NULL);
    struct categorize *c = help_new(a);
    struct categorize_stats s;
    /* Too different from each other, but not from what lies between them. */
    assert_int_equal(help_put(c, "queue mail from north harbour tower at night"), 1);
    assert_int_equal(help_put(c, "queue mail from south island light at night"), 2);
    assert_int_equal(help_put(c, "queue mail from north harbour light at night"), 1);
    assert_int_equal(help_put(c, "queue mail from north island gate at night"), 1);
    help_lists(c, "1 x3 [queue mail from north at night]\n"
                  "2 x1 [queue mail from south island light at night]\n");
    assert_int_equal(help_put(c, "queue mail from east harbour gate at night"), 1);
    help_lists(c, "1 x4 [queue mail from at night] <2\n"
                  "2 x1 [queue mail from south island light at night]\n");
    assert_int_equal(help_put(c, "queue mail from south island light at night"), 1);
    categorize_sum(c, &s);
    assert_int_equal(s.dead, 1);
    assert_int_equal(s.total, 2);
    assert_int_equal(s.documents, 6);
    categorize_free(c);
    categorize_analyzer_free(a);
}

static void test_room(void **state)
{
    (void)state;
    struct categorize_analyzer *a = help_analyzer(NULL, NULL);
    struct categorize *c = help_new(a);
    struct categorize_stats s;
    uint32_t id;
    struct bytes none = help_text("");
    assert_int_equal(categorize_message(c, none, help_text("first words"), 0, false, &id),
                     CATEGORIZE_FAILED);
    assert_int_equal(help_put(c, "first words"), 1);
    size_t bytes = categorize_bytes(c);
    assert_int_equal(categorize_message(c, none, help_text("quite another"), 0, false, &id),
                     CATEGORIZE_FAILED);
    /* What is known goes on, without further examples. */
    assert_int_equal(categorize_message(c, none, help_text("first 12 words"), 0, false, &id),
                     CATEGORIZE_DONE);
    assert_int_equal(categorize_bytes(c), bytes);
    categorize_sum(c, &s);
    assert_int_equal(s.failed, 2);
    assert_int_equal(s.documents, 2);
    categorize_free(c);
    categorize_analyzer_free(a);
}

static void test_what_changed(void **state)
{
    (void)state;
    struct categorize_analyzer *a = help_analyzer(NULL, NULL);
    struct categorize *c = help_new(a);
    struct buf out;
    buf_init(&out);
    for (int i = 0; i < 4; i++)
        help_put(c, "some words");
    help_list(c, CATEGORIZE_CHANGED, &out);
    assert_string_equal(buf_text(&out), "1 x4 [some words]\n");
    categorize_told(c, CATEGORIZE_CHANGED);
    for (int i = 0; i < 3; i++)
        help_put(c, "some words");
    help_list(c, CATEGORIZE_CHANGED, &out);
    assert_string_equal(buf_text(&out), "");
    help_list(c, CATEGORIZE_GROWN, &out);
    assert_string_equal(buf_text(&out), "1 x7 [some words]\n");
    help_put(c, "some words");
    help_list(c, CATEGORIZE_CHANGED, &out);
    assert_string_equal(buf_text(&out), "1 x8 [some words]\n");
    categorize_told(c, CATEGORIZE_GROWN);
    help_list(c, CATEGORIZE_GROWN, &out);
    assert_string_equal(buf_text(&out), "");
    buf_release(&out);
    categorize_free(c);
    categorize_analyzer_free(a);
}

/* n messages: a word that is the same or always another, then the rest. */
static void fill(struct categorize *c, const char *group, bool other, const char *rest, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        char text[80];
        uint32_t id;
        snprintf(text, sizeof(text), "q%cz%cq %s", other ? 'a' + (int)(i % 26) : 'a',
                 other ? 'a' + (int)(i / 26) : 'a', rest);
        (void)categorize_message(c, help_text(group), help_text(text), 0, true, &id);
    }
}

static void see_warn(void *ctx, struct bytes name, const struct categorize_stats *s)
{
    buf_format(ctx, "%.*s %s\n", (int)name.n, (const char *)name.p, s->warn ? "warn" : "ok");
}

static void test_use(void **state)
{
    (void)state;
    struct categorize_analyzer *a = help_analyzer(NULL, NULL);
    const struct categorize_options options = {
        .analyzer = a, .seed = {1, 2}, .examples = 4, .stop_on_warn = true};
    struct categorize *c = NULL;
    struct categorize_stats s;
    struct buf out;
    uint32_t id;
    buf_init(&out);
    assert_int_equal(categorize_new(&options, &c), ERR_NONE);
    fill(c, "good", false, "opened it", 300);
    fill(c, "good", false, "closed it", 300);
    fill(c, "single", false, "always the same", 300);
    fill(c, "chaos", true, "other", 300);
    fill(c, "young", false, "always the same", 50);
    categorize_judge(c);
    assert_int_equal(categorize_each_group(c, see_warn, &out), ERR_NONE);
    size_t told = out.n;
    assert_int_equal(categorize_each_group(c, see_warn, &out), ERR_NONE);
    assert_int_equal(out.n, told);
    categorize_sum(c, &s);
    assert_true(s.warn);
    assert_string_equal(buf_text(&out), "good ok\nsingle warn\nchaos warn\nyoung ok\n");
    assert_int_equal(categorize_message(c, help_text("single"), help_text("x"), 0, true, &id),
                     CATEGORIZE_STOPPED);
    assert_int_equal(categorize_message(c, help_text("young"), help_text("xy"), 0, true, &id),
                     CATEGORIZE_DONE);
    buf_release(&out);
    categorize_free(c);
    categorize_analyzer_free(a);
}

/* What was seen before is quick to find, and never another category than a search would find. */
static void test_search_and_seen_agree(void **state)
{
    (void)state;
    static const char *const words[] = {"north", "harbour", "mail",  "opened", "closed", "user=x",
                                        "from",  "/etc/a",  "queue", "light",  "12",     "at"};
    struct categorize_analyzer *a = help_analyzer(NULL, NULL);
    struct categorize *c = help_new(a);
    struct rng rng;
    struct buf state_of;
    rng_init(&rng, 7);
    buf_init(&state_of);
    for (int i = 0; i < 3000; i++) {
        struct buf text;
        buf_init(&text);
        for (uint64_t k = 1 + rng_below(&rng, 7); k > 0; k--)
            buf_format(&text, "%s ", words[rng_below(&rng, 12)]);
        uint32_t id = help_put(c, buf_text(&text));
        if (i % 50 == 0) {
            /* The same in one that has forgotten what it saw. */
            struct categorize *fresh = help_new(a);
            buf_clear(&state_of);
            categorize_save(c, &state_of);
            struct cursor in = cursor_make(state_of.p, state_of.n);
            assert_int_equal(categorize_load(fresh, &in), ERR_NONE);
            assert_int_equal(help_put(fresh, buf_text(&text)), help_put(c, buf_text(&text)));
            assert_int_equal(help_put(fresh, buf_text(&text)), id);
            categorize_free(fresh);
        }
        buf_release(&text);
    }
    buf_release(&state_of);
    categorize_free(c);
    categorize_analyzer_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_one_template_one_category),
                                       cmocka_unit_test(test_groups),
                                       cmocka_unit_test(test_dead),
                                       cmocka_unit_test(test_room),
                                       cmocka_unit_test(test_what_changed),
                                       cmocka_unit_test(test_use),
                                       cmocka_unit_test(test_search_and_seen_agree)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
