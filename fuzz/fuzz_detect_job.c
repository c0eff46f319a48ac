/* SPDX-License-Identifier: Apache-2.0 */
/* A job's JSON: read or refused with a sentence; what is read has bounds. */
#include "base/assert.h"
#include "detect/filter.h"
#include "detect/job.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char filter[] = "{\"filter_id\":\"f\",\"items\":[\"a*\",\"b\"]}";
    struct detect_filters filters = {0};
    struct detect_job *job = NULL;
    struct err_text why = {0};
    if (detect_filters_parse(&filters, filter, strlen(filter), "filter", &why) != ERR_NONE)
        return 0;
    if (detect_job_parse((const char *)data, size, "job", filters.list, filters.n, &job, &why) ==
        ERR_NONE) {
        ASSERT(job->bucket_span_ns > 0 && job->n_detectors > 0 && job->time_field != NULL);
        detect_job_free(job);
    } else {
        ASSERT(job == NULL && why.message[0] != '\0');
    }
    detect_filters_release(&filters);
    return 0;
}
