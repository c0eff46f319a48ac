/* SPDX-License-Identifier: Apache-2.0 */
#include "hunt/hunt.h"

#include "base/budget.h"
#include "cmocka_head.h"
#include "event/event.h"
#include "judge/hunt/support.h"

#include <stdlib.h>
#include <string.h>

struct world {
    struct field field;
    struct hunt_spec *spec;
    struct hunt *hunt;
};

#define INDICES "\"index\":[\"logs-net*\"],\"threat_index\":[\"logs-ti*\"],"
#define BY_ADDRESS                                                                                 \
    INDICES "\"threat_mapping\":[{\"entries\":[{\"field\":\"destination.ip\",\"type\":"            \
            "\"mapping\",\"value\":\"threat.indicator.ip\"}]}]"

static struct world *begin(const char *members)
{
    struct world *w = malloc(sizeof(*w));
    assert_non_null(w);
    field_init(&w->field);
    w->spec = field_spec(HUNT_THREAT_MATCH, members);
    w->hunt = hunt_new(w->spec, &w->field.ports, "rule", NULL);
    assert_non_null(w->hunt);
    return w;
}

static void end(struct world *w)
{
    hunt_free(w->hunt);
    hunt_spec_free(w->spec);
    field_release(&w->field);
    free(w);
}

static void put(struct world *w, int minutes, const char *dataset, const char *more)
{
    struct hunt *list[] = {w->hunt, NULL};
    struct buf json;
    buf_init(&json);
    buf_format(&json, "{\"event.dataset\":\"%s\",%s}", dataset, more);
    field_event(&w->field, list, NOON + minutes * TIME_MIN, buf_text(&json));
    buf_release(&json);
}

static const char *look(struct world *w, int minutes)
{
    return field_look(&w->field, w->hunt, NOON + (minutes - 5) * TIME_MIN,
                      NOON + minutes * TIME_MIN);
}

static bool has(const char *text, const char *part)
{
    return strstr(text, part) != NULL;
}

static void events_that_hold_an_indicator_are_found(void **state)
{
    (void)state;
    struct world *w = begin(BY_ADDRESS);
    put(w, -9999, "ti_x",
        "\"threat\":{\"indicator\":{\"ip\":\"203.0.113.1\",\"type\":\"ipv4-addr\"},"
        "\"feed\":{\"name\":\"Some feed\"}}");
    put(w, -3, "net", "\"event.id\":\"1\",\"destination.ip\":\"203.0.113.1\"");
    put(w, -2, "net", "\"event.id\":\"2\",\"destination.ip\":\"203.0.113.2\"");
    put(w, -1, "net", "\"event.id\":\"3\",\"destination.ip\":[\"203.0.113.3\",\"203.0.113.1\"]");
    put(w, -1, "other", "\"event.id\":\"4\",\"destination.ip\":\"203.0.113.1\"");
    const char *text = look(w, 0);
    assert_int_equal(w->field.hits, 2);
    assert_memory_equal(text, "-60 3 ", 6); /* latest first */
    assert_true(has(text, "\n-180 1 \"threat.enrichments\":[{\"indicator\":{\"ip\":\"203.0.113.1\","
                          "\"type\":\"ipv4-addr\"},\"feed\":{\"name\":\"Some feed\"},\"matched\":{"
                          "\"atomic\":\"203.0.113.1\",\"field\":\"destination.ip\",\"id\":\""));
    assert_true(
        has(text, "\"index\":\"logs-ti_x-default\",\"type\":\"indicator_match_rule\"}}]\n"));
    assert_string_equal(look(w, 1), "");
    end(w);
}

static void an_indicator_may_come_after_the_event(void **state)
{
    (void)state;
    struct world *w = begin(BY_ADDRESS);
    look(w, 0);
    put(w, 1, "net", "\"event.id\":\"1\",\"destination.ip\":\"203.0.113.1\"");
    put(w, 1, "net", "\"event.id\":\"2\",\"destination.ip\":\"203.0.113.2\"");
    assert_string_equal(look(w, 2), "");
    size_t searches = w->field.searches;
    put(w, 2, "ti_x", "\"threat.indicator.ip\":\"203.0.113.1\"");
    assert_true(has(look(w, 3), "60 1 "));
    assert_int_equal(w->field.hits, 1);
    assert_int_equal(w->field.searches, searches + 1);
    assert_string_equal(look(w, 4), "");
    assert_int_equal(w->field.searches, searches + 1);
    end(w);
}

