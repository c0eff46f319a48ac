/* SPDX-License-Identifier: Apache-2.0 */
#include "elastic/pipeline.h"

#include "base/buf.h"
#include "store/state.h"

#include <string.h>

static enum err look(struct store_state *state, const char *name, bool *out, struct err_text *why)
{
    struct buf doc;
    buf_init(&doc);
    enum err err =
        state != NULL ? store_state_listed_get(state, STORE_PIPELINES, name, &doc) : ERR_NOT_FOUND;
    buf_release(&doc);
    if (err != ERR_NONE && err != ERR_NOT_FOUND)
        return err_set(why, err, "the pipelines cannot be read: %s", err_name(err));
    *out = err == ERR_NONE;
    return ERR_NONE;
}

enum err elastic_pipelines_see(struct elastic_pipelines *p, const char *name, struct err_text *why)
{
    size_t i = 0;
    bool there = false;
    if (name == NULL || name[0] == '\0' || strcmp(name, "_none") == 0)
        return ERR_NONE;
    size_t n = p->n < ELASTIC_PIPELINES_SEEN ? p->n : ELASTIC_PIPELINES_SEEN;
    while (i < n && strcmp(p->seen[i].name, name) != 0)
        i++;
    if (i < n) {
        there = p->seen[i].there;
    } else {
        enum err err = look(p->state, name, &there, why);
        if (err != ERR_NONE)
            return err;
        i = p->n++ % ELASTIC_PIPELINES_SEEN;
        p->seen[i].name = name;
        p->seen[i].there = there;
    }
    return there ? ERR_NONE
                 : err_set(why, ERR_INVALID, "pipeline with id [%.200s] does not exist", name);
}
