/* SPDX-License-Identifier: Apache-2.0 */
/* Ids in paths and bodies: long ones, foreign ones, others than the path's. */
#include "serve/ml/ml_help.h"

static const struct api_row *const tables[] = {ml_calendar_rows, ml_filter_rows};

static void ids(void **state)
{
    (void)state;
    static const char calendar[] = "/_ml/calendars/{calendar_id}";
    static const char filter[] = "/_ml/filters/{filter_id}";
    struct fake_world w;
    fake_open(&w, tables, 2);
    ASK("PUT", calendar, "calendar_id=A", NULL, "{}", 400, "Invalid calendar_id; 'A' can contain");
    ASK("PUT", calendar, "calendar_id=a-", NULL, NULL, 400, "Invalid calendar_id");
    ASK("PUT", calendar, "calendar_id=a", NULL, "{\"calendar_id\":\"b\"}", 400,
        "Inconsistent calendar_id; 'b' specified in the body differs from 'a'");
    ASK("PUT", calendar, "calendar_id=a", NULL, "{\"calendar_id\":\"a\\u0000b\"}", 400,
        "Inconsistent calendar_id");
    ASK("PUT", calendar, "calendar_id=a", NULL, "{\"calendar_id\":7}", 400, "must be a string");
    ASK("PUT", filter, "filter_id=a", NULL, "{\"filter_id\":[\"a\"]}", 400, "must be a string");
    char body[12000];
    memset(body, 'x', sizeof(body));
    memcpy(body, "{\"filter_id\":\"", 14);
    memcpy(body + sizeof(body) - 3, "\"}", 3);
    ASK("PUT", filter, "filter_id=a", NULL, body, 400, "Inconsistent filter_id; 'xxxx");
    fake_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(ids)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
