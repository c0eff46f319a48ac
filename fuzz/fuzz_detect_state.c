/* SPDX-License-Identifier: Apache-2.0 */
/* A saved state without its envelope: refused, or an engine that goes on. */
#include "detect/engine_priv.h"
#include "detect_help.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf out;
    buf_init(&out);
    struct detect_job *job = help_fuzz_job();
    struct detect *d = help_fuzz_engine(job, &out);
    struct cursor in = cursor_make(data, size);
    if (detect_state_load(d, &in) == ERR_NONE) {
        struct bytes names[] = {{(const uint8_t *)"t", 1},
                                {(const uint8_t *)"a", 1},
                                {(const uint8_t *)"b", 1},
                                {(const uint8_t *)"v", 1}};
        ASSERT(detect_columns(d, names, 4, NULL) == ERR_NONE);
        ts_ns t = detect_final_until(d) != TIME_NONE ? detect_final_until(d) : 0;
        for (int i = 0; i < 4; i++)
            ASSERT(detect_record(d, t + i * TIME_HOUR, names) == ERR_NONE);
        ASSERT(detect_interim(d) == ERR_NONE && detect_finish(d) == ERR_NONE);
    }
    detect_free(d);
    detect_job_free(job);
    buf_release(&out);
    return 0;
}
