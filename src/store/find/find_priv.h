#ifndef FIND_FIND_PRIV_H
#define FIND_FIND_PRIV_H

/* What find.c (searching), get.c (one document) and caps.c (fields) share. */

#include "find/find.h"

struct find {
    struct find_options options;
};

#endif
