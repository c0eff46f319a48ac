#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

/*
 * Command lines: one table of options, one of commands; help, checks and the man page come from
 * them.
 *
 * Ownership: struct cli_args keeps pointers into argv; cli_args_release() frees its lists.
 * Threads:   one.
 */

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum cli_option_id {
    CLI_FORMAT,
    CLI_INTERFACE,
    CLI_FILTER,
    CLI_OUTPUT,
    CLI_FLOWS_ONLY,
    CLI_JOB,
    CLI_DATAFEED,
    CLI_FILTER_LIST,
    CLI_CALENDAR,
    CLI_RULE,
    CLI_PACKAGE,
    CLI_DATA_DIR,
    CLI_ALERTS,
    CLI_ALERTS_PER_DAY,
    CLI_MODEL_PLOT,
    CLI_RENORMALIZED,
    CLI_PERSIST,
    CLI_RESTORE,
    CLI_CONFIG,
    CLI_FOLLOW,
    CLI_FROM,
    CLI_TO,
    CLI_LIMIT,
    CLI_CARDINALITY,
    CLI_MAX_BUCKET_CARDINALITY,
    CLI_DELETE_RESULTS,
    CLI_DESCRIPTION,
    CLI_RETAIN,
    CLI_NO_PROMISCUOUS,
    CLI_NO_SERVE,
    CLI_HOME,
    CLI_GEOIP,
    CLI_LATE,
    CLI_LISTEN,
    CLI_FORECAST,
    CLI_TYPE,
    CLI_MIN_SCORE,
    CLI_TOP_N,
    CLI_BUCKET_SPAN,
    CLI_DURATION,
    CLI_EXPIRES_IN,
    CLI_MAX_MODEL_MEMORY,
    CLI_ROLE,
    CLI_EXPIRES,
    CLI_OVERWRITE,
    CLI_MAKE_PASSWORD,
    CLI_THREADS,
    CLI_STATS,
    CLI_QUIET,
    CLI_HELP,
    CLI_OPTIONS
};

struct cli_option {
    const char *name;  /* with its dashes */
    const char *value; /* what the value is called, NULL: a switch */
    const char *text;
    bool many; /* may be given more than once */
};

extern const struct cli_option cli_options[CLI_OPTIONS];

struct cli_args {
    const char **values[CLI_OPTIONS]; /* in the order given; "" for switches */
    size_t counts[CLI_OPTIONS];
    const char **rest; /* arguments that are no options */
    size_t rest_n;
};

struct cli_command {
    const char *name;
    const char *synopsis; /* after the name */
    const char *summary;  /* one line */
    const char *details;  /* paragraphs for --help and the man page; may be "" */
    uint64_t options;     /* bit per enum cli_option_id; --help is always there */
    int (*run)(const struct cli_args *args);
};

#define CLI_BIT(id) (UINT64_C(1) << (id))

/* ERR_INVALID with what was expected; ERR_MEMORY. argv is without the command's name. */
enum err cli_args_parse(int argc, char **argv, uint64_t allowed, struct cli_args *out,
                        struct err_text *why) ERR_MUST_CHECK;
void cli_args_release(struct cli_args *a);

bool cli_has(const struct cli_args *a, enum cli_option_id id);
/* The last value given, or the default. */
const char *cli_value(const struct cli_args *a, enum cli_option_id id, const char *otherwise);
/* A whole number in [least, most], the default when not given. */
enum err cli_number(const struct cli_args *a, enum cli_option_id id, int64_t least, int64_t most,
                    int64_t otherwise, int64_t *out, struct err_text *why) ERR_MUST_CHECK;

/* Help of one command, as text for a terminal. */
struct buf;
void cli_help_command(const struct cli_command *c, struct buf *out);

#endif
