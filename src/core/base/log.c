/* SPDX-License-Identifier: Apache-2.0 */
#include "base/log.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* JOURNAL_STREAM is "device:inode" of the stream that a service was given; whoever inherits the
 * variable alone has another. */
static bool is_journal(void)
{
    unsigned long long device, inode;
    struct stat st;
    const char *stream = getenv("JOURNAL_STREAM");
    return stream != NULL && sscanf(stream, "%llu:%llu", &device, &inode) == 2 &&
           fstat(STDERR_FILENO, &st) == 0 && st.st_dev == device && st.st_ino == inode;
}

void log_line(enum log_level level, const char *format, ...)
{
    static const char *const prefix[] = {"weir: error: ", "weir: warning: ", "weir: "};
    static const char *const priority[] = {"<3>", "<4>", "<6>"};
    char line[2048];
    int n =
        snprintf(line, sizeof(line), "%s%s", is_journal() ? priority[level] : "", prefix[level]);
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
