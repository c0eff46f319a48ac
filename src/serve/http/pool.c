/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buf.h"
#include "base/hash.h"
#include "http/server_priv.h"

#include <string.h>

/* "GET, HEAD, POST, OPTIONS" */
static void set_allow(struct http_request *r)
{
    const struct http_match *m = &r->match;
    bool get = false, head = false, options = false;
    struct buf b;
    buf_init(&b);
    for (size_t i = 0; i < m->allow_n; i++) {
        buf_str(&b, i > 0 ? ", " : "");
        buf_str(&b, m->allow[i]);
        get = get || strcmp(m->allow[i], "GET") == 0;
        head = head || strcmp(m->allow[i], "HEAD") == 0;
        options = options || strcmp(m->allow[i], "OPTIONS") == 0;
    }
    if (get && !head)
        buf_str(&b, ", HEAD");
    if (!options)
        buf_str(&b, ", OPTIONS");
    if (buf_ok(&b))
        http_answer_set_header(&r->answer, "Allow", buf_text(&b));
    else
        r->answer.failed = true;
    buf_release(&b);
}

/* No route fits. */
static void answer_stray(struct http_request *r)
{
    if (r->match.allow_n == 0) {
        http_answer_refuse(r, (struct http_refusal){404, "There is nothing of that path."});
        return;
    }
    if (strcmp(r->method, "OPTIONS") == 0)
        http_answer_set_status(&r->answer, 204);
    else
        http_answer_refuse(r, (struct http_refusal){405, "The path does not know that method."});
    set_allow(r);
}

/* Long work that waited is not begun for a client that has gone meanwhile. */
static bool is_left(struct http_request *r)
{
    return http_pool_lane(r) == HTTP_LANE_LONG && http_request_is_gone(r);
}

static void work(struct http_server *s, struct http_request *r)
{
    const struct http_server_options *o = &s->o;
    bool before_body = r->phase == HTTP_PHASE_ADMIT;
    bool done = atomic_load(&s->over);
    if (done)
        http_answer_refuse(r, (struct http_refusal){503, "The server stops."});
    if (!done && !r->admitted && o->admit != NULL)
        done = !o->admit(o->ctx, r->match.route, r, &r->answer);
    r->admitted = true;
    if (!done && r->match.route == NULL) {
        answer_stray(r);
        done = true;
    }
    if (!done && before_body)
        return;
    if (!done && is_left(r)) {
        http_answer_refuse(r, (struct http_refusal){503, "Nobody waits for the answer."});
        done = true;
    }
    if (!done) {
        r->begun = o->steady();
        r->match.route->handle(o->ctx, r, &r->answer);
    }
    /* No 503: what took so long once is not to be tried again. */
    if (atomic_load(&r->late))
        http_answer_refuse(r, (struct http_refusal){400, "It takes too long: ask for less."});
    http_body_drop(r);
    http_answer_make(r);
    r->answered = true;
}

void *http_pool_run(void *server)
{
    struct http_server *s = server;
    struct http_request *r;
    struct http_lane_place place;
    while ((r = http_lane_pop(s->lanes, &place)) != NULL) {
        work(s, r);
        /* From here on it is libmicrohttpd's thread that has it. */
        MHD_resume_connection(r->mhd);
        http_lane_done(s->lanes, place);
    }
    return NULL;
}

enum http_lane http_pool_lane(const struct http_request *r)
{
    const struct http_server_options *o = &r->server->o;
    if (!r->admitted && o->admit != NULL)
        return o->admit_lane != NULL ? o->admit_lane(o->ctx, r) : HTTP_LANE_SHORT;
    return r->match.route != NULL && o->lane != NULL ? o->lane(o->ctx, r->match.route)
                                                     : HTTP_LANE_SHORT;
}

/* Names are no traffic, but two of one hash would share. */
uint64_t http_pool_who(const struct http_request *r)
{
    static const struct hash_key key = {7, 8};
    return r->user != NULL ? hash_bytes(key, r->user, strlen(r->user)) | 1 : 0;
}

bool http_pool_submit(struct http_request *r)
{
    struct http_server *s = r->server;
    if (atomic_load(&s->stopping))
        return false;
    MHD_suspend_connection(r->mhd);
    const struct http_lane_place place = {http_pool_lane(r), http_pool_who(r)};
    if (http_lane_push(s->lanes, place, r))
        return true;
    MHD_resume_connection(r->mhd);
    return false;
}
