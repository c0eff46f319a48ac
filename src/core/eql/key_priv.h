#ifndef EQL_KEY_PRIV_H
#define EQL_KEY_PRIV_H

/*
 * The values of an event's join keys, as bytes that are equal when the keys are: for each field its
 * type (1 byte), length (4, little-endian) and text.
 *
 * Ownership: a set owns its bytes.
 * Threads:   one owner.
 */

#include "base/buf.h"
#include "eql/matcher.h"
#include "eql/tree_priv.h"

#define EQL_KEY_COMBINATIONS 256
#define EQL_KEY_BYTES ((size_t)1 << 20) /* after so many no further key is made */

struct eql_key_set {
    struct buf bytes;
    uint32_t n;                            /* keys: 0 when the event takes no part */
    size_t from[EQL_KEY_COMBINATIONS + 1]; /* key i is bytes from[i] up to from[i + 1] */
    bool cut;                              /* there are more combinations */
};

void eql_key_init(struct eql_key_set *set);
void eql_key_release(struct eql_key_set *set);

/* False when memory is short; the set is then empty. */
bool eql_key_make(struct eql_key_set *set, const struct eql_item *item, const struct event *e);

static inline struct bytes eql_key_at(const struct eql_key_set *set, uint32_t i)
{
    return bytes_make(buf_text(&set->bytes) + set->from[i], set->from[i + 1] - set->from[i]);
}

/* The n keys that the bytes hold; they are views. */
void eql_key_read(struct bytes key, struct eql_key *out, uint32_t n);

#endif
