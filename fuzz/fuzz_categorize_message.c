/* SPDX-License-Identifier: Apache-2.0 */
/* Lines of a log, after an expression that is cut out of them: each has a category, and what is
 * saved is what is read. */
#include "base/assert.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "categorize/analyzer.h"
#include "categorize/categorize.h"
#include "format/node.h"
#include "format/write.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct categorize_analyzer *analyzer(struct bytes pattern)
{
    struct categorize_analyzer *a = NULL;
    struct format_node *filters = NULL;
    struct format_writer w;
    struct buf json;
    buf_init(&json);
    format_write_init(&w, &json);
    format_write_begin_array(&w);
    format_write_str_n(&w, (const char *)pattern.p, pattern.n);
    format_write_end_array(&w);
    if (format_node_json(buf_text(&json), json.n, "", &filters, NULL) != ERR_NONE ||
        categorize_analyzer_new(filters, NULL, &a, NULL) != ERR_NONE)
        ASSERT(categorize_analyzer_new(NULL, NULL, &a, NULL) == ERR_NONE);
    format_node_free(filters);
    buf_release(&json);
    return a;
}

static void see(void *ctx, const struct categorize_view *v)
{
    uint64_t *matches = ctx;
    *matches += v->matches;
    ASSERT(utf8_valid((const char *)v->terms.p, v->terms.n));
    ASSERT(utf8_valid((const char *)v->regex.p, v->regex.n));
    for (size_t i = 0; i < v->n_examples; i++)
        ASSERT(utf8_valid(v->examples[i], strlen(v->examples[i])));
}

static void save_and_load(const struct categorize *c, const struct categorize_options *o)
{
    struct buf saved, again;
    struct categorize *back = NULL;
    buf_init(&saved);
    buf_init(&again);
    categorize_save(c, &saved);
    struct cursor in = cursor_make(saved.p, saved.n);
    ASSERT(categorize_new(o, &back) == ERR_NONE && categorize_load(back, &in) == ERR_NONE);
    categorize_save(back, &again);
    ASSERT(saved.n == again.n && memcmp(saved.p, again.p, saved.n) == 0);
    ASSERT(categorize_bytes(back) == categorize_bytes(c));
    categorize_free(back);
    buf_release(&saved);
    buf_release(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct categorize *c = NULL;
    struct bytes lines[64];
    size_t n = 0;
    for (size_t at = 0; at < size && n < 64; n++) {
        const uint8_t *end = memchr(data + at, '\n', size - at);
        size_t len = end != NULL ? (size_t)(end - data) - at : size - at;
        lines[n] = bytes_make(data + at, len);
        at += len + 1;
    }
    struct categorize_analyzer *a = analyzer(n > 0 ? lines[0] : bytes_make("", 0));
    const struct categorize_options o = {.analyzer = a, .seed = {1, 2}, .examples = 2};
    ASSERT(categorize_new(&o, &c) == ERR_NONE);
    uint64_t put = 0, matches = 0;
    for (size_t i = 1; i < n; i++) {
        uint32_t id = 0, same = 0;
        if (!utf8_valid((const char *)lines[i].p, lines[i].n))
            continue;
        struct bytes group = bytes_make("g", i % 2);
        ASSERT(categorize_message(c, group, lines[i], 0, true, &id) == CATEGORIZE_DONE);
        ASSERT(categorize_message(c, group, lines[i], 0, false, &same) == CATEGORIZE_DONE);
        ASSERT(id > 0 && same > 0);
        put += 2;
    }
    categorize_judge(c);
    ASSERT(categorize_each(c, CATEGORIZE_ALL, see, &matches) == ERR_NONE);
    ASSERT(matches == put);
    save_and_load(c, &o);
    categorize_free(c);
    categorize_analyzer_free(a);
    return 0;
}
