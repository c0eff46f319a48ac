#ifndef FIND_FETCH_H
#define FIND_FETCH_H

/*
 * The documents behind the hits of an answer, each fetched once, then found by its place.
 *
 * Ownership: find_fetch_release(). The candidates must outlive it.
 * Threads:   one owner.
 */

#include "find/top.h"
#include "store/look.h"

struct find_fetched;

struct find_fetch {
    struct find_fetched *list; /* in order of arrival once it is run */
    size_t n;
    size_t cap;
    struct arena arena;
    size_t memory; /* bytes that the events may take */
    bool failed;
};

void find_fetch_init(struct find_fetch *f, size_t memory);
void find_fetch_release(struct find_fetch *f);

/* Wants an event; one that is wanted twice is fetched once. Documents that are no events need no
 * fetching. */
void find_fetch_add(struct find_fetch *f, const struct find_candidate *c);
/* ERR_LIMIT: more bytes than the limit. */
enum err find_fetch_run(struct find_fetch *f, struct store_look *look,
                        struct err_text *why) ERR_MUST_CHECK;

/*
 * The document of a candidate, good until the next call; reader parses those that are no events.
 * ERR_NOT_FOUND: it is not there any more.
 */
struct event_json;
enum err find_fetch_doc(struct find_fetch *f, const struct find_candidate *c,
                        struct event_json *reader, struct arena *arena, struct event *event,
                        struct find_doc *out) ERR_MUST_CHECK;

#endif
