#ifndef TESTS_CORE_STATS_GOLDEN_H
#define TESTS_CORE_STATS_GOLDEN_H

/*
 * Reads golden/special.csv: function, four arguments, two results, tolerance. A row whose function
 * is not asked for is passed over.
 */

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct golden_row {
    char name[32];
    double arg[4];
    double result[2];
    int results;
    double tolerance;
};

static inline bool golden_read(FILE *f, struct golden_row *out)
{
    char line[512];
    do {
        if (fgets(line, sizeof(line), f) == NULL)
            return false;
    } while (line[0] == '#');
    char *rest = line;
    memset(out, 0, sizeof(*out));
    snprintf(out->name, sizeof(out->name), "%s", strsep(&rest, ","));
    for (int i = 0; i < 7; i++) {
        const char *cell = rest != NULL ? strsep(&rest, ",") : "";
        if (i < 4)
            out->arg[i] = atof(cell);
        else if (i == 6)
            out->tolerance = atof(cell);
        else if (cell[0] != '\0')
            out->result[out->results++] = atof(cell);
    }
    return true;
}

/* Relative, and absolute below 1e-290 where doubles lose digits. */
static inline bool golden_close(double got, double want, double tolerance)
{
    return fabs(got - want) <= tolerance * fabs(want) + 1e-290;
}

static inline bool golden_check(const struct golden_row *row, double first, double second)
{
    bool good = golden_close(first, row->result[0], row->tolerance) &&
                (row->results < 2 || golden_close(second, row->result[1], row->tolerance));
    if (!good)
        fprintf(stderr, "%s(%.17g, %.17g, %.17g, %.17g): got %.17g %.17g, want %.17g %.17g\n",
                row->name, row->arg[0], row->arg[1], row->arg[2], row->arg[3], first, second,
                row->result[0], row->result[1]);
    return good;
}

#endif
