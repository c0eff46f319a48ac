/* SPDX-License-Identifier: Apache-2.0 */
/* Memory that is short at any moment: a clean refusal, nothing lost, nothing half made. */
#include "format/node.h"

#include "base/buf.h"
#include "fault_memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

typedef enum err (*read_fn)(const char *, size_t, const char *, struct format_node **,
                            struct err_text *);

static void every_allocation_fails_once(read_fn read, const char *text)
{
    uint64_t n = 1;
    for (bool hit = true; hit; n++) {
        struct format_node *v = NULL;
        struct err_text why = {.message = ""};
        fault_arm(n);
        enum err code = read(text, strlen(text), "t", &v, &why);
        hit = fault_disarm();
        if (code == ERR_NONE) {
            format_node_free(v);
            continue;
        }
        assert_true(hit);
        assert_int_equal(code, ERR_MEMORY);
        assert_null(v);
        assert_string_not_equal(why.message, "");
    }
    assert_in_range(n, 4, 1000);
}

static void trees_from_json(void **state)
{
    (void)state;
    every_allocation_fails_once(
        format_node_json,
        "{\"a\":[1,2,{\"b\":\"text\"}],\"c\":1,\"d\":1,\"e\":1,\"f\":1,\"g\":1,\"h\":1,\"i\":1,"
        "\"j\":1,\"k\":1,\"l\":1,\"m\":1,\"n\":1,\"o\":99999999999999999999999}");
}

static void trees_from_toml(void **state)
{
    (void)state;
    every_allocation_fails_once(format_node_toml, "a = 1\nb = [\"x\", 2.5]\n[c]\nd = 2024-01-31\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(trees_from_json),
        cmocka_unit_test(trees_from_toml),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
