/* SPDX-License-Identifier: Apache-2.0 */
#include "notify/mustache.h"

#include "base/buf.h"
#include "base/mem.h"
#include "format/node.h"
#include "format/write.h"

#include <string.h>

#define DEPTH_MAX 16
#define STEPS_MAX 1000000
#define NAME_MAX_LEN 256

enum token_kind {
    TEXT,
    VALUE, /* escaped */
    RAW,
    SECTION,
    INVERTED,
    END,
    COMMENT,
};

struct token {
    enum token_kind kind;
    struct bytes text; /* or name */
    size_t match;      /* of a section: its end */
};

struct template
{
    struct token *tokens;
    size_t n, cap;
    size_t open[DEPTH_MAX]; /* sections that wait for their end */
    size_t depth;
};

struct rendering {
    const struct template *t;
    enum notify_escape escape;
    const struct format_node *frames[DEPTH_MAX + 1]; /* innermost last */
    size_t frames_n;
    size_t start; /* of out, before */
    unsigned steps;
    struct buf *out;
    struct err_text *why;
};

static bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static struct bytes trim(struct bytes b)
{
    while (b.n > 0 && is_blank(b.p[0])) {
        b.p++;
        b.n--;
    }
    while (b.n > 0 && is_blank(b.p[b.n - 1]))
        b.n--;
    return b;
}

static const uint8_t *find_pair(const uint8_t *p, const uint8_t *end, uint8_t c)
{
    for (; end - p >= 2; p++)
        if (p[0] == c && p[1] == c)
            return p;
    return NULL;
}

static enum err no_memory(struct err_text *why)
{
    return err_set(why, ERR_MEMORY, "%s", err_name(ERR_MEMORY));
}

static enum err add(struct template *t, enum token_kind kind, struct bytes text,
                    struct err_text *why)
{
    if (mem_grow((void **)&t->tokens, &t->cap, t->n + 1, sizeof(*t->tokens)) != 0)
        return no_memory(why);
    if (kind == END) {
        struct token *begin = t->depth > 0 ? &t->tokens[t->open[t->depth - 1]] : NULL;
        if (begin == NULL || begin->text.n != text.n || memcmp(begin->text.p, text.p, text.n) != 0)
            return err_set(why, ERR_INVALID, "the template closes {{/%.*s}}, which is not open",
                           (int)(text.n < 100 ? text.n : 100), (const char *)text.p);
        begin->match = t->n;
        t->depth--;
    }
    if (kind == SECTION || kind == INVERTED) {
        if (t->depth == DEPTH_MAX)
            return err_set(why, ERR_LIMIT, "the template's sections are more than %d deep",
                           DEPTH_MAX);
        t->open[t->depth++] = t->n;
    }
    t->tokens[t->n++] = (struct token){.kind = kind, .text = text};
    return ERR_NONE;
}

/* The end of a tag's line when nothing but the tag stands on it; NULL otherwise. */
static const uint8_t *whole_line(const struct bytes *all, const uint8_t *begin, const uint8_t *end,
                                 const uint8_t **out_from)
{
    const uint8_t *last = all->p + all->n;
    while (begin > all->p && (begin[-1] == ' ' || begin[-1] == '\t'))
        begin--;
    if (begin > all->p && begin[-1] != '\n')
        return NULL;
    while (end < last && (*end == ' ' || *end == '\t' || *end == '\r'))
        end++;
    if (end < last && *end != '\n')
        return NULL;
    *out_from = begin;
    return end < last ? end + 1 : end;
}

