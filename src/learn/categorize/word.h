#ifndef CATEGORIZE_WORD_H
#define CATEGORIZE_WORD_H

/*
 * What a token says about its message: nothing (a number, a date, an id), a little (a value, a name
 * with digits), something (a word), or what happened (a deciding word).
 *
 * Method: docs/method/categorize.md. Deciding words are those that tell two messages apart which
 * have all else in common (opened and closed, accepted and failed): a list, and English participles
 * by their endings.
 *
 * Threads: any.
 */

#include "base/bytes.h"

#include <stdbool.h>
#include <stdint.h>

/* Longer tokens are nothing that one could tell a person. */
#define CATEGORIZE_WORD_MAX 100

#define CATEGORIZE_WEIGHT_VALUE 1
#define CATEGORIZE_WEIGHT_WORD 3
#define CATEGORIZE_WEIGHT_DECIDES 5

/* Whether a token is a number, a hexadecimal number, an id, or too long to be told to anybody. */
bool categorize_word_left_out(struct bytes token);

/* Whether the token after this one is probably a name of something: "user", "file". */
bool categorize_word_names(struct bytes token);

/* One of the weights; value: it stands where values stand, so only the list makes it decide. */
uint8_t categorize_word_weight(struct bytes token, bool value);

/* Days, months and time zones, as they stand in dates. */
bool categorize_word_is_date(struct bytes token);

#endif
