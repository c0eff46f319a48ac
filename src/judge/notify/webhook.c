/* SPDX-License-Identifier: Apache-2.0 */
#include "notify/send_priv.h"

#include "base/buf.h"
#include "format/node.h"

#include <ctype.h>
#include <string.h>

/* Where the address leads; NULL when it is none. lib->free(). */
static char *host_of(const struct notify_curl *lib, const char *url)
{
    CURLU *u = lib->url();
    char *host = NULL;
    if (u != NULL && lib->url_set(u, CURLUPART_URL, url, 0) == CURLUE_OK)
        lib->url_get(u, CURLUPART_HOST, &host, 0);
    lib->url_cleanup(u);
    return host;
}

static bool has_controls(const char *s)
{
    for (; *s != '\0'; s++)
        if (iscntrl((unsigned char)*s))
            return true;
    return false;
}

/* A header each; those with line ends would become two. */
static bool add_headers(struct notify_transfer *t, const struct format_node *headers, bool *typed)
{
    bool ok = true;
    for (size_t i = 0; i < format_node_count(headers) && ok; i++) {
        const struct format_node *v = format_node_at(headers, i);
        const char *name = format_node_key(v), *value = format_node_str(v, "");
        struct buf line;
        if (has_controls(name) || has_controls(value) || strchr(name, ':') != NULL)
            continue;
        *typed = *typed || t->lib.strequal(name, "content-type");
        buf_init(&line);
        /* libcurl drops a header without a value unless it is written so. */
        buf_format(&line, value[0] != '\0' ? "%s: %s" : "%s;%s", name, value);
        ok = buf_ok(&line) && notify_transfer_append(t, buf_text(&line));
        buf_release(&line);
    }
    return ok;
}

static bool set_request(struct notify_transfer *t, const struct notify_connector *c,
                        const struct format_node *params)
{
    const char *name = format_node_str(format_node_get(c->config, "method"), "post");
    const struct format_node *body = format_node_get(params, "body");
    char method[8] = "";
    bool typed = false;
    for (size_t i = 0; i + 1 < sizeof(method) && name[i] != '\0'; i++)
        method[i] = (char)toupper((unsigned char)name[i]);
    bool ok =
        t->lib.easy_setopt(t->curl, CURLOPT_URL,
                           format_node_str(format_node_get(c->config, "url"), "")) == CURLE_OK;
    t->lib.easy_setopt(t->curl, CURLOPT_PROTOCOLS_STR, "http,https");
    t->lib.easy_setopt(t->curl, CURLOPT_USERAGENT, "weir");
    if (body != NULL || strcmp(method, "GET") != 0) {
        t->lib.easy_setopt(t->curl, CURLOPT_POSTFIELDSIZE, (long)format_node_str_len(body));
        ok = ok &&
             t->lib.easy_setopt(t->curl, CURLOPT_POSTFIELDS, format_node_str(body, "")) == CURLE_OK;
    }
    t->lib.easy_setopt(t->curl, CURLOPT_CUSTOMREQUEST, method);
    ok = ok && add_headers(t, format_node_get(c->config, "headers"), &typed) &&
         add_headers(t, format_node_get(c->secrets, "secretHeaders"), &typed);
    if (!typed)
        ok = ok && notify_transfer_append(t, "Content-Type: application/json");
    ok = ok && notify_transfer_append(t, "Expect:");
    t->lib.easy_setopt(t->curl, CURLOPT_HTTPHEADER, t->list);
    if (format_node_bool(format_node_get(c->config, "hasAuth"), false)) {
        const char *user = format_node_str(format_node_get(c->secrets, "user"), "");
        const char *password = format_node_str(format_node_get(c->secrets, "password"), "");
        t->lib.easy_setopt(t->curl, CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
        ok = ok && t->lib.easy_setopt(t->curl, CURLOPT_USERNAME, user) == CURLE_OK &&
             t->lib.easy_setopt(t->curl, CURLOPT_PASSWORD, password) == CURLE_OK;
    }
    return ok;
}

/* What is over soon is tried again; what the other side will not have is not. */
static enum notify_outcome judge(const struct notify_transfer *t, long status, struct err_text *why)
{
    if (status >= 200 && status <= 299)
        return NOTIFY_SENT;
    err_set(why, ERR_IO, "answered with status %ld%s%s%s", status,
            status >= 300 && status <= 399 ? ", which leads elsewhere and is not followed" : "",
            t->answer_n > 0 ? ": " : "", t->answer);
    return status >= 500 || status == 408 || status == 425 || status == 429 ? NOTIFY_LATER
                                                                            : NOTIFY_REFUSED;
}

enum notify_outcome notify_webhook_send(const struct notify_connector *c,
                                        const struct format_node *params,
                                        const struct notify_send_options *options,
                                        struct err_text *why)
{
    struct notify_transfer t;
    const char *url = format_node_str(format_node_get(c->config, "url"), "");
    enum notify_outcome outcome = NOTIFY_LATER;
    long status = 0;
    struct notify_curl lib;
    if (notify_curl_load(&lib, why) != ERR_NONE)
        return NOTIFY_LATER;
    char *host = host_of(&lib, url);
    if (host == NULL) {
        err_set(why, ERR_INVALID, "config.url is no address");
        return NOTIFY_REFUSED;
    }
    if (!notify_host_allowed(options, host)) {
        outcome = notify_host_refuse(host, why);
        lib.free(host);
        return outcome;
    }
    if (!notify_transfer_begin(&t, c, options, host) || !set_request(&t, c, params)) {
        err_set(why, ERR_MEMORY, "%s", err_name(ERR_MEMORY));
    } else {
        CURLcode code = t.lib.easy_perform(t.curl);
        t.lib.easy_getinfo(t.curl, CURLINFO_RESPONSE_CODE, &status);
        /* Whoever answers at length has answered. */
        if (code != CURLE_OK && !(code == CURLE_WRITE_ERROR && status != 0))
            outcome = notify_transfer_fail(&t, code, why);
        else
            outcome = judge(&t, status, why);
    }
    notify_transfer_end(&t);
    lib.free(host);
    return outcome;
}