/* The tag that begins at p (two braces); *out_end is behind it. */
static enum err read_tag(const uint8_t *p, const uint8_t *last, enum token_kind *out_kind,
                         struct bytes *out_name, const uint8_t **out_end, struct err_text *why)
{
    static const char marks[] = "#^/!&";
    static const enum token_kind kinds[] = {SECTION, INVERTED, END, COMMENT, RAW};
    const uint8_t *inner = p + 2;
    bool triple = inner < last && *inner == '{';
    const uint8_t *close = find_pair(inner, last, '}');
    if (close == NULL)
        return err_set(why, ERR_INVALID, "the template opens {{ without }}");
    enum token_kind kind = VALUE;
    if (triple) {
        inner++;
        if (close + 2 >= last || close[2] != '}')
            return err_set(why, ERR_INVALID, "the template opens {{{ without }}}");
        kind = RAW;
    } else if (inner < close && strchr(marks, *inner) != NULL && *inner != '\0') {
        kind = kinds[strchr(marks, *inner) - marks];
        inner++;
    } else if (inner < close && (*inner == '>' || *inner == '=')) {
        return err_set(why, ERR_UNSUPPORTED,
                       "partials and other delimiters are not supported in templates");
    }
    *out_name = trim(bytes_make(inner, (size_t)(close - inner)));
    *out_kind = kind;
    *out_end = close + (triple ? 3 : 2);
    if (kind != COMMENT && (out_name->n == 0 || out_name->n > NAME_MAX_LEN))
        return err_set(why, ERR_INVALID, "a name in a template has 1 to %d bytes", NAME_MAX_LEN);
    return ERR_NONE;
}

static enum err compile(struct template *t, struct bytes text, struct err_text *why)
{
    const uint8_t *p = text.p, *last = text.p + text.n;
    enum err err = ERR_NONE;
    while (err == ERR_NONE && p < last) {
        const uint8_t *at = find_pair(p, last, '{');
        const uint8_t *end = last, *from = at, *line;
        enum token_kind kind = TEXT;
        struct bytes name = {0};
        if (at == NULL)
            return add(t, TEXT, bytes_make(p, (size_t)(last - p)), why);
        err = read_tag(at, last, &kind, &name, &end, why);
        if (err == ERR_NONE && kind != VALUE && kind != RAW &&
            (line = whole_line(&text, at, end, &from)) != NULL && from >= p)
            end = line;
        else
            from = at;
        if (err == ERR_NONE && from > p)
            err = add(t, TEXT, bytes_make(p, (size_t)(from - p)), why);
        if (err == ERR_NONE && kind != COMMENT)
            err = add(t, kind, name, why);
        p = end;
    }
    return err;
}

static const struct format_node *member(const struct format_node *object, const uint8_t *p,
                                        size_t n)
{
    char key[NAME_MAX_LEN + 1];
    if (n > NAME_MAX_LEN || memchr(p, '\0', n) != NULL)
        return NULL;
    memcpy(key, p, n);
    key[n] = '\0';
    return format_node_get(object, key);
}

const struct format_node *notify_mustache_find(const struct format_node *object, struct bytes name)
{
    if (format_node_type(object) != FORMAT_OBJECT || name.n == 0)
        return NULL;
    const struct format_node *whole = member(object, name.p, name.n);
    if (whole != NULL)
        return whole;
    for (size_t i = name.n - 1; i > 0; i--) {
        if (name.p[i] != '.')
            continue;
        const struct format_node *part = member(object, name.p, i);
        if (part != NULL)
            return notify_mustache_find(part, bytes_make(name.p + i + 1, name.n - i - 1));
    }
    return NULL;
}

static const struct format_node *look_up(const struct rendering *r, struct bytes name)
{
    if (name.n == 1 && name.p[0] == '.')
        return r->frames[r->frames_n - 1];
    for (size_t i = r->frames_n; i > 0; i--) {
        const struct format_node *found = notify_mustache_find(r->frames[i - 1], name);
        if (found != NULL)
            return found;
    }
    return NULL;
}

/* What a section over it leaves out. */
static bool is_nothing(const struct format_node *v)
{
    switch (format_node_type(v)) {
    case FORMAT_NULL:
        return true;
    case FORMAT_BOOL:
        return !format_node_bool(v, false);
    case FORMAT_INT:
    case FORMAT_FLOAT:
        return !(format_node_num(v, 0) < 0 || format_node_num(v, 0) > 0);
    case FORMAT_STRING:
        return format_node_str_len(v) == 0;
    case FORMAT_ARRAY:
        return format_node_count(v) == 0;
    case FORMAT_OBJECT:
        return false;
    }
    return true;
}

