#ifndef TESTS_ML_HELP_H
#define TESTS_ML_HELP_H

/* Requests to the machine-learning API without a server and without a daemon; header only. */

#include "store/store/store_help.h"

#include "format/node.h"
#include "ml/rows.h"
#include "serve/api/fake_http.h"
#include "store/state.h"

#include <string.h>

#define JOB "/_ml/anomaly_detectors/{job_id}"
#define CONFIG                                                                                     \
    "{\"groups\":[\"g\"],\"analysis_config\":{\"bucket_span\":\"900s\",\"detectors\":"             \
    "[{\"function\":\"count\"}]},\"data_description\":{\"time_field\":\"@timestamp\"}}"

/* One request: parts and parameters as "a=b c=d". */
struct help_ask {
    const char *method, *path, *parts, *params, *body;
    unsigned status;
    const char *says; /* what the answer holds */
};

static inline void help_pairs(const char *text, struct fake_pair *out, char *scratch)
{
    size_t n = 0;
    strcpy(scratch, text != NULL ? text : "");
    for (char *p = strtok(scratch, " "); p != NULL; p = strtok(NULL, " ")) {
        char *value = strchr(p, '=');
        *value = '\0';
        out[n++] = (struct fake_pair){p, value + 1};
    }
}

static inline void help_ask(struct fake_world *w, const struct help_ask *q)
{
    struct auth_guest guest = {.role = AUTH_ROLE_ADMIN, .means = AUTH_GUARD_KEY};
    char scratch[2][600];
    struct http_answer a;
    struct http_request r = {.method = q->method,
                             .path = "/",
                             .body = q->body,
                             .route = fake_route(w, q->method, q->path),
                             .guest = &guest};
    help_pairs(q->parts, r.parts, scratch[0]);
    help_pairs(q->params, r.params, scratch[1]);
    fake_ask(w, &r, &a);
    if (a.status != q->status || strstr(buf_text(&a.body), q->says) == NULL)
        fail_msg("%s %s %s %s %s: %u %s", q->method, q->path, q->parts, q->params, q->body,
                 a.status, buf_text(&a.body));
    buf_release(&a.body);
}

#define ASK(...) help_ask(&w, &(const struct help_ask){__VA_ARGS__})

/* A job as state.db has it. */
static inline void help_job(struct fake_world *w, const char *id, const char *state,
                            const char *feed, const char *feed_state)
{
    const struct store_job row = {.id = id,
                                  .config = CONFIG,
                                  .datafeed = feed,
                                  .state = state,
                                  .datafeed_state = feed_state,
                                  .created = FAKE_NOW,
                                  .start = TIME_NONE,
                                  .end = TIME_NONE,
                                  .position = TIME_NONE};
    assert_int_equal(store_state_job_put(w->state, &row), ERR_NONE);
}

/* Whether the last act was that; texts of it are looked for. */
static inline void help_acted(struct fake_world *w, const char *text)
{
    if (strstr(buf_text(&w->acted), text) == NULL)
        fail_msg("%s is not in %s", text, buf_text(&w->acted));
    buf_clear(&w->acted);
}

#endif
