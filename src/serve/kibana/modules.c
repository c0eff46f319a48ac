/* SPDX-License-Identifier: Apache-2.0 */
#include "kibana/rows.h"

#include "api/api.h"
#include "api/call.h"
#include "api/form.h"
#include "base/arena.h"
#include "base/buf.h"
#include "find/find.h"
#include "format/node.h"
#include "http/request.h"
#include "kibana/doc.h"
#include "package/package.h"
#include "query/query.h"
#include "store/state.h"

#include <string.h>

/* The shipped package of that id. */
static enum err open_module(struct api_call *c, const char *id,
                            const struct package_options *options, struct package **out,
                            struct err_text *why)
{
    for (size_t i = 0; i < package_shipped_count(); i++) {
        if (strcmp(package_shipped_name(i), id) == 0)
            return package_open(package_shipped_name(i), options, out, why);
    }
    return api_call_fail(c, 404, NULL, why, "Module with the id \"%.100s\" not found", id);
}

static void write_query(struct format_writer *w, const struct package *p)
{
    struct buf query;
    if (package_query(p) == NULL)
        return;
    buf_init(&query);
    query_to_dsl(package_query(p), &query);
    format_write_key(w, "query");
    format_write_raw(w, buf_text(&query), query.n);
    if (!buf_ok(&query))
        w->out->failed = true;
    buf_release(&query);
}

static void write_part(struct format_writer *w, const char *id, const char *config, size_t n)
{
    format_write_begin_object(w);
    format_write_field_str(w, "id", id);
    format_write_key(w, "config");
    format_write_raw(w, config, n);
    format_write_end_object(w);
}

static void write_module(struct format_writer *w, const struct package *p)
{
    format_write_begin_object(w);
    format_write_field_str(w, "id", package_id(p));
    format_write_field_str(w, "title", package_title(p));
    format_write_field_str(w, "description", package_description(p));
    format_write_field_str(w, "type", "Weir");
    format_write_field_str(w, "defaultIndexPattern", package_patterns(p));
    write_query(w, p);
    format_write_key(w, "jobs");
    format_write_begin_array(w);
    for (size_t i = 0; i < package_jobs(p); i++) {
        const struct package_job *job = package_job_at(p, i);
        write_part(w, job->id, job->job, job->job_n);
    }
    format_write_end_array(w);
    format_write_key(w, "datafeeds");
    format_write_begin_array(w);
    for (size_t i = 0; i < package_jobs(p); i++) {
        const struct package_job *job = package_job_at(p, i);
        if (job->datafeed != NULL)
            write_part(w, job->datafeed_id, job->datafeed, job->datafeed_n);
    }
    format_write_end_array(w);
    format_write_key(w, "kibana");
    format_write_begin_object(w);
    format_write_end_object(w);
    format_write_end_object(w);
}

static enum err one(struct api_call *c, struct err_text *why)
{
    const struct package_options options = {.now = c->now};
    struct package *p;
    enum err err = open_module(c, api_call_part(c, "module_id"), &options, &p, why);
    if (err != ERR_NONE)
        return err;
    write_module(&c->out, p);
    package_free(p);
    return ERR_NONE;
}

static enum err all(struct api_call *c, struct err_text *why)
{
    const struct package_options options = {.now = c->now};
    enum err err = ERR_NONE;
    format_write_begin_array(&c->out);
    for (size_t i = 0; i < package_shipped_count() && err == ERR_NONE; i++) {
        struct package *p;
        err = package_open(package_shipped_name(i), &options, &p, why);
        if (err == ERR_NONE) {
            write_module(&c->out, p);
            package_free(p);
        }
    }
    format_write_end_array(&c->out);
    return err;
}

static bool is_gone(void *ctx)
{
    return http_request_is_gone(ctx);
}

/* Whether the query finds anything in the index; one that fails finds nothing, as in Kibana. */
static bool applies(struct api_call *c, const struct package *p, const char *index)
{
    struct buf body, answer;
    struct err_text ignored;
    struct find_error error;
    struct format_node *node = NULL, *count = NULL;
    int64_t hits = 0;
    if (package_query(p) == NULL)
        return false;
    buf_init(&body);
    buf_init(&answer);
    buf_str(&body, "{\"query\":");
    query_to_dsl(package_query(p), &body);
    buf_str(&body, "}");
    struct find_request r = {
        .index = index, .now = c->now, .lenient = true, .cancel = {is_gone, c->request}};
    if (buf_ok(&body) &&
        format_node_json(body.p, body.n, "manifest", &node, &ignored) == ERR_NONE) {
        r.body = node;
        if (find_count(c->ports->find, &r, &answer, &error) == ERR_NONE &&
            format_node_json(answer.p, answer.n, "count", &count, &ignored) == ERR_NONE)
            hits = format_node_int(format_node_get(count, "count"), 0);
    }
    format_node_free(node);
    format_node_free(count);
    buf_release(&body);
    buf_release(&answer);
    return hits > 0;
}

