/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/progress.h"

#include "base/clock.h"

#include <stdio.h>
#include <unistd.h>

#define BAR 30
#define SHOW_EVERY (100 * TIME_MS)

void cli_progress_init(struct cli_progress *p, bool wanted)
{
    *p = (struct cli_progress){.on = wanted && isatty(STDERR_FILENO) == 1};
}

void cli_progress_show(struct cli_progress *p, const char *what, double share, uint64_t events)
{
    ts_ns now = p->on ? clock_steady() : 0;
    if (!p->on || (p->shown && now - p->last < SHOW_EVERY))
        return;
    char bar[BAR + 1];
    for (int i = 0; i < BAR; i++)
        bar[i] = i < share * BAR ? '#' : '.';
    bar[BAR] = '\0';
    fprintf(stderr, "\r%-10s [%s] %3d %%  %llu events", what, bar, (int)(share * 100),
            (unsigned long long)events);
    p->last = now;
    p->shown = true;
}

void cli_progress_clear(struct cli_progress *p)
{
    if (p->shown)
        fputs("\r\033[K", stderr);
    p->shown = false;
}
