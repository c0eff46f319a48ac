/* SPDX-License-Identifier: Apache-2.0 */
/* The n-th allocation fails, for every n: nothing crashes or leaks, and it is told. */
#include "cmocka_head.h"
#include "except/filter.h"
#include "except/set.h"
#include "except/values.h"
#include "fault_memory.h"

#include <string.h>

static const char items[] =
    "{\"list_id\":\"l\",\"name\":\"a\",\"type\":\"simple\",\"entries\":[{\"field\":\"user.name\","
    "\"operator\":\"included\",\"type\":\"match\",\"value\":\"v\"},{\"field\":\"source.port\","
    "\"operator\":\"excluded\",\"type\":\"match_any\",\"value\":[\"1\",\"2\"]}]}\n"
    "{\"list_id\":\"l\",\"name\":\"b\",\"type\":\"simple\",\"entries\":[{\"field\":\"dns.answers\","
    "\"type\":\"nested\",\"entries\":[{\"field\":\"type\",\"operator\":\"included\",\"type\":"
    "\"match\",\"value\":\"A\"},{\"field\":\"ttl\",\"operator\":\"excluded\",\"type\":\"exists\"}]}"
    ","
    "{\"field\":\"my.own\",\"operator\":\"included\",\"type\":\"list\",\"list\":{\"id\":\"v\","
    "\"type\":\"text\"}}]}\n"
    "{\"list_id\":\"l\",\"name\":\"c\",\"type\":\"simple\",\"entries\":[{\"field\":\"source.port\","
    "\"operator\":\"included\",\"type\":\"match\",\"value\":\"no port\"}]}\n";

static enum err list_items(void *ctx, const struct except_named *list, struct except_set *out,
                           struct err_text *why)
{
    (void)ctx;
    (void)list;
    return except_set_load(out, items, sizeof(items) - 1, "list.ndjson", why);
}

static enum err add_line(void *ctx, const char *s, size_t n, unsigned line, struct err_text *why)
{
    (void)line;
    return except_values_add(ctx, s, n, why);
}

static enum err find_values(void *ctx, const char *id, struct except_values **out,
                            struct err_text *why)
{
    static const char lines[] = "one two\nthree\n";
    (void)ctx;
    (void)id;
    struct except_values *v;
    enum err code = except_values_new("text", &v, why);
    if (code != ERR_NONE)
        return code;
    code = except_values_lines(lines, sizeof(lines) - 1, add_line, v, why);
    if (code != ERR_NONE) {
        except_values_unref(v);
        return code;
    }
    except_values_seal(v);
    *out = v;
    return ERR_NONE;
}

static enum err make_filter(void)
{
    static const struct except_source source = {NULL, list_items, find_values};
    static const struct except_named named = {"l", "single"};
    struct except_filter *f;
    enum err code = except_filter_new(&named, 1, &source, 0, &f, NULL);
    if (code != ERR_NONE)
        return code;
    assert_int_equal(except_filter_items(f), 2);
    assert_non_null(except_filter_warning(f));
    except_filter_free(f);
    return ERR_NONE;
}

static void any_allocation_may_fail(void **state)
{
    (void)state;
    size_t told = 0;
    for (size_t n = 0; n < 20000; n++) {
        fault_arm(n + 1);
        enum err code = make_filter();
        if (!fault_disarm()) {
            assert_int_equal(code, ERR_NONE);
            assert_true(told > 20);
            return;
        }
        assert_int_equal(code, ERR_MEMORY);
        told++;
    }
    fail();
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(any_allocation_may_fail)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
