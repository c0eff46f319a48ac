/* SPDX-License-Identifier: Apache-2.0 */
/* What people change of jobs that run: their filters. */
#include "daemon/jobs_priv.h"

#include "detect/filter.h"

enum err daemon_jobs_set_filter(struct daemon_jobs *j, struct detect_filter *filter,
                                struct err_text *why)
{
    enum err err = ERR_NONE;
    for (size_t i = 0; i < j->n && err == ERR_NONE; i++) {
        if (detect_job_set_filter(j->jobs[i]->job, filter) > 0)
            err = daemon_jobs_say(j->jobs[i], "info", why, "The filter '%s' has now %zu items.",
                                  detect_filter_id(filter), detect_filter_count(filter));
    }
    return err;
}
