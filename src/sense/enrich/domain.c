/* SPDX-License-Identifier: Apache-2.0 */
#include "enrich/domain.h"

#include "base/ip.h"
#include "base/mem.h"

#include <libpsl.h>
#include <string.h>

struct enrich_domain {
    psl_ctx_t *own; /* a list that was read */
    const psl_ctx_t *list;
};

enum err enrich_domain_new(const char *file, struct enrich_domain **out, struct err_text *why)
{
    static const char *const places[] = {"/usr/share/publicsuffix/public_suffix_list.dafsa",
                                         "/usr/share/publicsuffix/public_suffix_list.dat"};
    struct enrich_domain *d = mem_zero(1, sizeof *d);
    if (d == NULL)
        return err_set(why, ERR_MEMORY, "no memory for the public suffix list");
    if (file != NULL)
        d->own = psl_load_file(file);
    for (size_t i = 0; file == NULL && d->own == NULL && i < sizeof places / sizeof *places; i++)
        d->own = psl_load_file(places[i]);
    d->list = d->own != NULL || file != NULL ? d->own : psl_builtin();
    if (d->list == NULL) {
        enrich_domain_free(d);
        return err_set(why, file != NULL ? ERR_IO : ERR_NOT_FOUND,
                       "cannot read the public suffix list %s", file != NULL ? file : places[1]);
    }
    *out = d;
    return ERR_NONE;
}

void enrich_domain_free(struct enrich_domain *d)
{
    if (d == NULL)
        return;
    psl_free(d->own);
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

bool enrich_domain_split(const struct enrich_domain *d, const char *name, size_t n,
                         struct enrich_parts *out)
{
    struct ip a;
    if (!tidy(name, n, out->name) || ip_parse(out->name, strlen(out->name), &a))
        return false;
    const char *registered = psl_registrable_domain(d->list, out->name);
    if (registered == NULL)
        return false;
    out->registered = registered;
    out->suffix = strchr(registered, '.') + 1;
    out->subdomain_len = registered > out->name ? (size_t)(registered - out->name) - 1 : 0;
    return true;
}
