#ifndef STORE_JAIL_H
#define STORE_JAIL_H

/*
 * What the query worker may not do: it reads files that hold foreign traffic with a large library.
 *
 * Landlock (where the kernel has it) leaves it nothing of the file system but the folder of the
 * pieces; seccomp refuses network, other programs, other processes and what only root's tools need.
 *
 * Threads: all of the process are held by it.
 */

#include "base/err.h"

#include <stdint.h>

/*
 * At the start of the process: no new privileges, no core dumps, signals of the terminal ignored.
 */
void store_jail_begin(void);

/*
 * From here on the process may take so many bytes more, whatever for. DuckDB bounds only what its
 * tables and results take; plans and the states of expressions grow with the text of a query.
 */
void store_jail_bound(uint64_t bytes);

/* After the library is loaded. ERR_DENIED: the kernel knows how and does not do it. */
enum err store_jail_enter(const char *folder, struct err_text *why) ERR_MUST_CHECK;

#endif
