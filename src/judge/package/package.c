/* SPDX-License-Identifier: Apache-2.0 */
#include "package/package.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/file.h"
#include "base/mem.h"
#include "format/node.h"
#include "format/write.h"
#include "package/shipped.h"
#include "package/source.h"
#include "query/query.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>

#define MANIFEST "manifest.json"
#define JOBS_MAX 1000
#define WARNINGS_MAX 100
#define DATAFEED "datafeed-"
#define PATTERN "INDEX_PATTERN_NAME"

struct package {
    struct arena arena;
    const char *id;
    const char *title;
    const char *description;
    const char *readme;
    const char *patterns;
    struct query *query;
    struct package_job *jobs;
    size_t jobs_n;
    size_t jobs_cap;
    struct package_rule *rules;
    size_t rules_n;
    size_t rules_cap;
    struct err_text *warnings;
    size_t warnings_n;
    size_t warnings_cap;
};

const char *package_id(const struct package *p)
{
    return p->id;
}

const char *package_title(const struct package *p)
{
    return p->title;
}

const char *package_description(const struct package *p)
{
    return p->description;
}

const char *package_readme(const struct package *p)
{
    return p->readme;
}

const char *package_patterns(const struct package *p)
{
    return p->patterns;
}

const struct query *package_query(const struct package *p)
{
    return p->query;
}

size_t package_jobs(const struct package *p)
{
    return p->jobs_n;
}

const struct package_job *package_job_at(const struct package *p, size_t i)
{
    return &p->jobs[i];
}

size_t package_rules(const struct package *p)
{
    return p->rules_n;
}

const struct package_rule *package_rule_at(const struct package *p, size_t i)
{
    return &p->rules[i];
}

size_t package_warnings(const struct package *p)
{
    return p->warnings_n;
}

const struct err_text *package_warning(const struct package *p, size_t i)
{
    return &p->warnings[i];
}

void package_free(struct package *p)
{
    if (p == NULL)
        return;
    query_free(p->query);
    mem_free(p->jobs);
    mem_free(p->rules);
    mem_free(p->warnings);
    arena_release(&p->arena);
    mem_free(p);
}

static enum err no_memory(struct err_text *why)
{
    return err_set(why, ERR_MEMORY, "no memory is left for a package");
}

/* A package in the making. */
struct maker {
    struct package *p;
    const struct package_options *options;
    struct package_source source;
    bool folder; /* jobs stand in files of the source, else inside the document */
};

static const char *keep(struct package *p, const char *s)
{
    return arena_strndup(&p->arena, s, strlen(s));
}

static enum err warn(struct package *p, const struct format_node *at, const char *what,
                     struct err_text *why)
{
    if (p->warnings_n == WARNINGS_MAX)
        return ERR_NONE;
    if (mem_grow((void **)&p->warnings, &p->warnings_cap, p->warnings_n + 1,
                 sizeof(*p->warnings)) != 0)
        return no_memory(why);
    struct err_text *text = &p->warnings[p->warnings_n++];
    memset(text, 0, sizeof(*text));
    (void)format_node_err(at, text, ERR_INVALID, "the key %.60s is not known for %s",
                          format_node_key(at), what);
    return ERR_NONE;
}

static enum err warn_of_strays(struct package *p, const struct format_node *object,
                               const char *what, struct err_text *why)
{
    const struct format_node *stray;
    enum err code = ERR_NONE;
    for (unsigned i = 0;
         code == ERR_NONE && i < WARNINGS_MAX && (stray = format_node_unknown(object)) != NULL;
         i++) {
        format_node_mark(stray);
        code = warn(p, stray, what, why);
    }
    return code;
}

/* The text of a key; NULL and a message when it is there and no string, or missing and needed. */
static const char *text_of(const struct format_node *object, const char *key, bool needed,
                           const char *what, struct err_text *why)
{
    const struct format_node *v = format_node_get(object, key);
    if (format_node_type(v) == FORMAT_NULL && !needed)
        return "";
    const char *s = format_node_str(v, NULL);
    if (s != NULL && strlen(s) == format_node_str_len(v) && (s[0] != '\0' || !needed))
        return s;
    (void)format_node_err(v != NULL ? v : object, why, ERR_INVALID, "%s must have a %s, a string%s",
                          what, key, needed ? " that is not empty" : "");
    return NULL;
}

