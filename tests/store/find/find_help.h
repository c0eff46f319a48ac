#ifndef TESTS_FIND_HELP_H
#define TESTS_FIND_HELP_H

/* A store with known events, and searches over it as text; header only. */

#include "store/store/store_help.h"

#include "event/json.h"
#include "find/find.h"
#include "format/node.h"

#define FIND_NOW ((ts_ns)1700000000 * TIME_S + TIME_HOUR) /* 2023-11-14T23:13:20Z */

/* One ECS document as an event of the store. */
static inline void help_add(struct store *s, const char *json)
{
    struct arena arena;
    struct event e;
    struct event_json *reader = event_json_new();
    assert_non_null(reader);
    arena_init(&arena, 0);
    if (event_json_read(reader, json, strlen(json), false, &arena, &e, NULL) != ERR_NONE)
        fail_msg("%s", json);
    assert_int_equal(store_append(s, &e), ERR_NONE);
    arena_release(&arena);
    event_json_free(reader);
}

static inline void help_good(enum err rc, const struct err_text *why)
{
    if (rc != ERR_NONE)
        fail_msg("%s", why->message);
}

/* Without "took", which differs. */
static inline void help_untime(struct buf *b)
{
    char *at = b->n > 0 ? strstr(b->p, "\"took\":") : NULL;
    if (at == NULL)
        return;
    char *end = strchr(at, ',') + 1;
    memmove(at, end, b->n - (size_t)(end - b->p) + 1);
    b->n -= (size_t)(end - at);
}

/* The answer, or "type status sentence" of an error; the caller frees. */
static inline char *help_ask(struct find *f, const char *index, const char *body, bool count)
{
    struct format_node *node = NULL;
    struct find_error error = {0};
    struct err_text why;
    struct buf out;
    buf_init(&out);
    if (body != NULL && format_node_json(body, strlen(body), "body", &node, &why) != ERR_NONE)
        fail_msg("%s: %s", body, why.message);
    const struct find_request r = {.index = index, .body = node, .now = FIND_NOW};
    enum err rc = count ? find_count(f, &r, &out, &error) : find_search(f, &r, &out, &error);
    if (rc != ERR_NONE) {
        assert_int_equal(out.n, 0);
        assert_non_null(error.type);
        buf_format(&out, "%s %d %s", error.type, error.status, error.text.message);
    }
    format_node_free(node);
    help_untime(&out);
    return buf_take(&out, NULL);
}

/* The value of a member of the answer's top, as text. */
static inline char *help_part(const char *answer, const char *key)
{
    struct format_node *node;
    struct err_text why;
    struct buf out;
    buf_init(&out);
    if (format_node_json(answer, strlen(answer), "answer", &node, &why) != ERR_NONE)
        fail_msg("%s: %s", why.message, answer);
    struct format_node *at = node;
    char path[200];
    snprintf(path, sizeof(path), "%s", key);
    for (char *s = strtok(path, "/"); s != NULL; s = strtok(NULL, "/"))
        at = format_node_get(at, s);
    format_node_write(at, &out);
    format_node_free(node);
    return buf_take(&out, NULL);
}

static inline void help_expect(struct find *f, const char *index, const char *body, const char *key,
                               const char *expected)
{
    char *answer = help_ask(f, index, body, false);
    char *part = *answer == '{' ? help_part(answer, key) : strdup(answer);
    if (strcmp(part, expected) != 0)
        fail_msg("%s\nexpected %s\nfound    %s\nin %s", body, expected, part, answer);
    free(part);
    free(answer);
}

#endif
