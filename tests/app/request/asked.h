#ifndef TESTS_APP_REQUEST_ASKED_H
#define TESTS_APP_REQUEST_ASKED_H

/*
 * A data directory that is asked without a daemon, and what it answered.
 */

#include "app/help.h"

#include "format/node.h"
#include "request/data.h"
#include "request/request.h"

struct world {
    char *dir;
    struct request_data *data;
    struct buf streams[2];
    size_t writes;
    size_t stop_after; /* writes; 0: reads all */
    bool locked;       /* the directory's lock was held at a write */
    bool (*gone)(void *ctx);
};

static inline bool collect(void *ctx, int stream, const char *p, size_t n)
{
    struct world *w = ctx;
    if (pthread_mutex_trylock(&w->data->lock) == 0)
        pthread_mutex_unlock(&w->data->lock);
    else
        w->locked = true;
    buf_add(&w->streams[stream - 1], p, n);
    w->writes++;
    return w->stop_after == 0 || w->writes < w->stop_after;
}

static inline ts_ns now(void)
{
    return HELP_BASE + TIME_HOUR;
}

static inline void begin(struct world *w)
{
    *w = (struct world){.dir = help_mkdir()};
    HELP_OK(request_data_open(w->dir, NULL, &w->data, &help_why));
    w->data->now = now;
}

static inline void end(struct world *w)
{
    assert_false(w->locked);
    request_data_close(w->data);
    buf_release(&w->streams[0]);
    buf_release(&w->streams[1]);
    help_rmdir(w->dir);
}

static inline int ask(struct world *w, const char *text)
{
    struct format_node *request;
    const struct request_output out = {.write = collect, .gone = w->gone, .ctx = w};
    buf_clear(&w->streams[0]);
    buf_clear(&w->streams[1]);
    w->writes = 0;
    HELP_OK(format_node_json(text, strlen(text), "request", &request, &help_why));
    int status = request_request(w->data, request, &out);
    format_node_free(request);
    return status;
}

static inline const char *said(struct world *w)
{
    return buf_text(&w->streams[0]);
}

static inline const char *remarks(struct world *w)
{
    return buf_text(&w->streams[1]);
}

static inline size_t lines(struct world *w)
{
    size_t n = 0;
    for (const char *p = said(w); *p != '\0'; p++)
        n += *p == '\n';
    return n;
}

#define DONE(text)                                                                                 \
    do {                                                                                           \
        if (ask(&w, text) != 0)                                                                    \
            fail_msg("%s: %s", text, remarks(&w));                                                 \
    } while (0)
#define WRONG(text, sentence)                                                                      \
    do {                                                                                           \
        assert_int_equal(ask(&w, text), 2);                                                        \
        if (strstr(remarks(&w), sentence) == NULL)                                                 \
            fail_msg("%s: %s", text, remarks(&w));                                                 \
    } while (0)

#endif
