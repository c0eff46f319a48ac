#ifndef API_DOOR_H
#define API_DOOR_H

/*
 * Whether a request may come in: who asks, by cookie, key or password, and whether they may use
 * the route. docs/method/server.md says the rules, those against cross-site requests too.
 *
 * Ownership: the guest that is found belongs to the request.
 * Threads:   any.
 */

#include "auth/role.h"

#include <stdbool.h>
#include <stdint.h>

struct api;
struct http_request;

#define API_DOOR_COOKIE "weir_session"

struct api_door_verdict {
    unsigned status; /* 401, 403, 429, 503 */
    int64_t wait_s;  /* with 429 */
    char sentence[256];
};

/* True: the request has its guest (http_request_guest, struct auth_guest), if it is known. */
bool api_door_open(const struct api *a, enum auth_right right, struct http_request *r,
                   struct api_door_verdict *out);

#endif
