#ifndef BASE_ASSERT_H
#define BASE_ASSERT_H

/*
 * Bugs stop the program, in release builds too.
 *
 * ASSERT states what must hold whatever the input is; it never guards against foreign bytes, the
 * world, or a person's mistake. ASSERT_SLOW is for costly checks and lives only in builds with
 * sanitizers.
 */

#define ASSERT(condition)                                                                          \
    ((condition) ? (void)0 : base_assert_fail(#condition, __FILE__, __LINE__, __func__))

#ifdef WEIR_ASAN
#define ASSERT_SLOW(condition) ASSERT(condition)
#else
#define ASSERT_SLOW(condition) ((void)0)
#endif

_Noreturn void base_assert_fail(const char *condition, const char *file, int line,
                                const char *function);

#endif
