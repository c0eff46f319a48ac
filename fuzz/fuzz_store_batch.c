/* SPDX-License-Identifier: Apache-2.0 */
/* A batch of the event journal: opened, walked, made into events and into the column rest. */
#include "base/arena.h"
#include "format/write.h"
#include "store/rest.h"
#include "store/row.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct store_batch batch;
    struct store_row row;
    struct arena arena;
    if (store_batch_open(bytes_make(data, size), &batch) != ERR_NONE)
        return 0;
    arena_init(&arena, 0);
    while (store_batch_next(&batch, &row)) {
        struct cursor at = cursor_of(row.fields);
        struct store_cell cell;
        struct format_writer json;
        struct event e;
        struct buf text;
        bool bad = false;
        arena_clear(&arena);
        (void)!store_row_event(&batch, &row, &arena, &e);
        buf_init(&text);
        format_write_init(&json, &text);
        format_write_begin_object(&json);
        while (store_row_next(&batch, &row, &at, &cell, &bad))
            store_rest_write(&json, &cell);
        format_write_end_object(&json);
        buf_release(&text);
    }
    store_batch_release(&batch);
    arena_release(&arena);
    return 0;
}
