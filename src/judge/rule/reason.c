/* SPDX-License-Identifier: Apache-2.0 */
#include "rule/reason.h"

#include "base/utf8.h"
#include "rule/finding.h"
#include "rule/rule.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define VALUES_SHOWN 3
#define VALUE_BYTES 80
#define TERMS_BYTES 160

void rule_story_init(struct rule_story *s)
{
    buf_init(&s->who);
    buf_init(&s->whom);
    buf_init(&s->what);
    buf_init(&s->came);
    buf_init(&s->expected);
    s->unit = "";
}

void rule_story_release(struct rule_story *s)
{
    buf_release(&s->who);
    buf_release(&s->whom);
    buf_release(&s->what);
    buf_release(&s->came);
    buf_release(&s->expected);
}

bool rule_story_ok(const struct rule_story *s)
{
    return buf_ok(&s->who) && buf_ok(&s->whom) && buf_ok(&s->what) && buf_ok(&s->came) &&
           buf_ok(&s->expected);
}

/* "1240" to "1,240"; the digits before the point only. */
static void add_grouped(const char *digits, struct buf *out)
{
    size_t whole = strspn(digits, "0123456789");
    for (size_t i = 0; digits[i] != '\0'; i++) {
        if (i > 0 && i < whole && (whole - i) % 3 == 0)
            buf_char(out, ',');
        buf_char(out, digits[i]);
    }
}

void rule_reason_number(double v, struct buf *out)
{
    char text[64];
    double size = fabs(v);
    if (!isfinite(v)) {
        buf_str(out, "an unknown number");
        return;
    }
    if (v < 0)
        buf_char(out, '-');
    if (size >= 1e15)
        snprintf(text, sizeof(text), "%.3g", size);
    else if (size >= 100 || size == floor(size))
        snprintf(text, sizeof(text), "%.0f", size);
    else if (size >= 0.1)
        snprintf(text, sizeof(text), "%.1f", size);
    else
        snprintf(text, sizeof(text), "%.2g", size);
    add_grouped(text, out);
}

void rule_reason_bytes(double v, struct buf *out)
{
    static const char *const units[] = {"bytes", "kB", "MB", "GB", "TB", "PB", "EB"};
    double size = fabs(v);
    size_t u = 0;
    /* 999.5 kB would print as 1000 kB. */
    while (size >= (u == 0 ? 1000 : 999.5) && u + 1 < sizeof(units) / sizeof(units[0])) {
        size /= 1000;
        u++;
    }
    if (v < 0)
        buf_char(out, '-');
    if (u == 0) {
        rule_reason_number(size, out);
        buf_str(out, size == 1 ? " byte" : " bytes");
        return;
    }
    buf_format(out, size >= 100 ? "%.0f %s" : "%.1f %s", size, units[u]);
}

static void add_cut(const char *s, struct buf *out)
{
    size_t n = strlen(s);
    size_t shown = utf8_cut(s, n, VALUE_BYTES);
    buf_add(out, s, shown);
    if (shown < n)
        buf_str(out, "…");
}

static void add_values(const struct rule_entity *e, struct buf *out)
{
    size_t n = rule_entity_count(e);
    size_t shown = n <= VALUES_SHOWN ? n : VALUES_SHOWN;
    for (size_t i = 0; i < shown; i++) {
        if (i > 0)
            buf_str(out, i + 1 == n ? " and " : ", ");
        add_cut(rule_entity_value(e, i), out);
    }
    if (n > shown)
        buf_format(out, " and %zu more", n - shown);
}

static const struct rule_entity *first_of(const struct rule_finding *f, const char *const *fields,
                                          size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const struct rule_entity *e = rule_finding_entity(f, fields[i]);
        if (e != NULL && rule_entity_count(e) > 0)
            return e;
    }
    return NULL;
}

/* What names the side that acted, the side it acted on; the most telling first. */
static const char *const who_fields[] = {"weir.home.ip", "source.ip", "source.address", "client.ip",
                                         "host.name",    "user.name", "process.name"};
static const char *const whom_fields[] = {"weir.peer.ip",
                                          "destination.ip",
                                          "destination.address",
                                          "server.ip",
                                          "server.domain",
                                          "destination.domain",
                                          "destination.geo.region_name",
                                          "destination.geo.country_name",
                                          "destination.geo.country_iso_code",
                                          "destination.as.organization.name"};
