#ifndef PREVIEW_FILES_H
#define PREVIEW_FILES_H

/*
 * Captures and logs into a preview, the way a replay sends them: read, enriched, in exact order of
 * time.
 *
 * Ownership: borrows everything.
 * Threads:   one owner.
 */

#include "preview/preview.h"

#include <stdint.h>

struct preview_files {
    const char *const *paths;
    size_t paths_n;
    const char *format; /* auto, pcap, ecs, zeek */
    const char *filter; /* BPF for captures, or NULL */
    const char *sensor;
    const char *const *home;
    size_t home_n;
    const char *const *geoip;
    size_t geoip_n;
    bool (*stop)(void *ctx); /* asked now and then */
    /* Share of the work done, 0 to 1; NULL: nobody wants to know. */
    void (*progress)(void *ctx, double share, uint64_t events);
    void (*remark)(void *ctx, const char *sentence); /* worth reading; may be NULL */
    void *ctx;
};

/* Runs the preview over the files and finishes it. ERR_STOPPED when stop() said so. */
enum err preview_files(struct preview *p, const struct preview_files *files,
                       struct err_text *why) ERR_MUST_CHECK;

#endif
