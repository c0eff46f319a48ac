#ifndef TESTS_FAULT_MEMORY_H
#define TESTS_FAULT_MEMORY_H

/*
 * The n-th allocation fails. Link with weir_fault(target), which wraps malloc, calloc and realloc
 * of the program's own code; each program includes this once.
 */

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

static _Atomic uint64_t fault_left = UINT64_MAX; /* allocations that still succeed */
static _Atomic bool fault_hit;
static _Atomic bool fault_once; /* those after it succeed again */

/* The n-th allocation from now on (1 is the next) fails, and all after it. */
static inline void fault_arm(uint64_t n)
{
    fault_once = false;
    fault_hit = false;
    fault_left = n - 1;
}

/* The n-th fails, and it alone. */
static inline void fault_arm_one(uint64_t n)
{
    fault_arm(n);
    fault_once = true;
}

/* Nothing fails any more. Whether something did. */
static inline bool fault_disarm(void)
{
    fault_left = UINT64_MAX;
    return fault_hit;
}

static inline bool fault_now(void)
{
    uint64_t left = fault_left;
    do {
        if (left == UINT64_MAX)
            return false;
    } while (left > 0 && !atomic_compare_exchange_weak(&fault_left, &left, left - 1));
    if (left > 0)
        return false;
    fault_hit = true;
    if (fault_once)
        fault_left = UINT64_MAX;
    return true;
}

void *__real_malloc(size_t n);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *p, size_t n);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *p, size_t n);

void *__wrap_malloc(size_t n)
{
    return fault_now() ? NULL : __real_malloc(n);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return fault_now() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *p, size_t n)
{
    return fault_now() ? NULL : __real_realloc(p, n);
}

#endif
