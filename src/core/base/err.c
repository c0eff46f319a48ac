/* SPDX-License-Identifier: Apache-2.0 */
#include "base/err.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

const char *err_name(enum err code)
{
    switch (code) {
    case ERR_NONE:
        return "no error";
    case ERR_MEMORY:
        return "not enough memory";
    case ERR_IO:
        return "input or output failed";
    case ERR_END:
        return "end of input";
    case ERR_AGAIN:
        return "nothing there yet";
    case ERR_NOT_FOUND:
        return "not found";
    case ERR_EXISTS:
        return "there already";
    case ERR_INVALID:
        return "wrong value";
    case ERR_UNSUPPORTED:
        return "not supported";
    case ERR_FORMAT:
        return "not in the expected format";
    case ERR_VERSION:
        return "written by a newer version";
    case ERR_LIMIT:
        return "limit reached";
    case ERR_FULL:
        return "no space left on the disk";
    case ERR_DENIED:
        return "permission denied";
    case ERR_BUSY:
        return "in use by another process";
    case ERR_STOPPED:
        return "stopped";
    }
    return "unknown error";
}

enum err err_from_errno(int errnum)
{
    switch (errnum) {
    case 0:
        return ERR_NONE;
    case ENOMEM:
        return ERR_MEMORY;
    case ENOENT:
    case ENODEV:
    case ENXIO:
        return ERR_NOT_FOUND;
    case EEXIST:
        return ERR_EXISTS;
    case EACCES:
    case EPERM:
    case EROFS:
        return ERR_DENIED;
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
        return ERR_FULL;
    case EAGAIN:
        return ERR_AGAIN;
    case EBUSY:
        return ERR_BUSY;
    case EINVAL:
        return ERR_INVALID;
    default:
        return ERR_IO;
    }
}

__attribute__((format(printf, 5, 0))) static enum err fill(struct err_text *why, enum err code,
                                                           const char *file, unsigned line,
                                                           const char *format, va_list args)
{
    if (why == NULL)
        return code;
    snprintf(why->file, sizeof(why->file), "%s", file != NULL ? file : "");
    why->line = line;
    why->column = 0;
    vsnprintf(why->message, sizeof(why->message), format, args);
    for (char *p = why->message; *p != '\0'; p++)
        if (*p == '\n' || *p == '\r')
            *p = ' ';
    return code;
}

enum err err_set(struct err_text *why, enum err code, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fill(why, code, NULL, 0, format, args);
    va_end(args);
    return code;
}

enum err err_set_at(struct err_text *why, enum err code, const char *file, unsigned line,
                    const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fill(why, code, file, line, format, args);
    va_end(args);
    return code;
}

const char *err_format(const struct err_text *why, char *out, size_t size)
{
    if (why->file[0] == '\0')
        snprintf(out, size, "%s", why->message);
    else if (why->line == 0)
        snprintf(out, size, "%s: %s", why->file, why->message);
    else if (why->column == 0)
        snprintf(out, size, "%s:%u: %s", why->file, why->line, why->message);
    else
        snprintf(out, size, "%s:%u:%u: %s", why->file, why->line, why->column, why->message);
    return out;
}