/* Said in brackets behind who. */
static const char *const beside_fields[] = {"host.name", "user.name", "process.name"};
static const char *const beside_names[] = {"host", "user", "process"};

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

static void make_who(const struct rule_finding *f, struct rule_story *s)
{
    const struct rule_entity *who = first_of(f, who_fields, COUNT(who_fields));
    if (who == NULL)
        return;
    add_values(who, &s->who);
    bool open = false;
    for (size_t i = rule_finding_wire(f) ? COUNT(beside_fields) : 0; i < COUNT(beside_fields);
         i++) {
        const struct rule_entity *e = rule_finding_entity(f, beside_fields[i]);
        if (e == NULL || e == who || rule_entity_count(e) != 1)
            continue;
        buf_str(&s->who, open ? ", " : " (");
        buf_str(&s->who, beside_names[i]);
        buf_char(&s->who, ' ');
        add_values(e, &s->who);
        open = true;
    }
    if (open)
        buf_char(&s->who, ')');
}

static void make_whom(const struct rule_finding *f, struct rule_story *s)
{
    /* The population or series itself comes before what merely influenced it. */
    const struct rule_entity *whom = NULL;
    for (size_t i = 0; i < COUNT(whom_fields) && whom == NULL; i++) {
        const struct rule_entity *e = rule_finding_entity(f, whom_fields[i]);
        if (e != NULL && !e->influencer)
            whom = e;
    }
    const struct rule_entity *address = first_of(f, whom_fields, COUNT(whom_fields));
    if (whom == NULL)
        whom = address;
    if (whom == NULL)
        return;
    add_values(whom, &s->whom);
    if (address != NULL && address != whom) {
        buf_str(&s->whom, " (");
        add_values(address, &s->whom);
        buf_char(&s->whom, ')');
    }
}

/* Whether who or whom already says the field. */
static bool is_told(const char *field)
{
    for (size_t i = 0; i < COUNT(who_fields); i++) {
        if (strcmp(field, who_fields[i]) == 0)
            return true;
    }
    for (size_t i = 0; i < COUNT(whom_fields); i++) {
        if (strcmp(field, whom_fields[i]) == 0)
            return true;
    }
    return false;
}

/* A category of messages by what they have in common: its number tells nobody anything. Whether
 * the entity is one, and that is known. */
static bool add_messages(const struct rule_finding *f, const struct rule_entity *e, struct buf *out)
{
    if (f->terms == NULL || f->terms[0] == '\0' || strcmp(e->field, "mlcategory") != 0)
        return false;
    size_t n = strlen(f->terms), shown = utf8_cut(f->terms, n, TERMS_BYTES);
    buf_str(out, "messages like \"");
    buf_add(out, f->terms, shown);
    buf_str(out, shown < n ? "...\"" : "\"");
    return true;
}

static void add_what(const struct rule_finding *f, const struct rule_entity *e,
                     struct rule_story *s)
{
    if (s->what.n > 0)
        buf_str(&s->what, ", ");
    if (add_messages(f, e, &s->what))
        return;
    if (strcmp(e->field, "destination.port") == 0)
        buf_str(&s->what, rule_entity_count(e) == 1 ? "port " : "ports ");
    else if (strcmp(e->field, "dns_question_etld") == 0 ||
             strcmp(e->field, "dns.question.registered_domain") == 0 ||
             strcmp(e->field, "dns.question.etld_plus_one") == 0)
        buf_str(&s->what, "DNS names under ");
    else if (strcmp(e->field, "dns.question.name") == 0)
        buf_str(&s->what, "DNS name ");
    else
        buf_format(&s->what, "%s ", e->field);
    add_values(e, &s->what);
}

/* The split fields that are neither side, and the port if an influencer names one. */
static void make_what(const struct rule_finding *f, struct rule_story *s)
{
    for (size_t i = 0; i < f->entities; i++) {
        const struct rule_entity *e = &f->entity[i];
        if (!e->influencer && !is_told(e->field))
            add_what(f, e, s);
    }
    static const char *const over[] = {"destination.port", "network.protocol", "network.transport"};
    const struct rule_entity *e = first_of(f, over, COUNT(over));
    if (e != NULL && e->influencer)
        add_what(f, e, s);
}

