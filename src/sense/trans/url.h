#ifndef TRANS_URL_H
#define TRANS_URL_H

/*
 * A request target and a Host header taken apart into the parts of a URL (RFC 3986, RFC 9112).
 *
 * Nothing is decoded or normalised: parts are views of what was on the wire.
 *
 * Ownership: parts borrow from the target and the host.
 * Threads:   any.
 */

#include "base/bytes.h"

#include <stdbool.h>
#include <stdint.h>

struct trans_url {
    bool absolute;       /* the target was a whole URL (to a proxy) */
    struct bytes scheme; /* empty unless absolute */
    struct bytes user;   /* before the first ':' of the user information */
    struct bytes host;   /* without port; an IPv6 address without its brackets */
    bool has_port;
    uint16_t port;
    struct bytes path;
    struct bytes query;     /* without '?' */
    struct bytes fragment;  /* without '#' */
    struct bytes extension; /* of the last segment of the path, without dot */
};

/* host may be empty; authority_form is the target of CONNECT: host and port alone. */
void trans_url_split(struct bytes target, struct bytes host, bool authority_form,
                     struct trans_url *out);

#endif
