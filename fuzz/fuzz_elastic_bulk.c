/* SPDX-License-Identifier: Apache-2.0 */
/* Bodies of bulk requests: refused whole, or every item is an event or says why not. */
#include "base/arena.h"
#include "base/assert.h"
#include "elastic/load.h"
#include "elastic/pipeline.h"
#include "elastic/read.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct err_text why = {0};
    struct arena arena;
    struct elastic_load *l = elastic_load_new(0);
    ASSERT(l != NULL);
    arena_init(&arena, 0);
    struct elastic_pipelines none = {.state = NULL};
    const struct elastic_read what = {.index = "index", .pipelines = &none, .now = TIME_DAY};
    enum err err = elastic_read_bulk((const char *)data, size, &what, l, &arena, &why);
    ASSERT(err == ERR_NONE || (err == ERR_INVALID && why.message[0] != '\0'));
    for (size_t i = 0; i < elastic_load_count(l); i++) {
        const struct elastic_load_item *item = elastic_load_item(l, i);
        ASSERT(item->action != NULL && item->index != NULL);
        ASSERT((item->status == 201) == (item->type == NULL));
        ASSERT(item->type == NULL || item->reason != NULL);
    }
    elastic_load_free(l);
    arena_release(&arena);
    return 0;
}