static bool ends_in_bytes(const char *field)
{
    if (field == NULL)
        return false;
    const char *last = strrchr(field, '.');
    last = last != NULL ? last + 1 : field;
    return strcmp(last, "bytes") == 0 || strncmp(last, "bytes_", 6) == 0 ||
           strcmp(field, "file.size") == 0;
}

static bool is_one_of(const char *s, const char *const *words, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (strcmp(s, words[i]) == 0)
            return true;
    }
    return false;
}

static const char *const counts[] = {"count", "non_zero_count", "nzc"};
static const char *const rares[] = {"rare", "freq_rare"};
static const char *const moments[] = {"time_of_day", "time_of_week", "lat_long"};
static const char *const sums[] = {"sum", "non_null_sum"};
static const char *const distincts[] = {"distinct_count", "dc"};

#define IS(f, list) is_one_of((f)->measure, list, COUNT(list))

static void add_amount(const struct rule_finding *f, const char *unit, double v, struct buf *out)
{
    if (strcmp(unit, "bytes") == 0) {
        rule_reason_bytes(v, out);
        return;
    }
    rule_reason_number(v, out);
    if (strcmp(unit, "events") == 0)
        buf_str(out, v == 1 ? " event" : " events");
    else if (strcmp(unit, "values") == 0)
        buf_format(out, " different %s", f->field != NULL ? f->field : "values");
}

void rule_story_make(const struct rule_finding *f, struct rule_story *s)
{
    make_who(f, s);
    make_whom(f, s);
    make_what(f, s);
    if (IS(f, counts))
        s->unit = "events";
    else if (IS(f, distincts))
        s->unit = "values";
    else if (strcmp(f->measure, "info_content") == 0 || ends_in_bytes(f->field))
        s->unit = "bytes";
    if (f->place != NULL && f->usual_place != NULL) {
        buf_str(&s->came, f->place);
        buf_str(&s->expected, f->usual_place);
    }
    if (!f->has_values || IS(f, rares) || IS(f, moments))
        return;
    add_amount(f, s->unit, f->actual, &s->came);
    /* "300 different destination.ip, against 4 expected" */
    add_amount(f, IS(f, distincts) ? "" : s->unit, f->typical, &s->expected);
}

static const char *measure_words(const struct rule_finding *f)
{
    static const struct {
        const char *measure;
        const char *words;
    } table[] = {
        {"mean", "the mean"},    {"avg", "the mean"},      {"min", "the least"},
        {"max", "the greatest"}, {"median", "the median"}, {"varp", "the variance"},
        {"metric", "the value"}, {"sum", "the sum"},       {"non_null_sum", "the sum"},
    };
    for (size_t i = 0; i < COUNT(table); i++) {
        if (strcmp(table[i].measure, f->measure) == 0)
            return table[i].words;
    }
    return f->measure;
}

static void add_between(const struct rule_finding *f, const struct rule_story *s, struct buf *out)
{
    if (s->who.n > 0)
        buf_format(out, " from %s", buf_text(&s->who));
    if (s->whom.n > 0)
        buf_format(out, " to %s", buf_text(&s->whom));
    if (s->what.n > 0)
        buf_format(out, " %s %s", f->terms != NULL ? "in" : "over", buf_text(&s->what));
}

/* "192.0.2.5 sent 48.3 MB to 203.0.113.9 over port 4444" */
static void add_transfer(const struct rule_finding *f, const struct rule_story *s, struct buf *out)
{
    bool sent = f->field != NULL && (strcmp(f->field, "source.bytes") == 0 ||
                                     strcmp(f->field, "weir.home.bytes_out") == 0);
    if (!sent) {
        buf_format(out, "%s of %s was %s", measure_words(f), f->field, buf_text(&s->came));
        add_between(f, s, out);
        return;
    }
    if (s->who.n > 0)
        buf_format(out, "%s sent %s", buf_text(&s->who), buf_text(&s->came));
    else
        buf_format(out, "%s were sent", buf_text(&s->came));
    if (s->whom.n > 0)
        buf_format(out, " to %s", buf_text(&s->whom));
    if (s->what.n > 0)
        buf_format(out, " over %s", buf_text(&s->what));
}

