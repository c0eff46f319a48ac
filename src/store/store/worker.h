#ifndef STORE_WORKER_H
#define STORE_WORKER_H

/*
 * The query worker: DuckDB in a process of its own.
 *
 * The same program, started again with a hidden argument and a socket, calls store_worker_main().
 * Only there is libduckdb loaded. It answers requests (store/frame.h) until the socket closes or
 * nothing was asked for a minute. It has no new privileges, a memory limit, may open nothing but
 * the store's pieces, and dies with its parent; whatever happens to it is an error of one request.
 *
 * Threads: the process is the worker's own.
 */

/* Serves requests on the connected socket fd; returns the exit status of the process. */
int store_worker_main(int fd);

#endif
