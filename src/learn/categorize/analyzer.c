/* SPDX-License-Identifier: Apache-2.0 */
#include "categorize/analyzer.h"

#include "base/mem.h"
#include "base/utf8.h"
#include "categorize/pattern.h"
#include "categorize/word.h"
#include "format/node.h"

#include <string.h>

/* Of each kind, so many are taken. */
#define PARTS_MAX 100
#define STOP_WORDS_MAX 1000
/* Room for tokens that filters change; further ones are dropped. */
#define MADE_MAX ((size_t)16 * 1024)

#define TRY(call)                                                                                  \
    do {                                                                                           \
        enum err try_err = (call);                                                                 \
        if (try_err != ERR_NONE)                                                                   \
            return try_err;                                                                        \
    } while (0)

enum kind {
    FIRST_LINE, /* of those with letters */
    REPLACE,
    STOP,
    LIMIT,
    LOWERCASE,
};

/* A filter of characters or tokens. */
struct part {
    uint8_t kind; /* enum kind */
    struct categorize_pattern *pattern;
    char *replacement;
    char **words; /* NULL for STOP: the dates */
    size_t n_words;
    size_t limit;
};

struct categorize_analyzer {
    struct part *chars;
    size_t n_chars;
    struct part *tokens;
    size_t n_tokens;
    enum categorize_tokenizer tokenizer;
    struct categorize_pattern *split; /* NULL: the tokenizer; else what stands between tokens */
};

static void part_release(struct part *p)
{
    categorize_pattern_free(p->pattern);
    mem_free(p->replacement);
    for (size_t i = 0; i < p->n_words; i++)
        mem_free(p->words[i]);
    mem_free(p->words);
}

static void parts_free(struct part *list, size_t n)
{
    for (size_t i = 0; i < n; i++)
        part_release(&list[i]);
    mem_free(list);
}

void categorize_analyzer_free(struct categorize_analyzer *a)
{
    if (a == NULL)
        return;
    parts_free(a->chars, a->n_chars);
    parts_free(a->tokens, a->n_tokens);
    categorize_pattern_free(a->split);
    mem_free(a);
}

/* ---- reading ---- */

static bool absent(const struct format_node *v)
{
    return v == NULL || format_node_type(v) == FORMAT_NULL;
}

/* A list, or one item that stands for a list. */
static size_t items(const struct format_node *v)
{
    if (absent(v))
        return 0;
    return format_node_type(v) == FORMAT_ARRAY ? format_node_count(v) : 1;
}

static const struct format_node *item(const struct format_node *v, size_t i)
{
    return format_node_type(v) == FORMAT_ARRAY ? format_node_at(v, i) : v;
}

static enum err parts_new(const struct format_node *v, const char *key, size_t n, struct part **out,
                          struct err_text *why)
{
    if (n > PARTS_MAX)
        return format_node_err(v, why, ERR_INVALID, "%s may hold at most %d items", key, PARTS_MAX);
    *out = mem_zero(n > 0 ? n : 1, sizeof(**out));
    return *out != NULL ? ERR_NONE : ERR_MEMORY;
}

/* v: the expression, NULL when holder has none. */
static enum err read_pattern(const struct format_node *holder, const struct format_node *v,
                             const char *key, struct categorize_pattern **out, struct err_text *why)
{
    struct err_text said;
    const char *text = format_node_str(v, NULL);
    if (text == NULL || text[0] == '\0')
        return format_node_err(v != NULL ? v : holder, why, ERR_INVALID,
                               "%s must be a regular expression", key);
    enum err err = categorize_pattern_new(text, format_node_str_len(v), out, &said);
    if (err != ERR_INVALID)
        return err;
    return format_node_err(v, why, err, "%s: %s", key, said.message);
}