static void add_seen(const struct rule_finding *f, struct buf *out)
{
    /* What is rare is the by value, which is the first entity. */
    bool many = false;
    if (f->entities > 0 && !f->entity[0].influencer) {
        many = add_messages(f, &f->entity[0], out);
        if (!many) {
            buf_format(out, "%s ", f->entity[0].field);
            add_values(&f->entity[0], out);
        }
    } else {
        buf_str(out, "a value");
    }
    buf_format(out, " %s seen%s", many ? "were" : "was",
               f->first ? " for the first time" : ", which is rare here");
}

static void add_deed(const struct rule_finding *f, const struct rule_story *s, struct buf *out)
{
    if (IS(f, rares)) {
        add_seen(f, out);
        if (s->who.n > 0)
            buf_format(out, ", from %s", buf_text(&s->who));
        if (s->whom.n > 0)
            buf_format(out, "%s to %s", s->who.n > 0 ? "" : ",", buf_text(&s->whom));
    } else if (strcmp(f->measure, "lat_long") == 0) {
        buf_str(out, "something happened at an unusual place");
        if (s->came.n > 0)
            buf_format(out, ", %s,", buf_text(&s->came));
        add_between(f, s, out);
    } else if (IS(f, moments)) {
        buf_format(out, "something happened at an unusual time of the %s",
                   strcmp(f->measure, "time_of_day") == 0 ? "day" : "week");
        add_between(f, s, out);
    } else if (s->came.n == 0) {
        buf_format(out, "%s was unusual", f->field != NULL ? f->field : f->function);
        add_between(f, s, out);
    } else if (IS(f, counts)) {
        buf_format(out, "%s came", buf_text(&s->came));
        add_between(f, s, out);
    } else if (IS(f, sums) && ends_in_bytes(f->field)) {
        add_transfer(f, s, out);
    } else if (strcmp(f->measure, "info_content") == 0) {
        buf_format(out, "%s carried %s of information",
                   s->what.n > 0 ? buf_text(&s->what) : f->field, buf_text(&s->came));
        if (s->who.n > 0)
            buf_format(out, ", asked by %s", buf_text(&s->who));
        if (s->whom.n > 0)
            buf_format(out, "%s of %s", s->who.n > 0 ? "" : ", asked", buf_text(&s->whom));
    } else if (IS(f, distincts)) {
        buf_format(out, "%s were seen", buf_text(&s->came));
        add_between(f, s, out);
    } else {
        buf_format(out, "%s of %s was %s", measure_words(f), f->field != NULL ? f->field : "it",
                   buf_text(&s->came));
        add_between(f, s, out);
    }
}

/* "2024-05-01 21:00 to 24:00 UTC"; seconds only where there are any. */
static void add_moment(ts_ns t, bool day, bool seconds, struct buf *out)
{
    struct time_date d = time_split(t);
    if (day)
        buf_format(out, "%04d-%02u-%02u ", d.year, d.month, d.day);
    buf_format(out, "%02u:%02u", d.hour, d.minute);
    if (seconds)
        buf_format(out, ":%02u", d.second);
}

static void add_times(const struct rule_finding *f, struct buf *out)
{
    ts_ns end = f->start + f->span_ns;
    bool seconds = f->start % TIME_MIN != 0 || end % TIME_MIN != 0;
    add_moment(f->start, true, seconds, out);
    if (f->span_ns > 0) {
        buf_str(out, " to ");
        add_moment(end, time_floor(f->start, TIME_DAY) != time_floor(end, TIME_DAY), seconds, out);
    }
    buf_str(out, " UTC: ");
}

void rule_reason_what(const struct rule_finding *f, const struct rule_story *s, struct buf *out)
{
    add_times(f, out);
    add_deed(f, s, out);
    if (s->expected.n > 0)
        buf_format(out, ", against %s expected", buf_text(&s->expected));
}

void rule_reason_write(const struct rule *r, const struct rule_finding *f,
                       const struct rule_story *s, struct buf *out)
{
    rule_reason_what(f, s, out);
    buf_format(out, "; rule %s, severity %s, score ", r->name, rule_severity_name(r->severity));
    /* Rounding up to 100 or to the threshold would tell of a score that was not reached. */
    buf_format(out, "%.0f", floor(f->score));
    buf_format(out, " by job %s.", f->job_id);
}
