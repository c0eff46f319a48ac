/* SPDX-License-Identifier: Apache-2.0 */
#include "ingest/detect.h"

#include "event/json.h"
#include "ingest/zeek.h"
#include "ingest/zeek_json.h"

#include <stdint.h>
#include <string.h>

static bool is_capture(const char *bytes, size_t n)
{
    static const uint8_t magics[][4] = {
        {0xa1, 0xb2, 0xc3, 0xd4}, {0xd4, 0xc3, 0xb2, 0xa1}, /* microseconds */
        {0xa1, 0xb2, 0x3c, 0x4d}, {0x4d, 0x3c, 0xb2, 0xa1}, /* nanoseconds */
        {0xa1, 0xb2, 0xcd, 0x34}, {0x34, 0xcd, 0xb2, 0xa1}, /* with more about each packet */
        {0x0a, 0x0d, 0x0d, 0x0a},                           /* pcapng */
    };
    for (size_t i = 0; n >= 4 && i < sizeof(magics) / sizeof(magics[0]); i++)
        if (memcmp(bytes, magics[i], 4) == 0)
            return true;
    return false;
}

static enum ingest_format of_json(const char *line, size_t n)
{
    enum ingest_format format = INGEST_FORMAT_ECS;
    struct event_json *reader = event_json_new();
    if (reader != NULL && event_json_parse(reader, line, n, false, NULL) == ERR_NONE &&
        ingest_zeek_json_is(reader))
        format = INGEST_FORMAT_ZEEK;
    event_json_free(reader);
    return format;
}

/* Columns that begin with a time, in a file named like a log. */
static bool is_bare_log(const char *line, size_t n, const char *file_name)
{
    char log[32];
    ts_ns time;
    const char *tab = memchr(line, '\t', n);
    return tab != NULL && file_name != NULL && ingest_zeek_log_of(file_name, log) &&
           event_json_time_text(line, (size_t)(tab - line), &time);
}

static bool is_log_header(const char *line, size_t n)
{
    static const char *const headers[] = {"#separator", "#set_separator", "#fields", "#path"};
    for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++)
        if (n >= strlen(headers[i]) && memcmp(line, headers[i], strlen(headers[i])) == 0)
            return true;
    return false;
}

enum ingest_format ingest_detect(const char *bytes, size_t n, const char *file_name)
{
    if (is_capture(bytes, n))
        return INGEST_FORMAT_PCAP;
    const char *p = bytes;
    const char *end = bytes + n;
    while (p < end && (*p == ' ' || *p == '\t' || *p == '\r' || *p == '\n'))
        p++;
    if (p == end)
        return INGEST_FORMAT_ECS; /* nothing: as good as no events */
    const char *nl = memchr(p, '\n', (size_t)(end - p));
    size_t len = (size_t)((nl != NULL ? nl : end) - p);
    if (*p == '{')
        return of_json(p, len);
    /* Other remarks may stand above a log's header. */
    while (*p == '#') {
        if (is_log_header(p, len))
            return INGEST_FORMAT_ZEEK;
        p += len;
        while (p < end && (*p == ' ' || *p == '\t' || *p == '\r' || *p == '\n'))
            p++;
        if (p == end)
            return INGEST_FORMAT_UNKNOWN;
        nl = memchr(p, '\n', (size_t)(end - p));
        len = (size_t)((nl != NULL ? nl : end) - p);
    }
    return is_bare_log(p, len, file_name) ? INGEST_FORMAT_ZEEK : INGEST_FORMAT_UNKNOWN;
}

enum ingest_format ingest_detect_by_name(const char *name)
{
    static const struct {
        const char *name;
        enum ingest_format format;
    } names[] = {{"auto", INGEST_FORMAT_AUTO},
                 {"pcap", INGEST_FORMAT_PCAP},
                 {"ecs", INGEST_FORMAT_ECS},
                 {"zeek", INGEST_FORMAT_ZEEK}};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (strcmp(names[i].name, name) == 0)
            return names[i].format;
    return INGEST_FORMAT_UNKNOWN;
}
