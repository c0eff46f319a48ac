/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How good the engine is on generated families whose truth is known: docs/quality.md. Prints one
 * JSON line a family; the same options print the same figures.
 *
 *   quality [--buckets N] [--every N] [--seed N] [--held-out] [--verbose] [FAMILY…]
 *   quality --learner [OPTIONS] [FAMILY…]   beside it who knows the form and learns the numbers
 *   quality --list
 *   quality --check-ruler    the generators against their own laws
 *   quality --check-learner  the learners against known cases
 */
#include "family.h"
#include "ruler.h"
#include "scenario.h"
#include "series.h"
#include "tally.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool wanted(char **names, int n, const char *name)
{
    if (n == 0)
        return true;
    for (int i = 0; i < n; i++)
        if (strcmp(names[i], name) == 0)
            return true;
    return false;
}

static void run_series(const struct quality_run *run, char **names, int n, bool list)
{
    for (size_t i = 0; i < quality_families_n; i++) {
        const struct quality_family *f = &quality_families[i];
        struct quality_tally t = {0};
        if (!wanted(names, n, f->name))
            continue;
        if (list) {
            printf("%s\t%s\n", f->name, f->what);
            continue;
        }
        quality_series_run(f, run, &t);
        quality_tally_print(stdout, f->name, run->seed, run->held_out, &t);
    }
}

static void run_scenarios(const struct quality_scenario *list_of, size_t n_of,
                          const struct quality_run *run, char **names, int n, bool list)
{
    for (size_t i = 0; i < n_of; i++) {
        const struct quality_scenario *s = &list_of[i];
        struct quality_tally t = {0};
        if (!wanted(names, n, s->name))
            continue;
        if (list) {
            printf("%s\t%s\n", s->name, s->what);
            continue;
        }
        quality_scenario_run(s, run, &t);
        quality_tally_print(stdout, s->name, run->seed, run->held_out, &t);
    }
}

int main(int argc, char **argv)
{
    struct quality_run run = {.seed = 1, .buckets = 1e6, .every = 5000};
    bool list = false;
    int at = 1;
    for (; at < argc && strncmp(argv[at], "--", 2) == 0; at++) {
        const char *value = at + 1 < argc ? argv[at + 1] : "";
        if (strcmp(argv[at], "--held-out") == 0) {
            run.held_out = true;
        } else if (strcmp(argv[at], "--verbose") == 0) {
            run.verbose = true;
        } else if (strcmp(argv[at], "--learner") == 0) {
            run.learner = true;
        } else if (strcmp(argv[at], "--list") == 0) {
            list = true;
        } else if (strcmp(argv[at], "--check-ruler") == 0) {
            return quality_ruler_check(run.seed) ? 0 : 1;
        } else if (strcmp(argv[at], "--check-learner") == 0) {
            return quality_ruler_check_learner(run.seed) ? 0 : 1;
        } else if (strcmp(argv[at], "--buckets") == 0 && strtod(value, NULL) > 0) {
            run.buckets = strtod(argv[++at], NULL);
        } else if (strcmp(argv[at], "--every") == 0 && strtoul(value, NULL, 10) > 0) {
            run.every = (uint32_t)strtoul(argv[++at], NULL, 10);
        } else if (strcmp(argv[at], "--seed") == 0 && *value != '\0') {
            run.seed = strtoull(argv[++at], NULL, 10);
        } else {
            fprintf(stderr,
                    "usage: quality [--buckets N] [--every N] [--seed N] [--held-out] [--verbose] "
                    "[--learner] [--list] [--check-ruler] [--check-learner] [FAMILY...]\n");
            return 2;
        }
    }
    run_series(&run, argv + at, argc - at, list);
    run_scenarios(quality_populations, quality_populations_n, &run, argv + at, argc - at, list);
    run_scenarios(quality_habits, quality_habits_n, &run, argv + at, argc - at, list);
    return 0;
}
