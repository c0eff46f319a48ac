/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/estimate.h"

#include "base/mem.h"
#include "cli/ask.h"
#include "cli/cli.h"
#include "cli/lists.h"
#include "detect/estimate.h"
#include "detect/job.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct fields {
    struct detect_cardinality *list;
    size_t n, cap;
};

static struct detect_cardinality *field_of(struct fields *f, const char *name, size_t n)
{
    for (size_t i = 0; i < f->n; i++)
        if (strlen(f->list[i].field) == n && memcmp(f->list[i].field, name, n) == 0)
            return &f->list[i];
    char *copy = mem_strndup(name, n);
    if (copy == NULL || mem_grow((void **)&f->list, &f->cap, f->n + 1, sizeof(*f->list)) != 0) {
        mem_free(copy);
        return NULL;
    }
    f->list[f->n] = (struct detect_cardinality){.field = copy};
    return &f->list[f->n++];
}

/* FIELD=N, as often as it was given. */
static enum err read_fields(const struct cli_args *args, enum cli_option_id id, struct fields *out,
                            struct err_text *why)
{
    for (size_t i = 0; i < args->counts[id]; i++) {
        const char *text = args->values[id][i];
        const char *equal = strrchr(text, '=');
        char *end = NULL;
        errno = 0;
        unsigned long long v = equal != NULL ? strtoull(equal + 1, &end, 10) : 0;
        if (equal == NULL || equal == text || equal[1] < '0' || equal[1] > '9' || *end != '\0' ||
            errno != 0 || v == 0)
            return err_set(why, ERR_INVALID,
                           "%s expects FIELD=N, N a whole number above 0, not '%s'",
                           cli_options[id].name, text);
        struct detect_cardinality *c = field_of(out, text, (size_t)(equal - text));
        if (c == NULL)
            return err_set(why, ERR_MEMORY, "%s", err_name(ERR_MEMORY));
        if (id == CLI_CARDINALITY)
            c->overall = v;
        else
            c->bucket = v;
    }
    return ERR_NONE;
}

static enum err read_job(const struct cli_args *args, struct detect_job **out, struct err_text *why)
{
    size_t n;
    const char *path = args->rest[1];
    char *text = cli_read_file(path, &n, why);
    if (text == NULL)
        return ERR_NOT_FOUND;
    struct detect_filters filters = {0};
    enum err err = cli_lists_filters(args, &filters, why);
    if (err == ERR_NONE)
        err = detect_job_parse(text, n, path, filters.list, filters.n, out, why);
    detect_filters_release(&filters);
    mem_free(text);
    return err;
}

int cli_estimate(const struct cli_args *args)
{
    struct err_text why;
    struct fields fields = {0};
    struct detect_job *job = NULL;
    uint64_t bytes;
    enum err err = ERR_NONE;
    if (args->rest_n != 2)
        err = err_set(&why, ERR_INVALID,
                      "expected weir job estimate JOB.json [--cardinality FIELD=N]... "
                      "[--max-bucket-cardinality FIELD=N]...");
    if (err == ERR_NONE)
        err = read_fields(args, CLI_CARDINALITY, &fields, &why);
    if (err == ERR_NONE)
        err = read_fields(args, CLI_MAX_BUCKET_CARDINALITY, &fields, &why);
    if (err == ERR_NONE)
        err = read_job(args, &job, &why);
    if (err == ERR_NONE)
        err = detect_estimate(job, fields.list, fields.n, &bytes, &why);
    if (err == ERR_NONE)
        printf("{\"model_memory_estimate\":\"%llumb\"}\n", (unsigned long long)(bytes >> 20));
    for (size_t i = 0; i < fields.n; i++)
        mem_free((char *)(uintptr_t)fields.list[i].field);
    mem_free(fields.list);
    detect_job_free(job);
    return err == ERR_NONE ? CLI_DONE : cli_fail(err, &why);
}
