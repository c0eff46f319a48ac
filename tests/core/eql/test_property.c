/* SPDX-License-Identifier: Apache-2.0 */
/* Random conditions and events: not is not, the filter leaves out nothing. Random events: what the
 * matcher finds is what the rules of docs/method/eql.md, written down plainly, find. */
#include "core/eql/support.h"

#include "base/buf.h"
#include "base/rng.h"
#include "query/query.h"

#include "cmocka_head.h"

#include <stdio.h>
#include <string.h>

static const char *pick(struct rng *r, const char *const *list, size_t n)
{
    return list[rng_below(r, n)];
}

static void add_comparison(struct rng *r, struct buf *out, bool questions_only)
{
    static const char *const questions[] = {
        "a == 1",
        "a != 2",
        "a in (1, 3)",
        "b == \"x\"",
        "b : \"X*\"",
        "b like \"?y\"",
        "b not in (\"x\")",
        "b == null",
        "a != null",
        "b regex \"x.*\"",
        "c",
        "c == false",
        "process.pid > 2",
        "process.pid <= 2",
        "startsWith~(b, \"X\")",
        "endsWith(b, \"y\")",
    };
    static const char *const computed[] = {
        "length(b) > 1",        "a + 1 == 2",      "concat(b, b) != \"xx\"",
        "string(a) in (\"1\")", "(a + 1) == null", "indexOf(b, \"y\") >= 0",
    };
    bool question = questions_only || rng_below(r, 2) == 0;
    buf_str(out, question ? pick(r, questions, sizeof questions / sizeof *questions)
                          : pick(r, computed, sizeof computed / sizeof *computed));
}

static void add_condition(struct rng *r, struct buf *out, unsigned depth, bool questions_only)
{
    switch (depth == 0 ? 0 : rng_below(r, 4)) {
    case 1:
        buf_str(out, "not (");
        add_condition(r, out, depth - 1, questions_only);
        break;
    case 2:
    case 3:
        buf_str(out, "(");
        add_condition(r, out, depth - 1, questions_only);
        buf_str(out, rng_below(r, 2) == 0 ? " and " : " or ");
        add_condition(r, out, depth - 1, questions_only);
        break;
    default:
        add_comparison(r, out, questions_only);
        return;
    }
    buf_str(out, ")");
}

static void add_event(struct rng *r, struct event *e, struct arena *arena)
{
    static const char *const texts[] = {"x", "y", "xy", "Xy"};
    event_init(e, arena, SUPPORT_START);
    for (uint64_t n = rng_below(r, 3); n > 0; n--) {
        struct event_value v = event_value_i64((int64_t)rng_below(r, 4));
        event_add_named(e, "a", 1, &v);
    }
    for (uint64_t n = rng_below(r, 3); n > 0; n--) {
        const char *s = pick(r, texts, 4);
        struct event_value v = event_value_str(s, strlen(s));
        event_add_named(e, "b", 1, &v);
    }
    if (rng_below(r, 2) == 0) {
        struct event_value v = event_value_bool(rng_below(r, 2) == 0);
        event_add_named(e, "c", 1, &v);
    }
    if (rng_below(r, 2) == 0)
        event_set_i64(e, EVENT_F_PROCESS_PID, (int64_t)rng_below(r, 5));
}

static bool wants(const char *prefix, const char *condition, const struct event *e,
                  struct arena *scratch, bool *out_passes)
{
    char text[4000];
    struct query *filter;
    snprintf(text, sizeof text, "any where %s(%s)", prefix, condition);
    struct eql *q = support_parse(text);
    bool hit = eql_match(q, e, scratch);
    assert_int_equal(eql_filter(q, &filter), ERR_NONE);
    *out_passes = query_match(filter, e);
    query_free(filter);
    eql_free(q);
    return hit;
}

static void conditions(void **state)
{
    (void)state;
    struct rng r;
    struct buf text;
    struct arena arena;
    struct event e;
    unsigned nulls = 0;
    rng_init(&r, 20);
    buf_init(&text);
    arena_init(&arena, 0);
    for (int i = 0; i < 3000; i++) {
        bool questions = rng_below(&r, 2) == 0, passes, passes_not;
        buf_clear(&text);
        arena_clear(&arena);
        add_condition(&r, &text, 3, questions);
        add_event(&r, &e, &arena);
        bool hit = wants("", buf_text(&text), &e, &arena, &passes);
        bool hit_not = wants("not ", buf_text(&text), &e, &arena, &passes_not);
        if ((hit && hit_not && strchr(buf_text(&text), '>') == NULL &&
             strchr(buf_text(&text), '<') == NULL) ||
            (hit && !passes) || (hit_not && !passes_not))
            fail_msg("%s", buf_text(&text));
        nulls += !hit && !hit_not;
        if (questions && (hit != passes || hit_not != passes_not))
            fail_msg("%s: its filter says something else", buf_text(&text));
    }
    assert_in_range(nulls, 10, 3000);
    arena_release(&arena);
    buf_release(&text);
}

