/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* dl_iterate_phdr */
#include "base/image.h"

#include <link.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#define PARTS 16 /* that a file has at most: four are usual */

struct part {
    uintptr_t from;
    uintptr_t to;
};

/* The headers lie in one of the parts, so that all are read before any goes. */
static int shed_file(struct dl_phdr_info *file, size_t size, void *ctx)
{
    (void)size;
    uintptr_t page = *(const uintptr_t *)ctx;
    struct part parts[PARTS];
    size_t n = 0;
    for (size_t i = 0; i < file->dlpi_phnum && n < PARTS; i++) {
        const ElfW(Phdr) *h = &file->dlpi_phdr[i];
        if (h->p_type != PT_LOAD || (h->p_flags & PF_W) != 0)
            continue;
        uintptr_t at = file->dlpi_addr + h->p_vaddr;
        /* Whole pages only: the rest may be shared with what is written to. */
        parts[n].from = (at + page - 1) & ~(page - 1);
        parts[n].to = (at + h->p_memsz) & ~(page - 1);
        n += parts[n].from < parts[n].to;
    }
    for (size_t i = 0; i < n; i++) /* what cannot go stays */
        (void)!madvise((void *)parts[i].from, parts[i].to - parts[i].from, MADV_DONTNEED);
    return 0;
}

void image_shed(void)
{
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    (void)!dl_iterate_phdr(shed_file, &page);
}
