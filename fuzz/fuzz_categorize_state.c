/* SPDX-License-Identifier: Apache-2.0 */
/* Saved categories from a hostile hand: refused, or usable. */
#include "base/assert.h"
#include "base/utf8.h"
#include "categorize/analyzer.h"
#include "categorize/categorize.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void see(void *ctx, const struct categorize_view *v)
{
    (void)ctx;
    ASSERT(utf8_valid((const char *)v->terms.p, v->terms.n) && v->id > 0);
}

static void see_group(void *ctx, struct bytes name, const struct categorize_stats *s)
{
    (void)ctx;
    ASSERT(utf8_valid((const char *)name.p, name.n) && s->rare <= s->total);
}

static void use(struct categorize *c)
{
    static const char *const log[] = {"Failed password for root from 10.0.0.1 port 22",
                                      "session opened for user root", "12 34",
                                      "queue mail from north harbour tower at night"};
    for (size_t i = 0; i < 12; i++) {
        const char *text = log[i % 4];
        uint32_t id = 0;
        if (categorize_message(c, bytes_make("g", i % 2), bytes_make(text, strlen(text)), 0, i < 8,
                               &id) == CATEGORIZE_DONE)
            ASSERT(id > 0);
    }
    categorize_judge(c);
    categorize_told(c, CATEGORIZE_GROWN);
    ASSERT(categorize_each(c, CATEGORIZE_ALL, see, NULL) == ERR_NONE);
    ASSERT(categorize_each_group(c, see_group, NULL) == ERR_NONE);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct categorize_analyzer *a = NULL;
    struct categorize *c = NULL;
    struct cursor in = cursor_make(data, size);
    ASSERT(categorize_analyzer_new(NULL, NULL, &a, NULL) == ERR_NONE);
    const struct categorize_options o = {
        .analyzer = a, .seed = {1, 2}, .examples = 2, .stop_on_warn = true};
    ASSERT(categorize_new(&o, &c) == ERR_NONE);
    if (categorize_load(c, &in) == ERR_NONE)
        use(c);
    categorize_free(c);
    categorize_analyzer_free(a);
    return 0;
}