static enum err recognize(struct api_call *c, struct err_text *why)
{
    const struct package_options options = {.now = c->now};
    struct format_writer *w = &c->out;
    enum err err = ERR_NONE;
    format_write_begin_array(w);
    for (size_t i = 0; i < package_shipped_count() && err == ERR_NONE; i++) {
        struct package *p;
        err = package_open(package_shipped_name(i), &options, &p, why);
        if (err != ERR_NONE)
            break;
        if (applies(c, p, api_call_part(c, "index"))) {
            format_write_begin_object(w);
            format_write_field_str(w, "id", package_id(p));
            format_write_field_str(w, "title", package_title(p));
            write_query(w, p);
            format_write_field_str(w, "description", package_description(p));
            format_write_key(w, "logo");
            format_write_null(w);
            format_write_end_object(w);
        }
        package_free(p);
    }
    format_write_end_array(w);
    return err;
}

static bool is_there(struct api_call *c, const char *job_id)
{
    struct arena arena;
    struct store_job row;
    arena_init(&arena, 0);
    enum err err = store_state_job_get(c->ports->state, job_id, &arena, &row);
    arena_release(&arena);
    return err == ERR_NONE;
}

static enum err jobs_exist(struct api_call *c, struct err_text *why)
{
    const struct package_options options = {.now = c->now};
    struct format_writer *w = &c->out;
    struct package *p;
    bool complete = true;
    enum err err = open_module(c, api_call_part(c, "module_id"), &options, &p, why);
    if (err != ERR_NONE)
        return err;
    for (size_t i = 0; i < package_jobs(p); i++)
        complete &= is_there(c, package_job_at(p, i)->id);
    format_write_begin_object(w);
    format_write_field_bool(w, "jobsExist", complete && package_jobs(p) > 0);
    if (complete) {
        format_write_key(w, "jobs");
        format_write_begin_array(w);
        for (size_t i = 0; i < package_jobs(p); i++) {
            format_write_begin_object(w);
            format_write_field_str(w, "id", package_job_at(p, i)->id);
            format_write_end_object(w);
        }
        format_write_end_array(w);
    }
    format_write_end_object(w);
    package_free(p);
    return ERR_NONE;
}

struct setup {
    struct api_call *call;
    const char *patterns, *prefix;
    const struct format_node *groups, *query, *job_overrides, *feed_overrides;
    bool dedicated, start;
    const char *from; /* where the datafeeds begin; NULL: left to the daemon */
    struct buf jobs, feeds;
    struct format_writer job, feed;
};

/* Members of the override in place of those of the object; of objects, their members. */
static void override_members(const struct format_node *object, const struct format_node *by,
                             const char *skip, struct kibana_change *change)
{
    for (size_t i = 0; format_node_type(by) == FORMAT_OBJECT && i < format_node_count(by); i++) {
        const struct format_node *v = format_node_at(by, i);
        const char *key = format_node_key(v);
        const struct format_node *old = format_node_get(object, key);
        if (strcmp(key, "job_id") == 0 || strcmp(key, skip) == 0)
            continue;
        if (format_node_type(v) != FORMAT_OBJECT || format_node_type(old) != FORMAT_OBJECT) {
            kibana_change_node(change, key, v);
            continue;
        }
        struct kibana_change inner;
        struct err_text ignored;
        struct buf text;
        buf_init(&text);
        kibana_change_init(&inner, change->arena);
        kibana_change_all(&inner, v);
        if (kibana_doc_write(old, &inner, &text, &ignored) == ERR_NONE)
            kibana_change_json(change, key, buf_text(&text));
        else
            change->err = ERR_MEMORY;
        buf_release(&text);
    }
}

