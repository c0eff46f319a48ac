#ifndef HTTP_SERVER_PRIV_H
#define HTTP_SERVER_PRIV_H

/*
 * The server's parts, shared by connection.c (libmicrohttpd's thread), pool.c (handlers), sweep.c
 * (times) and server.c (start and stop).
 *
 * Locks, in the order in which they are taken: http_server.lock, a stream's, libmicrohttpd's.
 */

#include "http/lane.h"
#include "http/request_priv.h"
#include "http/server.h"

#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>

struct http_listener;

#define HTTP_MIB ((uint64_t)1024 * 1024)
#define HTTP_TARGET_MAX 8192  /* bytes; 414 beyond */
#define HTTP_HEAD_MAX 32768   /* bytes of all headers; 431 beyond */
#define HTTP_HEADERS_MAX 100  /* 431 beyond */
#define HTTP_MEMORY_MAX 65536 /* of libmicrohttpd for a connection; half of it for reading */
#define HTTP_DRAINS_MAX 64

/* What a connection is waited for. */
enum http_wait {
    HTTP_WAIT_HEAD, /* for the end of a head, from since */
    HTTP_WAIT_NEXT, /* for a request, from since */
    HTTP_WAIT_BODY, /* for a body, from since; the bytes that came are in moved */
    HTTP_WAIT_WORK, /* for ourselves */
    HTTP_WAIT_SEND, /* for the client to take moved bytes, from since */
};

/* Listed under http_server.lock while its socket is open. */
struct http_conn {
    struct http_conn *next;
    struct http_conn *prev;
    int fd;
    struct ip peer;
    _Atomic int wait; /* enum http_wait */
    _Atomic int64_t since;
    _Atomic uint64_t moved;
    _Atomic uint64_t seen; /* bytes that TCP had received while it waits; UINT64_MAX: not known */
    bool linger;           /* drain what comes after the answer */
    bool cut;              /* the sweeper has shut it down */
};

/* A socket that was answered before everything was read: closing it at once would take the answer
 * from the client. */
struct http_drain {
    int fd; /* -1: free */
    ts_ns until;
};

struct http_counters {
    _Atomic uint64_t requests;
    _Atomic uint64_t by_class[6];
    _Atomic uint64_t received;
    _Atomic uint64_t sent;
    _Atomic uint64_t refused_connections;
    _Atomic uint64_t refused_slow;
    _Atomic uint64_t refused_busy;
};

#define HTTP_SHARES 64
#define HTTP_FREE ((size_t)65536) /* bytes of a body, and of an answer */

struct http_server {
    struct http_server_options o; /* with defaults */
    struct MHD_Daemon *daemon;
    struct http_routes *routes;
    struct MHD_Response *no_memory; /* answers when there is none for anything else */
    struct http_lanes *lanes;
    pthread_t *threads;
    unsigned threads_n;
    pthread_t sweeper;
    bool sweeping;
    int wake; /* eventfd that ends the sweeper */
    pthread_mutex_t lock;
    struct http_conn *conns;                   /* lock */
    unsigned conns_n;                          /* lock */
    struct http_listener *listeners;           /* lock */
    struct http_drain drains[HTTP_DRAINS_MAX]; /* lock */
    struct http_counters counts;
    _Atomic uint64_t held; /* bytes of bodies and answers that are charged */
    _Atomic uint64_t held_by[HTTP_SHARES];
    _Atomic uint64_t busy; /* requests between their first line and the end of the answer */
    _Atomic bool stopping; /* nothing new is begun */
    _Atomic bool over;     /* the grace is over */
};

/* connection.c: what libmicrohttpd calls. */
enum MHD_Result http_connection_accept(void *ctx, const struct sockaddr *addr, socklen_t n);
void http_connection_notify(void *ctx, struct MHD_Connection *mhd, void **socket_ctx,
                            enum MHD_ConnectionNotificationCode code);
void *http_connection_target(void *ctx, const char *target, struct MHD_Connection *mhd);
enum MHD_Result http_connection_handle(void *ctx, struct MHD_Connection *mhd, const char *url,
                                       const char *method, const char *version, const char *upload,
                                       size_t *upload_n, void **request);
void http_connection_completed(void *ctx, struct MHD_Connection *mhd, void **request,
                               enum MHD_RequestTerminationCode code);

/* pool.c: the threads that admit and handle, until the queue is closed. */
void *http_pool_run(void *server);
/* Suspends the connection and puts its request in the queue of its lane; false: it is full. */
bool http_pool_submit(struct http_request *r);
/* A number of whoever asks; 0: not known. */
uint64_t http_pool_who(const struct http_request *r);
/* The lane that the request takes next: admit()'s, then its handler's. */
enum http_lane http_pool_lane(const struct http_request *r);

/* sweep.c: ends what takes too long, feeds heartbeats, drains. */
void *http_sweep_run(void *server);
void http_sweep_cut_all(struct http_server *s);
/* Takes the socket over (a copy of it) to drain; nothing happens when there are too many. */
void http_sweep_linger(struct http_server *s, int fd);

/*
 * server.c: the budget of bodies and answers, of which a share may have half: somebody, and whoever
 * falls into the same share by chance. What is small is free, so that short questions are answered
 * when the budget is used up.
 */
bool http_server_charge(struct http_server *s, unsigned share, uint64_t n);
void http_server_return(struct http_server *s, unsigned share, uint64_t n);
uint64_t http_server_price(size_t n); /* what is charged for so many bytes */

#endif
