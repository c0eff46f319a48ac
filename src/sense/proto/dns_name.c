/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/dns_priv.h"

#include <stdio.h>
#include <string.h>

void proto_dns_put_char(struct dns_text_buf *t, char c)
{
    if (t->n < DNS_DATA_TEXT_MAX)
        t->s[t->n++] = c;
    else
        t->full = true;
}

void proto_dns_put_bytes(struct dns_text_buf *t, const void *p, size_t n)
{
    size_t room = DNS_DATA_TEXT_MAX - t->n;
    t->full |= n > room;
    if (n > room)
        n = room;
    memcpy(t->s + t->n, p, n);
    t->n += n;
}

void proto_dns_put_text(struct dns_text_buf *t, const char *s)
{
    proto_dns_put_bytes(t, s, strlen(s));
}

void proto_dns_put_u32(struct dns_text_buf *t, uint32_t v)
{
    char digits[10];
    size_t n = 0;
    do
        digits[n++] = (char)('0' + v % 10);
    while ((v /= 10) != 0);
    while (n > 0)
        proto_dns_put_char(t, digits[--n]);
}

/* One label as text; at most four characters a byte. */
static size_t write_label(struct bytes label, char *out)
{
    size_t n = 0;
    for (size_t i = 0; i < label.n; i++) {
        uint8_t b = label.p[i];
        if (__builtin_expect(b - 0x21u < 0x5e && b != '.' && b != '\\', 1)) {
            out[n++] = (char)b;
        } else if (b == '.' || b == '\\') {
            out[n++] = '\\';
            out[n++] = (char)b;
        } else {
            out[n++] = '\\';
            out[n++] = (char)('0' + b / 100);
            out[n++] = (char)('0' + b / 10 % 10);
            out[n++] = (char)('0' + b % 10);
        }
    }
    return n;
}

enum proto_dns_verdict proto_dns_read_name(struct bytes message, struct cursor *c, char *out,
                                           size_t *out_n)
{
    struct cursor at = *c;
    const uint8_t *lowest = c->p; /* pointers must lead before this: no loop is possible */
    unsigned jumps = 0;
    size_t wire = 1;
    size_t n = 0;
    for (;;) {
        uint8_t length = cursor_u8(&at);
        if (!cursor_ok(&at))
            return PROTO_DNS_CUT;
        if (length == 0)
            break;
        if (length >= 0xc0) {
            size_t target = (size_t)(length & 0x3f) << 8 | cursor_u8(&at);
            if (!cursor_ok(&at))
                return PROTO_DNS_CUT;
            if (jumps++ == 0)
                *c = at;
            /* A chain of thousands ends too, but would cost time for each name that joins it. */
            if (target >= (size_t)(lowest - message.p) || jumps > DNS_POINTERS_MAX)
                return PROTO_DNS_NAME_LOOP;
            lowest = message.p + target;
            at = cursor_make(lowest, message.n - target);
            continue;
        }
        if (length > 63) /* the two other kinds of labels were never used */
            return PROTO_DNS_NAME_BAD;
        struct bytes label = cursor_take(&at, length);
        if (!cursor_ok(&at))
            return PROTO_DNS_CUT;
        wire += length + 1u;
        if (wire > DNS_NAME_WIRE_MAX)
            return PROTO_DNS_NAME_BAD;
        if (n > 0)
            out[n++] = '.';
        n += write_label(label, out + n);
    }
    if (jumps == 0)
        *c = at;
    if (n == 0)
        out[n++] = '.';
    *out_n = n;
    return PROTO_DNS_OK;
}

struct code_name {
    uint16_t code;
    const char *name;
};