static bool good_job_id(const char *s)
{
    size_t n = strlen(s);
    if (n == 0 || n > 64 || !isalnum((unsigned char)s[0]) || !isalnum((unsigned char)s[n - 1]))
        return false;
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)s[i];
        if (!islower(c) && !isdigit(c) && c != '-' && c != '_')
            return false;
    }
    return true;
}

/* The members of an object but for some, which the caller wrote in their place. */
static void write_rest(const struct format_node *object, const char *const *but,
                       struct format_writer *w)
{
    for (size_t i = 0; i < format_node_count(object); i++) {
        const struct format_node *v = format_node_at(object, i);
        bool leave = false;
        for (size_t k = 0; but[k] != NULL; k++)
            leave = leave || strcmp(but[k], format_node_key(v)) == 0;
        if (leave)
            continue;
        format_write_key_n(w, format_node_key(v), format_node_key_len(v));
        format_node_write_value(v, w);
    }
}

static void write_list(const char *commas, struct format_writer *w)
{
    for (const char *s = commas; *s != '\0';) {
        size_t n = strcspn(s, ",");
        size_t from = strspn(s, " ");
        size_t to = n;
        while (to > from && s[to - 1] == ' ')
            to--;
        if (to > from)
            format_write_str_n(w, s + from, to - from);
        s += n + (s[n] == ',');
    }
}

static void write_indices(const struct package *p, const struct format_node *datafeed,
                          struct format_writer *w)
{
    const struct format_node *v = format_node_get(datafeed, "indices");
    if (v == NULL)
        v = format_node_get(datafeed, "indexes");
    format_write_key(w, "indices");
    format_write_begin_array(w);
    bool one = format_node_type(v) == FORMAT_STRING;
    size_t n = one ? 1 : format_node_count(v);
    for (size_t i = 0; i < n; i++) {
        const char *s = format_node_str(one ? v : format_node_at(v, i), "");
        write_list(strcmp(s, PATTERN) == 0 ? p->patterns : s, w);
    }
    if (n == 0)
        write_list(p->patterns, w);
    format_write_end_array(w);
}

/* Moves what was written into the package. */
static enum err take_text(struct package *p, struct buf *text, const char **out, size_t *out_n,
                          struct err_text *why)
{
    char *copy = buf_ok(text) ? arena_strndup(&p->arena, buf_text(text), text->n) : NULL;
    if (copy == NULL)
        return no_memory(why);
    *out = copy;
    *out_n = text->n;
    return ERR_NONE;
}

static enum err finish_job(struct package *p, struct package_job *job,
                           const struct format_node *config, struct err_text *why)
{
    static const char *const ours[] = {"job_id", NULL};
    struct buf text;
    struct format_writer w;
    buf_init(&text);
    format_write_init(&w, &text);
    format_write_begin_object(&w);
    format_write_field_str(&w, "job_id", job->id);
    write_rest(config, ours, &w);
    format_write_end_object(&w);
    enum err code = take_text(p, &text, &job->job, &job->job_n, why);
    buf_release(&text);
    return code;
}

static enum err finish_datafeed(struct package *p, struct package_job *job,
                                const struct format_node *config, struct err_text *why)
{
    static const char *const ours[] = {"datafeed_id", "job_id", "indices", "indexes", NULL};
    struct buf text;
    struct format_writer w;
    buf_init(&text);
    buf_format(&text, DATAFEED "%s", job->id);
    size_t n;
    enum err code = take_text(p, &text, &job->datafeed_id, &n, why);
    buf_clear(&text);
    if (code == ERR_NONE) {
        format_write_init(&w, &text);
        format_write_begin_object(&w);
        format_write_field_str(&w, "datafeed_id", job->datafeed_id);
        format_write_field_str(&w, "job_id", job->id);
        write_indices(p, config, &w);
        write_rest(config, ours, &w);
        format_write_end_object(&w);
        code = take_text(p, &text, &job->datafeed, &job->datafeed_n, why);
    }
    buf_release(&text);
    return code;
}

/*
 * The configuration that an entry of the manifest means: the file it names, or the object it holds.
 * *out_root is to be freed by the caller when it is not NULL.
 */
