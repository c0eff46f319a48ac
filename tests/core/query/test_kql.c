/* SPDX-License-Identifier: Apache-2.0 */
#include "query/query.h"

#include "core/query/support.h"

#include "cmocka_head.h"

#include <string.h>

#define COUNT(a) (sizeof(a) / sizeof *(a))

#define E                                                                                          \
    "{\"@timestamp\":\"2024-02-29T10:00:00Z\",\"event\":{\"category\":[\"network\",\"session\"],"  \
    "\"outcome\":\"success\"},\"source\":{\"ip\":\"10.1.2.3\",\"bytes\":1500},"                    \
    "\"destination\":{\"port\":443,\"domain\":\"a b.example\"},"                                   \
    "\"process\":{\"name\":\"x:y(z)\",\"args\":[\"-T\",\"a and b\"]},"                             \
    "\"message\":\"disk is full\",\"own\":{\"flag\":true,\"path\":\"C:\\\\Windows\\\\a*b\"}}"

static void answers(void **state)
{
    (void)state;
    static const struct support_case cases[] = {
        {KQL, "", E, 1},
        {KQL, "  \n ", E, 1},
        {KQL, "*", E, 1},
        {KQL, "*:*", E, 1},
        {KQL, "event.category:network", E, 1},
        {KQL, "event.category : network", E, 1},
        {KQL, "event.category:\"network\"", E, 1},
        {KQL, "event.category:net", E, 0},
        {KQL, "event.category:net*", E, 1},
        {KQL, "event.category:\"net*\"", E, 0},
        {KQL, "event.category:*", E, 1},
        {KQL, "dns.question.name:*", E, 0},
        {KQL, "not dns.question.name:*", E, 1},
        {KQL, "NOT event.category:network", E, 0},
        {KQL, "not (event.category:network)", E, 0},
        {KQL, "event.category:network and source.bytes > 1000", E, 1},
        {KQL, "event.category:network AND source.bytes >= 1501", E, 0},
        {KQL, "source.bytes<1501 and source.bytes <=1500", E, 1},
        {KQL, "event.category:x or event.outcome:success", E, 1},
        {KQL, "event.category:x and event.outcome:y or event.outcome:success", E, 1},
        {KQL, "event.category:x and (event.outcome:y or event.outcome:success)", E, 0},
        {KQL, "event.category:(x or session)", E, 1},
        {KQL, "event.category:(network and session)", E, 1},
        {KQL, "event.category:(network and not session)", E, 0},
        {KQL, "event.category:((x or network) and session)", E, 1},
        {KQL, "source.ip:10.0.0.0/8", E, 1},
        {KQL, "source.ip:\"10.0.0.0/8\"", E, 1},
        {KQL, "source.ip >= \"10.0.0.0\" and source.ip < 11.0.0.0", E, 1},
        {KQL, "destination.port:443", E, 1},
        {KQL, "destination.port:(80 or 443)", E, 1},
        {KQL, "destination.domain:a b.example", E, 1},
        {KQL, "destination.domain:a b", E, 0},
        {KQL, "process.name:x\\:y\\(z\\)", E, 1},
        {KQL, "process.args:\"a and b\"", E, 1},
        {KQL, "process.args:a \\and b", E, 1},
        {KQL, "message:full", E, 1},
        {KQL, "message:\"is full\"", E, 1},
        {KQL, "message:\"full is\"", E, 0},
        {KQL, "message:empty disk", E, 1},
        {KQL, "message:FUL*", E, 1},
        {KQL, "own.flag:true", E, 1},
        {KQL, "own.path:C\\:\\\\Windows\\\\*", E, 1},
        {KQL, "own.path:*a\\*b", E, 1},
        {KQL, "own.path:*\\u0061\\*b", E, 1},
        {KQL, "own.path:*a\\*c", E, 0},
        {KQL, "\"is full\"", E, 1},
        {KQL, "success", E, 1},
        {KQL, "nothing", E, 0},
        {KQL, "443", E, 1},
        {KQL, "succ*", E, 1},
        {KQL, "dest*.port:443", E, 1},
        {KQL, "dest*:443", E, 1},
        {KQL, "dest*:80", E, 0},
        {KQL, "dest*:*", E, 1},
        {KQL, "\\*:*", E, 0},
        {KQL, "@timestamp:\"2024-02-29\"", E, 1},
        {KQL, "@timestamp > \"2024-02-29\"", E, 0},
        {KQL, "@timestamp >= now-3h", E, 1},
        {KQL, "@timestamp < \"2024-02-29T10:00:01\"", E, 1},
        {KQL, "_index:logs-*", E, 1},
    };
    support_run(cases, COUNT(cases));
}

