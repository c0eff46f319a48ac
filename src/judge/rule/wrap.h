#ifndef RULE_WRAP_H
#define RULE_WRAP_H

/*
 * Text from traffic on lines of a terminal: measured and broken in columns, and with nothing in it
 * that steers the terminal or turns a line around; such a character is shown as '?'.
 *
 * All text is valid UTF-8. Adding to a buffer fails as the buffer does.
 *
 * Threads: any.
 */

#include <stddef.h>

struct buf;

/* How many columns the n bytes at s take. */
size_t rule_wrap_columns(const char *s, size_t n);

/* How many of the n bytes fit into room columns with a mark behind them: whole words, unless the
 * last is a long one. */
size_t rule_wrap_cut(const char *s, size_t n, size_t room);

void rule_wrap_plain(const char *s, size_t n, struct buf *out);

/*
 * Adds a text to a line that is filled up to column `at`; lines hold `width` columns (0: as many as
 * there are), and those that follow begin at column `indent`. Words are broken only when they do
 * not fit on a line of their own. No newline stands at the end.
 */
void rule_wrap_flow(const char *s, size_t at, size_t indent, size_t width, struct buf *out);

#endif
