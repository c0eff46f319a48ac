/* SPDX-License-Identifier: Apache-2.0 */
#include "request/posts.h"

#include "base/clock.h"
#include "base/mem.h"
#include "engine/jobs.h"
#include "engine/pipeline.h"
#include "request/data.h"

/* Text that is posted in one transaction, about: the lock is held as long. */
#define GROUP ((size_t)4 << 20)
/* After a failure (a full disk) the jobs are made again of what is kept of them: not for each post
 * that is tried. */
#define REST (2 * TIME_S)

struct request_posts {
    pthread_mutex_t lock; /* guards the list; taken with or without the directory's */
    struct engine_post *first;
    struct engine_post **end;
    /* The directory's lock guards what follows. */
    bool lost;       /* jobs that a failure dropped are still to be loaded */
    enum err failed; /* what the last group ran into */
    struct err_text why;
    ts_ns rests_until; /* of passing time */
};

struct request_posts *request_posts_new(void)
{
    struct request_posts *p = mem_zero(1, sizeof(*p));
    if (p == NULL)
        return NULL;
    pthread_mutex_init(&p->lock, NULL);
    p->end = &p->first;
    return p;
}

void request_posts_free(struct request_posts *p)
{
    if (p == NULL)
        return;
    pthread_mutex_destroy(&p->lock);
    mem_free(p);
}

static void add(struct request_posts *p, struct engine_post *post)
{
    post->done = false;
    post->next = NULL;
    pthread_mutex_lock(&p->lock);
    *p->end = post;
    p->end = &post->next;
    pthread_mutex_unlock(&p->lock);
}

/* Those that have waited for longest, cut off from the others. */
static struct engine_post *take_group(struct request_posts *p)
{
    size_t n = 0;
    pthread_mutex_lock(&p->lock);
    struct engine_post *first = p->first;
    struct engine_post **at = &p->first;
    while (*at != NULL && (at == &p->first || n + (*at)->n <= GROUP)) {
        n += (*at)->n;
        at = &(*at)->next;
    }
    p->first = *at;
    *at = NULL;
    if (p->first == NULL)
        p->end = &p->first;
    pthread_mutex_unlock(&p->lock);
    return first;
}

static void refuse(struct engine_post *list, enum err err, const struct err_text *why)
{
    for (; list != NULL; list = list->next) {
        list->err = err;
        list->why = *why;
    }
}

/* What a failure dropped is taken up again. */
static void load(struct request_data *d, ts_ns now)
{
    struct err_text why;
    ts_ns engine = engine_pipeline_now(d->pipeline);
    d->posts->lost =
        engine_pipeline_load(d->pipeline, engine != TIME_NONE ? engine : now, &why) != ERR_NONE;
}

static void post(struct request_data *d, struct engine_post *list)
{
    struct request_posts *p = d->posts;
    ts_ns now = d->now();
    if (p->lost)
        load(d, now);
    p->failed = engine_jobs_post(engine_pipeline_jobs(d->pipeline), list, now);
    if (p->failed == ERR_NONE)
        return;
    p->why = list->why;
    load(d, now);
    p->rests_until = clock_steady() + REST;
}

/* The directory's lock is held. */
static void do_group(struct request_data *d)
{
    struct request_posts *p = d->posts;
    struct engine_post *list = take_group(p);
    struct err_text why;
    if (d->pipeline == NULL)
        refuse(list, err_set(&why, ERR_BUSY, "no daemon runs on this directory, so no job is open"),
               &why);
    else if (p->failed != ERR_NONE && clock_steady() < p->rests_until)
        refuse(list, p->failed, &p->why);
    else
        post(d, list);
    for (; list != NULL; list = list->next)
        list->done = true;
}

void request_posts_do(struct request_data *d, struct engine_post *post)
{
    add(d->posts, post);
    for (bool done = false; !done;) {
        pthread_mutex_lock(&d->lock);
        if (!post->done)
            do_group(d);
        done = post->done;
        pthread_mutex_unlock(&d->lock);
    }
}
