/* SPDX-License-Identifier: Apache-2.0 */
#include "package/source.h"

#include "base/buf.h"
#include "base/file.h"
#include "package/shipped.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define RULES "rules"
/* More rule files than this is no package. */
#define RULE_FILES_MAX 10000

bool package_source_plain(const char *name)
{
    return name[0] != '\0' && name[0] != '.' && strchr(name, '/') == NULL &&
           strchr(name, '\\') == NULL && strlen(name) <= 200;
}

void package_source_name(const struct package_source *s, const char *folder, const char *name,
                         struct buf *out)
{
    buf_format(out, "%s/%s%s%s", s->base, folder, folder[0] != '\0' ? "/" : "", name);
}

static enum err read_shipped(const char *path, struct buf *out, struct err_text *why)
{
    const struct package_shipped_file *f = package_shipped_find(path);
    if (f == NULL)
        return err_set_at(why, ERR_NOT_FOUND, path, 0, "no such file is in this package");
    buf_add(out, f->text, f->n);
    return buf_ok(out) ? ERR_NONE : err_set(why, ERR_MEMORY, "no memory is left for a package");
}

enum err package_source_read(const struct package_source *s, const char *folder, const char *name,
                             struct buf *out, struct err_text *why)
{
    struct buf path;
    buf_init(&path);
    package_source_name(s, folder, name, &path);
    enum err code;
    if (!buf_ok(&path))
        code = err_set(why, ERR_MEMORY, "no memory is left for a package");
    else if (s->shipped)
        code = read_shipped(buf_text(&path), out, why);
    else
        code = file_read(buf_text(&path), PACKAGE_FILE_MAX, out, why);
    buf_release(&path);
    return code;
}

static bool is_rule_name(const char *name)
{
    static const char *const endings[] = {".toml", ".ndjson", ".json"};
    size_t n = strlen(name);
    for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++) {
        size_t end = strlen(endings[i]);
        if (n > end && strcmp(name + n - end, endings[i]) == 0)
            return package_source_plain(name);
    }
    return false;
}

static enum err shipped_rules(const char *base, package_name_fn fn, void *ctx, struct err_text *why)
{
    size_t n = strlen(base);
    enum err code = ERR_NONE;
    for (size_t i = 0; i < package_shipped_files() && code == ERR_NONE; i++) {
        const char *path = package_shipped_file_at(i)->path;
        if (strncmp(path, base, n) != 0 || strncmp(path + n, "/" RULES "/", 7) != 0)
            continue;
        const char *name = path + n + 7;
        if (is_rule_name(name))
            code = fn(ctx, name, why);
    }
    return code;
}

static enum err folder_rules(const char *base, package_name_fn fn, void *ctx, struct err_text *why)
{
    struct buf path;
    buf_init(&path);
    buf_format(&path, "%s/%s", base, RULES);
    struct dirent **entries = NULL;
    int n = buf_ok(&path) ? scandir(buf_text(&path), &entries, NULL, alphasort) : 0;
    enum err code = ERR_NONE;
    if (!buf_ok(&path))
        code = err_set(why, ERR_MEMORY, "no memory is left for a package");
    else if (n < 0 && errno != ENOENT)
        code = err_set_at(why, err_from_errno(errno), buf_text(&path), 0,
                          "this folder cannot be read: %s", strerror(errno));
    else if (n > RULE_FILES_MAX)
        code = err_set_at(why, ERR_LIMIT, buf_text(&path), 0, "at most %d files are expected here",
                          RULE_FILES_MAX);
    for (int i = 0; i < n; i++) {
        if (code == ERR_NONE && is_rule_name(entries[i]->d_name))
            code = fn(ctx, entries[i]->d_name, why);
        free(entries[i]);
    }
    free(entries);
    buf_release(&path);
    return code;
}

enum err package_source_rules(const struct package_source *s, package_name_fn fn, void *ctx,
                              struct err_text *why)
{
    return s->shipped ? shipped_rules(s->base, fn, ctx, why) : folder_rules(s->base, fn, ctx, why);
}
