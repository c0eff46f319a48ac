/* SPDX-License-Identifier: Apache-2.0 */
#include "hunt/hunt_priv.h"

#include "base/mem.h"

/* Rules of type query: each event that matches, until it has its alert. */

static bool open_query(struct hunt *h)
{
    h->own = mem_zero(1, sizeof(struct hunt_keep));
    return h->own != NULL;
}

static void close_query(struct hunt *h)
{
    hunt_keep_release(h->own);
    mem_free(h->own);
}

static bool feed_query(struct hunt *h, enum hunt_role role, const struct hunt_source *s, ts_ns time)
{
    (void)role;
    if (time < h->covered)
        return true; /* before every span to come */
    struct hunt_doc *d = hunt_doc_new(s, time, &h->text);
    if (d == NULL)
        return false;
    if (hunt_charge(h, d->bytes)) {
        if (hunt_keep_take(h->own, d))
            return true;
        hunt_return(h, d->bytes);
    }
    hunt_doc_free(d);
    return false;
}

static enum err look_query(struct hunt *h, struct hunt_looking *l)
{
    const struct hunt_keep *keep = h->own;
    enum err code = ERR_NONE;
    for (size_t i = hunt_keep_before(keep, l->from);
         i < keep->n && hunt_keep_at(keep, i)->time < l->to && code == ERR_NONE && !l->enough;
         i++) {
        struct hunt_doc *d = hunt_keep_at(keep, i);
        enum hunt_verdict verdict = HUNT_TAKEN;
        if (d->dealt)
            continue;
        code = hunt_show(h, l, d, bytes_make("", 0), d, &verdict);
        d->dealt = code == ERR_NONE && verdict == HUNT_KNOWN;
    }
    return code;
}

static void dealt_query(struct hunt *h, void *origin)
{
    struct hunt_doc *d = origin;
    (void)h;
    d->dealt = true;
}

static void forget_query(struct hunt *h, ts_ns before)
{
    struct hunt_keep *keep = h->own;
    while (keep->n > 0 && hunt_keep_at(keep, 0)->time < before) {
        struct hunt_doc *d = hunt_keep_pop(keep);
        hunt_return(h, d->bytes);
        hunt_doc_free(d);
    }
}

const struct hunt_type_ops hunt_query_ops = {
    .open = open_query,
    .close = close_query,
    .feed = feed_query,
    .look = look_query,
    .dealt = dealt_query,
    .forget = forget_query,
};
