/* SPDX-License-Identifier: Apache-2.0 */
#include "ingest/truth.h"

#include "event/event.h"

#include <string.h>

static int64_t most(int64_t packets)
{
    return packets < INT64_MAX / INGEST_TRUTH_PACKET_MAX ? packets * INGEST_TRUTH_PACKET_MAX
                                                         : INT64_MAX;
}

struct side {
    event_field bytes, packets, payload, original;
};

/* Sets the true count; the original is kept once. */
static void replace(struct event *e, const struct side *side, int64_t was, int64_t is)
{
    const struct event_field_def *def = event_field_def(side->bytes);
    if (event_get(e, side->original) == NULL)
        event_set_i64(e, side->original, was);
    event_set_i64(e, side->bytes, is);
    event_add_str(e, EVENT_F_WEIR_UNTRUE, def->name, def->name_len);
}

/* Returns by how much the count changed. */
static int64_t correct_side(struct event *e, const struct side *side, struct ingest_counts *counts)
{
    int64_t bytes = event_i64(e, side->bytes, -1);
    int64_t packets = event_i64(e, side->packets, 0);
    int64_t payload = event_i64(e, side->payload, -1);
    if (bytes < 0 || packets <= 0)
        return 0;
    if (bytes > most(packets)) {
        counts->untrue_high++;
        replace(e, side, bytes, most(packets));
        return most(packets) - bytes;
    }
    if (payload > bytes && payload <= most(packets)) {
        counts->untrue_low++;
        replace(e, side, bytes, payload);
        return payload - bytes;
    }
    return 0;
}

void ingest_truth_correct(struct event *e, struct ingest_counts *counts)
{
    static const struct side source = {EVENT_F_SOURCE_BYTES, EVENT_F_SOURCE_PACKETS,
                                       EVENT_F_WEIR_FLOW_SOURCE_PAYLOAD_BYTES,
                                       EVENT_F_WEIR_ORIGINAL_SOURCE_BYTES};
    static const struct side destination = {EVENT_F_DESTINATION_BYTES, EVENT_F_DESTINATION_PACKETS,
                                            EVENT_F_WEIR_FLOW_DESTINATION_PAYLOAD_BYTES,
                                            EVENT_F_WEIR_ORIGINAL_DESTINATION_BYTES};
    static const struct side network = {EVENT_F_NETWORK_BYTES, EVENT_F_NETWORK_PACKETS,
                                        EVENT_F_NETWORK_BYTES, EVENT_F_WEIR_ORIGINAL_NETWORK_BYTES};
    int64_t change = correct_side(e, &source, counts) + correct_side(e, &destination, counts);
    int64_t sum = event_i64(e, EVENT_F_NETWORK_BYTES, -1);
    if (change == 0 || sum < 0)
        return;
    /* The sum follows its parts, so that the three stay one statement. */
    int64_t parts = event_i64(e, EVENT_F_SOURCE_BYTES, 0);
    if (!__builtin_add_overflow(parts, event_i64(e, EVENT_F_DESTINATION_BYTES, 0), &parts))
        replace(e, &network, sum, parts);
}

int64_t ingest_truth_side(const struct ingest_truth_side *side,
                          enum ingest_truth_verdict *out_verdict)
{
    *out_verdict = INGEST_TRUTH_FINE;
    int64_t ip = side->ip_bytes;
    int64_t payload = side->payload_bytes;
    if (payload >= 0 && side->packets >= 0 &&
        (payload > most(side->packets) || (payload > ip && ip >= 0 && !side->carried_data))) {
        *out_verdict = INGEST_TRUTH_HIGH;
        payload = ip >= 0 ? -1 : most(side->packets);
    }
    if (ip >= 0 && side->packets >= 0 && ip > most(side->packets)) {
        *out_verdict = INGEST_TRUTH_HIGH;
        ip = most(side->packets);
    }
    if (ip >= 0 && payload > ip) {
        if (*out_verdict == INGEST_TRUTH_FINE)
            *out_verdict = INGEST_TRUTH_LOW;
        return payload;
    }
    return ip >= 0 ? ip : payload;
}
