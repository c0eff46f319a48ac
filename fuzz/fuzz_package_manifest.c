/* SPDX-License-Identifier: Apache-2.0 */
#include "base/assert.h"
#include "format/node.h"
#include "package/package.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* An ml-module document is a package of readable jobs and datafeeds, or is refused. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct package *p;
    if (package_open_module((const char *)data, size, "m.json", NULL, &p, NULL) != ERR_NONE)
        return 0;
    for (size_t i = 0; i < package_jobs(p); i++) {
        const struct package_job *job = package_job_at(p, i);
        struct format_node *v;
        ASSERT(format_node_json(job->job, job->job_n, "j", &v, NULL) == ERR_NONE);
        format_node_free(v);
        if (job->datafeed == NULL)
            continue;
        ASSERT(format_node_json(job->datafeed, job->datafeed_n, "d", &v, NULL) == ERR_NONE);
        format_node_free(v);
    }
    package_free(p);
    return 0;
}
