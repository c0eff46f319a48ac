#ifndef PROTO_DNS_PRIV_H
#define PROTO_DNS_PRIV_H

/*
 * What the files about DNS share: names in wire form, and text in a buffer of fixed size.
 *
 * Threads: values.
 */

#include "proto/dns.h"

#define DNS_NAME_WIRE_MAX 255
#define DNS_POINTERS_MAX 127 /* in one name: it has no more labels that could begin elsewhere */
#define DNS_NAME_TEXT_MAX (4 * DNS_NAME_WIRE_MAX)
#define DNS_DATA_TEXT_MAX 4096 /* record data longer than this as text ends in "..." */

struct dns_text_buf {
    size_t n;
    bool full;
    char s[DNS_DATA_TEXT_MAX + 4]; /* and dots when it is full */
};

void proto_dns_put_char(struct dns_text_buf *t, char c);
void proto_dns_put_bytes(struct dns_text_buf *t, const void *p, size_t n);
void proto_dns_put_text(struct dns_text_buf *t, const char *s);
void proto_dns_put_u32(struct dns_text_buf *t, uint32_t v);

/*
 * Writes the name that starts at *c, which moves past it, to out (DNS_NAME_TEXT_MAX bytes);
 * pointers lead into message. Sets *out_n unless the verdict is bad.
 */
enum proto_dns_verdict proto_dns_read_name(struct bytes message, struct cursor *c, char *out,
                                           size_t *out_n);

/* The data of a record as text; false when it does not fit its type. */
bool proto_dns_put_data(struct bytes message, uint16_t type, struct bytes data,
                        struct dns_text_buf *out);
/* "\# 4 0a000001": any data (RFC 3597). */
void proto_dns_put_generic(struct bytes data, struct dns_text_buf *out);

#endif
