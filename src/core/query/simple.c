/* SPDX-License-Identifier: Apache-2.0 */
/* The language of simple_query_string, in which no text is a mistake: what has no sense is passed
 * over, as Lucene's SimpleQueryParser does it. */
#include "query/parse_priv.h"

#include "base/buf.h"

#include <string.h>

#define CLAUSES_MAX 4096

/* What may be read, in the order of flag_names. */
enum flag {
    FLAG_AND = 1 << 0,
    FLAG_NOT = 1 << 1,
    FLAG_OR = 1 << 2,
    FLAG_PREFIX = 1 << 3,
    FLAG_PHRASE = 1 << 4,
    FLAG_PRECEDENCE = 1 << 5,
    FLAG_ESCAPE = 1 << 6,
    FLAG_WHITESPACE = 1 << 7,
    FLAG_FUZZY = 1 << 8,
    FLAG_SLOP = 1 << 9,
    FLAG_ALL = (1 << 10) - 1,
};
static const char *const flag_names[] = {"AND",        "NOT",    "OR",         "PREFIX", "PHRASE",
                                         "PRECEDENCE", "ESCAPE", "WHITESPACE", "FUZZY",  "SLOP"};
#define FLAGS (sizeof flag_names / sizeof *flag_names)

enum next {
    NEXT_DEFAULT,
    NEXT_AND,
    NEXT_OR,
};

struct simple {
    struct query_build *b;
    const struct query_lucene_options *o;
    unsigned flags;
    const char *start;
    const uint32_t *close; /* where the bracket at this place is closed; 0: nowhere */
    size_t clauses;
    unsigned depth;
};

/* What stands beside each other, joined by one operator. */
struct level {
    struct query_node **list;
    size_t n, cap;
    bool is_and;
    enum next next;
    bool negated;
    unsigned tall; /* of the tree below */
};

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool is_mark(const struct simple *s, char c)
{
    return (c == '"' && (s->flags & FLAG_PHRASE) != 0) || (c == '|' && (s->flags & FLAG_OR) != 0) ||
           (c == '+' && (s->flags & FLAG_AND) != 0) ||
           ((c == '(' || c == ')') && (s->flags & FLAG_PRECEDENCE) != 0);
}

static bool ends_token(const struct simple *s, char c)
{
    return is_mark(s, c) || (is_space(c) && (s->flags & FLAG_WHITESPACE) != 0);
}

static bool is_escape(const struct simple *s, char c)
{
    return c == '\\' && (s->flags & FLAG_ESCAPE) != 0;
}

/* Pairs the brackets, once for the whole text. */
static bool pair(struct simple *s, size_t n)
{
    uint32_t *close = query_build_alloc(s->b, (n + 1) * sizeof *close);
    uint32_t *open = query_build_alloc(s->b, (n + 1) * sizeof *open);
    size_t depth = 0;
    if (close == NULL || open == NULL)
        return false;
    memset(close, 0, (n + 1) * sizeof *close);
    for (size_t i = 0; i < n; i++) {
        if (is_escape(s, s->start[i]))
            i++;
        else if (s->start[i] == '(')
            open[depth++] = (uint32_t)i;
        else if (s->start[i] == ')' && depth > 0)
            close[open[--depth]] = (uint32_t)i;
    }
    s->close = close;
    return true;
}

static struct query_node *join(struct simple *s, const struct level *l, size_t min)
{
    if (l->n == 1)
        return l->list[0];
    return l->is_and ? query_build_and(s->b, l->list, l->n)
                     : query_build_or(s->b, l->list, l->n, min);
}

static bool has_room(struct simple *s, struct level *l)
{
    if (++s->clauses > CLAUSES_MAX)
        return query_build_fail(s->b, ERR_INVALID, "expected at most %d clauses", CLAUSES_MAX) !=
               NULL;
    if (l->n < l->cap)
        return true;
    l->cap = l->cap == 0 ? 8 : l->cap * 2;
    struct query_node **more = query_build_alloc(s->b, l->cap * sizeof(struct query_node *));
    if (more != NULL && l->n > 0)
        memcpy(more, l->list, l->n * sizeof(struct query_node *));
    l->list = more;
    return more != NULL;
}

/* One more clause, a tree of such a height: an operator other than the one before joins it to all
 * that came so far. */
