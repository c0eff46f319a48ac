#ifndef PACKAGE_PACKAGE_H
#define PACKAGE_PACKAGE_H

/*
 * Packages: jobs, datafeeds and rules that belong together, and the query by which a package knows
 * that it applies.
 *
 * A package is a folder in the layout of Elastic's modules (manifest.json, ml/<job>.json,
 * ml/datafeed_<job>.json) with rules/ *.toml beside it, or one JSON document of type ml-module as
 * Fleet packages bring it. Those that ship with the program are part of the binary and are opened
 * by name. docs/format/package.md.
 *
 * Placeholders are filled in: JOB_ID by the job's id, INDEX_PATTERN_NAME by the package's index
 * patterns.
 *
 * Ownership: package_free(); all texts and queries belong to the package.
 * Threads:   one owner.
 */

#include "base/err.h"
#include "base/time.h"

#include <stddef.h>

struct package;
struct query;

struct package_job {
    const char *id;   /* with the prefix, when there is one */
    const char *file; /* for messages: <package>/ml/<file> */
    const char *job;  /* the job's configuration as JSON, job_id included */
    size_t job_n;
    const char *datafeed_id; /* NULL, as all below: it has none */
    const char *datafeed_file;
    const char *datafeed; /* the datafeed's configuration as JSON, ids and indices filled in */
    size_t datafeed_n;
};

struct package_rule {
    const char *file; /* for messages: <package>/rules/<file> */
    const char *text; /* as it stands in the file; TOML, or NDJSON by its ending */
    size_t text_n;
};

struct package_options {
    const char *prefix;   /* put before every job id; NULL: nothing */
    const char *patterns; /* comma-separated index patterns instead of the manifest's; NULL */
    ts_ns now;            /* for date math in the recognition query */
};

/* Names of those that ship, in the order of the alphabet. */
size_t package_shipped_count(void);
const char *package_shipped_name(size_t i);

/*
 * The shipped package of that name, or the folder or ml-module file at that path (a name without
 * '/' is looked for among the shipped ones first). options may be NULL. ERR_NOT_FOUND, ERR_IO,
 * ERR_LIMIT, ERR_FORMAT, ERR_INVALID, ERR_MEMORY.
 */
enum err package_open(const char *name, const struct package_options *options, struct package **out,
                      struct err_text *why) ERR_MUST_CHECK;
/* An ml-module document in memory; file is for messages. */
enum err package_open_module(const char *text, size_t n, const char *file,
                             const struct package_options *options, struct package **out,
                             struct err_text *why) ERR_MUST_CHECK;
void package_free(struct package *p); /* NULL is fine */

const char *package_id(const struct package *p);
const char *package_title(const struct package *p);
const char *package_description(const struct package *p);
const char *package_readme(const struct package *p); /* "" when there is none */
/* Comma-separated, "" when there is none. */
const char *package_patterns(const struct package *p);
/* NULL: without a query a package is never offered. */
const struct query *package_query(const struct package *p);

size_t package_jobs(const struct package *p);
const struct package_job *package_job_at(const struct package *p, size_t i);
size_t package_rules(const struct package *p);
const struct package_rule *package_rule_at(const struct package *p, size_t i);

/* What was odd about it: unknown keys and the like, a sentence each with its place. */
size_t package_warnings(const struct package *p);
const struct err_text *package_warning(const struct package *p, size_t i);

#endif
