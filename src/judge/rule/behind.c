/* SPDX-License-Identifier: Apache-2.0 */
#include "rule/behind.h"

#include "base/buf.h"
#include "event/field.h"
#include "format/write.h"
#include "query/query.h"
#include "query/tree.h"
#include "rule/finding.h"
#include "rule/kql.h"

#include <string.h>

/* More values of one field make the query no better. */
#define VALUES_MAX 64
#define BRIEF_VALUES 5

/* The fields that built-in runtime fields take their value from, and what they say without any. */
static const struct runtime {
    const char *name;
    const char *sources[2];
    const char *none;
} runtimes[] = {
    {"dns_question_etld", {"dns.question.etld_plus_one", "dns.question.registered_domain"}, "None"},
    {"winlog_logon_type", {"winlog.event_data.LogonType", NULL}, "None"},
};

static const struct runtime *find_runtime(const char *field)
{
    for (size_t i = 0; i < sizeof(runtimes) / sizeof(runtimes[0]); i++) {
        if (strcmp(runtimes[i].name, field) == 0)
            return &runtimes[i];
    }
    return NULL;
}

/* A name without a dot that the field table does not know is made by a script. */
static bool is_event_field(const char *field)
{
    return strchr(field, '.') != NULL || event_field_by_name(field, strlen(field)) != EVENT_F_NONE;
}

static size_t values_of(const struct rule_entity *e)
{
    size_t n = rule_entity_count(e);
    return n < VALUES_MAX ? n : VALUES_MAX;
}

static void dsl_terms(const struct rule_entity *e, const char *field, const char *but,
                      struct format_writer *w)
{
    format_write_begin_object(w);
    format_write_key(w, "terms");
    format_write_begin_object(w);
    format_write_key(w, field);
    format_write_begin_array(w);
    for (size_t i = 0; i < values_of(e); i++) {
        const char *value = rule_entity_value(e, i);
        if (but == NULL || strcmp(value, but) != 0)
            format_write_str(w, value);
    }
    format_write_end_array(w);
    format_write_end_object(w);
    format_write_end_object(w);
}

static void dsl_bool(struct format_writer *w, const char *clause)
{
    format_write_begin_object(w);
    format_write_key(w, "bool");
    format_write_begin_object(w);
    format_write_key(w, clause);
    format_write_begin_array(w);
}

static void dsl_bool_end(struct format_writer *w)
{
    format_write_end_array(w);
    format_write_end_object(w);
    format_write_end_object(w);
}

static void dsl_missing(const struct runtime *r, struct format_writer *w)
{
    dsl_bool(w, "must_not");
    for (size_t s = 0; s < 2 && r->sources[s] != NULL; s++) {
        format_write_begin_object(w);
        format_write_key(w, "exists");
        format_write_begin_object(w);
        format_write_field_str(w, "field", r->sources[s]);
        format_write_end_object(w);
        format_write_end_object(w);
    }
    dsl_bool_end(w);
}

static bool has_value(const struct rule_entity *e, const char *value)
{
    for (size_t i = 0; i < values_of(e); i++) {
        if (strcmp(rule_entity_value(e, i), value) == 0)
            return true;
    }
    return false;
}

static void dsl_entity(const struct rule_entity *e, struct format_writer *w)
{
    const struct runtime *r = find_runtime(e->field);
    if (r == NULL) {
        dsl_terms(e, e->field, NULL, w);
        return;
    }
    dsl_bool(w, "should");
    for (size_t s = 0; s < 2 && r->sources[s] != NULL; s++)
        dsl_terms(e, r->sources[s], r->none, w);
    if (has_value(e, r->none))
        dsl_missing(r, w);
    dsl_bool_end(w);
}

static void kql_terms(const struct rule_entity *e, const char *field, struct buf *out)
{
    size_t n = values_of(e);
    buf_str(out, field);
    buf_str(out, n > 1 ? ": (" : ": ");
    for (size_t i = 0; i < n; i++) {
        const char *value = rule_entity_value(e, i);
        if (i > 0)
            buf_str(out, " or ");
        rule_kql_quote(value, strlen(value), out);
    }
    if (n > 1)
        buf_char(out, ')');
}

static void kql_entity(const struct rule_entity *e, struct buf *out)
{
    const struct runtime *r = find_runtime(e->field);
    if (r == NULL) {
        kql_terms(e, e->field, out);
        return;
    }
    buf_char(out, '(');
    for (size_t s = 0; s < 2 && r->sources[s] != NULL; s++) {
        if (s > 0)
            buf_str(out, " or ");
        kql_terms(e, r->sources[s], out);
    }
    if (has_value(e, r->none)) {
        buf_str(out, " or (");
        for (size_t s = 0; s < 2 && r->sources[s] != NULL; s++)
            buf_format(out, "%snot %s: *", s > 0 ? " and " : "", r->sources[s]);
        buf_char(out, ')');
    }
    buf_char(out, ')');
}

