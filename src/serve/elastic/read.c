/* SPDX-License-Identifier: Apache-2.0 */
#include "elastic/read.h"

#include "base/arena.h"
#include "elastic/load.h"
#include "elastic/pipeline.h"
#include "elastic/target.h"
#include "find/name.h"
#include "format/json.h"

#include <stdbool.h>
#include <string.h>

/* The lines of a body. */
struct lines {
    const char *p, *end;
    unsigned number; /* of the line that was given last, 1-based */
};

static bool next_line(struct lines *l, const char **out, size_t *out_n)
{
    if (l->p >= l->end)
        return false;
    const char *end = memchr(l->p, '\n', (size_t)(l->end - l->p));
    size_t n = end != NULL ? (size_t)(end - l->p) : (size_t)(l->end - l->p);
    *out = l->p;
    l->p += n + (end != NULL);
    while (n > 0 && (*out)[n - 1] == '\r')
        n--;
    *out_n = n;
    l->number++;
    return true;
}

static bool is_blank(const char *p, size_t n)
{
    while (n > 0 && (*p == ' ' || *p == '\t')) {
        p++;
        n--;
    }
    return n == 0;
}

static bool is(const char *p, size_t n, const char *word)
{
    return strlen(word) == n && memcmp(p, word, n) == 0;
}

struct bulk {
    struct elastic_load *load;
    struct arena *arena;      /* of texts that items point to */
    struct format_json *json; /* of action lines */
    const struct elastic_read *what;
};

/* An action of a line. */
struct action {
    struct elastic_load_item item;
    const char *pipeline; /* NULL: none */
    bool no_id;           /* an id was given, and is empty */
};

static enum err malformed(unsigned line, const char *what, struct err_text *why)
{
    return err_set(why, ERR_INVALID, "Malformed action/metadata line [%u], %s", line, what);
}

/* A text of the action's object, copied: the tape dies with the next line. */
static bool take_text(struct bulk *b, const struct format_json_tape *t, uint32_t at,
                      const char **out, size_t *out_n)
{
    size_t n;
    if (format_json_type(t, at) != FORMAT_STRING)
        return false;
    const char *s = format_json_str(t, at, &n);
    *out = arena_strndup(b->arena, s, n);
    *out_n = n;
    return *out != NULL && strlen(*out) == n;
}

/* Reads {"create":{"_index":"x","_id":"1"}}. */
static enum err read_action(struct bulk *b, const char *line, size_t n, unsigned number,
                            struct action *action, struct err_text *why)
{
    static const char *const actions[] = {"create", "index", "update", "delete"};
    struct format_json_bad bad;
    struct format_json_tape t;
    struct elastic_load_item *out = &action->item;
    size_t name_n, pipeline_n;
    enum err err = format_json_parse(b->json, line, n, &bad);
    if (err == ERR_FORMAT || err == ERR_LIMIT)
        return malformed(number, "expected a JSON object", why);
    if (err != ERR_NONE)
        return err_set(why, err, "%s", err_name(err));
    format_json_view(b->json, &t);
    uint32_t at = FORMAT_JSON_ROOT + 1, value = at + 1;
    if (format_json_type(&t, FORMAT_JSON_ROOT) != FORMAT_OBJECT ||
        at >= format_json_end(&t, FORMAT_JSON_ROOT))
        return malformed(number, "expected START_OBJECT and a field with the action", why);
    const char *name = format_json_str(&t, at, &name_n);
    *action = (struct action){.pipeline = b->what->pipeline};
    for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++)
        if (is(name, name_n, actions[i]))
            out->action = actions[i];
    if (out->action == NULL || format_json_type(&t, value) != FORMAT_OBJECT)
        return malformed(number, "expected field [create], [delete], [index] or [update]", why);
    if (format_json_next(&t, value) != format_json_end(&t, FORMAT_JSON_ROOT))
        return malformed(number, "expected one action", why);
    for (uint32_t i = value + 1; i < format_json_end(&t, value); i = format_json_next(&t, i)) {
        const char *key = format_json_str(&t, i++, &name_n);
        bool fine = true;
        if (is(key, name_n, "_index"))
            fine = take_text(b, &t, i, &out->index, &out->index_n);
        else if (is(key, name_n, "_id") && format_json_type(&t, i) != FORMAT_NULL)
            fine = take_text(b, &t, i, &out->id, &out->id_n);
        else if (is(key, name_n, "pipeline") && format_json_type(&t, i) != FORMAT_NULL)
            fine = take_text(b, &t, i, &action->pipeline, &pipeline_n);
        if (!fine)
            return malformed(number, "_index, _id and pipeline must be strings", why);
    }
    action->no_id = out->id != NULL && out->id_n == 0;
    if (out->index == NULL && b->what->index != NULL) {
        out->index = b->what->index;
        out->index_n = strlen(b->what->index);
    }
    return ERR_NONE;
}

