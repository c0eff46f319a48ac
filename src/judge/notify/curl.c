/* SPDX-License-Identifier: Apache-2.0 */
#include "notify/curl.h"

#include <dlfcn.h>
#include <stddef.h>
#include <string.h>

enum err notify_curl_load(struct notify_curl *out, struct err_text *why)
{
    static const struct {
        const char *symbol;
        size_t offset;
    } table[] = {
#define X(name) {"curl_" #name, offsetof(struct notify_curl, name)},
        NOTIFY_CURL_FUNCTIONS(X)
#undef X
    };
    struct notify_curl curl;
    void *library = dlopen(WEIR_CURL_LIBRARY, RTLD_NOW);
    if (library == NULL)
        return err_set(why, ERR_UNSUPPORTED, "messages need libcurl: %.200s", dlerror());
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        void *symbol = dlsym(library, table[i].symbol);
        if (symbol == NULL)
            return err_set(why, ERR_UNSUPPORTED, "%s lacks %s", WEIR_CURL_LIBRARY, table[i].symbol);
        /* Data and function pointers have one representation where dlsym() exists. */
        memcpy((char *)&curl + table[i].offset, &symbol, sizeof(symbol));
    }
    *out = curl;
    return ERR_NONE;
}
