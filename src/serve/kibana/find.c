/* SPDX-License-Identifier: Apache-2.0 */
#include "kibana/find.h"

#include "api/call.h"
#include "base/buf.h"
#include "base/mem.h"
#include "event/event.h"
#include "event/json.h"
#include "format/node.h"
#include "format/write.h"
#include "kibana/rule.h"
#include "query/query.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct kibana_find {
    struct query *query;
    struct event_json *reader;
};

enum err kibana_find_new(struct api_call *c, const char *kql, struct kibana_find **out,
                         struct err_text *why)
{
    *out = NULL;
    if (kql == NULL || kql[strspn(kql, " \t\r\n")] == '\0')
        return ERR_NONE;
    struct kibana_find *f = mem_zero(1, sizeof(*f));
    if (f == NULL)
        return err_set(why, ERR_MEMORY, "%s", err_name(ERR_MEMORY));
    enum err err = query_parse_kql(kql, strlen(kql), c->now, &f->query, why);
    if (err == ERR_NONE && (f->reader = event_json_new()) == NULL)
        err = err_set(why, ERR_MEMORY, "%s", err_name(ERR_MEMORY));
    if (err == ERR_NONE)
        *out = f;
    else
        kibana_find_free(f);
    return err;
}

void kibana_find_free(struct kibana_find *f)
{
    if (f == NULL)
        return;
    event_json_free(f->reader);
    query_free(f->query);
    mem_free(f);
}

enum err kibana_find_fits(const struct kibana_find *f, const struct buf *json, bool *out)
{
    struct arena arena;
    struct event e;
    if (f == NULL) {
        *out = true;
        return ERR_NONE;
    }
    if (!buf_ok(json))
        return ERR_MEMORY;
    arena_init(&arena, 0);
    enum err err = event_json_read(f->reader, buf_text(json), json->n, false, &arena, &e, NULL);
    if (err == ERR_NONE)
        *out = query_match(f->query, &e);
    arena_release(&arena);
    return err;
}

/* machine_learning_job_id becomes machineLearningJobId. */
static void write_camel(const char *key, struct format_writer *w)
{
    char out[200];
    size_t n = 0;
    for (; *key != '\0' && n + 1 < sizeof(out); key++) {
        if (*key == '_' && key[1] >= 'a' && key[1] <= 'z')
            out[n++] = (char)(*++key - 'a' + 'A');
        else
            out[n++] = *key;
    }
    format_write_key_n(w, out, n);
}

/* The attributes of the saved object that Kibana would keep. */
static void write_attributes(const struct kibana_rule *r, struct buf *out)
{
    struct format_writer w;
    format_write_init(&w, out);
    format_write_begin_object(&w);
    format_write_key(&w, "alert");
    format_write_begin_object(&w);
    format_write_key(&w, "attributes");
    format_write_begin_object(&w);
    format_write_field_str(&w, "name", r->name);
    format_write_field_str(&w, "name.keyword", r->name);
    format_write_field_bool(&w, "enabled", r->enabled);
    format_write_key(&w, "tags");
    format_node_write_value(format_node_get(r->doc, "tags"), &w);
    format_write_field_str(&w, "consumer", "siem");
    format_write_key(&w, "createdAt");
    format_write_time(&w, r->created);
    format_write_key(&w, "updatedAt");
    format_write_time(&w, r->updated);
    if (r->status != NULL)
        format_write_field_str(&w, "executionStatus.status", r->status);
    format_write_key(&w, "params");
    format_write_begin_object(&w);
    for (size_t i = 0; i < format_node_count(r->doc); i++) {
        const struct format_node *v = format_node_at(r->doc, i);
        write_camel(format_node_key(v), &w);
        format_node_write_value(v, &w);
    }
    format_write_field_bool(&w, "immutable", r->package != NULL);
    format_write_field_str(&w, "ruleSource.type", r->package != NULL ? "external" : "internal");
    format_write_end_object(&w);
    format_write_end_object(&w);
    format_write_end_object(&w);
    format_write_end_object(&w);
}

