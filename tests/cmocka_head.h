#ifndef TESTS_CMOCKA_HEAD_H
#define TESTS_CMOCKA_HEAD_H

/* What cmocka wants before itself. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#endif