#define Q                                                                                          \
    "{\"own\":{\"a\":\"say \\\"hi\\\" \\\\ "                                                       \
    "to\\tme\",\"b\":\"\u00fc\u20ac(x)\",\"c\":\"or\",\"d\":\"x\\ny\"}}"

static void escapes(void **state)
{
    (void)state;
    static const struct support_case cases[] = {
        {KQL, "own.a:\"say \\\"hi\\\" \\\\ to\\tme\"", Q, 1},
        {KQL, "own.a:say \\\"hi\\\" \\\\ to\\tme", Q, 1},
        {KQL, "own.a:say*to\\tme", Q, 1},
        {KQL, "own.b:\"\\u00fc\\u20ac(x)\"", Q, 1},
        {KQL, "own.b:\\u00FC\\u20aC\\u0028x\\)", Q, 1},
        {KQL, "own.b:\\u00fd*", Q, 0},
        {KQL, "own.b:\"\\ud800 C:\\Win\"", "{\"own\":{\"b\":\"\\\\ud800 C:\\\\Win\"}}", 1},
        {KQL, "own.b:\\NOT\\:x", "{\"own\":{\"b\":\"NOT:x\"}}", 1},
        {KQL, "own.c:\\or", Q, 1},
        {KQL, "own.b:\\ x\\ *", "{\"own\":{\"b\":\" x y\"}}", 1},
        {KQL, "own.c:(x or \\or)", Q, 1},
        {KQL, "own.d:\"x\\ny\"", Q, 1},
        {KQL, "own.d:x\\ny", Q, 1},
        {KQL, "own.d:\"x\\ry\" or own.d:x\\ry", Q, 0},
        {KQL, "own.c:\xc2\xa0or", Q, 1},
        {KQL, "not(own.c:or)", Q, 0},
        {KQL, "own.c:(a or b or c or d or e or f or g or h or \\or)", Q, 1},
    };
    support_run(cases, COUNT(cases));
}

static void mistakes(void **state)
{
    (void)state;
    static const struct support_mistake cases[] = {
        {KQL, "a:", ERR_INVALID, 1, 3, "expected a value, found the end"},
        {KQL, "a:b and", ERR_NONE, 0, 0, ""},
        {KQL, "a:(b", ERR_INVALID, 1, 5, "expected ')'"},
        {KQL, "a:b)", ERR_INVALID, 1, 4, "found ')'"},
        {KQL, "a:\"b", ERR_INVALID, 1, 3, "closing quotation mark"},
        {KQL, "a:b and\nc:{d:e}", ERR_INVALID, 2, 3, "nested"},
        {KQL, "a >", ERR_INVALID, 1, 4, "expected a number"},
        {KQL, "a > 5*", ERR_INVALID, 1, 7, "without '*'"},
        {KQL, "a:b:c", ERR_INVALID, 1, 4, "not another field"},
        {KQL, "source.port:http", ERR_INVALID, 0, 0, "expected a number"},
        {KQL, "\xc3\xa4:)", ERR_INVALID, 1, 3, "found ')'"},
        {KQL, "a: not b", ERR_INVALID, 1, 4, "expected a value, found 'not'"},
        {KQL, "(a:b and (c:d)", ERR_INVALID, 1, 15, "expected ')'"},
        {KQL, "a:b\\Windows", ERR_INVALID, 1, 4, "after this backslash"},
        {KQL, "a:\\uzz", ERR_INVALID, 1, 3, "after this backslash"},
        {KQL, "a:b\\", ERR_INVALID, 1, 4, "after this backslash"},
        {KQL, "a:\xff", ERR_INVALID, 0, 0, "UTF-8"},
        {KQL, "a:b \"c\"", ERR_INVALID, 1, 5, "expected 'and', 'or' or the end"},
    };
    support_mistakes(cases, COUNT(cases));
}

static void depth_is_bounded(void **state)
{
    (void)state;
    char text[4096];
    size_t n = 0;
    for (int i = 0; i < 2000; i++)
        text[n++] = '(';
    text[n] = '\0';
    struct query *q;
    struct err_text why;
    assert_int_equal(support_parse(KQL, text, &q, &why), ERR_INVALID);
    n = 0;
    for (int i = 0; i < 500; i++, n += 4)
        memcpy(text + n, "not ", 5);
    assert_int_equal(support_parse(KQL, text, &q, &why), ERR_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers),
        cmocka_unit_test(escapes),
        cmocka_unit_test(mistakes),
        cmocka_unit_test(depth_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
