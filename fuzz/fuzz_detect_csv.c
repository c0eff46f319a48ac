/* SPDX-License-Identifier: Apache-2.0 */
/* CSV of any kind into an engine with every kind of detector. */
#include "detect/csv.h"
#include "detect_help.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static enum err on_header(void *ctx, const struct bytes *names, size_t n)
{
    return detect_columns(ctx, names, n, NULL);
}

static bool on_row(void *ctx, const struct detect_csv_row *row)
{
    return detect_row(ctx, row->fields) == ERR_NONE;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf out;
    buf_init(&out);
    struct detect_job *job = help_fuzz_job();
    struct detect *d = help_fuzz_engine(job, &out);
    struct detect_csv *csv = detect_csv_new(on_header, on_row, d);
    if (detect_csv_feed(csv, (const char *)data, size) == ERR_NONE &&
        detect_csv_end(csv) == ERR_NONE)
        ASSERT(detect_finish(d) == ERR_NONE);
    detect_csv_free(csv);
    detect_free(d);
    detect_job_free(job);
    buf_release(&out);
    return 0;
}
