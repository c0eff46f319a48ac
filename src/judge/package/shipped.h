#ifndef PACKAGE_SHIPPED_H
#define PACKAGE_SHIPPED_H

/*
 * The files of packages/ as they were when the program was built; tools/embed.py makes the table.
 *
 * Threads: any; the table is constant.
 */

#include <stddef.h>

struct package_shipped_file {
    const char *path; /* below packages/: "ded/manifest.json" */
    const char *text;
    size_t n;
};

/* In the order of their paths. */
size_t package_shipped_files(void);
const struct package_shipped_file *package_shipped_file_at(size_t i);

/* NULL when there is none. */
const struct package_shipped_file *package_shipped_find(const char *path);

#endif