static void all_entries_of_an_item_must_hold(void **state)
{
    (void)state;
    struct world *w = begin(
        INDICES
        "\"threat_mapping\":[{\"entries\":["
        "{\"field\":\"destination.ip\",\"type\":\"mapping\",\"value\":\"threat.indicator.ip\"},"
        "{\"field\":\"destination.port\",\"type\":\"mapping\",\"value\":\"threat.indicator.port\"}"
        "]},{\"entries\":["
        "{\"field\":\"url.full\",\"type\":\"mapping\",\"value\":\"threat.indicator.url.full\"},"
        "{\"field\":\"user.name\",\"type\":\"mapping\",\"value\":\"threat.indicator.name\","
        "\"negate\":true}]}]");
    put(w, -99, "ti_x", "\"threat.indicator.ip\":\"203.0.113.1\",\"threat.indicator.port\":4444");
    put(w, -99, "ti_x", "\"threat.indicator.url.full\":\"u\",\"threat.indicator.name\":\"anna\"");
    put(w, -4, "net",
        "\"event.id\":\"1\",\"destination.ip\":\"203.0.113.1\",\"destination.port\":4444");
    put(w, -3, "net",
        "\"event.id\":\"2\",\"destination.ip\":\"203.0.113.1\",\"destination.port\":80");
    put(w, -2, "net", "\"event.id\":\"3\",\"url.full\":\"u\",\"user.name\":\"bert\"");
    put(w, -1, "net", "\"event.id\":\"4\",\"url.full\":\"u\",\"user.name\":\"anna\"");
    const char *text = look(w, 0);
    assert_int_equal(w->field.hits, 2);
    assert_true(has(text, "-120 3 ") && has(text, "-240 1 "));
    assert_true(has(text, "\"field\":\"destination.ip\"") &&
                has(text, "\"field\":\"destination.port\"") && has(text, "\"atomic\":\"4444\""));
    assert_false(has(text, "\"field\":\"user.name\""));
    end(w);
}

static void indicators_count_as_long_as_the_query_says(void **state)
{
    (void)state;
    struct world *w =
        begin(BY_ADDRESS ",\"threat_query\":\"@timestamp >= \\\"now-1h\\\" and "
                         "event.kind:enrichment\",\"threat_indicator_path\":\"threat.x\"");
    put(w, -50, "ti_x", "\"threat.indicator.ip\":\"203.0.113.1\",\"event.kind\":\"enrichment\"");
    put(w, -50, "ti_x", "\"threat.indicator.ip\":\"203.0.113.2\"");
    put(w, -3, "net", "\"event.id\":\"1\",\"destination.ip\":\"203.0.113.1\"");
    put(w, -3, "net", "\"event.id\":\"2\",\"destination.ip\":\"203.0.113.2\"");
    const char *text = look(w, 0);
    assert_int_equal(w->field.hits, 1);
    assert_true(has(text, "-180 1 \"threat.enrichments\":[{\"feed\":{},\"matched\":"));
    put(w, 9, "net", "\"event.id\":\"3\",\"destination.ip\":\"203.0.113.1\"");
    look(w, 10);
    assert_int_equal(w->field.hits, 1);
    put(w, 10, "net", "\"event.id\":\"4\",\"destination.ip\":\"203.0.113.1\"");
    look(w, 11); /* the indicator is too old now */
    assert_int_equal(w->field.hits, 0);
    end(w);
}

/* What matches more than before is counted with what that costs, and kept as it was without room.
 */
static void what_matches_more_is_counted(void **state)
{
    (void)state;
    for (int tight = 0; tight < 2; tight++) {
        struct world *w = begin(BY_ADDRESS);
        struct budget shared;
        struct hunt_stats stats;
        budget_init(&shared, 0);
        hunt_free(w->hunt);
        w->hunt = hunt_new(w->spec, &w->field.ports, "rule", &shared);
        assert_non_null(w->hunt);
        look(w, 0);
        put(w, -9999, "ti_x", "\"threat.indicator.ip\":\"203.0.113.1\"");
        put(w, 1, "net", "\"destination.ip\":[\"203.0.113.1\",\"203.0.113.2\"]");
        uint64_t before = shared.used;
        assert_true(before > 0);
        shared.limit = tight ? before : 0;
        for (int i = 0; i < 8; i++)
            put(w, 1, "ti_x", "\"threat.indicator.ip\":\"203.0.113.2\"");
        const char *text = look(w, 2);
        assert_int_equal(w->field.hits, 1);
        assert_int_equal(has(text, "\"atomic\":\"203.0.113.2\""), !tight);
        hunt_stats(w->hunt, &stats);
        assert_int_equal(stats.dropped, tight);
        assert_int_equal(stats.kept, shared.used);
        if (tight)
            assert_int_equal(shared.used, before);
        else
            assert_true(shared.used > before);
        /* The store has what did not fit. */
        assert_int_equal(has(look(w, 3), "\"atomic\":\"203.0.113.2\""), tight);
        end(w);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(events_that_hold_an_indicator_are_found),
        cmocka_unit_test(an_indicator_may_come_after_the_event),
        cmocka_unit_test(what_matches_more_is_counted),
        cmocka_unit_test(all_entries_of_an_item_must_hold),
        cmocka_unit_test(indicators_count_as_long_as_the_query_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
