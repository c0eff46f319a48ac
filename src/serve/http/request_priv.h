#ifndef HTTP_REQUEST_PRIV_H
#define HTTP_REQUEST_PRIV_H

/*
 * A request on its way. It belongs to libmicrohttpd's thread but for the time in which its
 * connection is suspended: then to whoever took it from the queue.
 */

#include "base/arena.h"
#include "http/pack.h"
#include "http/request.h"
#include "http/route.h"
#include "http/server.h"
#include "http/text.h"

#include <microhttpd.h>

struct http_conn;

enum http_phase {
    HTTP_PHASE_HEAD,  /* nothing has been decided */
    HTTP_PHASE_ADMIT, /* in the pool, before its body is read */
    HTTP_PHASE_BODY,  /* its body comes */
    HTTP_PHASE_WORK,  /* in the pool, whole */
    HTTP_PHASE_SEND,  /* the answer was handed over */
};

struct http_header {
    const char *name;
    const char *value;
};

struct http_answer {
    struct http_request *request;
    unsigned status;
    struct http_header *headers;
    size_t headers_n;
    size_t headers_cap;
    bool failed; /* memory was short for a header */
    struct buf body;
    uint64_t charged;     /* of the budget, for the body */
    unsigned share;       /* to which it is charged */
    const void *constant; /* instead of a body */
    size_t constant_n;
    struct http_stream *stream;
    uint64_t after;
};

/* What is said against a request before or while its body comes; sentence NULL: nothing. */
struct http_refusal {
    unsigned status;
    const char *sentence;
};

struct http_request {
    struct http_server *server;
    struct http_conn *conn;
    struct MHD_Connection *mhd;
    enum http_phase phase;
    ts_ns wall;
    ts_ns steady;
    struct arena arena;
    const char *raw; /* the target as sent */
    size_t raw_n;
    const char *raw_at; /* where libmicrohttpd keeps it, only to be compared with */
    const char *method;
    struct http_target target;
    struct http_match match;
    const char *rest; /* {name...}, joined */
    const char *user; /* NULL: not known */
    void *guest;
    void (*guest_free)(void *guest);
    bool has_body;
    bool is_head;
    bool admitted;
    bool answered;     /* the answer is filled */
    ts_ns begun;       /* the handler; 0: not yet */
    _Atomic bool late; /* it was told that it takes too long */
    struct http_refusal refusal;
    /* the body */
    struct buf body;
    uint64_t body_charged; /* bytes of the budget */
    unsigned body_share;   /* to which they are charged; of the first one who was known */
    uint64_t body_max;
    uint64_t received; /* as sent */
    struct http_unpack *unpack;
    /* the answer */
    struct http_answer answer;
    struct MHD_Response *response;
    uint64_t response_n; /* bytes of its body that are sent */
    bool streams;
    _Atomic uint64_t streamed;
};

/* NULL when memory is short. */
struct http_request *http_request_new(struct http_server *s, struct MHD_Connection *mhd,
                                      const char *raw);
void http_request_free(struct http_request *r);
/* Looks at the whole head: fills target and match, or the refusal. */
void http_request_read_head(struct http_request *r, const char *method, const char *version);

/* Takes the next bytes of the body; what is wrong with it becomes the refusal. False: cut off. */
bool http_body_take(struct http_request *r, const char *p, size_t n);
/* The body is complete. */
void http_body_end(struct http_request *r);
void http_body_drop(struct http_request *r);

/* Empties the answer and fills it with a refusal. */
void http_answer_refuse(struct http_request *r, struct http_refusal refusal);
/* Makes what libmicrohttpd sends of the filled answer: r->response, NULL when memory is short. */
void http_answer_make(struct http_request *r);
void http_answer_init(struct http_answer *a, struct http_request *r);
void http_answer_release(struct http_answer *a);
const char *http_answer_header(const struct http_answer *a, const char *name);

#endif