static enum err open_config(struct maker *m, const struct format_node *entry, const char *what,
                            struct format_node **out_root, const struct format_node **out,
                            const char **out_name, struct err_text *why)
{
    *out_root = NULL;
    if (!m->folder) {
        const struct format_node *config = format_node_get(entry, "config");
        if (format_node_type(config) != FORMAT_OBJECT)
            return format_node_err(entry, why, ERR_INVALID, "%s must have a config, an object",
                                   what);
        *out = config;
        *out_name = keep(m->p, format_node_file_name(entry));
        return *out_name != NULL ? ERR_NONE : no_memory(why);
    }
    const char *file = text_of(entry, "file", true, what, why);
    if (file == NULL)
        return ERR_INVALID;
    if (!package_source_plain(file))
        return format_node_err(entry, why, ERR_INVALID,
                               "file must be the plain name of a file in ml/, not \"%.60s\"", file);
    struct buf text;
    struct buf name;
    buf_init(&text);
    buf_init(&name);
    package_source_name(&m->source, "ml", file, &name);
    enum err code = package_source_read(&m->source, "ml", file, &text, why);
    if (code == ERR_NONE)
        code = format_node_json(buf_text(&text), text.n, buf_text(&name), out_root, why);
    if (code == ERR_NONE && format_node_type(*out_root) != FORMAT_OBJECT)
        code = format_node_err(*out_root, why, ERR_INVALID, "%s must be an object", what);
    if (code == ERR_NONE) {
        *out = *out_root;
        *out_name = keep(m->p, buf_text(&name));
        if (*out_name == NULL || !buf_ok(&name))
            code = no_memory(why);
    }
    if (code != ERR_NONE) {
        format_node_free(*out_root);
        *out_root = NULL;
    }
    buf_release(&text);
    buf_release(&name);
    return code;
}

static const char *prefix_of(const struct maker *m)
{
    return m->options != NULL && m->options->prefix != NULL ? m->options->prefix : "";
}

static struct package_job *find_job(const struct maker *m, const char *plain_id)
{
    size_t skip = strlen(prefix_of(m));
    for (size_t i = 0; i < m->p->jobs_n; i++) {
        if (strcmp(m->p->jobs[i].id + skip, plain_id) == 0)
            return &m->p->jobs[i];
    }
    return NULL;
}

static enum err read_job(struct maker *m, const struct format_node *entry, struct err_text *why)
{
    struct package *p = m->p;
    const char *plain = text_of(entry, "id", true, "a job of a package", why);
    if (plain == NULL)
        return ERR_INVALID;
    struct buf id;
    buf_init(&id);
    buf_format(&id, "%s%s", prefix_of(m), plain);
    const char *full = buf_ok(&id) ? keep(p, buf_text(&id)) : NULL;
    buf_release(&id);
    if (full == NULL)
        return no_memory(why);
    if (!good_job_id(full))
        return format_node_err(entry, why, ERR_INVALID,
                               "a job id must be a-z, 0-9, '-' and '_', at most 64, with a letter "
                               "or digit at both ends, not \"%.80s\"",
                               full);
    if (find_job(m, plain) != NULL)
        return format_node_err(entry, why, ERR_INVALID, "the job %.64s is named twice", plain);
    struct package_job job = {.id = full};
    struct format_node *root;
    const struct format_node *config;
    enum err code = open_config(m, entry, "a job of a package", &root, &config, &job.file, why);
    if (code != ERR_NONE)
        return code;
    code = finish_job(p, &job, config, why);
    format_node_free(root);
    if (code == ERR_NONE)
        code = warn_of_strays(p, entry, "a job of a package", why);
    if (code != ERR_NONE)
        return code;
    if (mem_grow((void **)&p->jobs, &p->jobs_cap, p->jobs_n + 1, sizeof(*p->jobs)) != 0)
        return no_memory(why);
    p->jobs[p->jobs_n++] = job;
    return ERR_NONE;
}

static enum err read_datafeed(struct maker *m, const struct format_node *entry,
                              struct err_text *why)
{
    static const char what[] = "a datafeed of a package";
    const char *id = text_of(entry, "id", true, what, why);
    const char *plain = id != NULL ? text_of(entry, "job_id", true, what, why) : NULL;
    if (plain == NULL)
        return ERR_INVALID;
    struct package_job *job = find_job(m, plain);
    if (job == NULL)
        return format_node_err(entry, why, ERR_INVALID,
                               "the datafeed %.80s is for the job %.64s, which the package does "
                               "not have",
                               id, plain);
    if (job->datafeed_id != NULL)
        return format_node_err(entry, why, ERR_INVALID, "the job %.64s has a datafeed already",
                               plain);
    struct format_node *root;
    const struct format_node *config;
    enum err code = open_config(m, entry, what, &root, &config, &job->datafeed_file, why);
    if (code != ERR_NONE)
        return code;
    code = finish_datafeed(m->p, job, config, why);
    format_node_free(root);
    return code == ERR_NONE ? warn_of_strays(m->p, entry, what, why) : code;
}

