/* SPDX-License-Identifier: Apache-2.0 */
#include "query/query.h"

#include "core/query/support.h"

#include "cmocka_head.h"

#include <string.h>

#define COUNT(a) (sizeof(a) / sizeof *(a))

#define E                                                                                          \
    "{\"@timestamp\":\"2024-02-29T10:00:00Z\",\"event\":{\"category\":\"network\",\"outcome\":"    \
    "\"success\"},\"source\":{\"ip\":\"10.1.2.3\",\"bytes\":1500},\"destination\":{\"port\":443}," \
    "\"url\":{\"path\":\"/a b/c+d\"},\"process\":{\"name\":\"curl\"},"                             \
    "\"message\":\"Disk one is full\"}"

static void answers(void **state)
{
    (void)state;
    static const struct support_case cases[] = {
        {LUCENE, "", E, 1},
        {LUCENE, "*", E, 1},
        {LUCENE, "*:*", E, 1},
        {LUCENE, "event.category:network", E, 1},
        {LUCENE, "event.category:network AND event.outcome:failure", E, 0},
        {LUCENE, "event.category:network OR event.outcome:failure", E, 1},
        {LUCENE, "event.category:network event.outcome:failure", E, 1},
        {LUCENE, "event.category:network && !event.outcome:failure", E, 1},
        {LUCENE, "event.category:network || x", E, 1},
        {LUCENE, "+event.category:network -event.outcome:success", E, 0},
        {LUCENE, "NOT event.outcome:failure", E, 1},
        {LUCENE, "-event.outcome:success", E, 0},
        {LUCENE, "event.category:(file OR network)", E, 1},
        {LUCENE, "event.category:(file OR network)^2 AND process.name:(+curl -wget)", E, 1},
        {LUCENE, "a OR event.category:network AND event.outcome:failure", E, 0},
        {LUCENE, "event.category:network OR a AND b", E, 0},
        {LUCENE, "destination.port:443", E, 1},
        {LUCENE, "destination.port:[1 TO 443]", E, 1},
        {LUCENE, "destination.port:[1 TO 443}", E, 0},
        {LUCENE, "destination.port:{443 TO *]", E, 0},
        {LUCENE, "destination.port:>=443", E, 1},
        {LUCENE, "destination.port:<443", E, 0},
        {LUCENE, "source.ip:\"10.0.0.0/8\"", E, 1},
        {LUCENE, "source.ip:[10.0.0.0 TO 10.255.255.255]", E, 1},
        {LUCENE, "@timestamp:[\"2024-02-29\" TO now]", E, 1},
        {LUCENE, "@timestamp:[now-1h TO now]", E, 0},
        {LUCENE, "process.name:cu*", E, 1},
        {LUCENE, "process.name:c?rl", E, 1},
        {LUCENE, "process.name:*", E, 1},
        {LUCENE, "_exists_:process.name", E, 1},
        {LUCENE, "_exists_:dns.question.name", E, 0},
        {LUCENE, "process.name:/c.[a-r]l/", E, 1},
        {LUCENE, "url.path:/.*\\/c\\+d/", E, 1},
        {LUCENE, "url.path:\"/a b/c+d\"", E, 1},
        {LUCENE, "url.path:\\/a\\ b\\/c\\+d", E, 1},
        {LUCENE, "message:\"one IS\"", E, 1},
        {LUCENE, "message:one", E, 1},
        {LUCENE, "message:FU*", E, 1},
        {LUCENE, "success", E, 1},
        {LUCENE, "\"one is\"", E, 1},
        {LUCENE, "nope", E, 0},
        {LUCENE, "event.*:success", E, 1},
        {LUCENE, "event.\\*:failure", E, 0},
        {LUCENE, "(a OR (event.outcome:success AND (b OR process.name:curl)))", E, 1},
        {DSL,
         "{\"query_string\":{\"query\":\"process.name:curl event.outcome:x\","
         "\"default_operator\":\"AND\"}}",
         E, 0},
        {DSL,
         "{\"query_string\":{\"query\":\"a curl b success\",\"fields\":[\"process.name\","
         "\"event.outcome\"],\"minimum_should_match\":\"2\"}}",
         E, 1},
        {DSL,
         "{\"query_string\":{\"query\":\"curl\",\"fields\":[\"source.ip\",\"process.name\"],"
         "\"lenient\":true}}",
         E, 1},
    };
    support_run(cases, COUNT(cases));
}

static void mistakes(void **state)
{
    (void)state;
    static const struct support_mistake cases[] = {
        {LUCENE, "(a", ERR_INVALID, 1, 3, "expected ')'"},
        {LUCENE, "a)", ERR_INVALID, 1, 2, "found ')'"},
        {LUCENE, "a:\"b", ERR_INVALID, 1, 3, "closing \""},
        {LUCENE, "a:[1 3]", ERR_INVALID, 1, 6, "expected 'TO'"},
        {LUCENE, "a:[1 TO 3", ERR_INVALID, 1, 10, "expected ']'"},
        {LUCENE, "AND b", ERR_INVALID, 1, 1, "before this"},
        {LUCENE, "a AND", ERR_INVALID, 1, 6, "found the end"},
        {LUCENE, "roam~", ERR_UNSUPPORTED, 1, 6, "fuzzy"},
        {LUCENE, "\"a b\"~3", ERR_UNSUPPORTED, 1, 8, "gaps"},
        {LUCENE, "a^", ERR_INVALID, 1, 3, "number after ^"},
        {LUCENE, "a:/b(/", ERR_INVALID, 0, 0, "regular expression"},
    };
    support_mistakes(cases, COUNT(cases));
}

static void depth_is_bounded(void **state)
{
    (void)state;
    char text[2001];
    memset(text, '(', 2000);
    text[2000] = '\0';
    struct query *q;
    struct err_text why;
    assert_int_equal(support_parse(LUCENE, text, &q, &why), ERR_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers),
        cmocka_unit_test(mistakes),
        cmocka_unit_test(depth_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
