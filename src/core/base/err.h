#ifndef BASE_ERR_H
#define BASE_ERR_H

/*
 * Failures of the world and mistakes of people.
 *
 * Functions that can fail return enum err, 0 when all went well; their out-parameters are untouched
 * on failure. When a person made the mistake (a job, a rule, a configuration, a request) or will
 * read about it, the function also takes a struct err_text and fills it with the place and one
 * sentence that says what was expected.
 *
 * Ownership: struct err_text is a value; the caller owns it.
 * Threads:   any.
 */

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

enum err {
    ERR_NONE = 0,
    ERR_MEMORY = -1,      /* no memory */
    ERR_IO = -2,          /* the system refused; errno says why when the call returns */
    ERR_END = -3,         /* nothing more will come */
    ERR_AGAIN = -4,       /* nothing now, later perhaps */
    ERR_NOT_FOUND = -5,   /* no such file, row, interface, field */
    ERR_EXISTS = -6,      /* there already */
    ERR_INVALID = -7,     /* what a person gave is wrong */
    ERR_UNSUPPORTED = -8, /* understood, and not done here */
    ERR_FORMAT = -9,      /* a file is not of the kind it should be, or is cut short */
    ERR_VERSION = -10,    /* written by a newer program */
    ERR_LIMIT = -11,      /* a budget is spent */
    ERR_FULL = -12,       /* no space on the disk */
    ERR_DENIED = -13,     /* not allowed */
    ERR_BUSY = -14,       /* somebody else holds it */
    ERR_STOPPED = -15,    /* asked to stop */
};

#define ERR_MUST_CHECK __attribute__((warn_unused_result))

struct err_text {
    char file[256];
    unsigned line; /* 1-based; 0 when no line is meant */
    unsigned column;
    char message[512]; /* a sentence without newline */
};

/* A few words for a code, for instance "no space left on the disk". Never NULL. */
const char *err_name(enum err code);

/* The code that fits the value of errno. */
enum err err_from_errno(int errnum);

/* Fill why (NULL is fine) and return the code, so that one line can do both. */
enum err err_set(struct err_text *why, enum err code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
enum err err_set_at(struct err_text *why, enum err code, const char *file, unsigned line,
                    const char *format, ...) __attribute__((format(printf, 5, 6)));

/* "file:line:column: message", leaving out what is not known. Returns out. */
const char *err_format(const struct err_text *why, char *out, size_t size);

#endif
