/* SPDX-License-Identifier: Apache-2.0 */
#include "capture/merge.h"

#include "base/assert.h"
#include "base/mem.h"
#include "capture/sort.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

/* One file with its next packet looked at already. */
struct lane {
    struct capture_file *file;
    struct capture_sort *sort; /* NULL: the file is in order itself */
    struct capture_packet next;
    size_t order;
    uint32_t *numbers; /* interface in the file to interface of the merge, plus 1; 0 = not yet */
    size_t number_cap;
};

struct capture_merge {
    struct lane *lanes;
    size_t lane_n;
    struct lane **heap; /* lanes with a packet, the least time on top */
    size_t heap_n;
    struct lane *given; /* its packet was given out and is to be replaced */
    uint32_t interface_n;
};

static enum err step(struct lane *lane, struct err_text *why)
{
    return lane->sort != NULL ? capture_sort_next(lane->sort, why, &lane->next)
                              : capture_file_next(lane->file, why, &lane->next);
}

static bool comes_before(const struct lane *a, const struct lane *b)
{
    return a->next.ts != b->next.ts ? a->next.ts < b->next.ts : a->order < b->order;
}

static void sink_top(struct capture_merge *m)
{
    size_t i = 0;
    struct lane *moving = m->heap[0];
    for (;;) {
        size_t child = 2 * i + 1;
        if (child >= m->heap_n)
            break;
        if (child + 1 < m->heap_n && comes_before(m->heap[child + 1], m->heap[child]))
            child++;
        if (!comes_before(m->heap[child], moving))
            break;
        m->heap[i] = m->heap[child];
        i = child;
    }
    m->heap[i] = moving;
}

static void push(struct capture_merge *m, struct lane *lane)
{
    size_t i = m->heap_n++;
    while (i > 0 && comes_before(lane, m->heap[(i - 1) / 2])) {
        m->heap[i] = m->heap[(i - 1) / 2];
        i = (i - 1) / 2;
    }
    m->heap[i] = lane;
}

/* The number of the packet's interface among those of all files. */
static enum err number_interface(struct capture_merge *m, struct lane *lane, uint32_t *out)
{
    uint32_t i = lane->next.interface;
    if (i >= lane->number_cap) {
        size_t before = lane->number_cap;
        if (mem_grow((void **)&lane->numbers, &lane->number_cap, (size_t)i + 1,
                     sizeof(lane->numbers[0])) != 0)
            return ERR_MEMORY;
        for (size_t k = before; k < lane->number_cap; k++)
            lane->numbers[k] = 0;
    }
    if (lane->numbers[i] == 0)
        lane->numbers[i] = ++m->interface_n;
    *out = lane->numbers[i] - 1;
    return ERR_NONE;
}

/* What was opened before, and cannot be opened anew. */
static enum err open_again(struct lane *lane, const struct capture_merge_input *input,
                           const char *filter, struct err_text *why)
{
    int fd = fcntl(input->fd, F_DUPFD_CLOEXEC, 0);
    if (fd < 0) {
        int number = errno;
        return err_set_at(why, err_from_errno(number), input->path, 0,
                          "cannot read the capture: %s", strerror(number));
    }
    return capture_file_open_fd(fd, input->head, input->path, filter, why, &lane->file);
}

static enum err open_lane(struct lane *lane, const struct capture_merge_input *input,
                          const char *filter, struct err_text *why)
{
    bool disordered;
    if (input->open)
        return open_again(lane, input, filter, why);
    enum err err = capture_sort_needed(input->path, filter, why, &disordered);
    if (err == ERR_NONE)
        err = capture_file_open(input->path, filter, why, &lane->file);
    if (err == ERR_NONE && disordered)
        err = capture_sort_new(lane->file, 0, why, &lane->sort);
    return err;
}

enum err capture_merge_open(const struct capture_merge_input *inputs, size_t n, const char *filter,
                            struct err_text *why, struct capture_merge **out)
{
    ASSERT(n > 0);
    enum err err = ERR_MEMORY;
    struct capture_merge *m = mem_zero(1, sizeof(*m));
    if (m == NULL)
        return err;
    m->lanes = mem_zero(n, sizeof(m->lanes[0]));
    m->heap = mem_zero(n, sizeof(m->heap[0]));
    if (m->lanes == NULL || m->heap == NULL)
        goto fail;
    for (; m->lane_n < n; m->lane_n++) {
        struct lane *lane = &m->lanes[m->lane_n];
        lane->order = m->lane_n;
        err = open_lane(lane, &inputs[m->lane_n], filter, why);
        if (err != ERR_NONE)
            goto fail;
    }
    for (size_t i = 0; i < n; i++) {
        err = step(&m->lanes[i], why);
        if (err == ERR_NONE)
            push(m, &m->lanes[i]);
        else if (err != ERR_END)
            goto fail;
    }
    *out = m;
    return ERR_NONE;
fail:
    if (m->lanes != NULL && m->lane_n < n)
        m->lane_n++; /* the one that failed half open */
    capture_merge_close(m);
    return err;
}

void capture_merge_close(struct capture_merge *m)
{
    if (m == NULL)
        return;
    for (size_t i = 0; i < m->lane_n; i++) {
        capture_sort_free(m->lanes[i].sort);
        capture_file_close(m->lanes[i].file);
        mem_free(m->lanes[i].numbers);
    }
    mem_free(m->lanes);
    mem_free(m->heap);
    mem_free(m);
}

enum err capture_merge_next(struct capture_merge *m, struct err_text *why,
                            struct capture_packet *out)
{
    if (m->given != NULL) {
        enum err err = step(m->given, why);
        if (err == ERR_END)
            m->heap[0] = m->heap[--m->heap_n];
        else if (err != ERR_NONE)
            return err;
        m->given = NULL;
        if (m->heap_n > 1)
            sink_top(m);
    }
    if (m->heap_n == 0)
        return ERR_END;
    struct capture_packet p = m->heap[0]->next;
    enum err err = number_interface(m, m->heap[0], &p.interface);
    if (err != ERR_NONE)
        return err;
    m->given = m->heap[0];
    *out = p;
    return ERR_NONE;
}

size_t capture_merge_count(const struct capture_merge *m)
{
    return m->lane_n;
}

const struct capture_file *capture_merge_file(const struct capture_merge *m, size_t i)
{
    ASSERT(i < m->lane_n);
    return m->lanes[i].file;
}
