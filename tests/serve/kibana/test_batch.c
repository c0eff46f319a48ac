/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/kibana/kibana_help.h"

#include "kibana/batch.h"

struct outcomes {
    size_t done, refused, next;
    char last[100];
};

static void take(void *ctx, size_t i, enum err err, const char *message)
{
    struct outcomes *o = ctx;
    assert_int_equal(i, o->next++);
    o->done += err == ERR_NONE;
    o->refused += err != ERR_NONE;
    if (err != ERR_NONE)
        snprintf(o->last, sizeof(o->last), "%zu %d %s", i, err, message);
}

static size_t count(const char *text, const char *part)
{
    size_t n = 0;
    for (const char *p = text; (p = strstr(p, part)) != NULL; p++)
        n++;
    return n;
}

/* What was added is sent in requests of at most 1,000; each is told what became of it, in order. */
static void many(void **state)
{
    (void)state;
    static const struct kibana_batch_terms terms = {.fresh = true, .revision = -1};
    struct fake_world w;
    struct err_text why;
    struct outcomes o = {0};
    struct kibana_batch b;
    open_world(&w);
    struct api_call c = make_call(&w);
    kibana_batch_init(&b, &c, "rule", "put", take, &o);
    w.says = "{\"at\":0,\"code\":-6,\"message\":\"there\"}\n{\"at\":499,\"code\":-7,\"message\":"
             "\"wrong\"}\n";
    for (int i = 0; i < 1500; i++)
        assert_int_equal(kibana_batch_add(&b, "{}", 2, &terms, &why), ERR_NONE);
    assert_int_equal(o.next, 1000);
    assert_int_equal(kibana_batch_end(&b, &why), ERR_NONE);
    assert_int_equal(kibana_batch_end(&b, &why), ERR_NONE);
    assert_int_equal(o.next, 1500);
    assert_int_equal(o.refused, 4);
    assert_string_equal(o.last, "1499 -7 wrong");
    assert_int_equal(count(buf_text(&w.acted), "\"command\":\"rule\",\"verb\":\"put\""), 2);
    assert_int_equal(count(buf_text(&w.acted), "{\"fresh\":true,\"text\":\"{}\"}"), 1500);
    kibana_batch_release(&b);
    arena_release(&c.arena);
    fake_close(&w);
}

static void terms(void **state)
{
    (void)state;
    static const struct kibana_batch_terms all = {.revision = 3, .version = "7"};
    struct fake_world w;
    struct err_text why;
    struct outcomes o = {0};
    struct kibana_batch b;
    open_world(&w);
    struct api_call c = make_call(&w);
    kibana_batch_init(&b, &c, "exception", "add", take, &o);
    assert_int_equal(kibana_batch_end(&b, &why), ERR_NONE);
    assert_int_equal(w.acted.n, 0);
    assert_int_equal(kibana_batch_add(&b, "a\"", 2, &all, &why), ERR_NONE);
    assert_int_equal(kibana_batch_end(&b, &why), ERR_NONE);
    acted(&w, "{\"command\":\"exception\",\"verb\":\"add\",\"objects\":[{\"fresh\":false,"
              "\"revision\":3,\"version\":\"7\",\"text\":\"a\\\"\"}]}");
    /* When the request fails as a whole, nothing is told of its objects. */
    w.fails = ERR_FULL;
    assert_int_equal(kibana_batch_add(&b, "a", 1, &all, &why), ERR_NONE);
    assert_int_equal(kibana_batch_end(&b, &why), ERR_FULL);
    assert_int_equal(o.next, 1);
    w.fails = ERR_NONE;
    w.says = "nonsense\n";
    o.next = 2;
    assert_int_equal(kibana_batch_add(&b, "a", 1, &all, &why), ERR_NONE);
    assert_int_equal(kibana_batch_end(&b, &why), ERR_IO);
    kibana_batch_release(&b);
    arena_release(&c.arena);
    fake_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(many), cmocka_unit_test(terms)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
