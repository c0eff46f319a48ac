/* SPDX-License-Identifier: Apache-2.0 */
/* job validate: whether job files are right, without a data directory. */
#include "cli/cli.h"

#include "base/mem.h"
#include "cli/ask.h"
#include "cli/lists.h"
#include "detect/feed.h"
#include "detect/job.h"
#include "engine/rows.h"

#include <stdio.h>

/* ERR_NONE when the job, and the datafeed with it, are right; out-parameters are the caller's. */
static enum err check(const char *path, const char *feed_path, const struct detect_filters *filters,
                      const struct cli_args *args, struct detect_job **job,
                      struct detect_feed **feed, struct err_text *why)
{
    size_t n;
    char *text = cli_read_file(path, &n, why);
    if (text == NULL)
        return ERR_NOT_FOUND;
    enum err err = detect_job_parse(text, n, path, filters->list, filters->n, job, why);
    mem_free(text);
    if (err == ERR_NONE)
        cli_lists_notes((*job)->notes, (*job)->n_notes, args);
    if (err != ERR_NONE || feed_path == NULL)
        return err;
    text = cli_read_file(feed_path, &n, why);
    if (text == NULL)
        return ERR_NOT_FOUND;
    err = detect_feed_parse(text, n, feed_path, feed, why);
    mem_free(text);
    if (err == ERR_NONE)
        cli_lists_notes((*feed)->notes, (*feed)->n_notes, args);
    if (err == ERR_NONE)
        err = detect_feed_fits(*feed, *job, why);
    return err == ERR_NONE ? engine_rows_check(*feed, why) : err;
}

static int check_and_tell(const char *path, const struct detect_filters *filters,
                          const struct cli_args *args)
{
    struct err_text why;
    struct detect_job *job = NULL;
    struct detect_feed *feed = NULL;
    char span[TIME_TEXT_SIZE];
    int status = CLI_DONE;
    enum err err =
        check(path, cli_value(args, CLI_DATAFEED, NULL), filters, args, &job, &feed, &why);
    if (err == ERR_NONE) {
        time_format_span(job->bucket_span_ns, span);
        printf("%s: right: job %s, %zu detector%s, buckets of %s\n", path,
               job->id[0] != '\0' ? job->id : "without a job_id, which create needs",
               job->n_detectors, job->n_detectors == 1 ? "" : "s", span);
    } else {
        status = cli_fail(err, &why);
    }
    detect_feed_free(feed);
    detect_job_free(job);
    return status;
}

int cli_validate(const struct cli_args *args)
{
    struct err_text why;
    struct detect_filters filters = {0};
    int status = CLI_DONE;
    if (args->rest_n < 2)
        return cli_fail(ERR_INVALID, (err_set(&why, ERR_INVALID,
                                              "expected weir job validate JOB.json... "
                                              "[--datafeed FEED.json] [--filter-list FILE]..."),
                                      &why));
    enum err err = cli_lists_filters(args, &filters, &why);
    if (err != ERR_NONE)
        status = cli_fail(err, &why);
    for (size_t i = 1; i < args->rest_n && err == ERR_NONE; i++) {
        int one = check_and_tell(args->rest[i], &filters, args);
        status = one > status ? one : status;
    }
    detect_filters_release(&filters);
    return status;
}
