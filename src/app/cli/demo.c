/* SPDX-License-Identifier: Apache-2.0 */
/* demo: the bundled sample through the whole chain. */
#define _GNU_SOURCE /* memfd_create */
#include "cli/cli.h"

#include "cli/replay.h"
#include "cli/sample.h"
#include "engine/replay.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static const char before[] =
    "Two days of a small office, played through the whole chain: packets, flows and transactions,\n"
    "jobs that learn, rules, alerts. Generated: the office (10.0.2.0/24), an upload of 64 MB, and\n"
    "half an hour of eight times the usual connections. Recorded: a DNS tunnel made with iodine.\n"
    "Without these three the same two days raise no alert.\n\n";

static const char after[] =
    "\nOf each alert: when it began, who sent what to whom, what came and what was expected;\n"
    "below, the job that found it and the events behind it, as a KQL expression.\n"
    "Try it on a capture or on Zeek logs of your own:\n\n"
    "    weir replay --alerts table YOUR.pcap\n\n"
    "and watch an interface with: weir serve --interface eth0 --package ded --alerts -\n";

/* A file in memory, so that the sample is read as any capture is. */
static int open_sample(struct err_text *why)
{
    struct bytes sample = cli_sample();
    int fd = memfd_create("sample.pcap.zst", MFD_CLOEXEC);
    size_t done = 0;
    while (fd >= 0 && done < sample.n) {
        ssize_t n = write(fd, sample.p + done, sample.n - done);
        if (n < 0 && errno != EINTR)
            break;
        done += n > 0 ? (size_t)n : 0;
    }
    if (fd >= 0 && done == sample.n)
        return fd;
    int number = errno;
    err_set(why, ERR_IO, "the sample cannot be unpacked: %s", strerror(number));
    if (fd >= 0)
        close(fd);
    return -1;
}

int cli_demo(const struct cli_args *args)
{
    struct err_text why;
    char path[64];
    if (args->rest_n > 0)
        return cli_fail(ERR_INVALID, (err_set(&why, ERR_INVALID, "demo takes no arguments"), &why));
    cli_catch_signals();
    int fd = open_sample(&why);
    if (fd < 0)
        return cli_fail(ERR_IO, &why);
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    const char *const paths[] = {path};
    struct engine_replay_settings settings = {
        .paths = paths,
        .paths_n = 1,
        .format = "pcap",
        .sensor = "sensor",
        .threads = 1,
    };
    fputs(before, stdout);
    fflush(stdout);
    int status =
        cli_replay_run(&settings, true, cli_has(args, CLI_QUIET), cli_has(args, CLI_STATS));
    if (status == CLI_DONE)
        fputs(after, stdout);
    close(fd);
    return status;
}
