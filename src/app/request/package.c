/* SPDX-License-Identifier: Apache-2.0 */
#include "request/request_priv.h"

#include "engine/install.h"
#include "package/package.h"
#include "query/query.h"
#include "store/state.h"
#include "store/store.h"

#include <string.h>

static enum err list(struct request_asked *a, struct err_text *why)
{
    const struct package_options options = {.now = a->data->now()};
    request_asked_line(a, "%-20s %-10s %-12s %4s %5s  %s", "PACKAGE", "INSTALLED", "APPLIES",
                       "JOBS", "RULES", "TITLE");
    for (size_t i = 0; i < package_shipped_count(); i++) {
        struct package *p;
        enum err err = package_open(package_shipped_name(i), &options, &p, why);
        if (err != ERR_NONE)
            return err;
        bool installed = false;
        uint64_t hits = 0;
        err = engine_install_is_there(a->data->state, package_id(p), &installed, why);
        if (err == ERR_NONE && package_query(p) != NULL) {
            const struct store_search what = {.query = package_query(p),
                                              .from = TIME_NONE,
                                              .to = TIME_MAX,
                                              .cancel = request_asked_cancel(a)};
            err = store_count(a->data->store, &what, &hits, why);
        }
        if (err == ERR_NONE)
            request_asked_line(a, "%-20s %-10s %-12s %4zu %5zu  %s", package_shipped_name(i),
                               installed ? "yes" : "no", hits > 0 ? "yes" : "no data",
                               package_jobs(p), package_rules(p), package_title(p));
        package_free(p);
        if (err != ERR_NONE)
            return err;
    }
    return ERR_NONE;
}

int request_package(struct request_asked *a, const char *verb)
{
    struct err_text why;
    struct engine_install_totals totals = {0};
    const char *name = request_asked_text(a, "name", "");
    enum err err;
    if (strcmp(verb, "list") == 0) {
        err = list(a, &why);
    } else if (strcmp(verb, "install") == 0) {
        const struct package_options options = {.now = a->data->now()};
        struct package *p;
        err = package_open(name, &options, &p, &why);
        if (err == ERR_NONE) {
            err = engine_install_package(a->data->state, p, a->data->now(), &totals, &why);
            package_free(p);
        }
        if (err == ERR_NONE)
            err = request_asked_reload(a, &why);
        if (err == ERR_NONE)
            request_asked_remark(a, "weir: %zu jobs and %zu rules installed, %zu jobs were there",
                                 totals.jobs, totals.rules, totals.there);
    } else if (strcmp(verb, "rules") == 0) {
        err = engine_install_shipped_rules(a->data->state, a->data->now(), &totals, &why);
        if (err == ERR_NONE)
            err = request_asked_reload(a, &why);
        if (err == ERR_NONE)
            request_asked_line(a, "{\"installed\":%zu}", totals.rules);
    } else if (strcmp(verb, "remove") == 0) {
        err = engine_install_remove(a->data->state, name, &totals, &why);
        if (err == ERR_NONE)
            err = request_asked_reload(a, &why);
        if (err == ERR_NONE)
            request_asked_remark(a, "weir: %zu jobs and %zu rules removed", totals.jobs,
                                 totals.rules);
    } else {
        err = err_set(&why, ERR_INVALID, "package expects list, install or remove, not '%s'", verb);
    }
    return err == ERR_NONE ? 0 : request_asked_fail(a, err, &why);
}
