#ifndef TESTS_STORE_DIR_H
#define TESTS_STORE_DIR_H

/* A directory for a store, and the query worker that a test is when the store starts it again; for
 * every test that opens a store; header only. */

#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* mkdtemp, asprintf */
#endif
#include "cmocka_head.h"

#include "store/worker.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* When the test was started as a query worker, it is one. */
static inline void help_worker(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "--query-worker") == 0)
        _exit(store_worker_main(atoi(argv[2])));
#ifdef __SANITIZE_THREAD__
    /* DuckDB is not instrumented: what happens among its own threads cannot be judged. */
    setenv("TSAN_OPTIONS", "report_bugs=0", 1);
#endif
}

/* A directory of its own for a test, removed by help_rmdir(). */
static inline char *help_mkdir(void)
{
    const char *base = getenv("TMPDIR");
    char *path = NULL;
    if (asprintf(&path, "%s/weir-test-XXXXXX", base != NULL ? base : "/tmp") < 0)
        abort();
    assert_non_null(mkdtemp(path));
    return path;
}

static inline void help_rmdir(char *path)
{
    char command[4200];
    snprintf(command, sizeof(command), "rm -rf '%s'", path);
    assert_int_equal(system(command), 0);
    free(path);
}

#endif