static void add(struct simple *s, struct level *l, struct query_node *node, unsigned tall)
{
    bool by_and = l->next == NEXT_DEFAULT ? s->o->default_and : l->next == NEXT_AND;
    if (node != NULL && l->negated)
        node = query_build_not(s->b, node);
    l->next = NEXT_DEFAULT;
    if (node == NULL || !has_room(s, l))
        return;
    if (l->n > 1 && by_and != l->is_and) {
        l->list[0] = join(s, l, 1);
        l->n = 1;
        l->tall++;
    }
    if (tall > l->tall)
        l->tall = tall;
    if (l->tall > QUERY_DEPTH_MAX)
        query_build_fail(s->b, ERR_INVALID, "expected at most %d changes between + and |",
                         QUERY_DEPTH_MAX);
    l->is_and = by_and;
    l->list[l->n++] = node;
}

static struct query_node *leaf(struct simple *s, enum query_op op, const struct buf *text)
{
    if (!buf_ok(text))
        return query_build_fail(s->b, ERR_MEMORY, "no memory for a query");
    const char *copy = query_build_text(s->b, buf_text(text), text->n);
    struct query_raw raw = {QUERY_WRITTEN_STRING, copy, text->n};
    struct query_ask ask = {.op = op,
                            .values = &raw,
                            .n = 1,
                            .time_zone = s->o->time_zone,
                            .all_words = s->o->default_and};
    if (op == QUERY_MATCH && copy != NULL && query_build_json_number(copy, text->n))
        raw.written = QUERY_WRITTEN_NUMBER;
    return copy != NULL ? query_lucene_about(s->b, s->o, &ask) : NULL;
}

/* ~2 after a word or phrase; what is no number says nothing. */
static bool read_distance(struct simple *s, const char **p, const char *end, const char *what)
{
    const char *digits = ++*p;
    bool number = true;
    while (*p < end && !ends_token(s, **p)) {
        number = number && **p >= '0' && **p <= '9';
        ++*p;
    }
    size_t zeros = 0;
    while (digits + zeros < *p && digits[zeros] == '0')
        zeros++;
    if (number && digits + zeros < *p)
        return query_build_fail(s->b, ERR_UNSUPPORTED, "%s with ~ are not supported", what) != NULL;
    return true;
}

/* A word; its last '*', unless escaped, leaves it open. */
static const char *token(struct simple *s, struct level *l, const char *p, const char *end)
{
    struct buf text, pattern;
    bool prefix = false, fuzzy = false;
    buf_init(&text);
    buf_init(&pattern);
    const char *first = p;
    for (bool escaped = false; p < end; p++) {
        if (!escaped && is_escape(s, *p)) {
            escaped = true;
            prefix = false;
            continue;
        }
        if (!escaped && ends_token(s, *p))
            break;
        fuzzy = !escaped && text.n > 0 && *p == '~' && (s->flags & FLAG_FUZZY) != 0;
        if (fuzzy)
            break;
        prefix = !escaped && text.n > 0 && *p == '*' && (s->flags & FLAG_PREFIX) != 0;
        buf_char(&text, *p);
        if (!prefix && (*p == '*' || *p == '?' || *p == '\\'))
            buf_char(&pattern, '\\');
        buf_char(&pattern, *p);
        escaped = false;
    }
    bool any = p == first + 1 && *first == '*';
    bool good = !fuzzy || read_distance(s, &p, end, "fuzzy terms");
    if (good && any)
        add(s, l,
            s->o->n_fields == 0
                ? query_build_all(s->b)
                : query_lucene_about(s->b, s->o, &(struct query_ask){.op = QUERY_EXISTS}),
            0);
    else if (good && (text.n > 0 || !buf_ok(&text)))
        add(s, l, leaf(s, prefix ? QUERY_WILDCARD : QUERY_MATCH, prefix ? &pattern : &text), 0);
    buf_release(&text);
    buf_release(&pattern);
    return p;
}

