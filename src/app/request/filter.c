/* SPDX-License-Identifier: Apache-2.0 */
#include "request/request_priv.h"

#include "base/mem.h"
#include "engine/filters.h"
#include "engine/pipeline.h"
#include "store/state.h"

#include <string.h>

/* Who names which filter, a line of ids each. */
struct users {
    const struct detect_filters *filters;
    struct buf *jobs; /* one a filter */
};

static void note_user(void *ctx, const struct detect_filter *filter, const char *job_id)
{
    struct users *u = ctx;
    for (size_t i = 0; i < u->filters->n; i++) {
        if (u->filters->list[i] == filter)
            buf_format(&u->jobs[i], "%s%s", u->jobs[i].n > 0 ? "," : "", job_id);
    }
}

static void print_filters(struct request_asked *a, const struct users *u)
{
    int id = sizeof("FILTER") - 1;
    int jobs = sizeof("JOBS") - 1;
    for (size_t i = 0; i < u->filters->n; i++) {
        int n = (int)strlen(detect_filter_id(u->filters->list[i]));
        id = n > id ? n : id;
        jobs = (int)u->jobs[i].n > jobs ? (int)u->jobs[i].n : jobs;
    }
    request_asked_line(a, "%-*s %6s %-*s %s", id, "FILTER", "ITEMS", jobs, "JOBS", "DESCRIPTION");
    for (size_t i = 0; i < u->filters->n; i++) {
        const struct detect_filter *f = u->filters->list[i];
        const char *description = detect_filter_description(f);
        request_asked_line(a, "%-*s %6zu %-*s %s", id, detect_filter_id(f), detect_filter_count(f),
                           jobs, u->jobs[i].n > 0 ? buf_text(&u->jobs[i]) : "-",
                           description[0] != '\0' ? description : "-");
    }
}

static enum err list(struct request_asked *a, struct err_text *why)
{
    struct detect_filters filters = {0};
    struct users u = {.filters = &filters};
    enum err err = engine_filters_read(a->data->state, &filters, why);
    if (err == ERR_NONE) {
        u.jobs = mem_zero(filters.n + 1, sizeof(*u.jobs));
        if (u.jobs == NULL)
            err = err_set(why, ERR_MEMORY, "%s", err_name(ERR_MEMORY));
    }
    for (size_t i = 0; err == ERR_NONE && i < filters.n; i++)
        buf_init(&u.jobs[i]);
    if (err == ERR_NONE)
        err = engine_filters_users(a->data->state, &filters, note_user, &u, why);
    if (err == ERR_NONE)
        print_filters(a, &u);
    for (size_t i = 0; u.jobs != NULL && i < filters.n; i++)
        buf_release(&u.jobs[i]);
    mem_free(u.jobs);
    detect_filters_release(&filters);
    return err;
}

static enum err show(struct request_asked *a, const char *id, struct err_text *why)
{
    struct buf doc;
    buf_init(&doc);
    enum err err = store_state_listed_get(a->data->state, STORE_FILTERS, id, &doc);
    if (err == ERR_NOT_FOUND)
        err_set(why, err, "there is no filter '%s'; weir filter list shows them", id);
    else if (err != ERR_NONE)
        err_set(why, err, "the filter '%s' cannot be read: %s", id, err_name(err));
    if (err == ERR_NONE) {
        request_asked_print(a, buf_text(&doc), doc.n);
        request_asked_print(a, "\n", 1);
    }
    buf_release(&doc);
    return err;
}

static enum err put(struct request_asked *a, struct err_text *why)
{
    struct detect_filters filters = {0};
    struct engine_pipeline *p = a->data->pipeline;
    const char *text = request_asked_text(a, "text", "");
    enum err err = request_asked_unchanged_listed(a, STORE_FILTERS, "the filter", why);
    if (err == ERR_NONE)
        err = detect_filters_parse(&filters, text, strlen(text),
                                   request_asked_text(a, "name", "filter"), why);
    for (size_t i = 0; i < filters.n_notes; i++)
        request_asked_remark(a, "weir: %s", filters.notes[i]);
    if (err == ERR_NONE)
        err = engine_filters_put(a->data->state, p != NULL ? engine_pipeline_jobs(p) : NULL,
                                 &filters, why);
    detect_filters_release(&filters);
    return err;
}

int request_filter(struct request_asked *a, const char *verb)
{
    struct err_text why;
    const char *id = request_asked_text(a, "id", "");
    enum err err;
    if (strcmp(verb, "list") == 0)
        err = list(a, &why);
    else if (strcmp(verb, "show") == 0)
        err = show(a, id, &why);
    else if (strcmp(verb, "put") == 0)
        err = put(a, &why);
    else if (strcmp(verb, "delete") == 0)
        err = engine_filters_delete(a->data->state, id, &why);
    else
        err =
            err_set(&why, ERR_INVALID, "filter expects list, show, put or delete, not '%s'", verb);
    return err == ERR_NONE ? 0 : request_asked_fail(a, err, &why);
}
