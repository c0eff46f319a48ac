/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/sample.h"

/* The file lands in read-only data as it is. */
__asm__(".section .rodata.cli_sample,\"a\",@progbits\n"
        ".balign 16\n"
        "cli_sample_begin:\n"
        ".incbin \"" WEIR_SAMPLE "\"\n"
        "cli_sample_end:\n"
        ".byte 0\n"
        ".previous\n");

extern const unsigned char cli_sample_begin[] __attribute__((visibility("hidden")));
extern const unsigned char cli_sample_end[] __attribute__((visibility("hidden")));

struct bytes cli_sample(void)
{
    return bytes_make(cli_sample_begin, (size_t)(cli_sample_end - cli_sample_begin));
}
