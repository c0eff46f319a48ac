/* SPDX-License-Identifier: Apache-2.0 */
/* A series fed with any numbers at any times stays finite and goes on the same after a save. */
#include "base/assert.h"
#include "model/forecast.h"
#include "model/series.h"

#include <math.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cursor c = cursor_make(data, size);
    uint8_t head = cursor_u8(&c);
    enum model_kind kind = (head & 8) != 0 ? MODEL_CONTENT : (enum model_kind)(head % 3);
    struct model_params params = {TIME_MIN << (head >> 5), kind, MODEL_BOTH, (head & 16) != 0};
    struct model_series *s = model_series_new(&params);
    ts_ns time = 0;
    while (s != NULL && c.left > 0) {
        uint8_t step = cursor_u8(&c);
        uint64_t bits = step & 1 ? cursor_le64(&c) : cursor_u8(&c);
        double value = (double)(bits & 0xff);
        if (step & 1)
            memcpy(&value, &bits, sizeof(value));
        for (int i = 0; i <= (step >> 3 & 15); i++, time += params.bucket_span) {
            struct model_observation o = {time, value, 1 + (step >> 4), 1};
            struct model_judgement j;
            model_series_judge(s, &o, &j);
            ASSERT(isfinite(j.log_p) && j.log_p <= 0 && isfinite(j.typical) && isfinite(j.lower) &&
                   isfinite(j.upper) && j.multi_bucket >= -5 && j.multi_bucket <= 5);
            model_series_learn(s, &o);
        }
        if (model_forecast_ready(s)) {
            struct model_forecast f;
            model_forecast_at(s, time + step * params.bucket_span, &f);
            ASSERT(isfinite(f.prediction) && f.lower <= f.prediction && f.prediction <= f.upper &&
                   isfinite(f.lower) && isfinite(f.upper));
        }
        if (step & 4)
            model_series_skip(s, time, (bits & 0xffff) + 1);
        if (step & 2) {
            struct buf b;
            buf_init(&b);
            model_series_save(s, &b);
            struct cursor in = cursor_make(b.p, b.n);
            struct model_series *back;
            ASSERT(model_series_load(&in, &params, &back) == ERR_NONE && in.left == 0);
            model_series_free(s);
            s = back;
            buf_release(&b);
        }
    }
    model_series_free(s);
    return 0;
}
