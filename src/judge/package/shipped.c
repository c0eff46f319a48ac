/* SPDX-License-Identifier: Apache-2.0 */
#include "package/shipped.h"

#include "package/package.h"

#include <string.h>

/* files and names, both sorted */
#include "shipped_files.inc"

#define FILES (sizeof(files) / sizeof(files[0]))
#define NAMES (sizeof(names) / sizeof(names[0]))

size_t package_shipped_files(void)
{
    return FILES;
}

const struct package_shipped_file *package_shipped_file_at(size_t i)
{
    return &files[i];
}

const struct package_shipped_file *package_shipped_find(const char *path)
{
    size_t low = 0;
    size_t high = FILES;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        int c = strcmp(files[mid].path, path);
        if (c == 0)
            return &files[mid];
        if (c < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return NULL;
}

size_t package_shipped_count(void)
{
    return NAMES;
}

const char *package_shipped_name(size_t i)
{
    return names[i];
}