/* The address that a field's value follows from: destination.ip for destination.geo.country_name.
 */
static const char *address_of(const char *field)
{
    static const struct {
        const char *prefix;
        const char *address;
    } sides[] = {{"source.geo.", "source.ip"},
                 {"source.as.", "source.ip"},
                 {"destination.geo.", "destination.ip"},
                 {"destination.as.", "destination.ip"}};
    for (size_t i = 0; i < sizeof(sides) / sizeof(sides[0]); i++) {
        if (strncmp(field, sides[i].prefix, strlen(sides[i].prefix)) == 0)
            return sides[i].address;
    }
    return NULL;
}

/*
 * By, over and partition values always belong to the question. Influencers are heavy values each
 * for itself: one that follows from an address beside it says nothing more, and where the two lists
 * do not fit each other the question would have no answer. The name of a sensor on the wire is that
 * of all its events.
 */
static bool is_wanted(const struct rule_finding *f, const struct rule_entity *e)
{
    if (rule_entity_count(e) == 0 || (find_runtime(e->field) == NULL && !is_event_field(e->field)))
        return false;
    if (!e->influencer)
        return true;
    const char *address = address_of(e->field);
    if (address != NULL && rule_finding_entity(f, address) != NULL)
        return false;
    return strcmp(e->field, "host.name") != 0 || !rule_finding_wire(f);
}

static void write_dsl(const struct rule_finding *f, struct bytes feed, struct buf *out)
{
    struct format_writer w;
    format_write_init(&w, out);
    dsl_bool(&w, "filter");
    format_write_begin_object(&w);
    format_write_key(&w, "range");
    format_write_begin_object(&w);
    format_write_key(&w, "@timestamp");
    format_write_begin_object(&w);
    format_write_field_i64(&w, "gte", f->start / TIME_MS);
    format_write_field_i64(&w, "lt", (f->start + f->span_ns) / TIME_MS);
    format_write_field_str(&w, "format", "epoch_millis");
    format_write_end_object(&w);
    format_write_end_object(&w);
    format_write_end_object(&w);
    if (feed.n > 0)
        format_write_raw(&w, (const char *)feed.p, feed.n);
    for (size_t i = 0; i < f->entities; i++) {
        if (is_wanted(f, &f->entity[i]))
            dsl_entity(&f->entity[i], &w);
    }
    dsl_bool_end(&w);
}

static bool write_kql(const struct rule_finding *f, const struct query *feed, struct buf *out)
{
    size_t before = out->n;
    char text[TIME_TEXT_SIZE];
    (void)time_format_iso(f->start, text);
    buf_format(out, "@timestamp >= \"%s\"", text);
    (void)time_format_iso(f->start + f->span_ns, text);
    buf_format(out, " and @timestamp < \"%s\"", text);
    if (feed != NULL) {
        buf_str(out, " and ");
        if (!rule_kql_write(query_root(feed), out)) {
            out->n = before;
            if (out->p != NULL)
                out->p[before] = '\0';
            return false;
        }
    }
    for (size_t i = 0; i < f->entities; i++) {
        if (!is_wanted(f, &f->entity[i]))
            continue;
        buf_str(out, " and ");
        kql_entity(&f->entity[i], out);
    }
    return true;
}

enum err rule_behind_write(const struct rule_finding *f, struct bytes feed, ts_ns now,
                           struct buf *dsl, struct buf *kql, bool *out_kql, struct err_text *why)
{
    struct query *query = NULL;
    if (feed.n > 0) {
        enum err code = query_parse_json((const char *)feed.p, feed.n, f->job_id, now, &query, why);
        if (code != ERR_NONE)
            return code;
    }
    write_dsl(f, feed, dsl);
    bool said = write_kql(f, query, kql);
    query_free(query);
    if (!buf_ok(dsl) || !buf_ok(kql))
        return err_set(why, ERR_MEMORY, "no memory is left to write an alert");
    *out_kql = said;
    return ERR_NONE;
}

void rule_behind_brief(const struct rule_finding *f, struct buf *out)
{
    bool first = true;
    for (size_t i = 0; i < f->entities; i++) {
        const struct rule_entity *e = &f->entity[i];
        if (!is_wanted(f, e) || rule_entity_count(e) > BRIEF_VALUES)
            continue;
        if (!first)
            buf_str(out, " and ");
        kql_entity(e, out);
        first = false;
    }
}