/* A mark that nothing closes is passed over. */
static const char *phrase(struct simple *s, struct level *l, const char *p, const char *end)
{
    struct buf text;
    buf_init(&text);
    const char *at = p + 1;
    for (; at < end && *at != '"'; at++) {
        if (is_escape(s, *at) && at + 1 < end)
            at++;
        buf_char(&text, *at);
    }
    bool closed = at < end;
    at = closed ? at + 1 : p + 1;
    bool good = !closed || at == end || *at != '~' || (s->flags & FLAG_SLOP) == 0 ||
                read_distance(s, &at, end, "phrases with gaps");
    if (good && closed && (text.n > 0 || !buf_ok(&text)))
        add(s, l, leaf(s, QUERY_PHRASE, &text), 0);
    buf_release(&text);
    return at;
}

static struct query_node *parse(struct simple *s, const char *p, const char *end, const char *min,
                                unsigned *out_tall);

static const char *group(struct simple *s, struct level *l, const char *p, const char *end)
{
    size_t close = s->close[p - s->start];
    if (close == 0 || s->start + close >= end)
        return p + 1;
    if (++s->depth > QUERY_DEPTH_MAX)
        return query_build_fail(s->b, ERR_INVALID, "expected at most %d levels of brackets",
                                QUERY_DEPTH_MAX);
    unsigned tall = 0;
    struct query_node *node = parse(s, p + 1, s->start + close, NULL, &tall);
    add(s, l, node, tall + 1);
    s->depth--;
    return s->start + close + 1;
}

static const char *step(struct simple *s, struct level *l, const char *p, const char *end)
{
    if (is_space(*p) && (s->flags & FLAG_WHITESPACE) != 0)
        return p + 1;
    if (!is_mark(s, *p))
        return token(s, l, p, end);
    if (*p == '(')
        return group(s, l, p, end);
    if (*p == '"')
        return phrase(s, l, p, end);
    /* The first operator between two clauses counts. */
    if (*p != ')' && l->n > 0 && l->next == NEXT_DEFAULT)
        l->next = *p == '+' ? NEXT_AND : NEXT_OR;
    return p + 1;
}

/* NULL without a mistake: there is nothing to look for. */
static struct query_node *parse(struct simple *s, const char *p, const char *end, const char *min,
                                unsigned *out_tall)
{
    struct level l = {0};
    while (p < end && s->b->err == ERR_NONE) {
        if (*p == '-' && (s->flags & FLAG_NOT) != 0) {
            l.negated = !l.negated;
            p++;
            continue;
        }
        p = step(s, &l, p, end);
        l.negated = false;
    }
    *out_tall = l.tall;
    int64_t least = 1;
    if (s->b->err == ERR_NONE && min != NULL && !l.is_and && !query_build_min(min, l.n, &least))
        query_build_fail(s->b, ERR_INVALID, "expected minimum_should_match such as 2, -1 or 75%%");
    if (s->b->err != ERR_NONE || l.n == 0)
        return NULL;
    return join(s, &l, least > 1 ? (size_t)least : 1);
}

static bool is_word(const char *s, size_t n, const char *word)
{
    return strlen(word) == n && memcmp(s, word, n) == 0;
}

static bool read_flags(struct simple *s, const char *text)
{
    s->flags = text == NULL ? FLAG_ALL : 0;
    for (; text != NULL && *text != '\0'; text += *text == '|') {
        size_t n = strcspn(text, "|"), i = 0;
        while (i < FLAGS && !is_word(text, n, flag_names[i]))
            i++;
        if (i < FLAGS)
            s->flags |= 1u << i;
        else if (is_word(text, n, "ALL"))
            s->flags = FLAG_ALL;
        else if (is_word(text, n, "NEAR"))
            s->flags |= FLAG_SLOP;
        else if (!is_word(text, n, "NONE"))
            return query_build_fail(s->b, ERR_INVALID,
                                    "expected flags such as AND|PREFIX, ALL or NONE") != NULL;
        text += n;
    }
    return true;
}

struct query_node *query_simple_node(struct query_build *b, const char *text, size_t n,
                                     const struct query_lucene_options *options, const char *flags)
{
    struct simple s = {.b = b, .o = options, .start = text};
    if (n >= UINT32_MAX)
        return query_build_fail(b, ERR_INVALID, "expected a shorter text");
    if (!read_flags(&s, flags) || !pair(&s, n))
        return NULL;
    unsigned tall;
    struct query_node *v = parse(&s, text, text + n, options->min, &tall);
    return v == NULL && b->err == ERR_NONE ? query_build_none(b) : v;
}
