/* SPDX-License-Identifier: Apache-2.0 */
#include "event/id.h"

#include "event/event.h"

#include <string.h>

/* 8 bytes time, 4 source, 8 sequence, big end first: 160 bits, and 2 bits that are 0. */
#define BYTES 20
#define CHARS (EVENT_ID_SIZE - 1)

/* In the order of their codes, so that names sort as what they stand for. */
static const char alphabet[] = "-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz";

static void put(uint8_t *p, uint64_t v, size_t n)
{
    for (size_t i = 0; i < n; i++)
        p[i] = (uint8_t)(v >> 8 * (n - 1 - i));
}

static uint64_t get(const uint8_t *p, size_t n)
{
    uint64_t v = 0;
    for (size_t i = 0; i < n; i++)
        v = v << 8 | p[i];
    return v;
}

/* Times before 1970 come first, too. */
#define SIGN ((uint64_t)1 << 63)

void event_id_write(const struct event *e, char out[EVENT_ID_SIZE])
{
    uint8_t bytes[BYTES + 1] = {0};
    put(bytes, (uint64_t)e->time ^ SIGN, 8);
    put(bytes + 8, e->source, 4);
    put(bytes + 12, e->sequence, 8);
    for (size_t i = 0; i < CHARS; i++) {
        size_t bit = i * 6;
        unsigned two = (unsigned)bytes[bit / 8] << 8 | bytes[bit / 8 + 1];
        out[i] = alphabet[two >> (10 - bit % 8) & 63];
    }
    out[CHARS] = '\0';
}

const char *event_id_of(const struct event *e, char scratch[EVENT_ID_SIZE])
{
    const char *given = event_str(e, EVENT_F_WEIR_ID, NULL);
    if (given != NULL)
        return given;
    event_id_write(e, scratch);
    return scratch;
}

bool event_id_read(const char *s, size_t n, ts_ns *out_time, uint32_t *out_source,
                   uint64_t *out_sequence)
{
    uint8_t bytes[BYTES + 1] = {0};
    if (n != CHARS)
        return false;
    for (size_t i = 0; i < n; i++) {
        const char *at = s[i] != '\0' ? strchr(alphabet, s[i]) : NULL;
        if (at == NULL)
            return false;
        size_t bit = i * 6;
        unsigned two = (unsigned)(at - alphabet) << (10 - bit % 8);
        bytes[bit / 8] |= (uint8_t)(two >> 8);
        bytes[bit / 8 + 1] |= (uint8_t)two;
    }
    if (bytes[BYTES] != 0)
        return false;
    *out_time = (ts_ns)(get(bytes, 8) ^ SIGN);
    *out_source = (uint32_t)get(bytes + 8, 4);
    *out_sequence = get(bytes + 12, 8);
    return true;
}