static enum err read_list(struct maker *m, const struct format_node *manifest, const char *key,
                          enum err (*read)(struct maker *, const struct format_node *,
                                           struct err_text *),
                          struct err_text *why)
{
    const struct format_node *list = format_node_get(manifest, key);
    if (format_node_type(list) == FORMAT_NULL)
        return ERR_NONE;
    if (format_node_type(list) != FORMAT_ARRAY)
        return format_node_err(list, why, ERR_INVALID, "%s must be an array", key);
    if (format_node_count(list) > JOBS_MAX)
        return format_node_err(list, why, ERR_INVALID, "%s must have at most %d members", key,
                               JOBS_MAX);
    for (size_t i = 0; i < format_node_count(list); i++) {
        const struct format_node *entry = format_node_at(list, i);
        if (format_node_type(entry) != FORMAT_OBJECT)
            return format_node_err(entry, why, ERR_INVALID, "each member of %s must be an object",
                                   key);
        enum err code = read(m, entry, why);
        if (code != ERR_NONE)
            return code;
    }
    return ERR_NONE;
}

static enum err read_manifest(struct maker *m, const struct format_node *v, struct err_text *why)
{
    struct package *p = m->p;
    static const char what[] = "a package's manifest";
    /* Kept for Kibana, without use here. */
    static const char *const idle[] = {"type", "logo", "logoFile", "kibana", "tags"};
    const char *id = text_of(v, "id", true, what, why);
    const char *title = id != NULL ? text_of(v, "title", false, what, why) : NULL;
    const char *text = title != NULL ? text_of(v, "description", false, what, why) : NULL;
    const char *index = text != NULL ? text_of(v, "defaultIndexPattern", false, what, why) : NULL;
    if (index == NULL)
        return ERR_INVALID;
    if (m->options != NULL && m->options->patterns != NULL)
        index = m->options->patterns;
    p->id = keep(p, id);
    p->title = keep(p, title[0] != '\0' ? title : id);
    p->description = keep(p, text);
    /* Who names no index patterns gets them all. */
    p->patterns = keep(p, index[0] != '\0' ? index : "*");
    if (p->id == NULL || p->title == NULL || p->description == NULL || p->patterns == NULL)
        return no_memory(why);
    for (size_t i = 0; i < sizeof(idle) / sizeof(idle[0]); i++)
        format_node_mark(format_node_get(v, idle[i]));
    const struct format_node *query = format_node_get(v, "query");
    enum err code = ERR_NONE;
    if (format_node_type(query) != FORMAT_NULL)
        code = query_parse_dsl(query, m->options != NULL ? m->options->now : 0, &p->query, why);
    if (code == ERR_NONE)
        code = read_list(m, v, "jobs", read_job, why);
    if (code == ERR_NONE)
        code = read_list(m, v, "datafeeds", read_datafeed, why);
    return code == ERR_NONE ? warn_of_strays(p, v, what, why) : code;
}

static enum err add_rule(void *ctx, const char *file, struct err_text *why)
{
    struct maker *m = ctx;
    struct package *p = m->p;
    struct package_rule rule;
    struct buf text;
    struct buf name;
    buf_init(&text);
    buf_init(&name);
    package_source_name(&m->source, "rules", file, &name);
    enum err code = package_source_read(&m->source, "rules", file, &text, why);
    if (code == ERR_NONE)
        code = take_text(p, &text, &rule.text, &rule.text_n, why);
    if (code == ERR_NONE) {
        rule.file = buf_ok(&name) ? keep(p, buf_text(&name)) : NULL;
        if (rule.file == NULL ||
            mem_grow((void **)&p->rules, &p->rules_cap, p->rules_n + 1, sizeof(*p->rules)) != 0)
            code = no_memory(why);
        else
            p->rules[p->rules_n++] = rule;
    }
    buf_release(&text);
    buf_release(&name);
    return code;
}

static enum err read_readme(struct maker *m, struct err_text *why)
{
    struct buf text;
    buf_init(&text);
    size_t n;
    enum err code = package_source_read(&m->source, "", "README.md", &text, why);
    if (code == ERR_NOT_FOUND)
        code = ERR_NONE;
    else if (code == ERR_NONE)
        code = take_text(m->p, &text, &m->p->readme, &n, why);
    buf_release(&text);
    return code;
}

