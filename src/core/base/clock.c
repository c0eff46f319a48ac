/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"

#include <sys/resource.h>
#include <time.h>

static ts_ns read_clock(clockid_t id)
{
    struct timespec t;
    clock_gettime(id, &t);
    return (ts_ns)t.tv_sec * TIME_S + t.tv_nsec;
}

ts_ns clock_wall(void)
{
    return read_clock(CLOCK_REALTIME);
}

ts_ns clock_steady(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

ts_ns clock_cpu(void)
{
    return read_clock(CLOCK_THREAD_CPUTIME_ID);
}

uint64_t clock_peak_rss(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (uint64_t)usage.ru_maxrss * 1024; /* Linux counts KiB */
}
