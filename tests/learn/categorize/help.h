#ifndef TESTS_CATEGORIZE_HELP_H
#define TESTS_CATEGORIZE_HELP_H

/* What the tests of categories share: analyzers from text, and messages by their text. */

#include "categorize/analyzer.h"
#include "categorize/categorize.h"
#include "cmocka_head.h"
#include "format/node.h"

#include <stdio.h>
#include <string.h>

/* filters and analyzer as JSON, or NULL. */
static inline enum err help_read(const char *filters, const char *analyzer,
                                 struct categorize_analyzer **out, struct err_text *why)
{
    struct format_node *f = NULL;
    struct format_node *a = NULL;
    if (filters != NULL)
        assert_int_equal(format_node_json(filters, strlen(filters), "job", &f, why), ERR_NONE);
    if (analyzer != NULL)
        assert_int_equal(format_node_json(analyzer, strlen(analyzer), "job", &a, why), ERR_NONE);
    enum err err = categorize_analyzer_new(f, a, out, why);
    format_node_free(f);
    format_node_free(a);
    return err;
}

static inline struct categorize_analyzer *help_analyzer(const char *filters, const char *analyzer)
{
    struct categorize_analyzer *a = NULL;
    struct err_text why = {0};
    enum err err = help_read(filters, analyzer, &a, &why);
    if (err != ERR_NONE)
        print_error("%s\n", why.message);
    assert_int_equal(err, ERR_NONE);
    return a;
}

static inline struct categorize *help_new(const struct categorize_analyzer *a)
{
    const struct categorize_options options = {.analyzer = a, .seed = {1, 2}, .examples = 4};
    struct categorize *c = NULL;
    assert_int_equal(categorize_new(&options, &c), ERR_NONE);
    return c;
}

static inline struct bytes help_text(const char *s)
{
    return bytes_make(s, strlen(s));
}

/* The category of a message. */
static inline uint32_t help_put(struct categorize *c, const char *message)
{
    uint32_t id = 0;
    assert_int_equal(categorize_message(c, help_text(""), help_text(message), 0, true, &id),
                     CATEGORIZE_DONE);
    return id;
}

static inline void help_line(void *ctx, const struct categorize_view *v)
{
    struct buf *out = ctx;
    buf_format(out, "%u", v->id);
    if (v->group.n > 0)
        buf_format(out, " of %.*s", (int)v->group.n, (const char *)v->group.p);
    buf_format(out, " x%llu [%.*s]", (unsigned long long)v->matches, (int)v->terms.n,
               (const char *)v->terms.p);
    for (size_t i = 0; i < v->n_preferred; i++)
        buf_format(out, " <%u", v->preferred_to[i]);
    buf_char(out, '\n');
}

/* All categories, one a line. */
static inline void help_list(const struct categorize *c, enum categorize_which which,
                             struct buf *out)
{
    buf_clear(out);
    assert_int_equal(categorize_each(c, which, help_line, out), ERR_NONE);
}

static inline void help_lists(const struct categorize *c, const char *expected)
{
    struct buf out;
    buf_init(&out);
    help_list(c, CATEGORIZE_ALL, &out);
    assert_string_equal(buf_text(&out), expected);
    buf_release(&out);
}

#endif
