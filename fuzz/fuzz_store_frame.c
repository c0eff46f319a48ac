/* SPDX-License-Identifier: Apache-2.0 */
/* What comes through the query worker's socket, either way: frames, piece lists, columns. */
#include "base/arena.h"
#include "store/column.h"
#include "store/frame.h"

#include <sys/socket.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_pieces(const struct store_frame *f)
{
    struct cursor c = cursor_make(f->body.p, f->body.n);
    struct store_frame_piece piece;
    struct store_columns columns;
    struct arena arena;
    arena_init(&arena, 0);
    store_columns_init(&columns, &arena);
    while (c.left > 0 && store_frame_piece(&c, &piece)) {
        const char *list = arena_strndup(&arena, (const char *)piece.columns.p, piece.columns.n);
        const char *rest = arena_strndup(&arena, (const char *)piece.rest.p, piece.rest.n);
        (void)!store_columns_read(&columns, list, rest);
    }
    store_columns_release(&columns);
    arena_release(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int pair[2];
    struct store_frame f = {0};
    if (size > 60000 || socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != 0)
        return 0;
    if (send(pair[0], data, size, MSG_DONTWAIT | MSG_NOSIGNAL) == (ssize_t)size) {
        close(pair[0]);
        while (store_frame_receive(pair[1], &f, TIME_MAX) == ERR_NONE)
            read_pieces(&f);
    } else {
        close(pair[0]);
    }
    close(pair[1]);
    buf_release(&f.body);
    return 0;
}
