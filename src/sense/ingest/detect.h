#ifndef INGEST_DETECT_H
#define INGEST_DETECT_H

/*
 * What a file holds, told by its first bytes.
 *
 * Threads: any.
 */

#include <stddef.h>

enum ingest_format {
    INGEST_FORMAT_UNKNOWN, /* nothing that is read here */
    INGEST_FORMAT_AUTO,    /* as a setting: to be told by ingest_detect() */
    INGEST_FORMAT_PCAP,    /* a capture file of either kind: not read in this room */
    INGEST_FORMAT_ECS,     /* NDJSON of ECS events */
    INGEST_FORMAT_ZEEK,    /* Zeek's logs, TSV or JSON */
};

#define INGEST_DETECT_BYTES 65536 /* so many are looked at, at most */

/* file_name helps with a Zeek log without a header; NULL is fine. Never AUTO. */
enum ingest_format ingest_detect(const char *bytes, size_t n, const char *file_name);

/* "pcap", "ecs", "zeek", "auto"; UNKNOWN when there is no such name. */
enum ingest_format ingest_detect_by_name(const char *name);

#endif
