/* SPDX-License-Identifier: Apache-2.0 */
#include "base/assert.h"
#include "base/buf.h"
#include "event/event.h"
#include "except/values.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Whatever is asked of whatever list. */
static enum err look(void *ctx, const char *s, size_t n, unsigned line, struct err_text *why)
{
    (void)line;
    (void)why;
    const struct event_value v = event_value_str(s, n);
    (void)except_values_has(ctx, &v);
    return ERR_NONE;
}

static enum err add(void *ctx, const char *s, size_t n, unsigned line, struct err_text *why)
{
    (void)line;
    enum err code = except_values_add(ctx, s, n, why);
    ASSERT(code == ERR_NONE || code == ERR_INVALID);
    return ERR_NONE;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const types[] = {"keyword",    "text",       "ip",           "ip_range",
                                        "long_range", "date_range", "double_range", "boolean",
                                        "byte",       "date"};
    struct except_values *v;
    struct buf dsl;
    if (size == 0)
        return 0;
    const char *type = types[data[0] % (sizeof(types) / sizeof(types[0]))];
    const char *text = (const char *)data + 1;
    ASSERT(except_values_new(type, &v, NULL) == ERR_NONE);
    ASSERT(except_values_lines(text, size - 1, add, v, NULL) == ERR_NONE);
    except_values_seal(v);
    ASSERT(except_values_lines(text, size - 1, look, v, NULL) == ERR_NONE);
    buf_init(&dsl);
    (void)except_values_dsl(v, "source.ip", &dsl);
    (void)except_values_dsl(v, "user.name", &dsl);
    buf_release(&dsl);
    except_values_unref(v);
    return 0;
}
