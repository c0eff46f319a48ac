#ifndef TESTS_INGEST_LINES_H
#define TESTS_INGEST_LINES_H

/* Text through a parser: the events that come out, as JSON lines and as copies. */

#include "base/arena.h"
#include "base/buf.h"
#include "base/mem.h"
#include "event/event.h"
#include "event/json.h"
#include "ingest/parser.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

struct lines {
    struct arena arena;
    struct buf json;
    struct event *events;
    size_t n, cap;
    struct ingest_counts counts;
};

static inline void lines_init(struct lines *l)
{
    *l = (struct lines){.n = 0};
    arena_init(&l->arena, 0);
    buf_init(&l->json);
}

static inline void lines_release(struct lines *l)
{
    mem_free(l->events);
    buf_release(&l->json);
    arena_release(&l->arena);
}

static inline void lines_take(void *ctx, struct event *e)
{
    struct lines *l = ctx;
    void *events = l->events;
    assert_int_equal(mem_grow(&events, &l->cap, l->n + 1, sizeof(struct event)), 0);
    l->events = events;
    event_copy(&l->events[l->n++], &l->arena, e);
    event_json_write(e, &l->json);
    buf_char(&l->json, '\n');
}

static inline void lines_read(struct lines *l, const struct ingest_settings *settings,
                              const char *file, const char *text)
{
    struct ingest_parser *p = ingest_parser_new(settings, file);
    assert_non_null(p);
    uint64_t number = 0;
    for (const char *at = text; *at != '\0';) {
        size_t n = strcspn(at, "\n");
        ingest_parser_line(p, at, n, ++number, false, lines_take, l);
        at += n + (at[n] == '\n');
    }
    l->counts = *ingest_parser_counts(p);
    ingest_parser_free(p);
}

/* With default settings. */
static inline void lines_of(struct lines *l, const char *file, const char *text)
{
    struct ingest_settings settings;
    ingest_settings_default(&settings);
    lines_init(l);
    lines_read(l, &settings, file, text);
}

static inline bool lines_has(const struct event *e, const char *name, const char *text)
{
    const struct event_item *item = event_find(e, name, strlen(name));
    for (uint32_t i = 0; item != NULL && i < item->n; i++) {
        char scratch[EVENT_TEXT_SIZE];
        size_t n;
        const char *s = event_value_text(&event_values(item)[i], scratch, &n);
        if (n == strlen(text) && memcmp(s, text, n) == 0)
            return true;
    }
    return false;
}

#define lines_expect(e, name, text)                                                                \
    do {                                                                                           \
        if (!lines_has(e, name, text))                                                             \
            fail_msg("%s is not %s", name, text);                                                  \
    } while (0)

#endif
