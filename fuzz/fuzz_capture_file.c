/* SPDX-License-Identifier: Apache-2.0 */
#include "base/assert.h"
#include "capture/file.h"

#include <fcntl.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The bytes are given as read before; the descriptor has no more. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct capture_file *f;
    struct err_text why;
    int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (capture_file_open_fd(fd, bytes_make(data, size), "fuzz", NULL, &why, &f) != ERR_NONE)
        return 0;
    struct capture_packet p;
    enum err err;
    uint8_t sum = 0;
    while ((err = capture_file_next(f, &why, &p)) == ERR_NONE) {
        ASSERT(p.data.n <= p.wire_len);
        for (size_t i = 0; i < p.data.n; i++)
            sum ^= p.data.p[i];
    }
    ASSERT(err == ERR_END || err == ERR_MEMORY);
    capture_file_close(f);
    (void)sum;
    return 0;
}
