/* SPDX-License-Identifier: Apache-2.0 */
#include "feed/folder.h"

#include "base/buf.h"
#include "base/mem.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

bool feed_folder_is(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static char *join(const char *folder, const char *name)
{
    struct buf path;
    size_t n = strlen(folder);
    buf_init(&path);
    buf_format(&path, "%s%s%s", folder, n > 0 && folder[n - 1] == '/' ? "" : "/", name);
    return buf_take(&path, NULL);
}

static int compare(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* False when memory is short. */
static bool add(const char *folder, const char *name, char ***paths, size_t *n, size_t *cap)
{
    struct stat st;
    void *grown = *paths;
    char *path = join(folder, name);
    if (path == NULL)
        return false;
    if (stat(path, &st) != 0 || !S_ISREG(st.st_mode)) {
        mem_free(path);
        return true;
    }
    if (mem_grow(&grown, cap, *n + 1, sizeof(char *)) != 0) {
        mem_free(path);
        return false;
    }
    *paths = grown;
    (*paths)[(*n)++] = path;
    return true;
}

enum err feed_folder_list(const char *folder, char ***out, size_t *out_n, struct err_text *why)
{
    DIR *dir = opendir(folder);
    if (dir == NULL) {
        int number = errno;
        return err_set_at(why, err_from_errno(number), folder, 0,
                          "this folder cannot be listed: %s", strerror(number));
    }
    char **paths = NULL;
    size_t n = 0, cap = 0;
    bool whole = true;
    for (struct dirent *e; whole && (e = readdir(dir)) != NULL;)
        if (e->d_name[0] != '.')
            whole = add(folder, e->d_name, &paths, &n, &cap);
    closedir(dir);
    if (!whole) {
        feed_folder_free(paths, n);
        return err_set_at(why, ERR_MEMORY, folder, 0, "no memory is left to list this folder");
    }
    if (n > 1)
        qsort(paths, n, sizeof(char *), compare);
    *out = paths;
    *out_n = n;
    return ERR_NONE;
}

void feed_folder_free(char **paths, size_t n)
{
    for (size_t i = 0; i < n; i++)
        mem_free(paths[i]);
    mem_free(paths);
}
