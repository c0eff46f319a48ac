#ifndef RULE_JOB_ID_H
#define RULE_JOB_ID_H

/*
 * Which installed job a public rule means.
 *
 * Three generations of the public jobs exist under x, x_ea and x_euid, with the same detectors;
 * here there is one job, x. Two DNS jobs also changed their name on the way to the newest
 * generation.
 *
 * Threads: any.
 */

#include <stdbool.h>
#include <stddef.h>

#define RULE_JOB_ID_SIZE 128

/* The installed job's name, NUL-terminated; false when it does not fit. */
bool rule_job_id_plain(const char *id, size_t n, char out[RULE_JOB_ID_SIZE]);

/* Whether both mean the same installed job. */
bool rule_job_id_same(const char *a, const char *b);

#endif
