/* SPDX-License-Identifier: Apache-2.0 */
#include "base/assert.h"

#include <stdio.h>
#include <stdlib.h>

_Noreturn void base_assert_fail(const char *condition, const char *file, int line,
                                const char *function)
{
    fprintf(stderr, "weir: bug: %s:%d: %s: '%s' does not hold\n", file, line, function, condition);
    abort();
}
