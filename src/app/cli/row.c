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
    buf_format(out, FORMAT, time, event_str(e, EVENT_F_EVENT_DATASET, "-"), source, target, sent,
               got, what);
}