static void write_value(struct rendering *r, const struct format_node *v, bool raw)
{
    struct buf text;
    struct format_writer w;
    if (format_node_type(v) == FORMAT_NULL)
        return;
    buf_init(&text);
    if (format_node_type(v) == FORMAT_STRING)
        buf_add(&text, format_node_str(v, ""), format_node_str_len(v));
    else
        format_node_write(v, &text);
    if (!buf_ok(&text)) {
        r->out->failed = true;
    } else if (raw || r->escape == NOTIFY_PLAIN) {
        buf_add(r->out, buf_text(&text), text.n);
    } else {
        struct buf quoted;
        buf_init(&quoted);
        format_write_init(&w, &quoted);
        format_write_str_n(&w, buf_text(&text), text.n);
        if (buf_ok(&quoted) && quoted.n >= 2)
            buf_add(r->out, buf_text(&quoted) + 1, quoted.n - 2);
        else
            r->out->failed = true;
        buf_release(&quoted);
    }
    buf_release(&text);
}

static enum err render(struct rendering *r, size_t from, size_t to);

static enum err render_under(struct rendering *r, const struct format_node *frame, size_t from,
                             size_t to)
{
    r->frames[r->frames_n++] = frame;
    enum err err = render(r, from, to);
    r->frames_n--;
    return err;
}

static enum err render_section(struct rendering *r, const struct token *token, size_t from)
{
    const struct format_node *v = look_up(r, token->text);
    bool nothing = is_nothing(v);
    enum err err = ERR_NONE;
    if (token->kind == INVERTED)
        return nothing ? render(r, from, token->match) : ERR_NONE;
    if (nothing)
        return ERR_NONE;
    if (format_node_type(v) != FORMAT_ARRAY)
        return render_under(r, v, from, token->match);
    for (size_t i = 0; i < format_node_count(v) && err == ERR_NONE; i++)
        err = render_under(r, format_node_at(v, i), from, token->match);
    return err;
}

static enum err render(struct rendering *r, size_t from, size_t to)
{
    for (size_t i = from; i < to; i++) {
        const struct token *token = &r->t->tokens[i];
        enum err err = ERR_NONE;
        if (++r->steps > STEPS_MAX)
            return err_set(r->why, ERR_LIMIT, "the template takes more than %d steps", STEPS_MAX);
        switch (token->kind) {
        case TEXT:
            buf_add(r->out, token->text.p, token->text.n);
            break;
        case VALUE:
        case RAW:
            write_value(r, look_up(r, token->text), token->kind == RAW);
            break;
        case SECTION:
        case INVERTED:
            err = render_section(r, token, i + 1);
            i = token->match;
            break;
        case END:
        case COMMENT:
            break;
        }
        if (err != ERR_NONE)
            return err;
        if (!buf_ok(r->out))
            return no_memory(r->why);
        if (r->out->n - r->start > NOTIFY_TEXT_MAX)
            return err_set(r->why, ERR_LIMIT, "the message is longer than %zu bytes",
                           NOTIFY_TEXT_MAX);
    }
    return ERR_NONE;
}

enum err notify_mustache_render(struct bytes text, const struct format_node *data,
                                enum notify_escape escape, struct buf *out, struct err_text *why)
{
    struct template t = {0};
    if (text.n == 0)
        return ERR_NONE;
    if (text.n > NOTIFY_TEMPLATE_MAX)
        return err_set(why, ERR_LIMIT, "a template has at most %zu bytes", NOTIFY_TEMPLATE_MAX);
    enum err err = compile(&t, text, why);
    if (err == ERR_NONE && t.depth > 0) {
        struct bytes name = t.tokens[t.open[t.depth - 1]].text;
        err = err_set(why, ERR_INVALID, "the template does not close {{#%.*s}}",
                      (int)(name.n < 100 ? name.n : 100), (const char *)name.p);
    }
    struct rendering r = {.t = &t,
                          .escape = escape,
                          .frames = {data},
                          .frames_n = 1,
                          .start = out->n,
                          .out = out,
                          .why = why};
    if (err == ERR_NONE)
        err = render(&r, 0, t.n);
    mem_free(t.tokens);
    return err;
}
