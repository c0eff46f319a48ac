/* SPDX-License-Identifier: Apache-2.0 */
/* A datafeed's JSON: read or refused with a sentence. */
#include "base/assert.h"
#include "detect/aggs.h"
#include "detect/feed.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct detect_feed *feed = NULL;
    struct err_text why = {0};
    if (detect_feed_parse((const char *)data, size, "feed", &feed, &why) == ERR_NONE) {
        ASSERT(feed->query_text != NULL && feed->query_delay_ns >= 0);
        ASSERT(feed->aggs == NULL || (feed->aggs->interval_ns > 0 && feed->aggs->n_names >= 2));
        ASSERT(detect_feed_frequency(feed, TIME_MIN) > 0);
    } else {
        ASSERT(feed == NULL && why.message[0] != '\0');
    }
    detect_feed_free(feed);
    return 0;
}
