#ifndef CLI_SCREEN_H
#define CLI_SCREEN_H

/*
 * How wide what a person looks at is.
 *
 * Threads: any.
 */

/*
 * Columns of the lines that fd shows: the variable COLUMNS when it holds a number above 0, else the
 * terminal's width; 0 when there is neither, as in a pipe: lines may be as long as they are.
 */
unsigned cli_screen_columns(int fd);

#endif
