/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/screen.h"

#include <stdlib.h>
#include <sys/ioctl.h>

#define COLUMNS_MAX 10000

/* What the person set; 0 when that is no number of columns. */
static unsigned wished(void)
{
    const char *text = getenv("COLUMNS");
    char *end;
    if (text == NULL || *text < '0' || *text > '9')
        return 0;
    unsigned long n = strtoul(text, &end, 10);
    return *end == '\0' && n <= COLUMNS_MAX ? (unsigned)n : 0;
}

unsigned cli_screen_columns(int fd)
{
    struct winsize size;
    unsigned n = wished();
    if (n == 0 && ioctl(fd, TIOCGWINSZ, &size) == 0)
        n = size.ws_col;
    return n;
}
