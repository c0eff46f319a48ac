/* SPDX-License-Identifier: Apache-2.0 */
#include "categorize/categorize.h"

#include "help.h"

static void fill(struct categorize *c)
{
    uint32_t id;
    static const char *const log[] = {"Failed password for root from 10.0.0.1 port 22",
                                      "Failed password for admin from 10.0.0.1 port 22",
                                      "session opened for user root",
                                      "queue mail from north harbour tower at night",
                                      "queue mail from south island light at night",
                                      "queue mail from north harbour light at night",
                                      "queue mail from north island gate at night",
                                      "queue mail from east harbour gate at night",
                                      "777"};
    for (size_t i = 0; i < sizeof(log) / sizeof(log[0]); i++)
        help_put(c, log[i]);
    categorize_told(c, CATEGORIZE_CHANGED);
    (void)categorize_message(c, help_text("other"), help_text(log[0]), 77, true, &id);
    (void)categorize_message(c, help_text("other"), help_text("no room"), 77, false, &id);
}

static void save(const struct categorize *c, struct buf *out)
{
    buf_clear(out);
    categorize_save(c, out);
    assert_true(buf_ok(out));
}

static void test_there_and_back(void **state)
{
    (void)state;
    struct categorize_analyzer *a = help_analyzer(NULL, NULL);
    struct categorize *c = help_new(a);
    struct categorize *back = help_new(a);
    struct buf saved, again, list, lists;
    buf_init(&saved);
    buf_init(&again);
    buf_init(&list);
    buf_init(&lists);
    fill(c);
    save(c, &saved);
    struct cursor in = cursor_make(saved.p, saved.n);
    assert_int_equal(categorize_load(back, &in), ERR_NONE);
    assert_int_equal(in.left, 0);
    save(back, &again);
    assert_int_equal(saved.n, again.n);
    assert_memory_equal(saved.p, again.p, saved.n);
    assert_int_equal(categorize_bytes(c), categorize_bytes(back));
    for (int i = 0; i < 3; i++) {
        help_list(c, (enum categorize_which)i, &list);
        help_list(back, (enum categorize_which)i, &lists);
        assert_string_equal(buf_text(&list), buf_text(&lists));
    }
    /* Both go on alike. */
    assert_int_equal(help_put(c, "session opened for user guest"),
                     help_put(back, "session opened for user guest"));
    assert_int_equal(help_put(c, "something new"), help_put(back, "something new"));
    save(c, &saved);
    save(back, &again);
    assert_memory_equal(saved.p, again.p, saved.n);
    buf_release(&saved);
    buf_release(&again);
    buf_release(&list);
    buf_release(&lists);
    categorize_free(c);
    categorize_free(back);
    categorize_analyzer_free(a);
}

/* The least that can be: one message without a text. */
static void test_least(void **state)
{
    (void)state;
    struct categorize_analyzer *a = help_analyzer(NULL, NULL);
    struct categorize *c = help_new(a);
    struct categorize *back = help_new(a);
    struct buf saved;
    buf_init(&saved);
    save(c, &saved);
    struct cursor none = cursor_make(saved.p, saved.n);
    assert_int_equal(categorize_load(back, &none), ERR_NONE);
    categorize_free(back);
    back = help_new(a);
    help_put(c, "");
    save(c, &saved);
    struct cursor in = cursor_make(saved.p, saved.n);
    assert_int_equal(categorize_load(back, &in), ERR_NONE);
    help_lists(back, "1 x1 []\n");
    buf_release(&saved);
    categorize_free(c);
    categorize_free(back);
    categorize_analyzer_free(a);
}

static enum err load(const struct categorize_analyzer *a, const void *p, size_t n)
{
    struct categorize *c = help_new(a);
    struct cursor in = cursor_make(p, n);
    enum err err = categorize_load(c, &in);
    if (err == ERR_NONE) {
        struct buf out;
        buf_init(&out);
        help_list(c, CATEGORIZE_ALL, &out);
        help_put(c, "Failed password for root from 10.0.0.1 port 22");
        categorize_judge(c);
        buf_release(&out);
    }
    categorize_free(c);
    return err;
}

/* Cut anywhere it is refused; with a byte changed it is refused, or can be used. */
static void test_damage(void **state)
{
    (void)state;
    struct categorize_analyzer *a = help_analyzer(NULL, NULL);
    struct categorize *c = help_new(a);
    struct buf saved;
    buf_init(&saved);
    fill(c);
    save(c, &saved);
    for (size_t n = 0; n < saved.n; n++)
        assert_int_equal(load(a, saved.p, n), ERR_FORMAT);
    size_t refused = 0;
    for (size_t i = 0; i < saved.n; i++) {
        char was = saved.p[i];
        saved.p[i] = (char)(was ^ 0x81);
        refused += load(a, saved.p, saved.n) != ERR_NONE;
        saved.p[i] = was;
    }
    assert_true(refused > saved.n / 4);
    saved.p[0] = 2;
    assert_int_equal(load(a, saved.p, saved.n), ERR_VERSION);
    buf_release(&saved);
    categorize_free(c);
    categorize_analyzer_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_there_and_back),
                                       cmocka_unit_test(test_least), cmocka_unit_test(test_damage)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
