/* SPDX-License-Identifier: Apache-2.0 */
/* What jobs that run have to say to people. */
#include "engine/jobs_priv.h"

#include "store/state.h"

#include <stdarg.h>
#include <stdio.h>

enum err engine_jobs_say(struct engine_job *r, const char *level, struct err_text *why,
                         const char *format, ...)
{
    char text[512];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    const struct store_message message = {
        .job_id = r->job->id, .level = level, .text = text, .time = r->owner->now};
    enum err err = store_state_message_put(r->owner->options.state, &message);
    return err == ERR_NONE ? ERR_NONE
                           : err_set(why, err, "a message of job '%s' cannot be written: %s",
                                     r->job->id, err_name(err));
}