/* One object for all, or several, of which those without a name are for all. */
static void apply_overrides(const struct format_node *overrides, const struct format_node *object,
                            const char *job_id, const char *feed_id, struct kibana_change *change)
{
    bool list = format_node_type(overrides) == FORMAT_ARRAY;
    size_t n = list ? format_node_count(overrides) : format_node_type(overrides) == FORMAT_OBJECT;
    for (size_t i = 0; i < n; i++) {
        const struct format_node *o = list ? format_node_at(overrides, i) : overrides;
        const char *job = format_node_str(format_node_get(o, "job_id"), NULL);
        const char *feed = format_node_str(format_node_get(o, "datafeed_id"), NULL);
        if ((job == NULL || strcmp(job, job_id) == 0) &&
            (feed == NULL || (feed_id != NULL && strcmp(feed, feed_id) == 0)))
            override_members(object, o, "datafeed_id", change);
    }
}

/* The configuration with what the request changes of it. */
static enum err changed(struct setup *s, const struct package_job *job, bool feed, struct buf *out,
                        struct err_text *why)
{
    struct format_node *node;
    struct kibana_change change;
    enum err err =
        feed ? format_node_json(job->datafeed, job->datafeed_n, job->datafeed_file, &node, why)
             : format_node_json(job->job, job->job_n, job->file, &node, why);
    if (err != ERR_NONE)
        return err;
    kibana_change_init(&change, &s->call->arena);
    if (!feed && s->groups != NULL)
        kibana_change_node(&change, "groups", s->groups);
    if (!feed && s->dedicated)
        kibana_change_text(&change, "results_index_name", job->id);
    if (feed && s->query != NULL)
        kibana_change_node(&change, "query", s->query);
    apply_overrides(feed ? s->feed_overrides : s->job_overrides, node, job->id, job->datafeed_id,
                    &change);
    err = kibana_doc_write(node, &change, out, why);
    format_node_free(node);
    return err;
}

static enum err ask(struct setup *s, const char *verb, const char *id, const struct buf *job,
                    const struct buf *feed, struct err_text *why)
{
    struct buf request;
    struct format_writer w;
    buf_init(&request);
    format_write_init(&w, &request);
    format_write_begin_object(&w);
    format_write_field_str(&w, "command", "job");
    format_write_field_str(&w, "verb", verb);
    format_write_field_str(&w, "id", id);
    format_write_field_str(&w, "job", buf_text(job));
    if (feed->n > 0)
        format_write_field_str(&w, "datafeed", buf_text(feed));
    if (s->from != NULL)
        format_write_field_str(&w, "start", s->from);
    format_write_end_object(&w);
    enum err err = api_call_act(s->call, &request, NULL, why);
    buf_release(&request);
    return err;
}

static void tell(struct format_writer *w, const char *id, bool is_feed, bool started, enum err err,
                 const struct err_text *why)
{
    format_write_begin_object(w);
    format_write_field_str(w, "id", id);
    format_write_field_bool(w, "success", err == ERR_NONE);
    if (is_feed) {
        format_write_field_bool(w, "started", err == ERR_NONE && started);
        format_write_field_bool(w, "awaitingMlNodeAllocation", false);
    }
    if (err != ERR_NONE) {
        unsigned status = api_form_status(err);
        format_write_key(w, "error");
        format_write_begin_object(w);
        format_write_key(w, "error");
        format_write_begin_object(w);
        format_write_field_str(w, "type", api_form_type(status, err));
        format_write_field_str(w, "reason", why->message);
        format_write_end_object(w);
        format_write_field_i64(w, "status", status);
        format_write_end_object(w);
    }
    format_write_end_object(w);
}

/* One job with its datafeed; what goes wrong with it does not keep the others back. */
static void install(struct setup *s, const struct package_job *job)
{
    struct err_text why = {.message = ""};
    struct buf config, feed;
    buf_init(&config);
    buf_init(&feed);
    enum err err = changed(s, job, false, &config, &why);
    if (err == ERR_NONE && job->datafeed != NULL)
        err = changed(s, job, true, &feed, &why);
    if (err == ERR_NONE)
        err = ask(s, s->start ? "create" : "create-closed", job->id, &config, &feed, &why);
    tell(&s->job, job->id, false, false, err, &why);
    if (job->datafeed != NULL)
        tell(&s->feed, job->datafeed_id, true, s->start, err, &why);
    buf_release(&config);
    buf_release(&feed);
}

