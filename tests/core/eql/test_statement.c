/* SPDX-License-Identifier: Apache-2.0 */
/* Events, sequences, samples and pipes: what is read of them, and what is refused where. */
#include "eql/parse_priv.h"

#include "core/eql/support.h"

#include "cmocka_head.h"

#define CASES(c) (c), sizeof(c) / sizeof *(c)

static void categories(void **state)
{
    (void)state;
    static const char event[] = "{\"event\":{\"category\":[\"process\",\"my-own thing\"]}}";
    assert_int_equal(support_hits("process where true", event), 1);
    assert_int_equal(support_hits("file where true", event), 0);
    assert_int_equal(support_hits("any where true", event), 1);
    assert_int_equal(support_hits("any where true", "{}"), 1);
    assert_int_equal(support_hits("\"any\" where true", event), 0);
    assert_int_equal(support_hits("\"my-own thing\" where true", event), 1);
    assert_int_equal(support_hits("\"\"\"my-own thing\"\"\" where true", event), 1);
    assert_int_equal(support_hits("process where false", event), 0);
}

static void what_is_read(void **state)
{
    (void)state;
    struct eql *q = support_parse("sequence by host.id, ?user.name with maxspan=1500ms\n"
                                  " [process where true] by process.name with runs=3\n"
                                  "![file where true] by file.name\n"
                                  " [file where true] by file.name\n"
                                  "until [any where false] by user.id | head 5 | tail 2");
    assert_int_equal(eql_kind(q), EQL_SEQUENCE);
    assert_int_equal(eql_items(q), 5);
    assert_int_equal(eql_maxspan(q), 1500 * TIME_MS);
    assert_int_equal(eql_keys(q), 3);
    assert_string_equal(eql_key_name(q, 0), "host.id");
    assert_string_equal(eql_key_name(q, 1), "user.name");
    assert_string_equal(eql_key_name(q, 2), "process.name");
    assert_int_equal(q->n_pipes, 2);
    assert_false(q->pipes[0].tail);
    assert_int_equal(q->pipes[0].n, 5);
    assert_true(q->pipes[1].tail);
    eql_free(q);
    q = support_parse("sample by host.id [a where true] [b where true] [c where true]");
    assert_int_equal(eql_kind(q), EQL_SAMPLE);
    assert_int_equal(eql_items(q), 3);
    assert_int_equal(eql_maxspan(q), 0);
    eql_free(q);
    q = support_parse("a where true");
    assert_int_equal(eql_kind(q), EQL_EVENT);
    assert_int_equal(eql_items(q), 1);
    assert_int_equal(eql_keys(q), 0);
    eql_free(q);
    q = support_parse("sequence with maxspan=2d [a where true] with runs=2");
    assert_int_equal(eql_maxspan(q), 2 * TIME_DAY);
    assert_int_equal(eql_items(q), 2);
    eql_free(q);
}

#define A "[a where true]"

