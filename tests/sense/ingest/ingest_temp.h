#ifndef TESTS_INGEST_TEMP_H
#define TESTS_INGEST_TEMP_H

/* Files in a folder that goes with the test. */

#include "base/buf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

struct temp {
    char dir[64];
    char path[200];
};

static inline void temp_make(struct temp *t)
{
    strcpy(t->dir, "/tmp/weir-test-ingest-XXXXXX");
    assert_non_null(mkdtemp(t->dir));
}

static inline const char *temp_path(struct temp *t, const char *name)
{
    snprintf(t->path, sizeof(t->path), "%s/%s", t->dir, name);
    return t->path;
}

static inline const char *temp_write(struct temp *t, const char *name, const char *mode,
                                     const void *p, size_t n)
{
    FILE *f = fopen(temp_path(t, name), mode);
    assert_non_null(f);
    assert_int_equal(fwrite(p, 1, n, f), n);
    fclose(f);
    return t->path;
}

static inline void temp_drop(struct temp *t)
{
    char command[100];
    snprintf(command, sizeof(command), "rm -r '%s'", t->dir);
    assert_int_equal(system(command), 0);
}

#endif
