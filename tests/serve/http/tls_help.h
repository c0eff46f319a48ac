#ifndef TESTS_HTTP_TLS_HELP_H
#define TESTS_HTTP_TLS_HELP_H

/* A client that speaks TLS, and a certificate for it to trust. */
#include "serve/http/http_help.h"

#include "http/certificate.h"

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>

struct help_tls {
    int fd;
    gnutls_session_t session;
    gnutls_certificate_credentials_t trusted;
};

/* For 127.0.0.1, for a day. */
static inline void help_certificate(struct buf *out_certificate, struct buf *out_key)
{
    static const char *const names[] = {"localhost", "127.0.0.1"};
    const struct http_certificate_options o = {.names = names,
                                               .names_n = 2,
                                               .from = clock_wall() - TIME_HOUR,
                                               .to = clock_wall() + TIME_DAY};
    struct err_text why;
    buf_init(out_certificate);
    buf_init(out_key);
    assert_int_equal(http_certificate_make(&o, out_certificate, out_key, &why), ERR_NONE);
}

static inline void help_tls_close(struct help_tls *t)
{
    gnutls_deinit(t->session);
    gnutls_certificate_free_credentials(t->trusted);
    close(t->fd);
}

/* Whether both agree with these priorities, and the certificate is for this address and trusted. */
static inline bool help_tls_connect(struct help_tls *t, uint16_t port, const char *certificate,
                                    const char *priorities)
{
    gnutls_datum_t pem = {(unsigned char *)(uintptr_t)certificate, (unsigned)strlen(certificate)};
    int rc;
    assert_int_equal(gnutls_certificate_allocate_credentials(&t->trusted), 0);
    assert_int_equal(gnutls_certificate_set_x509_trust_mem(t->trusted, &pem, GNUTLS_X509_FMT_PEM),
                     1);
    assert_int_equal(gnutls_init(&t->session, GNUTLS_CLIENT), 0);
    assert_int_equal(gnutls_priority_set_direct(t->session, priorities, NULL), 0);
    assert_int_equal(gnutls_credentials_set(t->session, GNUTLS_CRD_CERTIFICATE, t->trusted), 0);
    gnutls_session_set_verify_cert(t->session, "127.0.0.1", 0);
    t->fd = help_connect(port);
    gnutls_transport_set_int(t->session, t->fd);
    do {
        rc = gnutls_handshake(t->session);
    } while (rc < 0 && !gnutls_error_is_fatal(rc));
    if (rc == 0)
        return true;
    help_tls_close(t);
    return false;
}

static inline void help_tls_send(struct help_tls *t, const char *p, size_t n)
{
    while (n > 0) {
        ssize_t k = gnutls_record_send(t->session, p, n);
        if (k == GNUTLS_E_AGAIN || k == GNUTLS_E_INTERRUPTED)
            continue;
        if (k <= 0)
            return;
        p += k;
        n -= (size_t)k;
    }
}

/* Until text has come (NULL: until the end). */
static inline const char *help_tls_until(struct help_tls *t, const char *text, char *out,
                                         size_t size)
{
    size_t n = 0;
    out[0] = '\0';
    while (n < size - 1 && (text == NULL || strstr(out, text) == NULL)) {
        ssize_t k = gnutls_record_recv(t->session, out + n, size - 1 - n);
        if (k == GNUTLS_E_AGAIN || k == GNUTLS_E_INTERRUPTED)
            continue;
        if (k <= 0)
            break;
        n += (size_t)k;
        out[n] = '\0';
    }
    return out;
}

#endif
