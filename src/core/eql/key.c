/* SPDX-License-Identifier: Apache-2.0 */
#include "eql/key_priv.h"

#include "eql/eval_priv.h"
#include "event/event.h"

#include <math.h>
#include <string.h>

/* Equal values in a list make equal combinations, which are not kept but cost time. */
#define ROUNDS_MAX (4 * EQL_KEY_COMBINATIONS)

void eql_key_init(struct eql_key_set *set)
{
    set->n = 0;
    set->cut = false;
    buf_init(&set->bytes);
}

void eql_key_release(struct eql_key_set *set)
{
    buf_release(&set->bytes);
}

/* One value; NULL is null. */
static void put(struct buf *out, const struct event_value *v)
{
    char scratch[EVENT_TEXT_SIZE];
    enum eql_key_type type = EQL_KEY_NULL;
    size_t n = 0;
    const char *s = "";
    struct event_value whole;
    if (v != NULL && v->type == EVENT_F64 && v->f == trunc(v->f) && fabs(v->f) < 0x1p53) {
        whole = event_value_i64((int64_t)v->f); /* 5.0 is 5 */
        v = &whole;
    }
    if (v != NULL && v->type != EVENT_NULL) {
        type = v->type == EVENT_BOOL                          ? EQL_KEY_BOOL
               : v->type == EVENT_I64 || v->type == EVENT_F64 ? EQL_KEY_NUMBER
                                                              : EQL_KEY_TEXT;
        s = event_value_text(v, scratch, &n);
    }
    buf_char(out, (char)type);
    buf_le32(out, (uint32_t)n);
    buf_add(out, s, n);
}

/* Whether the last key is among those before. */
static bool repeated(const struct eql_key_set *set)
{
    struct bytes last = eql_key_at(set, set->n - 1);
    for (uint32_t i = 0; i + 1 < set->n; i++) {
        if (bytes_equal(eql_key_at(set, i), last))
            return true;
    }
    return false;
}

bool eql_key_make(struct eql_key_set *set, const struct eql_item *item, const struct event *e)
{
    const struct event_value *values[EQL_KEYS_MAX];
    struct event_value scratch[EQL_KEYS_MAX];
    uint32_t n[EQL_KEYS_MAX], at[EQL_KEYS_MAX] = {0};
    buf_clear(&set->bytes);
    set->n = 0;
    set->cut = false;
    for (uint32_t i = 0; i < item->n_keys; i++) {
        values[i] = eql_eval_field(e, item->keys[i], &scratch[i], &n[i]);
        if (n[i] == 0 && !item->keys[i]->optional)
            return true;
    }
    for (unsigned round = 0;; round++) {
        if (set->n == EQL_KEY_COMBINATIONS || round == ROUNDS_MAX || set->bytes.n > EQL_KEY_BYTES) {
            set->cut = true;
            return true;
        }
        set->from[set->n++] = set->bytes.n;
        for (uint32_t i = 0; i < item->n_keys; i++)
            put(&set->bytes, n[i] > 0 ? &values[i][at[i]] : NULL);
        set->from[set->n] = set->bytes.n;
        if (!buf_ok(&set->bytes)) {
            set->n = 0;
            return false;
        }
        if (repeated(set))
            set->bytes.n = set->from[--set->n];
        uint32_t i = 0;
        while (i < item->n_keys && ++at[i] >= n[i])
            at[i++] = 0;
        if (i == item->n_keys)
            return true;
    }
}

void eql_key_read(struct bytes key, struct eql_key *out, uint32_t n)
{
    struct cursor c = {.p = key.p, .left = key.n};
    for (uint32_t i = 0; i < n; i++) {
        out[i].type = cursor_u8(&c);
        out[i].n = cursor_le32(&c);
        out[i].text = (const char *)c.p;
        cursor_skip(&c, out[i].n);
    }
}
