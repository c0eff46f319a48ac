/* SPDX-License-Identifier: Apache-2.0 */
#include "ingest/counts.h"

const char *ingest_counts_reason(enum ingest_drop reason)
{
    static const char *const names[] = {
        "json", "time", "columns", "header", "long_line", "kind", "damaged", "memory",
    };
    return names[reason];
}

uint64_t ingest_counts_dropped(const struct ingest_counts *c)
{
    uint64_t sum = 0;
    for (int i = 0; i < INGEST_DROP_REASONS; i++)
        sum += c->dropped[i];
    return sum;
}

void ingest_counts_drop(struct ingest_counts *c, enum ingest_drop reason, const char *file,
                        uint64_t line, unsigned column, const char *message)
{
    if (c->dropped[reason]++ > 0)
        return;
    unsigned at = line > 0xffffffffU ? 0xffffffffU : (unsigned)line;
    err_set_at(&c->first[reason], ERR_FORMAT, file, at, "%s", message);
    c->first[reason].column = column;
}

void ingest_counts_add(struct ingest_counts *to, const struct ingest_counts *from)
{
    for (int i = 0; i < INGEST_DROP_REASONS; i++) {
        if (to->dropped[i] == 0 && from->dropped[i] > 0)
            to->first[i] = from->first[i];
        to->dropped[i] += from->dropped[i];
    }
    to->bytes += from->bytes;
    to->lines += from->lines;
    to->records += from->records;
    to->events += from->events;
    to->untrue_high += from->untrue_high;
    to->untrue_low += from->untrue_low;
    to->booked += from->booked;
    to->moved += from->moved;
    to->differences += from->differences;
    to->flows_forgotten += from->flows_forgotten;
    to->repaired_bytes += from->repaired_bytes;
    to->dropped_fields += from->dropped_fields;
}
