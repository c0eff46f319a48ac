#ifndef CLI_ASK_H
#define CLI_ASK_H

/*
 * Requests on a data directory: through the daemon's socket when one runs on it, else by opening
 * the directory.
 *
 * Ownership: cli_ask_run() frees the request.
 * Threads:   the main thread.
 */

#include "base/buf.h"
#include "cli/options.h"
#include "format/write.h"
#include "request/request.h"

#include <stdbool.h>

/* A request being written: an open JSON object with "command" and "verb" in it. */
struct cli_ask {
    struct buf text;
    struct format_writer w;
    bool makes; /* a data directory that is not there is made: for what puts something into it */
    struct request_output output; /* what takes the answer; at first standard output and error */
};

void cli_ask_init(struct cli_ask *a, const char *command, const char *verb); /* verb may be NULL */
/* Adds the values of options under their names without dashes ("data-dir" → "data_dir"). */
void cli_ask_option(struct cli_ask *a, const struct cli_args *args, enum cli_option_id id);
/* Adds --limit. CLI_DONE, or the exit status after a wrong number was said: the request is freed.
 */
int cli_ask_limit(struct cli_ask *a, const struct cli_args *args);
/* Adds a file's text and name under these keys. CLI_DONE, or the exit status after the mistake was
 * said: the request is freed. */
int cli_ask_file(struct cli_ask *a, const char *path, const char *text_key, const char *name_key);
/*
 * The whole of a command about objects of a kind, whose verb is the argument at: list takes no
 * more, takes_file a FILE, every other verb an id. called: "weir filter". Returns the exit status.
 */
int cli_ask_object(const struct cli_args *args, size_t at, const char *command, const char *called,
                   const char *takes_file);
/* Closes the object, asks, hands on the answer, frees the request; returns the exit status. */
int cli_ask_run(struct cli_ask *a, const struct cli_args *args);

/* The data directory that the arguments or the configuration name. */
enum err cli_data_dir(const struct cli_args *args, char *out, struct err_text *why) ERR_MUST_CHECK;

/* A whole file (or "-") as text; mem_free. */
char *cli_read_file(const char *path, size_t *out_n, struct err_text *why);

#endif