#define USERS 3

struct trace {
    char kinds[40];
    int times[40];
    int users[40];
};

static void draw(struct rng *r, const char *kinds, struct trace *out, struct buf *events)
{
    int time = 0;
    buf_clear(events);
    for (int i = 0; i < 40; i++) {
        time += (int)rng_below(r, 3);
        out->times[i] = time;
        out->users[i] = (int)rng_below(r, USERS);
        out->kinds[i] = kinds[rng_below(r, strlen(kinds))];
        buf_format(events, "%d%c:%c ", time, out->kinds[i], 'x' + out->users[i]);
    }
}

/*
 * The oracle, for "sequence by user.name with maxspan=6s [a] ![m] [b] [a] until [u]" and single
 * values: for each event that may be the last, the state machine's rules applied from the start.
 */
struct pending {
    int event[3];
    int time;
    bool there;
};

static void oracle(const struct trace *t, struct buf *out)
{
    const char *kinds = t->kinds;
    const int *times = t->times, *users = t->users, n = 40;
    struct pending slot[USERS][2] = {{{{0}, 0, false}}};
    for (int i = 0; i < n; i++) {
        struct pending *s = slot[users[i]];
        if (kinds[i] == 'u')
            s[0].there = s[1].there = false;
        if (kinds[i] == 'm')
            s[0].there = false;
        for (int k = 0; k < 2; k++)
            s[k].there = s[k].there && times[i] - s[k].time <= 6;
        if (kinds[i] == 'b' && s[0].there) {
            s[1] = s[0];
            s[1].event[1] = i + 1;
            s[0].there = false;
        }
        if (kinds[i] == 'a' && s[1].there) {
            buf_format(out, "%s[%c: %d ! %d %d]", out->n > 0 ? " " : "", 'x' + users[i],
                       s[1].event[0], s[1].event[1], i + 1);
            s[1].there = false;
        }
        if (kinds[i] == 'a')
            s[0] = (struct pending){.event = {i + 1}, .time = times[i], .there = true};
    }
}

static void sequences(void **state)
{
    (void)state;
    struct rng r;
    struct buf expected, events;
    struct trace t;
    unsigned found = 0;
    rng_init(&r, 21);
    buf_init(&expected);
    buf_init(&events);
    for (int round = 0; round < 400; round++) {
        draw(&r, "aaaabbbbmuo", &t, &events);
        buf_clear(&expected);
        oracle(&t, &expected);
        found += expected.n > 0;
        support_finds("sequence by user.name with maxspan=6s [a where true] ![m where true] "
                      "[b where true] [a where true] until [u where true]",
                      buf_text(&events), buf_text(&expected));
    }
    assert_in_range(found, 200, 400);
    buf_release(&expected);
    buf_release(&events);
}

/* Whether the user has an event of the kind with from <= index < to and early <= time <= late. */
static bool any_event(const struct trace *t, int user, char kind, int from, int to, int early,
                      int late)
{
    for (int i = from; i < to; i++) {
        if (t->users[i] == user && t->kinds[i] == kind && t->times[i] >= early &&
            t->times[i] <= late)
            return true;
    }
    return false;
}

/* "sequence by user.name with maxspan=6s ![m] [a] [b] ![z]": each b takes the last a before it. */
static void missing_around(void **state)
{
    (void)state;
    struct rng r;
    struct buf expected, events;
    struct trace t;
    unsigned found = 0;
    rng_init(&r, 22);
    buf_init(&expected);
    buf_init(&events);
    for (int round = 0; round < 400; round++) {
        draw(&r, "aabbbmzo", &t, &events);
        buf_clear(&expected);
        for (int a = 0; a < 40; a++) {
            int user = t.users[a], b = a + 1;
            while (b < 40 && (t.users[b] != user || (t.kinds[b] != 'a' && t.kinds[b] != 'b')))
                b++;
            if (t.kinds[a] != 'a' || b == 40 || t.kinds[b] != 'b' || t.times[b] - t.times[a] > 6 ||
                any_event(&t, user, 'm', 0, a, t.times[b] - 6, t.times[b]) ||
                any_event(&t, user, 'z', b, 40, 0, t.times[a] + 6))
                continue;
            buf_format(&expected, "%s[%c: ! %d %d !]", expected.n > 0 ? " " : "", 'x' + user, a + 1,
                       b + 1);
        }
        found += expected.n > 0;
        support_finds("sequence by user.name with maxspan=6s ![m where true] [a where true] "
                      "[b where true] ![z where true]",
                      buf_text(&events), buf_text(&expected));
    }
    assert_in_range(found, 200, 400);
    buf_release(&expected);
    buf_release(&events);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(conditions),
        cmocka_unit_test(sequences),
        cmocka_unit_test(missing_around),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
