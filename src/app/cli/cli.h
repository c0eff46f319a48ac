#ifndef CLI_CLI_H
#define CLI_CLI_H

/*
 * The commands of the program, one file each, and what they share.
 *
 * Exit status: 0 done, 1 failed, 2 wrong usage or a wrong file. Standard output carries data only.
 *
 * Threads: the main thread.
 */

#include "base/err.h"
#include "base/time.h"
#include "cli/options.h"

#include <stdbool.h>
#include <stdint.h>

#define CLI_DONE 0
#define CLI_FAILED 1
#define CLI_WRONG 2

/* All commands, ended by one without name, in the order of help. */
extern const struct cli_command cli_commands[];

int cli_read(const struct cli_args *args);
int cli_detect(const struct cli_args *args);
int cli_replay(const struct cli_args *args);
int cli_demo(const struct cli_args *args);
int cli_serve(const struct cli_args *args);
int cli_status(const struct cli_args *args);
int cli_search(const struct cli_args *args);
int cli_sql(const struct cli_args *args);
int cli_alerts(const struct cli_args *args);
int cli_job(const struct cli_args *args);
int cli_calendar(const struct cli_args *args);
int cli_validate(const struct cli_args *args);
int cli_filter(const struct cli_args *args);
int cli_connector(const struct cli_args *args);
int cli_rule(const struct cli_args *args);
int cli_package(const struct cli_args *args);
int cli_user(const struct cli_args *args);
int cli_key(const struct cli_args *args);
int cli_backup(const struct cli_args *args);
int cli_restore(const struct cli_args *args);

/* Whether standard output is a pipe that nobody reads any more (| head). */
bool cli_reader_gone(void);

/*
 * Says why on standard error; returns the exit status that fits the code. That output failed
 * because its reader has gone is not said.
 */
int cli_fail(enum err code, const struct err_text *why);

/* From now on SIGINT and SIGTERM do not end the program (nor its threads begun later) but make
 * cli_stopped() true; a closed pipe is a failed write. */
void cli_catch_signals(void);
bool cli_stopped(void);

/* Name of this machine, for events; "" when it has none. Size of out: 256. */
void cli_host_name(char out[256]);

#endif