/* categorization_filters: what matches goes. */
static enum err read_filters(const struct format_node *v, struct categorize_analyzer *a,
                             struct err_text *why)
{
    static const char key[] = "categorization_filters";
    if (!absent(v) && format_node_type(v) != FORMAT_ARRAY)
        return format_node_err(v, why, ERR_INVALID, "%s must be a list of regular expressions",
                               key);
    size_t n = items(v);
    TRY(parts_new(v, key, n, &a->chars, why));
    for (size_t i = 0; i < n; i++) {
        const struct format_node *text = item(v, i);
        for (size_t k = 0; k < i; k++) {
            if (strcmp(format_node_str(item(v, k), ""), format_node_str(text, "")) == 0)
                return format_node_err(text, why, ERR_INVALID, "%s names an expression twice", key);
        }
        a->n_chars = i + 1;
        a->chars[i].kind = REPLACE;
        TRY(read_pattern(v, text, key, &a->chars[i].pattern, why));
    }
    return ERR_NONE;
}

/* The type of a filter or tokenizer: a name, or an object with one. */
static enum err read_type(const struct format_node *v, const char *what, const char **out,
                          struct err_text *why)
{
    const struct format_node *type =
        format_node_type(v) == FORMAT_OBJECT ? format_node_get(v, "type") : v;
    *out = format_node_str(type, NULL);
    if (*out == NULL)
        return format_node_err(v, why, ERR_INVALID, "a %s must be a name or an object with a type",
                               what);
    return ERR_NONE;
}

static enum err see_rest(const struct format_node *v, const char *what, struct err_text *why)
{
    const struct format_node *more =
        format_node_type(v) == FORMAT_OBJECT ? format_node_unknown(v) : NULL;
    if (more == NULL)
        return ERR_NONE;
    return format_node_err(more, why, ERR_UNSUPPORTED, "%s of a %s is not supported",
                           format_node_key(more), what);
}

static enum err read_replace(const struct format_node *v, struct part *p, struct err_text *why)
{
    const struct format_node *pattern = format_node_get(v, "pattern");
    const struct format_node *with = format_node_get(v, "replacement");
    p->kind = REPLACE;
    if (!absent(with)) {
        const char *text = format_node_str(with, NULL);
        if (text == NULL)
            return format_node_err(with, why, ERR_INVALID, "replacement must be a string");
        if ((p->replacement = mem_strdup(text)) == NULL)
            return ERR_MEMORY;
    }
    return read_pattern(v, pattern, "pattern", &p->pattern, why);
}

static enum err read_stop(const struct format_node *v, struct part *p, struct err_text *why)
{
    const struct format_node *words = format_node_get(v, "stopwords");
    size_t n = items(words);
    p->kind = STOP;
    if (n == 0 || n > STOP_WORDS_MAX)
        return format_node_err(v, why, ERR_INVALID, "stopwords must be a list of 1 to %d words",
                               STOP_WORDS_MAX);
    p->words = mem_zero(n, sizeof(*p->words));
    if (p->words == NULL)
        return ERR_MEMORY;
    for (size_t i = 0; i < n; i++) {
        const char *text = format_node_str(item(words, i), NULL);
        if (text == NULL || text[0] == '_')
            return format_node_err(item(words, i), why, ERR_UNSUPPORTED,
                                   "stopwords must be words; lists that have a name are not "
                                   "supported");
        if ((p->words[i] = mem_strdup(text)) == NULL)
            return ERR_MEMORY;
        p->n_words = i + 1;
    }
    return ERR_NONE;
}

static enum err read_limit(const struct format_node *v, struct part *p, struct err_text *why)
{
    const struct format_node *most = format_node_get(v, "max_token_count");
    int64_t n = format_node_int(most, 0);
    /* Clients write the number as text, too. */
    for (const char *s = format_node_str(most, ""); *s >= '0' && *s <= '9' && n < 1000000; s++)
        n = n * 10 + (*s - '0');
    if (n < 1)
        return format_node_err(most != NULL ? most : v, why, ERR_INVALID,
                               "max_token_count must be a number from 1");
    p->kind = LIMIT;
    p->limit = (size_t)n;
    return ERR_NONE;
}

static enum err read_char_filter(const struct format_node *v, struct part *p, struct err_text *why)
{
    const char *type;
    TRY(read_type(v, "char_filter", &type, why));
    p->kind = FIRST_LINE;
    if (strcmp(type, "pattern_replace") == 0)
        TRY(read_replace(v, p, why));
    else if (strcmp(type, "first_line_with_letters") != 0)
        return format_node_err(v, why, ERR_UNSUPPORTED,
                               "the char_filter %.60s is not supported; supported are "
                               "first_line_with_letters, pattern_replace",
                               type);
    return see_rest(v, "char_filter", why);
}