static enum err read_setup(struct setup *s, struct err_text *why)
{
    struct api_call *c = s->call;
    struct format_node *body = NULL;
    enum err err = api_call_body(c, false, &body, why);
    if (err == ERR_NONE)
        err = api_call_text(c, "prefix", NULL, &s->prefix, why);
    if (err == ERR_NONE)
        err = api_call_text(c, "indexPatternName", NULL, &s->patterns, why);
    if (err == ERR_NONE)
        err = api_call_flag(c, "useDedicatedIndex", false, &s->dedicated, why);
    if (err == ERR_NONE)
        err = api_call_flag(c, "startDatafeed", false, &s->start, why);
    if (err != ERR_NONE)
        return err;
    if (format_node_type(format_node_get(body, "end")) != FORMAT_NULL)
        return api_call_fail(c, 400, NULL, why,
                             "the datafeeds of a module run in real time, without end");
    if (format_node_type(format_node_get(body, "start")) != FORMAT_NULL) {
        char text[TIME_TEXT_SIZE];
        ts_ns from;
        err = api_call_time(c, "start", TIME_NONE, &from, why);
        if (err != ERR_NONE)
            return err;
        time_format_iso(from, text);
        s->from = arena_strndup(&c->arena, text, strlen(text));
    }
    s->groups = format_node_get(body, "groups");
    s->query = format_node_get(body, "query");
    s->job_overrides = format_node_get(body, "jobOverrides");
    s->feed_overrides = format_node_get(body, "datafeedOverrides");
    if (s->prefix != NULL && s->prefix[0] == '\0')
        s->prefix = NULL;
    /* There is one space, and limits of memory stay as the package has them. */
    (void)format_node_get(body, "applyToAllSpaces");
    (void)format_node_get(body, "estimateModelMemory");
    return body != NULL ? api_call_unknown(c, body, why) : ERR_NONE;
}

static enum err setup(struct api_call *c, struct err_text *why)
{
    struct setup s = {.call = c};
    struct package *p;
    enum err err = read_setup(&s, why);
    if (err != ERR_NONE)
        return err;
    const struct package_options options = {
        .prefix = s.prefix, .patterns = s.patterns, .now = c->now};
    err = open_module(c, api_call_part(c, "module_id"), &options, &p, why);
    if (err != ERR_NONE)
        return err;
    buf_init(&s.jobs);
    buf_init(&s.feeds);
    format_write_init(&s.job, &s.jobs);
    format_write_init(&s.feed, &s.feeds);
    format_write_begin_array(&s.job);
    format_write_begin_array(&s.feed);
    for (size_t i = 0; i < package_jobs(p); i++)
        install(&s, package_job_at(p, i));
    format_write_end_array(&s.job);
    format_write_end_array(&s.feed);
    package_free(p);
    if (buf_ok(&s.jobs) && buf_ok(&s.feeds)) {
        format_write_begin_object(&c->out);
        format_write_key(&c->out, "jobs");
        format_write_raw(&c->out, buf_text(&s.jobs), s.jobs.n);
        format_write_key(&c->out, "datafeeds");
        format_write_raw(&c->out, buf_text(&s.feeds), s.feeds.n);
        format_write_key(&c->out, "kibana");
        format_write_begin_object(&c->out);
        format_write_end_object(&c->out);
        format_write_end_object(&c->out);
    } else {
        err = err_set(why, ERR_MEMORY, "%s", err_name(ERR_MEMORY));
    }
    buf_release(&s.jobs);
    buf_release(&s.feeds);
    return err;
}

#define ROW(method, path, right, body, summary, handle)                                            \
    {                                                                                              \
        method, "/api/ml/modules/" path, right, API_FORM_KIBANA, body, "", summary, handle,        \
            HTTP_LANE_SHORT                                                                        \
    }

const struct api_row kibana_module_rows[] = {
    {"GET", "/api/ml/modules/recognize/{index*}", AUTH_RIGHT_READ, API_FORM_KIBANA, 0, "",
     "Packages that apply to an index", recognize, HTTP_LANE_LONG},
    ROW("GET", "get_module", AUTH_RIGHT_READ, 0, "All packages", all),
    ROW("GET", "get_module/{module_id}", AUTH_RIGHT_READ, 0, "A package with its jobs", one),
    ROW("GET", "jobs_exist/{module_id}", AUTH_RIGHT_READ, 0,
        "Whether the jobs of a package are there", jobs_exist),
    {"POST", "/api/ml/modules/setup/{module_id}", AUTH_RIGHT_STEER, API_FORM_KIBANA, API_ROW_SMALL,
     "", "Install a package's jobs", setup, HTTP_LANE_LONG},
    {0},
};
