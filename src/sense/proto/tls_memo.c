/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/tls_memo.h"

#include "base/arena.h"
#include "base/mem.h"

#include <string.h>

struct entry {
    struct arena arena;
    bool used;
    struct proto_tls_certificate certificate; /* its texts are in the arena; without der */
};

struct proto_tls_memo {
    size_t places;
    struct entry entries[];
};

struct proto_tls_memo *proto_tls_memo_new(size_t places)
{
    size_t size = sizeof(struct proto_tls_memo) + places * sizeof(struct entry);
    struct proto_tls_memo *m = places < (1u << 20) ? mem_zero(1, size) : NULL;
    if (m == NULL)
        return NULL;
    m->places = places;
    for (size_t i = 0; i < places; i++)
        arena_init(&m->entries[i].arena, 1024);
    return m;
}

void proto_tls_memo_free(struct proto_tls_memo *m)
{
    if (m == NULL)
        return;
    for (size_t i = 0; i < m->places; i++)
        arena_release(&m->entries[i].arena);
    mem_free(m);
}

size_t proto_tls_memo_bytes(const struct proto_tls_memo *m)
{
    size_t n = sizeof(*m) + m->places * sizeof(struct entry);
    for (size_t i = 0; i < m->places; i++)
        n += m->entries[i].arena.used;
    return n;
}

/* The digest is of the sender's choice; who makes two meet in one place only loses the time saved.
 */
static size_t place_of(const struct proto_tls_memo *m, const char sha256[65])
{
    size_t h = 0;
    for (unsigned i = 0; i < 12; i++)
        h = h * 31 + (unsigned char)sha256[i];
    return h % m->places;
}

static const char *copy_text(struct arena *a, const char *s, bool *ok)
{
    const char *copy = arena_strndup(a, s, strlen(s));
    *ok = *ok && copy != NULL;
    return copy;
}

/* Copies all but der; the names of algorithms are constants of the library. */
static bool copy(struct arena *a, const struct proto_tls_certificate *from,
                 struct proto_tls_certificate *out)
{
    bool ok = true;
    struct proto_tls_certificate c = *from;
    c.subject = copy_text(a, from->subject, &ok);
    c.issuer = copy_text(a, from->issuer, &ok);
    c.common_name = copy_text(a, from->common_name, &ok);
    c.issuer_common_name = copy_text(a, from->issuer_common_name, &ok);
    c.serial = copy_text(a, from->serial, &ok);
    const char **names = from->name_n > 0 ? arena_alloc(a, from->name_n * sizeof(*names)) : NULL;
    ok = ok && (from->name_n == 0 || names != NULL);
    for (size_t i = 0; ok && i < from->name_n; i++)
        names[i] = copy_text(a, from->names[i], &ok);
    c.names = names;
    c.der = out->der;
    if (ok)
        *out = c;
    return ok;
}

bool proto_tls_memo_find(const struct proto_tls_memo *m, const char sha256[65], struct arena *arena,
                         struct proto_tls_certificate *out)
{
    if (m->places == 0)
        return false;
    const struct entry *e = &m->entries[place_of(m, sha256)];
    return e->used && memcmp(e->certificate.hash.sha256, sha256, 65) == 0 &&
           copy(arena, &e->certificate, out);
}

void proto_tls_memo_keep(struct proto_tls_memo *m, const struct proto_tls_certificate *c)
{
    if (m->places == 0)
        return;
    size_t size = strlen(c->subject) + strlen(c->issuer) + strlen(c->common_name) +
                  strlen(c->issuer_common_name) + strlen(c->serial);
    for (size_t i = 0; i < c->name_n; i++)
        size += strlen(c->names[i]) + sizeof(char *) + 8;
    if (size > PROTO_TLS_MEMO_ENTRY_MAX - 64)
        return;
    struct entry *e = &m->entries[place_of(m, c->hash.sha256)];
    arena_clear(&e->arena);
    e->certificate.der = bytes_make(NULL, 0);
    e->used = copy(&e->arena, c, &e->certificate);
}
