/* SPDX-License-Identifier: Apache-2.0 */
/* Calendars: read or refused with a sentence; what is read is written, and read again, the same;
 * any bucket can be asked about. */
#include "base/assert.h"
#include "base/buf.h"
#include "detect/calendar.h"
#include "detect/job.h"
#include "detect/schedule.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_same(const struct detect_calendar *c)
{
    struct detect_calendars again = {0};
    struct err_text why = {0};
    struct buf a, b;
    buf_init(&a);
    buf_init(&b);
    detect_calendar_write(c, &a);
    ASSERT(detect_calendars_parse(&again, buf_text(&a), a.n, "", &why) == ERR_NONE && again.n == 1);
    detect_calendar_write(again.list[0], &b);
    ASSERT(a.n == b.n && memcmp(a.p, b.p, a.n) == 0);
    detect_calendars_release(&again);
    buf_release(&a);
    buf_release(&b);
}

static void check_schedule(const struct detect_calendars *set)
{
    const struct detect_job job = {.id = "j", .bucket_span_ns = 7 * TIME_MIN};
    struct detect_schedule *s = NULL;
    if (detect_schedule_new(set, &job, &s) != ERR_NONE)
        return;
    for (size_t i = 0; i < set->n && i < 8; i++) {
        const struct detect_calendar *c = set->list[i];
        for (size_t k = 0; s != NULL && k < c->n_events && k < 8; k++) {
            const char *names[DETECT_SCHEDULE_NAMES_MAX];
            ts_ns bucket = time_floor(c->events[k].start, job.bucket_span_ns);
            bool covered = detect_calendar_covers(c, &job);
            struct detect_schedule_verdict v = detect_schedule_at(s, bucket);
            ASSERT(!covered || v.skip_result || !c->events[k].skip_result);
            ASSERT(!covered || detect_schedule_names(s, bucket, names) > 0);
            ts_ns from = bucket, first;
            uint64_t n;
            while (detect_schedule_learned(s, job.bucket_span_ns, &from,
                                           bucket + 99 * job.bucket_span_ns, &first, &n))
                ASSERT(n > 0 && !detect_schedule_at(s, first).skip_model_update);
        }
    }
    detect_schedule_free(s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct detect_calendars set = {0};
    struct err_text why = {0};
    if (detect_calendars_parse(&set, (const char *)data, size, "calendar", &why) != ERR_NONE)
        ASSERT(set.n == 0 && why.message[0] != '\0');
    for (size_t i = 0; i < set.n && i < 8; i++)
        check_same(set.list[i]);
    check_schedule(&set);
    detect_calendars_release(&set);
    return 0;
}
