#ifndef QUALITY_RULER_H
#define QUALITY_RULER_H

/*
 * Whether the ruler is straight: draws from each family's laws fall into the tails as often as the
 * tails say, and values put in have the probability they are said to have.
 *
 * Threads: one owner.
 */

#include <stdbool.h>
#include <stdint.h>

/* Prints a line for each family; false when one is crooked. */
bool quality_ruler_check(uint64_t seed);

/* The same of the learners (learner.h): where theory says what can be known they say that, and what
 * they foretell from three weeks comes as often as they say, in each family. */
bool quality_ruler_check_learner(uint64_t seed);

#endif
