/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* memfd_create */
#include "notify/send.h"

#include "format/node.h"
#include "notify/send_priv.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#define CONNECT_MS 10000L
#define ANSWER_MAX ((size_t)1 << 20) /* read of an answer before the line is cut */

enum err notify_send_prepare(struct err_text *why)
{
    struct notify_curl lib;
    return notify_curl_load(&lib, why);
}

enum err notify_send_begin(void)
{
    struct err_text why;
    struct notify_curl lib;
    enum err err = notify_curl_load(&lib, &why);
    if (err != ERR_NONE)
        return err;
    return lib.global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK ? ERR_NONE : ERR_MEMORY;
}

static size_t take_answer(char *p, size_t size, size_t n, void *ctx)
{
    struct notify_transfer *t = ctx;
    size_t bytes = size * n;
    for (size_t i = 0; i < bytes && t->answer_n + 1 < sizeof(t->answer); i++)
        t->answer[t->answer_n++] = p[i] >= ' ' && p[i] < 127 ? p[i] : ' ';
    t->received += bytes;
    return t->received > ANSWER_MAX ? 0 : bytes;
}

/* Every address that a name leads to comes by here before it is connected to. */
static curl_socket_t open_socket(void *ctx, curlsocktype purpose, struct curl_sockaddr *to)
{
    struct notify_transfer *t = ctx;
    (void)purpose;
    if (!t->named && notify_host_is_near(&to->addr)) {
        t->near = true;
        return CURL_SOCKET_BAD;
    }
    return socket(to->family, to->socktype | SOCK_CLOEXEC, to->protocol);
}

/* Certificates that the connector names: libcurl wants them in a file. */
static bool set_ca(struct notify_transfer *t, const struct format_node *ca)
{
    const char *pem = format_node_str(ca, "");
    size_t n = format_node_str_len(ca);
    t->ca = memfd_create("ca", MFD_CLOEXEC);
    if (t->ca < 0 || write(t->ca, pem, n) != (ssize_t)n)
        return false;
    snprintf(t->ca_path, sizeof(t->ca_path), "/proc/self/fd/%d", t->ca);
    return t->lib.easy_setopt(t->curl, CURLOPT_CAINFO, t->ca_path) == CURLE_OK;
}

bool notify_transfer_begin(struct notify_transfer *t, const struct notify_connector *c,
                           const struct notify_send_options *options, const char *host)
{
    const struct format_node *ca = format_node_get(c->config, "ca");
    const char *mode = format_node_str(format_node_get(c->config, "verificationMode"), "full");
    struct err_text why;
    *t =
        (struct notify_transfer){.ca = -1, .host = host, .named = notify_host_named(options, host)};
    if (notify_curl_load(&t->lib, &why) != ERR_NONE)
        return false;
    t->curl = t->lib.easy_init();
    if (t->curl == NULL)
        return false;
    t->lib.easy_setopt(t->curl, CURLOPT_ERRORBUFFER, t->error);
    t->lib.easy_setopt(t->curl, CURLOPT_NOSIGNAL, 1L);
    t->lib.easy_setopt(t->curl, CURLOPT_PROXY, "");
    t->lib.easy_setopt(t->curl, CURLOPT_FOLLOWLOCATION, 0L);
    t->lib.easy_setopt(t->curl, CURLOPT_OPENSOCKETFUNCTION, open_socket);
    t->lib.easy_setopt(t->curl, CURLOPT_OPENSOCKETDATA, t);
    t->lib.easy_setopt(t->curl, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_MS);
    t->lib.easy_setopt(t->curl, CURLOPT_TIMEOUT_MS, (long)(options->timeout_ns / TIME_MS));
    t->lib.easy_setopt(t->curl, CURLOPT_WRITEFUNCTION, take_answer);
    t->lib.easy_setopt(t->curl, CURLOPT_WRITEDATA, t);
    t->lib.easy_setopt(t->curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    t->lib.easy_setopt(t->curl, CURLOPT_SSL_VERIFYPEER, strcmp(mode, "none") != 0 ? 1L : 0L);
    t->lib.easy_setopt(t->curl, CURLOPT_SSL_VERIFYHOST, strcmp(mode, "full") == 0 ? 2L : 0L);
    return format_node_str_len(ca) == 0 || set_ca(t, ca);
}

void notify_transfer_end(struct notify_transfer *t)
{
    if (t->curl != NULL)
        t->lib.easy_cleanup(t->curl);
    if (t->list != NULL)
        t->lib.slist_free_all(t->list);
    if (t->ca >= 0)
        close(t->ca);
}

bool notify_transfer_append(struct notify_transfer *t, const char *text)
{
    struct curl_slist *list = t->lib.slist_append(t->list, text);
    if (list != NULL)
        t->list = list;
    return list != NULL;
}

enum notify_outcome notify_transfer_fail(const struct notify_transfer *t, CURLcode code,
                                         struct err_text *why)
{
    if (t->near)
        return notify_host_refuse_near(t->host, why);
    err_set(why, ERR_IO, "%.300s", t->error[0] != '\0' ? t->error : t->lib.easy_strerror(code));
    return NOTIFY_LATER;
}

enum notify_outcome notify_send(const struct notify_connector *c, const struct format_node *params,
                                const struct notify_send_options *options, struct err_text *why)
{
    if (notify_connector_check_params(c->type, params, why) != ERR_NONE)
        return NOTIFY_REFUSED;
    if (notify_connector_lacks_secrets(c)) {
        err_set(why, ERR_INVALID, "the connector lacks its user and password");
        return NOTIFY_REFUSED;
    }
    switch (c->type) {
    case NOTIFY_WEBHOOK:
        return notify_webhook_send(c, params, options, why);
    case NOTIFY_EMAIL:
        return notify_mail_send(c, params, options, why);
    case NOTIFY_SYSLOG:
    case NOTIFY_TYPES:
        break;
    }
    return notify_syslog_send(c, params, options, why);
}
