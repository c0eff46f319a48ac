/* SPDX-License-Identifier: Apache-2.0 */
#include "elastic/target.h"

#include "api/media.h"
#include "event/event.h"

#include <string.h>

enum err elastic_target_check(const char *index, size_t n, struct err_text *why)
{
    static const char bad[] = " \"*\\<|,>/?#:";
    const char *reason = NULL;
    if (n == 0)
        reason = "must not be empty";
    else if (n > ELASTIC_TARGET_INDEX_MOST)
        reason = "index name is too long, at most 255 bytes";
    else if (index[0] == '_' || index[0] == '-' || index[0] == '+')
        reason = "must not start with '_', '-', or '+'";
    else if ((n == 1 && index[0] == '.') || (n == 2 && memcmp(index, "..", 2) == 0))
        reason = "must not be '.' or '..'";
    for (size_t i = 0; i < n && reason == NULL; i++) {
        if (strchr(bad, index[i]) != NULL) /* NUL too */
            reason = "must not contain the following characters [' ','\"','*','\\\\','<','|',',',"
                     "'>','/','?','#',':']";
        else if (index[i] >= 'A' && index[i] <= 'Z')
            reason = "must be lowercase";
    }
    if (reason == NULL)
        return ERR_NONE;
    return err_set(why, ERR_INVALID, "Invalid index name [%.*s], %s", n < 100 ? (int)n : 100, index,
                   reason);
}

bool elastic_target_fits(const char *patterns, const char *name)
{
    for (const char *p = patterns; *p != '\0';) {
        size_t n = strcspn(p, ",");
        if (api_media_name_fits(p, n, name, strlen(name)))
            return true;
        p += n + (p[n] == ',');
    }
    return false;
}

/* type-dataset-namespace, as the data streams of Elastic's agents are called; a dataset and a
 * namespace have no '-'. */
static bool split(const char *index, size_t n, size_t *out_type, size_t *out_dataset)
{
    static const char *const types[] = {"logs", "metrics", "traces", "synthetics"};
    const char *first = memchr(index, '-', n);
    if (first == NULL)
        return false;
    size_t type = (size_t)(first - index), rest = n - type - 1;
    const char *second = memchr(first + 1, '-', rest);
    bool known = false;
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
        known |= strlen(types[i]) == type && memcmp(types[i], index, type) == 0;
    if (!known || second == NULL || second == first + 1)
        return false;
    size_t dataset = (size_t)(second - first) - 1;
    size_t name_space = rest - dataset - 1;
    if (name_space == 0 || memchr(second + 1, '-', name_space) != NULL)
        return false;
    *out_type = type;
    *out_dataset = dataset;
    return true;
}

static void set_missing(struct event *e, event_field f, const char *s, size_t n)
{
    if (!event_has(e, f))
        event_set_str(e, f, s, n);
}

void elastic_target_mark(struct event *e, const char *index, size_t index_n, const char *id,
                         size_t id_n)
{
    size_t type, dataset;
    if (split(index, index_n, &type, &dataset)) {
        set_missing(e, EVENT_F_DATA_STREAM_TYPE, index, type);
        set_missing(e, EVENT_F_DATA_STREAM_DATASET, index + type + 1, dataset);
        set_missing(e, EVENT_F_DATA_STREAM_NAMESPACE, index + type + 1 + dataset + 1,
                    index_n - type - dataset - 2);
        event_remove(e, EVENT_F_WEIR_INDEX);
    } else {
        event_set_str(e, EVENT_F_WEIR_INDEX, index, index_n);
    }
    if (id != NULL)
        event_set_str(e, EVENT_F_WEIR_ID, id, id_n);
    else
        event_remove(e, EVENT_F_WEIR_ID);
}