static enum err make_from_source(struct maker *m, struct err_text *why)
{
    struct buf text;
    struct buf name;
    struct format_node *root = NULL;
    buf_init(&text);
    buf_init(&name);
    package_source_name(&m->source, "", MANIFEST, &name);
    enum err code = package_source_read(&m->source, "", MANIFEST, &text, why);
    if (code == ERR_NONE)
        code = format_node_json(buf_text(&text), text.n, buf_text(&name), &root, why);
    if (code == ERR_NONE && format_node_type(root) != FORMAT_OBJECT)
        code = format_node_err(root, why, ERR_INVALID, "a package's manifest must be an object");
    if (code == ERR_NONE)
        code = read_manifest(m, root, why);
    format_node_free(root);
    buf_release(&text);
    buf_release(&name);
    if (code == ERR_NONE)
        code = package_source_rules(&m->source, add_rule, m, why);
    return code == ERR_NONE ? read_readme(m, why) : code;
}

/* A saved object of type ml-module has the manifest's keys under attributes. */
static enum err make_from_module(struct maker *m, const struct format_node *root,
                                 struct err_text *why)
{
    static const char *const idle[] = {
        "migrationVersion", "coreMigrationVersion", "typeMigrationVersion", "references", "managed",
        "version",          "updated_at",           "created_at",           "namespaces"};
    const char *type = format_node_str(format_node_get(root, "type"), "");
    const struct format_node *attributes = format_node_get(root, "attributes");
    if (strcmp(type, "ml-module") != 0 || format_node_type(attributes) != FORMAT_OBJECT)
        return format_node_err(root, why, ERR_INVALID,
                               "a document of type ml-module with attributes is expected");
    (void)format_node_get(root, "id");
    for (size_t i = 0; i < sizeof(idle) / sizeof(idle[0]); i++)
        format_node_mark(format_node_get(root, idle[i]));
    enum err code = read_manifest(m, attributes, why);
    return code == ERR_NONE ? warn_of_strays(m->p, root, "an ml-module document", why) : code;
}

static struct package *new_package(struct err_text *why)
{
    struct package *p = mem_zero(1, sizeof(*p));
    if (p == NULL) {
        (void)no_memory(why);
        return NULL;
    }
    arena_init(&p->arena, 0);
    p->readme = "";
    return p;
}

static enum err hand_over(enum err code, struct package *p, struct package **out)
{
    if (code == ERR_NONE)
        *out = p;
    else
        package_free(p);
    return code;
}

enum err package_open_module(const char *text, size_t n, const char *file,
                             const struct package_options *options, struct package **out,
                             struct err_text *why)
{
    struct format_node *root;
    enum err code = format_node_json(text, n, file, &root, why);
    if (code != ERR_NONE)
        return code;
    struct package *p = new_package(why);
    if (p == NULL) {
        format_node_free(root);
        return ERR_MEMORY;
    }
    struct maker m = {.p = p, .options = options};
    code = make_from_module(&m, root, why);
    format_node_free(root);
    return hand_over(code, p, out);
}

static bool is_shipped(const char *name)
{
    for (size_t i = 0; i < package_shipped_count(); i++) {
        if (strcmp(package_shipped_name(i), name) == 0)
            return true;
    }
    return false;
}

static enum err open_file(const char *path, const struct package_options *options,
                          struct package **out, struct err_text *why)
{
    struct buf text;
    buf_init(&text);
    enum err code = file_read(path, PACKAGE_FILE_MAX, &text, why);
    if (code == ERR_NONE)
        code = package_open_module(buf_text(&text), text.n, path, options, out, why);
    buf_release(&text);
    return code;
}

enum err package_open(const char *name, const struct package_options *options, struct package **out,
                      struct err_text *why)
{
    bool shipped = is_shipped(name);
    if (!shipped) {
        struct stat st;
        if (stat(name, &st) != 0) {
            enum err code = err_from_errno(errno);
            return err_set_at(why, code, name, 0,
                              "no package ships under this name, and no folder or file is there");
        }
        if (!S_ISDIR(st.st_mode))
            return open_file(name, options, out, why);
    }
    struct package *p = new_package(why);
    if (p == NULL)
        return ERR_MEMORY;
    struct maker m = {.p = p, .options = options, .source = {shipped, name}, .folder = true};
    return hand_over(make_from_source(&m, why), p, out);
}