static void mistakes(void **state)
{
    (void)state;
    static const struct support_mistake cases[] = {
        {"", ERR_INVALID, 1, 1, "an event category"},
        {"process", ERR_INVALID, 1, 8, "'where'"},
        {"a.b where true", ERR_INVALID, 1, 1, "in quotation marks"},
        {"5 where true", ERR_INVALID, 1, 1, "an event category"},
        {"a where true b", ERR_INVALID, 1, 14, "found b"},
        {"join " A A, ERR_UNSUPPORTED, 1, 1, "join is not supported"},
        {"sequence", ERR_INVALID, 1, 9, "'['"},
        {"sequence " A, ERR_INVALID, 1, 24,
         "another item, at least two being needed, found the end"},
        {"sequence [a where true", ERR_INVALID, 1, 23, "']'"},
        {"sequence [a where true" A, ERR_INVALID, 1, 23, "']'"},
        {"sequence " A " x " A, ERR_INVALID, 1, 25, "found x"},
        {"sequence by " A A, ERR_INVALID, 1, 13, "the name of a field"},
        {"sequence by a, " A A, ERR_INVALID, 1, 16, "the name of a field"},
        {"sequence by a " A " by b " A, ERR_INVALID, 1, 36, "as many keys"},
        {"sequence " A " by b " A " by c until " A, ERR_INVALID, 1, 57, "as many keys"},
        {"sequence with maxspan=5s by a " A A, ERR_INVALID, 1, 26, "'by' before 'with'"},
        {"sequence with maxspan " A A, ERR_INVALID, 1, 23, "'='"},
        {"sequence with maxspan=5 " A A, ERR_INVALID, 1, 23, "a span"},
        {"sequence with maxspan=0s " A A, ERR_INVALID, 1, 23, "a span"},
        {"sequence with maxspan=5w " A A, ERR_INVALID, 1, 23, "a span"},
        {"sequence with maxspan=5micros " A A, ERR_INVALID, 1, 23, "a span"},
        {"sequence with maxspan=1.5h " A A, ERR_INVALID, 1, 23, "a span"},
        {"sequence with maxspan=99999999999d " A A, ERR_INVALID, 1, 23, "a span"},
        {"sequence with span=5s " A A, ERR_INVALID, 1, 15, "maxspan"},
        {"sequence " A " with runs=0 " A, ERR_INVALID, 1, 35, "1 to 100"},
        {"sequence " A " with runs=101 " A, ERR_INVALID, 1, 35, "1 to 100"},
        {"sequence " A " with maxspan=5s " A, ERR_INVALID, 1, 30, "before the first item"},
        {"sequence " A " with runs=2 by a " A, ERR_INVALID, 1, 37, "'by' before 'with'"},
        {"sequence " A " with runs=100 " A " with runs=100 " A " with runs=100", ERR_LIMIT, 1, 1,
         "at most 256 items, found 300"},
        {"sequence " A " !" A, ERR_INVALID, 1, 1, "with maxspan="},
        {"sequence with maxspan=1s !" A "!" A, ERR_INVALID, 1, 1, "not missing"},
        {"sequence with maxspan=1s " A " !" A " with runs=2", ERR_UNSUPPORTED, 1, 57,
         "a missing item has no runs"},
        {"sequence " A A " until !" A, ERR_UNSUPPORTED, 1, 45, "until cannot be missing"},
        {"sequence " A A " until " A " with runs=2", ERR_UNSUPPORTED, 1, 46, "no runs for until"},
        {"sequence " A A " until " A A, ERR_INVALID, 1, 59, "'|' or the end"},
        {"sample " A A, ERR_INVALID, 1, 1, "'by' and a field"},
        {"sample by a with maxspan=5s " A A, ERR_UNSUPPORTED, 1, 13, "no maxspan"},
        {"sample by a " A " with runs=2", ERR_UNSUPPORTED, 1, 28, "no runs"},
        {"sample by a " A "!" A, ERR_UNSUPPORTED, 1, 27, "no missing"},
        {"sample by a " A A " until " A, ERR_UNSUPPORTED, 1, 42, "no until"},
        {"a where true | count", ERR_UNSUPPORTED, 1, 16, "the pipe count"},
        {"a where true | unique a", ERR_UNSUPPORTED, 1, 16, "the pipe unique"},
        {"a where true | x", ERR_INVALID, 1, 16, "head or tail"},
        {"a where true | head", ERR_INVALID, 1, 20, "how many"},
        {"a where true | head -1", ERR_INVALID, 1, 21, "how many"},
        {"a where true | head 1.5", ERR_INVALID, 1, 21, "how many"},
        {"a where true | head 1 tail 2", ERR_INVALID, 1, 23, "found tail"},
        {"sequence by a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a " A A, ERR_LIMIT, 1, 45, "16 keys"},
        {"sequence by message " A A, ERR_UNSUPPORTED, 1, 13, "text field"},
        {"sequence\n  " A "\n  [b where c ~ d]", ERR_INVALID, 3, 14, "found '~'"},
    };
    support_mistakes(CASES(cases));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(categories),
        cmocka_unit_test(what_is_read),
        cmocka_unit_test(mistakes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
