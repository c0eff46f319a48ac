/* SPDX-License-Identifier: Apache-2.0 */
#include "http/certificate.h"

#include "base/assert.h"
#include "base/ip.h"

#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <limits.h>
#include <string.h>

#define NAME_MAX_LENGTH 253
#define PEM_MAX 16384

static enum err failure(int rc, struct err_text *why)
{
    return err_set(why, rc == GNUTLS_E_MEMORY_ERROR ? ERR_MEMORY : ERR_IO,
                   "the certificate is not made: %s", gnutls_strerror(rc));
}

/* Letters, digits and hyphens between dots; "*." may stand before. */
static bool is_host(const char *name)
{
    size_t n = strlen(name);
    size_t label = 0;
    if (n > 2 && name[0] == '*' && name[1] == '.')
        name += 2;
    if (n == 0 || n > NAME_MAX_LENGTH)
        return false;
    for (const char *s = name;; s++) {
        bool letter =
            (*s >= 'a' && *s <= 'z') || (*s >= 'A' && *s <= 'Z') || (*s >= '0' && *s <= '9');
        if (*s == '.' || *s == '\0') {
            if (label == 0 || label > 63 || s[-1] == '-')
                return false;
            if (*s == '\0')
                return true;
            label = 0;
            continue;
        }
        if (!letter && (*s != '-' || label == 0) && *s != '_')
            return false;
        label++;
    }
}

/* 0, or a code of GnuTLS. */
static int add_name(gnutls_x509_crt_t crt, const char *name, const struct ip *ip)
{
    if (ip == NULL)
        return gnutls_x509_crt_set_subject_alt_name(crt, GNUTLS_SAN_DNSNAME, name,
                                                    (unsigned)strlen(name), GNUTLS_FSAN_APPEND);
    bool v4 = ip_is_v4(ip);
    return gnutls_x509_crt_set_subject_alt_name(crt, GNUTLS_SAN_IPADDRESS, v4 ? ip->b + 12 : ip->b,
                                                v4 ? 4 : 16, GNUTLS_FSAN_APPEND);
}

static enum err add_names(gnutls_x509_crt_t crt, const struct http_certificate_options *o,
                          struct err_text *why)
{
    for (size_t i = 0; i < o->names_n; i++) {
        struct ip ip;
        bool address = ip_parse(o->names[i], strlen(o->names[i]), &ip);
        if (!address && !is_host(o->names[i]))
            return err_set(why, ERR_INVALID, "%s: expected a host name or an address", o->names[i]);
        int rc = add_name(crt, o->names[i], address ? &ip : NULL);
        if (rc < 0)
            return failure(rc, why);
    }
    return ERR_NONE;
}

/* What clients look at besides the names. */
static int fill(gnutls_x509_crt_t crt, gnutls_x509_privkey_t key,
                const struct http_certificate_options *o)
{
    unsigned char serial[16];
    unsigned char id[20];
    size_t id_n = sizeof(id);
    int rc = gnutls_rnd(GNUTLS_RND_NONCE, serial, sizeof(serial));
    serial[0] = (unsigned char)((serial[0] & 0x7f) | 0x40); /* positive, and of this length */
    rc = rc < 0 ? rc : gnutls_x509_crt_set_version(crt, 3);
    rc = rc < 0 ? rc : gnutls_x509_crt_set_serial(crt, serial, sizeof(serial));
    rc =
        rc < 0 ? rc : gnutls_x509_crt_set_dn_by_oid(crt, GNUTLS_OID_X520_COMMON_NAME, 0, "Weir", 4);
    rc = rc < 0 ? rc : gnutls_x509_crt_set_activation_time(crt, (time_t)(o->from / TIME_S));
    rc = rc < 0 ? rc : gnutls_x509_crt_set_expiration_time(crt, (time_t)(o->to / TIME_S));
    rc = rc < 0 ? rc : gnutls_x509_crt_set_key(crt, key);
    rc = rc < 0 ? rc : gnutls_x509_crt_set_basic_constraints(crt, 0, -1);
    rc = rc < 0 ? rc : gnutls_x509_crt_set_key_usage(crt, GNUTLS_KEY_DIGITAL_SIGNATURE);
    rc = rc < 0 ? rc : gnutls_x509_crt_set_key_purpose_oid(crt, GNUTLS_KP_TLS_WWW_SERVER, 0);
    rc = rc < 0 ? rc : gnutls_x509_crt_get_key_id(crt, GNUTLS_KEYID_USE_SHA1, id, &id_n);
    rc = rc < 0 ? rc : gnutls_x509_crt_set_subject_key_id(crt, id, id_n);
    return rc;
}