static enum err read_token_filter(const struct format_node *v, struct part *p, struct err_text *why)
{
    const char *type;
    TRY(read_type(v, "filter", &type, why));
    p->kind = LOWERCASE;
    if (strcmp(type, "stop") == 0)
        TRY(read_stop(v, p, why));
    else if (strcmp(type, "limit") == 0)
        TRY(read_limit(v, p, why));
    else if (strcmp(type, "pattern_replace") == 0)
        TRY(read_replace(v, p, why));
    else if (strcmp(type, "lowercase") != 0)
        return format_node_err(v, why, ERR_UNSUPPORTED,
                               "the filter %.60s is not supported; supported are limit, lowercase, "
                               "pattern_replace, stop",
                               type);
    return see_rest(v, "filter", why);
}

static enum err read_tokenizer(const struct format_node *v, struct categorize_analyzer *a,
                               struct err_text *why)
{
    static const char *const names[] = {"ml_standard", "ml_classic", "whitespace"};
    const char *type;
    if (absent(v))
        return format_node_err(v, why, ERR_INVALID, "categorization_analyzer needs a tokenizer");
    TRY(read_type(v, "tokenizer", &type, why));
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strcmp(type, names[i]) == 0) {
            a->tokenizer = (enum categorize_tokenizer)i;
            return see_rest(v, "tokenizer", why);
        }
    }
    if (strcmp(type, "simple_pattern_split") != 0 && strcmp(type, "pattern") != 0)
        return format_node_err(v, why, ERR_UNSUPPORTED,
                               "the tokenizer %.60s is not supported; supported are ml_standard, "
                               "ml_classic, whitespace, pattern, simple_pattern_split",
                               type);
    const struct format_node *pattern = format_node_get(v, "pattern");
    TRY(read_pattern(v, pattern, "pattern", &a->split, why));
    return see_rest(v, "tokenizer", why);
}

static enum err read_analyzer(const struct format_node *v, struct categorize_analyzer *a,
                              struct err_text *why)
{
    if (format_node_type(v) == FORMAT_STRING)
        return format_node_err(v, why, ERR_UNSUPPORTED,
                               "categorization_analyzer must be an object with a tokenizer; "
                               "analyzers that have a name are not supported");
    if (format_node_type(v) != FORMAT_OBJECT)
        return format_node_err(v, why, ERR_INVALID,
                               "categorization_analyzer must be an object with a tokenizer");
    const struct format_node *tokenizer = format_node_get(v, "tokenizer");
    const struct format_node *chars = format_node_get(v, "char_filter");
    const struct format_node *tokens = format_node_get(v, "filter");
    if (tokenizer == NULL)
        return format_node_err(v, why, ERR_INVALID, "categorization_analyzer needs a tokenizer");
    TRY(read_tokenizer(tokenizer, a, why));
    TRY(parts_new(chars, "char_filter", items(chars), &a->chars, why));
    for (size_t i = 0; i < items(chars); i++) {
        a->n_chars = i + 1;
        TRY(read_char_filter(item(chars, i), &a->chars[i], why));
    }
    TRY(parts_new(tokens, "filter", items(tokens), &a->tokens, why));
    for (size_t i = 0; i < items(tokens); i++) {
        a->n_tokens = i + 1;
        TRY(read_token_filter(item(tokens, i), &a->tokens[i], why));
    }
    return see_rest(v, "categorization_analyzer", why);
}

/* Unless the job says otherwise: the first line with letters, without days and months; what the
 * job's filters match is cut out before. */
