#ifndef BASE_LOG_H
#define BASE_LOG_H

/*
 * Lines for people on standard error. Only app/ calls these; libraries return their failures.
 * When standard error is systemd's journal (JOURNAL_STREAM) a line begins with its priority, as
 * sd-daemon(3) has it: <3> error, <4> warning, <6> information.
 *
 * Threads: any; a line is written whole.
 */

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO };

/* "weir: message" (errors and warnings say so), cut at 2,000 bytes. */
void log_line(enum log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
