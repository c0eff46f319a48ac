/* SPDX-License-Identifier: Apache-2.0 */
#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

void log_line(enum log_level level, const char *format, ...)
{
    static const char *const prefix[] = {"weir: error: ", "weir: warning: ", "weir: "};
    char line[2048];
    int n = snprintf(line, sizeof(line), "%s", prefix[level]);
    va_list args;
    va_start(args, format);
    int m = vsnprintf(line + n, 2000, format, args);
    va_end(args);
    if (m < 0)
        return;
    n += m < 2000 ? m : 1999;
    line[n++] = '\n';
    /* One write, so that lines of several threads do not mix. */
    if (write(STDERR_FILENO, line, (size_t)n) < 0)
        return;
}