static enum err add_defaults(struct categorize_analyzer *a)
{
    void *list = a->chars;
    size_t cap = a->n_chars > 0 ? a->n_chars : 1;
    if (mem_grow(&list, &cap, a->n_chars + 1, sizeof(*a->chars)) != 0)
        return ERR_MEMORY;
    a->chars = list;
    a->chars[a->n_chars++] = (struct part){.kind = FIRST_LINE};
    a->tokens = mem_zero(1, sizeof(*a->tokens));
    if (a->tokens == NULL)
        return ERR_MEMORY;
    a->tokens[a->n_tokens++].kind = STOP;
    return ERR_NONE;
}

static enum err read(const struct format_node *filters, const struct format_node *analyzer,
                     struct categorize_analyzer *a, struct err_text *why)
{
    if (absent(analyzer)) {
        TRY(read_filters(filters, a, why));
        return add_defaults(a);
    }
    if (items(filters) > 0)
        return format_node_err(filters, why, ERR_INVALID,
                               "categorization_filters cannot be used with "
                               "categorization_analyzer; a char_filter pattern_replace can");
    return read_analyzer(analyzer, a, why);
}

enum err categorize_analyzer_new(const struct format_node *filters,
                                 const struct format_node *analyzer,
                                 struct categorize_analyzer **out, struct err_text *why)
{
    struct categorize_analyzer *a = mem_zero(1, sizeof(*a));
    if (a == NULL)
        return ERR_MEMORY;
    enum err err = read(filters, analyzer, a, why);
    if (err != ERR_NONE) {
        categorize_analyzer_free(a);
        return err;
    }
    *out = a;
    return ERR_NONE;
}

/* ---- at work ---- */

enum err categorize_desk_init(struct categorize_desk *d)
{
    *d = (struct categorize_desk){.matcher = categorize_matcher_new()};
    buf_init(&d->text[0]);
    buf_init(&d->text[1]);
    buf_init(&d->made);
    d->known = mem_zero(CATEGORIZE_KNOWN, sizeof(*d->known));
    return d->matcher != NULL && d->known != NULL && buf_reserve(&d->made, MADE_MAX) != NULL
               ? ERR_NONE
               : ERR_MEMORY;
}

void categorize_desk_release(struct categorize_desk *d)
{
    categorize_matcher_free(d->matcher);
    mem_free(d->known);
    buf_release(&d->text[0]);
    buf_release(&d->text[1]);
    buf_release(&d->made);
    *d = (struct categorize_desk){0};
}

/* Words come again and again: their lists are searched once. */
static const struct categorize_known *known(struct categorize_desk *d,
                                            const struct categorize_token *t)
{
    struct categorize_known *k = &d->known[t->hash % CATEGORIZE_KNOWN];
    if (k->hash != t->hash || k->plain == 0)
        *k = (struct categorize_known){.hash = t->hash,
                                       .plain = categorize_word_weight(t->text, false),
                                       .value = categorize_word_weight(t->text, true),
                                       .names = categorize_word_names(t->text),
                                       .is_date = categorize_word_is_date(t->text)};
    return k;
}

static bool has_letter(struct bytes line)
{
    for (size_t i = 0; i < line.n; i++) {
        uint8_t c = line.p[i];
        if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c >= 0x80)
            return true;
    }
    return false;
}

static struct bytes first_line(struct bytes text)
{
    for (size_t at = 0; at < text.n;) {
        const uint8_t *end = memchr(text.p + at, '\n', text.n - at);
        size_t n = end != NULL ? (size_t)(end - text.p) - at : text.n - at;
        struct bytes line = bytes_make(text.p + at, n);
        if (has_letter(line))
            return line;
        at += n + 1;
    }
    return bytes_make(text.p, 0);
}

static struct bytes filter_chars(const struct categorize_analyzer *a, struct categorize_desk *d,
                                 struct bytes text)
{
    size_t next = 0; /* what is read lies in the one, what is written in the other */
    for (size_t i = 0; i < a->n_chars; i++) {
        const struct part *p = &a->chars[i];
        if (p->kind == FIRST_LINE) {
            text = first_line(text);
            continue;
        }
        struct buf *to = &d->text[next];
        next = 1 - next;
        const char *with = p->replacement != NULL ? p->replacement : "";
        buf_clear(to);
        d->given_up += !categorize_pattern_replace(
            p->pattern, d->matcher, text, bytes_make(with, strlen(with)), CATEGORIZE_TEXT_MAX, to);
        if (!buf_ok(to))
            return text;
        text = bytes_make(buf_text(to), to->n);
    }
    return text;
}

