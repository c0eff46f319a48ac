/* SPDX-License-Identifier: Apache-2.0 */
#include "base/assert.h"
#include "base/utf8.h"
#include "http/text.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The bytes as a target, then as the values of headers. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena;
    struct http_target target;
    const char *sentence = NULL;
    struct bytes cookie;
    uint64_t length;
    arena_init(&arena, 0);
    enum err rc = http_text_target(&arena, (const char *)data, size, &target, &sentence);
    ASSERT(rc == ERR_NONE || sentence != NULL || rc == ERR_MEMORY);
    for (size_t i = 0; rc == ERR_NONE && i < target.path.segments_n; i++) {
        const char *s = target.path.segments[i];
        ASSERT(utf8_valid(s, strlen(s)) && strcmp(s, ".") != 0 && strcmp(s, "..") != 0);
        ASSERT(s[0] != '\0' || i + 1 == target.path.segments_n);
    }
    for (size_t i = 0; rc == ERR_NONE && i < target.params.n; i++)
        ASSERT(utf8_valid(target.params.list[i].value, strlen(target.params.list[i].value)));
    const char *text = arena_strndup(&arena, (const char *)data, size);
    if (text != NULL) {
        ASSERT(!http_text_cookie(text, "sid", &cookie) || cookie.n <= size);
        ASSERT(http_text_quality(text, "gzip") <= 1000);
        (void)http_text_tag_matches(text, "\"a\"");
        (void)http_text_length(text, &length);
        struct buf b;
        buf_init(&b);
        http_text_escape(text, size, &b);
        ASSERT(!buf_ok(&b) || http_text_is_value(buf_text(&b)));
        buf_release(&b);
    }
    arena_release(&arena);
    return 0;
}
