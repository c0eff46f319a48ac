#ifndef NOTIFY_CURL_H
#define NOTIFY_CURL_H

/*
 * libcurl's functions, looked up at run time: with all that it depends on it is as large as the
 * rest of the program, and only who sends messages needs it.
 *
 * Ownership: notify_curl_load() opens the library, which stays loaded.
 * Threads:   the table is constant once loaded.
 */

#include "base/err.h"

#include <curl/curl.h>

/* The library checks types by macros of these names, which a table has no use for. */
#undef curl_easy_setopt
#undef curl_easy_getinfo

#define NOTIFY_CURL_FUNCTIONS(X)                                                                   \
    X(global_init)                                                                                 \
    X(easy_init)                                                                                   \
    X(easy_setopt)                                                                                 \
    X(easy_perform)                                                                                \
    X(easy_send)                                                                                   \
    X(easy_getinfo)                                                                                \
    X(easy_strerror)                                                                               \
    X(easy_cleanup)                                                                                \
    X(slist_append)                                                                                \
    X(slist_free_all)                                                                              \
    X(strequal)                                                                                    \
    X(url)                                                                                         \
    X(url_set)                                                                                     \
    X(url_get)                                                                                     \
    X(url_cleanup)                                                                                 \
    X(free)

struct notify_curl {
#define X(name) __typeof__(&curl_##name) name;
    NOTIFY_CURL_FUNCTIONS(X)
#undef X
};

/* From where the system keeps libraries; again, at no cost, once it is loaded, in a jail too.
 * ERR_UNSUPPORTED: not there, or without a function that is needed. */
enum err notify_curl_load(struct notify_curl *out, struct err_text *why) ERR_MUST_CHECK;

#endif