/* ERR_INVALID: why the action is not done, whatever its document says. */
static enum err judge(struct bulk *b, const struct action *action, struct err_text *reason)
{
    const struct elastic_load_item *item = &action->item;
    enum err err = ERR_INVALID;
    if (strcmp(item->action, "update") == 0 || strcmp(item->action, "delete") == 0)
        err_set(reason, err,
                "only write ops with an op_type of create or index are allowed: "
                "events are not changed once they are kept");
    else if (action->no_id)
        err_set(reason, err, "if _id is specified it must not be empty");
    else if (item->id_n > ELASTIC_TARGET_ID_MOST)
        err_set(reason, err, "id is too long, at most %d bytes", ELASTIC_TARGET_ID_MOST);
    else
        err = elastic_pipelines_see(b->what->pipelines, action->pipeline, reason);
    return err;
}

/* One action with its document, if it has one. */
static enum err read_one(struct bulk *b, struct lines *l, const char *line, size_t n,
                         struct err_text *why)
{
    struct action action;
    struct err_text reason;
    unsigned number = l->number;
    const char *text;
    size_t text_n;
    enum err err = read_action(b, line, n, number, &action, why);
    if (err != ERR_NONE)
        return err;
    struct elastic_load_item item = action.item;
    if (strcmp(item.action, "delete") != 0 && !next_line(l, &text, &text_n))
        return err_set(why, ERR_INVALID, "The bulk request must be terminated by a newline [\\n]");
    if (item.index == NULL)
        return malformed(number, "an _index is required", why);
    err = judge(b, &action, &reason);
    if (err == ERR_INVALID)
        return elastic_load_refuse(b->load, &item, 400, "illegal_argument_exception",
                                   reason.message, why);
    if (err != ERR_NONE) {
        *why = reason;
        return err;
    }
    err = find_name_resolve(item.index, item.index_n, b->what->now, b->arena, &item.index,
                            &item.index_n, &reason);
    if (err == ERR_MEMORY)
        return err_set(why, err, "%s", err_name(err));
    if (err != ERR_NONE || elastic_target_check(item.index, item.index_n, &reason) != ERR_NONE)
        return elastic_load_refuse(b->load, &item, 400, "invalid_index_name_exception",
                                   reason.message, why);
    bool padded = (size_t)(l->end - text) >= text_n + FORMAT_JSON_PADDING;
    return elastic_load_add(b->load, &item, text, text_n, padded, why);
}

enum err elastic_read_bulk(const char *text, size_t n, const struct elastic_read *what,
                           struct elastic_load *load, struct arena *arena, struct err_text *why)
{
    struct bulk b = {.load = load, .arena = arena, .json = format_json_new(), .what = what};
    struct lines l = {text, text + n, 0};
    const char *line;
    size_t line_n;
    enum err err = ERR_NONE;
    if (b.json == NULL)
        return err_set(why, ERR_MEMORY, "%s", err_name(ERR_MEMORY));
    if (n == 0)
        err = err_set(why, ERR_INVALID, "request body is required");
    while (err == ERR_NONE && next_line(&l, &line, &line_n))
        if (!is_blank(line, line_n))
            err = read_one(&b, &l, line, line_n, why);
    format_json_free(b.json);
    return err;
}