enum err kibana_find_filter(struct api_call *c, struct kibana_rules *rules, const char *kql,
                            struct err_text *why)
{
    struct kibana_find *f;
    size_t kept = 0;
    enum err err = kibana_find_new(c, kql, &f, why);
    if (err != ERR_NONE || f == NULL)
        return err;
    for (size_t i = 0; i < rules->n; i++) {
        bool fits = false;
        struct buf text;
        buf_init(&text);
        if (err == ERR_NONE) {
            write_attributes(&rules->list[i], &text);
            err = kibana_find_fits(f, &text, &fits);
        }
        buf_release(&text);
        if (fits)
            rules->list[kept++] = rules->list[i];
        else
            format_node_free(rules->list[i].doc);
    }
    rules->n = kept;
    kibana_find_free(f);
    return err == ERR_NONE ? ERR_NONE
                           : err_set(why, err, "rules cannot be filtered: %s", err_name(err));
}

/* What a rule is ordered by: a number, or a text. */
struct sort_key {
    const char *text;
    double number;
    struct kibana_rule rule;
};

static double severity_rank(const char *s)
{
    static const char *const names[] = {"low", "medium", "high", "critical"};
    for (int i = 0; i < 4; i++)
        if (strcmp(names[i], s) == 0)
            return i;
    return -1;
}

static bool read_key(const struct kibana_rule *r, const char *field, struct sort_key *out)
{
    static const char run[] = "execution_summary.last_execution.";
    *out = (struct sort_key){.rule = *r};
    if (strcmp(field, "created_at") == 0 || strcmp(field, "createdAt") == 0) {
        out->number = (double)r->created;
    } else if (strcmp(field, "updated_at") == 0 || strcmp(field, "updatedAt") == 0) {
        out->number = (double)r->updated;
    } else if (strcmp(field, "enabled") == 0) {
        out->number = r->enabled;
    } else if (strcmp(field, "severity") == 0) {
        out->number = severity_rank(format_node_str(format_node_get(r->doc, "severity"), ""));
    } else if (strncmp(field, run, sizeof(run) - 1) == 0) {
        field += sizeof(run) - 1;
        if (strcmp(field, "date") == 0)
            out->number = (double)r->last_run;
        else if (strcmp(field, "status") == 0)
            out->text = r->status != NULL ? r->status : "";
        else
            return false;
    } else {
        static const char *const fields[] = {"name",       "type",     "risk_score",
                                             "version",    "interval", "revision",
                                             "created_by", "rule_id",  "updated_by"};
        bool known = strcmp(field, "riskScore") == 0;
        if (known)
            field = "risk_score";
        for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
            known |= strcmp(fields[i], field) == 0;
        const struct format_node *v = format_node_get(r->doc, field);
        out->text = format_node_str(v, NULL);
        out->number = format_node_num(v, 0);
        return known;
    }
    return true;
}

static int compare(const void *x, const void *y)
{
    const struct sort_key *a = x, *b = y;
    int order = 0;
    if (a->text != NULL && b->text != NULL)
        order = strcasecmp(a->text, b->text);
    else if (a->number != b->number)
        order = a->number < b->number ? -1 : 1;
    return order != 0 ? order : strcmp(a->rule.rule_id, b->rule.rule_id);
}

enum err kibana_find_sort(struct kibana_rules *rules, const char *field, bool descending,
                          struct err_text *why)
{
    if (field == NULL || rules->n == 0)
        return ERR_NONE;
    struct sort_key *keys = arena_alloc(&rules->arena, rules->n * sizeof(*keys));
    if (keys == NULL)
        return err_set(why, ERR_MEMORY, "%s", err_name(ERR_MEMORY));
    for (size_t i = 0; i < rules->n; i++)
        if (!read_key(&rules->list[i], field, &keys[i]))
            return err_set(why, ERR_INVALID,
                           "rules cannot be sorted by '%.100s'; name, type, enabled, severity, "
                           "risk_score, interval, version, created_at, updated_at, "
                           "execution_summary.last_execution.date and .status are possible",
                           field);
    qsort(keys, rules->n, sizeof(*keys), compare);
    for (size_t i = 0; i < rules->n; i++)
        rules->list[i] = keys[descending ? rules->n - 1 - i : i].rule;
    return ERR_NONE;
}
