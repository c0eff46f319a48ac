#ifndef NOTIFY_SEND_PRIV_H
#define NOTIFY_SEND_PRIV_H

/* What the ways of sending share: one transfer of libcurl and its bounds. */

#include "notify/connector.h"
#include "notify/curl.h"
#include "notify/host.h"
#include "notify/send.h"

struct notify_transfer {
    struct notify_curl lib;
    CURL *curl;
    struct curl_slist *list; /* headers or recipients */
    const char *host;
    bool named; /* in full, in notify.hosts */
    bool near;  /* the host turned out to be near, and is not named */
    int ca;     /* a file in memory, −1: none */
    char ca_path[40];
    char error[CURL_ERROR_SIZE];
    char answer[160]; /* the first bytes that came back */
    size_t answer_n;
    size_t received;
};

/* False without memory, or libcurl; notify_transfer_end() in any case. host lives as long. */
bool notify_transfer_begin(struct notify_transfer *t, const struct notify_connector *c,
                           const struct notify_send_options *options, const char *host);
void notify_transfer_end(struct notify_transfer *t);
bool notify_transfer_append(struct notify_transfer *t, const char *text);

/* A failure of the transfer in words. */
enum notify_outcome notify_transfer_fail(const struct notify_transfer *t, CURLcode code,
                                         struct err_text *why);

enum notify_outcome notify_webhook_send(const struct notify_connector *c,
                                        const struct format_node *params,
                                        const struct notify_send_options *options,
                                        struct err_text *why);
enum notify_outcome notify_mail_send(const struct notify_connector *c,
                                     const struct format_node *params,
                                     const struct notify_send_options *options,
                                     struct err_text *why);
enum notify_outcome notify_syslog_send(const struct notify_connector *c,
                                       const struct format_node *params,
                                       const struct notify_send_options *options,
                                       struct err_text *why);

#endif