static void split(const struct categorize_analyzer *a, struct categorize_desk *d, struct bytes text,
                  struct categorize_tokens *out)
{
    size_t at = 0;
    out->n = 0;
    while (at < text.n) {
        size_t start = at, end = text.n;
        if (!categorize_pattern_find(a->split, d->matcher, text, &start, &end))
            start = text.n;
        struct bytes token = bytes_make(text.p + at, start - at);
        if (token.n > 0 && token.n <= CATEGORIZE_WORD_MAX && !categorize_token_add(out, token))
            return;
        at = start < text.n ? end : text.n;
    }
}

/* Where a changed token is written; the buffer never grows, so that others stay where they are. */
static bool rewrite(struct categorize_desk *d, const struct part *p, struct hash_key seed,
                    struct categorize_token *t)
{
    size_t at = d->made.n;
    size_t most = 4 * t->text.n + 64;
    if (d->made.cap - at < most + 1)
        return false;
    if (p->kind == LOWERCASE) {
        for (size_t i = 0; i < t->text.n; i++) {
            uint8_t c = t->text.p[i];
            buf_char(&d->made, (char)(c >= 'A' && c <= 'Z' ? c + 32 : c));
        }
    } else {
        const char *with = p->replacement != NULL ? p->replacement : "";
        d->given_up += !categorize_pattern_replace(
            p->pattern, d->matcher, t->text, bytes_make(with, strlen(with)), at + most, &d->made);
    }
    t->text = bytes_make(d->made.p + at, d->made.n - at);
    t->hash = hash_bytes(seed, t->text.p, t->text.n);
    return t->text.n > 0 && t->text.n <= CATEGORIZE_WORD_MAX;
}

static bool stops(struct categorize_desk *d, const struct part *p, const struct categorize_token *t)
{
    if (p->words == NULL)
        return known(d, t)->is_date;
    for (size_t i = 0; i < p->n_words; i++) {
        if (strlen(p->words[i]) == t->text.n && memcmp(p->words[i], t->text.p, t->text.n) == 0)
            return true;
    }
    return false;
}

static void filter_tokens(const struct part *p, struct categorize_desk *d, struct hash_key seed,
                          struct categorize_tokens *tokens)
{
    size_t kept = 0;
    if (p->kind == LIMIT) {
        tokens->n = tokens->n < p->limit ? tokens->n : p->limit;
        return;
    }
    for (size_t i = 0; i < tokens->n; i++) {
        struct categorize_token t = tokens->list[i];
        bool stays = p->kind == STOP ? !stops(d, p, &t) : rewrite(d, p, seed, &t);
        if (stays)
            tokens->list[kept++] = t;
        else if (i + 1 < tokens->n)
            tokens->list[i + 1].follows = false;
    }
    tokens->n = kept;
}

void categorize_analyzer_run(const struct categorize_analyzer *a, struct categorize_desk *d,
                             struct hash_key seed, struct bytes message,
                             struct categorize_tokens *out)
{
    message.n = utf8_cut((const char *)message.p, message.n, CATEGORIZE_TEXT_MAX);
    buf_clear(&d->made);
    struct bytes text = filter_chars(a, d, message);
    if (a->split != NULL)
        split(a, d, text, out);
    else
        categorize_token_cut(a->tokenizer, text, out);
    for (size_t i = 0; i < out->n; i++)
        out->list[i].hash = hash_bytes(seed, out->list[i].text.p, out->list[i].text.n);
    for (size_t i = 0; i < a->n_tokens; i++)
        filter_tokens(&a->tokens[i], d, seed, out);
    bool names = false;
    for (size_t i = 0; i < out->n; i++) {
        struct categorize_token *t = &out->list[i];
        const struct categorize_known *k = known(d, t);
        bool value = t->value || (names && t->follows);
        t->weight = t->argument ? CATEGORIZE_WEIGHT_VALUE : value ? k->value : k->plain;
        names = k->names;
    }
}
