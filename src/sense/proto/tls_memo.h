#ifndef PROTO_TLS_MEMO_H
#define PROTO_TLS_MEMO_H

/*
 * What certificates were found to say.
 *
 * Servers send the same few certificates again and again, and taking one apart costs as much as a
 * hundred packets. The memo keeps what the latest ones said, by their SHA-256: the answer is the
 * same with it as without. Each digest has one place; another one with that place drives it out.
 *
 * Ownership: proto_tls_memo_new() makes it; it must outlive the connections it was given to.
 * Threads:   one owner.
 */

#include "proto/tls.h"

#include <stddef.h>

struct arena;

/* Larger certificates (thousands of names) are taken apart each time. */
#define PROTO_TLS_MEMO_ENTRY_MAX 8192

/* Memory: at most places × PROTO_TLS_MEMO_ENTRY_MAX and a little. NULL when it is short. */
struct proto_tls_memo *proto_tls_memo_new(size_t places);
void proto_tls_memo_free(struct proto_tls_memo *m); /* NULL is fine */
size_t proto_tls_memo_bytes(const struct proto_tls_memo *m);

/*
 * Fills *out, but for its der, with texts in the arena. False: not known (or memory is short).
 */
bool proto_tls_memo_find(const struct proto_tls_memo *m, const char sha256[65], struct arena *arena,
                         struct proto_tls_certificate *out);
void proto_tls_memo_keep(struct proto_tls_memo *m, const struct proto_tls_certificate *c);

#endif