/* IANA's registry of resource record types; ascending. */
static const struct code_name types[] = {
    {1, "A"},           {2, "NS"},         {3, "MD"},        {4, "MF"},       {5, "CNAME"},
    {6, "SOA"},         {7, "MB"},         {8, "MG"},        {9, "MR"},       {10, "NULL"},
    {11, "WKS"},        {12, "PTR"},       {13, "HINFO"},    {14, "MINFO"},   {15, "MX"},
    {16, "TXT"},        {17, "RP"},        {18, "AFSDB"},    {19, "X25"},     {20, "ISDN"},
    {21, "RT"},         {22, "NSAP"},      {23, "NSAP-PTR"}, {24, "SIG"},     {25, "KEY"},
    {26, "PX"},         {27, "GPOS"},      {28, "AAAA"},     {29, "LOC"},     {30, "NXT"},
    {31, "EID"},        {32, "NIMLOC"},    {33, "SRV"},      {34, "ATMA"},    {35, "NAPTR"},
    {36, "KX"},         {37, "CERT"},      {38, "A6"},       {39, "DNAME"},   {40, "SINK"},
    {41, "OPT"},        {42, "APL"},       {43, "DS"},       {44, "SSHFP"},   {45, "IPSECKEY"},
    {46, "RRSIG"},      {47, "NSEC"},      {48, "DNSKEY"},   {49, "DHCID"},   {50, "NSEC3"},
    {51, "NSEC3PARAM"}, {52, "TLSA"},      {53, "SMIMEA"},   {55, "HIP"},     {56, "NINFO"},
    {57, "RKEY"},       {58, "TALINK"},    {59, "CDS"},      {60, "CDNSKEY"}, {61, "OPENPGPKEY"},
    {62, "CSYNC"},      {63, "ZONEMD"},    {64, "SVCB"},     {65, "HTTPS"},   {99, "SPF"},
    {100, "UINFO"},     {101, "UID"},      {102, "GID"},     {103, "UNSPEC"}, {104, "NID"},
    {105, "L32"},       {106, "L64"},      {107, "LP"},      {108, "EUI48"},  {109, "EUI64"},
    {249, "TKEY"},      {250, "TSIG"},     {251, "IXFR"},    {252, "AXFR"},   {253, "MAILB"},
    {254, "MAILA"},     {255, "ANY"},      {256, "URI"},     {257, "CAA"},    {258, "AVC"},
    {259, "DOA"},       {260, "AMTRELAY"}, {32768, "TA"},    {32769, "DLV"},
};

static const struct code_name classes[] = {
    {1, "IN"}, {2, "CS"}, {3, "CH"}, {4, "HS"}, {254, "NONE"}, {255, "ANY"},
};

static const struct code_name rcodes[] = {
    {0, "NOERROR"},  {1, "FORMERR"},    {2, "SERVFAIL"}, {3, "NXDOMAIN"},  {4, "NOTIMP"},
    {5, "REFUSED"},  {6, "YXDOMAIN"},   {7, "YXRRSET"},  {8, "NXRRSET"},   {9, "NOTAUTH"},
    {10, "NOTZONE"}, {11, "DSOTYPENI"}, {16, "BADVERS"}, {17, "BADKEY"},   {18, "BADTIME"},
    {19, "BADMODE"}, {20, "BADNAME"},   {21, "BADALG"},  {22, "BADTRUNC"}, {23, "BADCOOKIE"},
};

static const struct code_name opcodes[] = {
    {0, "QUERY"}, {1, "IQUERY"}, {2, "STATUS"}, {4, "NOTIFY"}, {5, "UPDATE"}, {6, "DSO"},
};

static const char *find_name(const struct code_name *table, size_t n, uint16_t code,
                             const char *prefix, char buf[PROTO_DNS_NAME_SIZE])
{
    /* The first codes stand at their own place, or one before. */
    if (code < n && table[code].code == code)
        return table[code].name;
    if (code > 0 && code <= n && table[code - 1].code == code)
        return table[code - 1].name;
    size_t low = 0;
    size_t high = n;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (table[middle].code < code)
            low = middle + 1;
        else
            high = middle;
    }
    if (low < n && table[low].code == code)
        return table[low].name;
    snprintf(buf, PROTO_DNS_NAME_SIZE, "%s%u", prefix, code);
    return buf;
}

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

const char *proto_dns_type_name(uint16_t type, char buf[PROTO_DNS_NAME_SIZE])
{
    return find_name(types, COUNT(types), type, "TYPE", buf);
}

const char *proto_dns_class_name(uint16_t class, char buf[PROTO_DNS_NAME_SIZE])
{
    return find_name(classes, COUNT(classes), class, "CLASS", buf);
}

const char *proto_dns_rcode_name(uint16_t rcode, char buf[PROTO_DNS_NAME_SIZE])
{
    return find_name(rcodes, COUNT(rcodes), rcode, "RCODE", buf);
}

const char *proto_dns_opcode_name(uint8_t opcode, char buf[PROTO_DNS_NAME_SIZE])
{
    return find_name(opcodes, COUNT(opcodes), opcode, "OPCODE", buf);
}