static enum err write_pem(gnutls_x509_crt_t crt, gnutls_x509_privkey_t key,
                          struct buf *out_certificate, struct buf *out_key, struct err_text *why)
{
    char *p = buf_reserve(out_certificate, PEM_MAX);
    char *q = buf_reserve(out_key, PEM_MAX);
    size_t p_n = PEM_MAX;
    size_t q_n = PEM_MAX;
    if (p == NULL || q == NULL)
        return err_set(why, ERR_MEMORY, "%s", err_name(ERR_MEMORY));
    int rc = gnutls_x509_crt_export(crt, GNUTLS_X509_FMT_PEM, p, &p_n);
    if (rc >= 0)
        rc = gnutls_x509_privkey_export_pkcs8(key, GNUTLS_X509_FMT_PEM, NULL, GNUTLS_PKCS_PLAIN, q,
                                              &q_n);
    if (rc < 0)
        return failure(rc, why);
    out_certificate->n += p_n;
    out_certificate->p[out_certificate->n] = '\0';
    out_key->n += q_n;
    out_key->p[out_key->n] = '\0';
    return ERR_NONE;
}

enum err http_certificate_make(const struct http_certificate_options *options,
                               struct buf *out_certificate, struct buf *out_key,
                               struct err_text *why)
{
    gnutls_x509_crt_t crt = NULL;
    gnutls_x509_privkey_t key = NULL;
    enum err code = ERR_NONE;
    ASSERT(options->names_n > 0);
    int rc = gnutls_x509_privkey_init(&key);
    if (rc >= 0)
        rc = gnutls_x509_crt_init(&crt);
    if (rc >= 0)
        rc = gnutls_x509_privkey_generate(key, GNUTLS_PK_ECDSA,
                                          GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0);
    if (rc >= 0)
        rc = fill(crt, key, options);
    if (rc >= 0)
        code = add_names(crt, options, why);
    if (rc >= 0 && code == ERR_NONE)
        rc = gnutls_x509_crt_sign2(crt, crt, key, GNUTLS_DIG_SHA256, 0);
    if (rc < 0)
        code = failure(rc, why);
    else if (code == ERR_NONE)
        code = write_pem(crt, key, out_certificate, out_key, why);
    if (crt != NULL)
        gnutls_x509_crt_deinit(crt);
    if (key != NULL)
        gnutls_x509_privkey_deinit(key);
    return code;
}

enum err http_certificate_check(const char *certificate, const char *key, struct err_text *why)
{
    gnutls_certificate_credentials_t c;
    gnutls_datum_t cert_text = {(unsigned char *)(uintptr_t)certificate,
                                (unsigned)strlen(certificate)};
    gnutls_datum_t key_text = {(unsigned char *)(uintptr_t)key, (unsigned)strlen(key)};
    if (gnutls_certificate_allocate_credentials(&c) != 0)
        return err_set(why, ERR_MEMORY, "%s", err_name(ERR_MEMORY));
    int rc = gnutls_certificate_set_x509_key_mem(c, &cert_text, &key_text, GNUTLS_X509_FMT_PEM);
    gnutls_certificate_free_credentials(c);
    return rc >= 0
               ? ERR_NONE
               : err_set(why, ERR_INVALID, "expected a certificate and its key as PEM texts: %s",
                         gnutls_strerror(rc));
}

enum err http_certificate_ends(const char *pem, size_t n, ts_ns *out, struct err_text *why)
{
    gnutls_x509_crt_t crt;
    gnutls_datum_t datum = {(unsigned char *)(uintptr_t)pem, (unsigned)n};
    if (n > UINT_MAX)
        return err_set(why, ERR_FORMAT, "expected a certificate");
    if (gnutls_x509_crt_init(&crt) < 0)
        return err_set(why, ERR_MEMORY, "%s", err_name(ERR_MEMORY));
    int rc = gnutls_x509_crt_import(crt, &datum, GNUTLS_X509_FMT_PEM);
    time_t ends = rc >= 0 ? gnutls_x509_crt_get_expiration_time(crt) : -1;
    gnutls_x509_crt_deinit(crt);
    if (ends < 0)
        return err_set(why, ERR_FORMAT, "expected a certificate as PEM text");
    /* Beyond what an instant holds is for ever. */
    *out = ends < TIME_MAX / TIME_S ? (ts_ns)ends * TIME_S : TIME_MAX;
    return ERR_NONE;
}
