/* SPDX-License-Identifier: Apache-2.0 */
#include "request/data.h"

#include "base/clock.h"
#include "base/mem.h"
#include "request/posts.h"
#include "store/state.h"
#include "store/store.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum err request_data_dir(const char *dir, char out[REQUEST_DATA_DIR_SIZE], struct err_text *why)
{
    const char *state = getenv("XDG_STATE_HOME");
    const char *home = getenv("HOME");
    int n;
    if (dir[0] != '\0')
        n = snprintf(out, REQUEST_DATA_DIR_SIZE, "%s", dir);
    else if (geteuid() == 0)
        n = snprintf(out, REQUEST_DATA_DIR_SIZE, "/var/lib/weir");
    else if (state != NULL && state[0] == '/')
        n = snprintf(out, REQUEST_DATA_DIR_SIZE, "%s/weir", state);
    else if (home != NULL && home[0] == '/')
        n = snprintf(out, REQUEST_DATA_DIR_SIZE, "%s/.local/state/weir", home);
    else
        return err_set(why, ERR_INVALID, "there is no home directory; name one with --data-dir");
    if (n < 0 || n >= REQUEST_DATA_DIR_SIZE)
        return err_set(why, ERR_INVALID, "the name of the data directory is too long");
    return ERR_NONE;
}

enum err request_data_make(const char *dir, struct err_text *why)
{
    char path[REQUEST_DATA_DIR_SIZE];
    if (strlen(dir) >= sizeof(path))
        return err_set(why, ERR_INVALID, "the name of the data directory is too long");
    memcpy(path, dir, strlen(dir) + 1);
    for (size_t n = strlen(path); n > 1 && path[n - 1] == '/'; n--)
        path[n - 1] = '\0'; /* the last name, which nobody else may enter, is the last */
    for (char *p = path + 1;; p++) {
        if (*p != '/' && *p != '\0')
            continue;
        char keep = *p;
        *p = '\0';
        if (mkdir(path, keep == '\0' ? 0700 : 0755) != 0 && errno != EEXIST) {
            int number = errno;
            return err_set(why, err_from_errno(number), "cannot make the directory '%s': %s", path,
                           strerror(number));
        }
        if (keep == '\0')
            return ERR_NONE;
        *p = keep;
    }
}

enum err request_data_open(const char *dir, const struct store_options *options,
                           struct request_data **out, struct err_text *why)
{
    struct request_data *d = mem_zero(1, sizeof(*d));
    if (d == NULL)
        return err_set(why, ERR_MEMORY, "%s", err_name(ERR_MEMORY));
    d->now = clock_wall;
    pthread_mutex_init(&d->lock, NULL);
    d->dir = mem_strdup(dir);
    d->posts = request_posts_new();
    enum err err = d->dir != NULL && d->posts != NULL
                       ? request_data_make(dir, why)
                       : err_set(why, ERR_MEMORY, "%s", err_name(ERR_MEMORY));
    if (err == ERR_NONE)
        err = store_open(dir, options, &d->store, why);
    if (err == ERR_NONE)
        err = store_state_open(dir, &d->state, why);
    if (err != ERR_NONE) {
        request_data_close(d);
        return err;
    }
    *out = d;
    return ERR_NONE;
}

void request_data_close(struct request_data *d)
{
    if (d == NULL)
        return;
    store_state_close(d->state);
    store_close(d->store);
    request_posts_free(d->posts);
    pthread_mutex_destroy(&d->lock);
    mem_free(d->dir);
    mem_free(d);
}
