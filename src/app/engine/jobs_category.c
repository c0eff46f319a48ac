/* SPDX-License-Identifier: Apache-2.0 */
/* What people should know of how a job's messages went into categories. */
#include "engine/jobs_priv.h"

static enum err tell_use(struct engine_job *r, const struct detect_category_counts *c,
                         struct err_text *why)
{
    if (c->warn == r->categories_warn)
        return ERR_NONE;
    r->categories_warn = c->warn;
    if (!c->warn)
        return engine_jobs_say(r, "info", why,
                               "The categories of this job's messages are of use again.");
    return engine_jobs_say(r, "warning", why,
                           "The categories of this job's messages are of little use: %llu "
                           "categories of %llu messages, %llu with a single one, %llu whose "
                           "messages go to others. Are they log messages of programs?",
                           (unsigned long long)c->total, (unsigned long long)c->documents,
                           (unsigned long long)c->rare, (unsigned long long)c->dead);
}

/* Once: more of the same would tell nothing new. */
static enum err tell_given_up(struct engine_job *r, struct err_text *why)
{
    uint64_t n = detect_given_up(r->engine);
    if (n == 0 || r->given_up)
        return ERR_NONE;
    r->given_up = true;
    return engine_jobs_say(r, "warning", why,
                           "A regular expression of categorization_filters or "
                           "categorization_analyzer took too long on %llu message%s, which "
                           "stayed as they were from there on.",
                           (unsigned long long)n, n == 1 ? "" : "s");
}

enum err engine_jobs_tell_categories(struct engine_job *r, struct err_text *why)
{
    struct detect_category_counts counts;
    if (r->job->category_field == NULL)
        return ERR_NONE;
    detect_category_counts(r->engine, &counts);
    enum err err = tell_use(r, &counts, why);
    return err == ERR_NONE ? tell_given_up(r, why) : err;
}
