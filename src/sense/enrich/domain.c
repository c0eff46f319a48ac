/* SPDX-License-Identifier: Apache-2.0 */
#include "enrich/domain.h"

#include "base/ip.h"
#include "base/mem.h"

#include <libpsl.h>
#include <string.h>

#define SLOTS 4096
#define KEY_MAX 92 /* longer names are not kept */

/* registered 0: the name has none. */
struct slot {
    uint8_t n; /* bytes of the name; 0: free */
    uint8_t registered;
    char name[KEY_MAX];
};

struct enrich_domain {
    psl_ctx_t *own; /* a list that was read */
    const psl_ctx_t *list;
    struct hash_key seed;
    struct slot *slots;
};

enum err enrich_domain_new(const char *file, struct hash_key seed, struct enrich_domain **out,
                           struct err_text *why)
{
    /* The text takes longer to read than the compiled list, and is searched twice as fast. */
    static const char *const places[] = {"/usr/share/publicsuffix/public_suffix_list.dat",
                                         "/usr/share/publicsuffix/public_suffix_list.dafsa"};
    struct enrich_domain *d = mem_zero(1, sizeof *d);
    if (d == NULL)
        return err_set(why, ERR_MEMORY, "no memory for the public suffix list");
    d->seed = seed;
    d->slots = mem_zero(SLOTS, sizeof *d->slots);
    if (d->slots == NULL) {
        enrich_domain_free(d);
        return err_set(why, ERR_MEMORY, "no memory for the public suffix list");
    }
    if (file != NULL)
        d->own = psl_load_file(file);
    for (size_t i = 0; file == NULL && d->own == NULL && i < sizeof places / sizeof *places; i++)
        d->own = psl_load_file(places[i]);
    d->list = d->own != NULL || file != NULL ? d->own : psl_builtin();
    if (d->list == NULL) {
        enrich_domain_free(d);
        return err_set(why, file != NULL ? ERR_IO : ERR_NOT_FOUND,
                       "cannot read the public suffix list %s", file != NULL ? file : places[0]);
    }
    *out = d;
    return ERR_NONE;
}

void enrich_domain_free(struct enrich_domain *d)
{
    if (d == NULL)
        return;
    psl_free(d->own);
    mem_free(d->slots);
    mem_free(d);
}

/* The name in small letters without its last dot; false when it is no name of two labels. */
static bool tidy(const char *name, size_t n, char out[ENRICH_DOMAIN_MAX + 1])
{
    bool dot = false;
    if (n > 0 && name[n - 1] == '.')
        n--;
    if (n == 0 || n > ENRICH_DOMAIN_MAX || name[0] == '.')
        return false;
    for (size_t i = 0; i < n; i++) {
        char c = name[i];
        if (c == '.' && i + 1 < n && name[i + 1] == '.')
            return false;
        if ((unsigned char)c <= ' ' || c == '/' || c == ':')
            return false;
        dot = dot || c == '.';
        out[i] = c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
    }
    out[n] = '\0';
    return dot;
}

/* Length of the registered domain at the end of the name; 0: none. */
static size_t search(const struct enrich_domain *d, const char *name, size_t n)
{
    struct ip a;
    if (ip_parse(name, n, &a))
        return 0;
    const char *registered = psl_registrable_domain(d->list, name);
    return registered != NULL ? n - (size_t)(registered - name) : 0;
}

static size_t registered_length(struct enrich_domain *d, const char *name, size_t n)
{
    if (n > KEY_MAX)
        return search(d, name, n);
    struct slot *s = &d->slots[hash_bytes(d->seed, name, n) % SLOTS];
    if (s->n != n || memcmp(s->name, name, n) != 0) {
        s->registered = (uint8_t)search(d, name, n);
        s->n = (uint8_t)n;
        memcpy(s->name, name, n);
    }
    return s->registered;
}

bool enrich_domain_split(struct enrich_domain *d, const char *name, size_t n,
                         struct enrich_parts *out)
{
    if (!tidy(name, n, out->name))
        return false;
    size_t len = strlen(out->name);
    size_t registered = registered_length(d, out->name, len);
    if (registered == 0)
        return false;
    out->registered = out->name + len - registered;
    out->suffix = strchr(out->registered, '.') + 1;
    out->subdomain_len = registered < len ? len - registered - 1 : 0;
    return true;
}
