/* SPDX-License-Identifier: Apache-2.0 */
#include "categorize/pattern.h"

#include "base/mem.h"
#include "base/utf8.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#define STEPS_MAX 20000
#define DEPTH_MAX 1000
#define HEAP_MAX_KIB 256
#define GROUPS 10
#define SEARCHES_MAX 500

struct categorize_pattern {
    pcre2_code *code;
};

struct categorize_matcher {
    pcre2_match_data *data;
    pcre2_match_context *bounds;
};

static void *take(PCRE2_SIZE n, void *ctx)
{
    (void)ctx;
    return mem_alloc(n);
}

static void give(void *p, void *ctx)
{
    (void)ctx;
    mem_free(p);
}

enum err categorize_pattern_new(const char *text, size_t n, struct categorize_pattern **out,
                                struct err_text *why)
{
    if (n > CATEGORIZE_PATTERN_MAX)
        return err_set(why, ERR_INVALID, "a regular expression may have at most %d bytes",
                       CATEGORIZE_PATTERN_MAX);
    struct categorize_pattern *p = mem_zero(1, sizeof(*p));
    pcre2_general_context *general = pcre2_general_context_create(take, give, NULL);
    pcre2_compile_context *compile = general != NULL ? pcre2_compile_context_create(general) : NULL;
    int error = PCRE2_ERROR_NOMEMORY;
    PCRE2_SIZE at = 0;
    if (p != NULL && compile != NULL)
        p->code =
            pcre2_compile((PCRE2_SPTR)text, n, PCRE2_MATCH_INVALID_UTF | PCRE2_NEVER_BACKSLASH_C,
                          &error, &at, compile);
    pcre2_compile_context_free(compile);
    pcre2_general_context_free(general);
    if (p != NULL && p->code != NULL) {
        *out = p;
        return ERR_NONE;
    }
    categorize_pattern_free(p);
    /* What memory ran out for says so by one of two numbers. */
    if (p == NULL || error == PCRE2_ERROR_NOMEMORY || error == PCRE2_ERROR_HEAP_FAILED)
        return err_set(why, ERR_MEMORY, "no memory for a regular expression");
    PCRE2_UCHAR said[160];
    if (pcre2_get_error_message(error, said, sizeof(said)) < 0)
        said[0] = '\0';
    return err_set(why, ERR_INVALID, "\"%.100s\" is no regular expression: at byte %zu, %s", text,
                   at + 1, (const char *)said);
}

void categorize_pattern_free(struct categorize_pattern *p)
{
    if (p == NULL)
        return;
    pcre2_code_free(p->code);
    mem_free(p);
}

struct categorize_matcher *categorize_matcher_new(void)
{
    struct categorize_matcher *m = mem_zero(1, sizeof(*m));
    pcre2_general_context *general = pcre2_general_context_create(take, give, NULL);
    if (m != NULL && general != NULL) {
        m->data = pcre2_match_data_create(GROUPS, general);
        m->bounds = pcre2_match_context_create(general);
    }
    pcre2_general_context_free(general);
    if (m == NULL || m->data == NULL || m->bounds == NULL) {
        categorize_matcher_free(m);
        return NULL;
    }
    pcre2_set_match_limit(m->bounds, STEPS_MAX);
    pcre2_set_depth_limit(m->bounds, DEPTH_MAX);
    pcre2_set_heap_limit(m->bounds, HEAP_MAX_KIB);
    return m;
}

void categorize_matcher_free(struct categorize_matcher *m)
{
    if (m == NULL)
        return;
    pcre2_match_data_free(m->data);
    pcre2_match_context_free(m->bounds);
    mem_free(m);
}

/* 1: found, with the bounds of group 0; 0: no more; -1: given up. */
static int search(const struct categorize_pattern *p, struct categorize_matcher *m,
                  struct bytes text, size_t from, size_t *out_start, size_t *out_end)
{
    int groups = pcre2_match(p->code, text.p, text.n, from, PCRE2_NOTEMPTY, m->data, m->bounds);
    if (groups == PCRE2_ERROR_NOMATCH)
        return 0;
    if (groups < 0)
        return -1;
    const PCRE2_SIZE *at = pcre2_get_ovector_pointer(m->data);
    /* \K may put the start behind the end, or before what was asked for. */
    if (at[0] < from || at[1] <= at[0])
        return 0;
    *out_start = at[0];
    *out_end = at[1];
    return 1;
}

static void add_bounded(struct buf *out, const void *p, size_t n, size_t most)
{
    size_t room = out->n < most ? most - out->n : 0;
    buf_add(out, p, utf8_cut(p, n, room));
}

static void add_group(struct categorize_matcher *m, struct bytes text, unsigned group, size_t most,
                      struct buf *out)
{
    const PCRE2_SIZE *at = pcre2_get_ovector_pointer(m->data);
    PCRE2_SIZE start = at[2 * group], end = at[2 * group + 1];
    if (group < pcre2_get_ovector_count(m->data) && start != PCRE2_UNSET && start < end &&
        end <= text.n)
        add_bounded(out, text.p + start, end - start, most);
}

static void add_replacement(struct categorize_matcher *m, struct bytes text, struct bytes with,
                            size_t most, struct buf *out)
{
    for (size_t i = 0; i < with.n; i++) {
        bool group =
            with.p[i] == '$' && i + 1 < with.n && with.p[i + 1] >= '0' && with.p[i + 1] <= '9';
        if (group)
            add_group(m, text, (unsigned)(with.p[++i] - '0'), most, out);
        else
            add_bounded(out, with.p + i, 1, most);
    }
}

bool categorize_pattern_replace(const struct categorize_pattern *p, struct categorize_matcher *m,
                                struct bytes text, struct bytes replacement, size_t most,
                                struct buf *out)
{
    size_t from = 0, start, end;
    int found = 1;
    for (int i = 0; found > 0; i++) {
        found = i < SEARCHES_MAX ? search(p, m, text, from, &start, &end) : -1;
        if (found <= 0)
            break;
        add_bounded(out, text.p + from, start - from, most);
        add_replacement(m, text, replacement, most, out);
        from = end;
    }
    add_bounded(out, text.p + from, text.n - from, most);
    return found == 0;
}

bool categorize_pattern_find(const struct categorize_pattern *p, struct categorize_matcher *m,
                             struct bytes text, size_t *from, size_t *out_end)
{
    size_t start;
    if (search(p, m, text, *from, &start, out_end) <= 0)
        return false;
    *from = start;
    return true;
}
