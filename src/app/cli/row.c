/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/row.h"

#include "base/buf.h"
#include "event/event.h"

#include <string.h>

#define FORMAT "%-23s  %-22s %-28s %-28s %12s %12s  %s\n"

/* "10.0.0.1:443", "[fe80::1]:53", or what of it there is. */
static void end_text(const struct event *e, event_field ip, event_field port, char out[64])
{
    const struct ip *a = event_ip(e, ip);
    int64_t p = event_i64(e, port, -1);
    char text[IP_TEXT_SIZE] = "-";
    if (a != NULL)
        ip_format(a, text);
    bool v6 = a != NULL && !ip_is_v4(a);
    if (p < 0)
        snprintf(out, 64, "%s", text);
    else
        snprintf(out, 64, v6 ? "[%s]:%lld" : "%s:%lld", text, (long long)p);
}

static void number_text(const struct event *e, event_field f, char out[24])
{
    int64_t v = event_i64(e, f, -1);
    if (v < 0)
        snprintf(out, 24, "-");
    else
        snprintf(out, 24, "%lld", (long long)v);
}

void cli_row_head(FILE *to)
{
    fprintf(to, FORMAT, "time (UTC)", "dataset", "source", "destination", "bytes out", "bytes in",
            "what");
}

/* A control character, or one that turns the direction of text; p has step bytes. */
static bool steers(const unsigned char *p, size_t step)
{
    switch (step) {
    case 1:
        return p[0] < 0x20 || p[0] == 0x7f;
    case 2:
        return (p[0] == 0xc2 && p[1] < 0xa0) || (p[0] == 0xd8 && p[1] == 0x9c);
    case 3:
        return (p[0] == 0xe2 && p[1] == 0x80 &&
                (p[2] == 0x8e || p[2] == 0x8f || (p[2] >= 0xa8 && p[2] <= 0xae))) ||
               (p[0] == 0xe2 && p[1] == 0x81 && p[2] >= 0xa6 && p[2] <= 0xa9) ||
               (p[0] == 0xef && p[1] == 0xbb && p[2] == 0xbf);
    default:
        return false;
    }
}

/* Names come from traffic: nothing in them may steer the terminal or break the line. Returns how
 * many bytes are left of the n at s. */
static size_t make_plain(char *s, size_t n)
{
    size_t to = 0, step;
    for (size_t i = 0; i < n; i += step) {
        const unsigned char *p = (const unsigned char *)s + i;
        step = p[0] < 0x80 ? 1 : p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
        if (step > n - i)
            step = n - i;
        if (steers(p, step)) {
            s[to++] = '?';
            continue;
        }
        memmove(s + to, p, step);
        to += step;
    }
    return to;
}

void cli_row_event(const struct event *e, struct buf *out)
{
    static const event_field telling[] = {
        EVENT_F_DNS_QUESTION_NAME, EVENT_F_URL_FULL,          EVENT_F_TLS_CLIENT_SERVER_NAME,
        EVENT_F_NETWORK_PROTOCOL,  EVENT_F_NETWORK_TRANSPORT, EVENT_F_EVENT_ACTION,
    };
    char time[TIME_TEXT_SIZE], source[64], target[64], sent[24], got[24];
    const char *what = "";
    time_format_iso(e->time, time);
    time[23] = '\0'; /* to the millisecond */
    end_text(e, EVENT_F_SOURCE_IP, EVENT_F_SOURCE_PORT, source);
    end_text(e, EVENT_F_DESTINATION_IP, EVENT_F_DESTINATION_PORT, target);
    number_text(e, EVENT_F_SOURCE_BYTES, sent);
    number_text(e, EVENT_F_DESTINATION_BYTES, got);
    for (size_t i = 0; i < sizeof(telling) / sizeof(telling[0]) && what[0] == '\0'; i++)
        what = event_str(e, telling[i], "");
    size_t before = out->n;
    buf_format(out, FORMAT, time, event_str(e, EVENT_F_EVENT_DATASET, "-"), source, target, sent,
               got, what);
    if (!buf_ok(out))
        return;
    out->n = before + make_plain(out->p + before, out->n - before - 1);
    buf_char(out, '\n');
}
