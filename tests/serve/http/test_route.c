/* SPDX-License-Identifier: Apache-2.0 */
#include "cmocka_head.h"

#include "base/arena.h"
#include "http/route.h"
#include "http/server.h"
#include "http/text.h"

#include <string.h>

static void handle(void *ctx, struct http_request *r, struct http_answer *a)
{
    (void)ctx;
    (void)r;
    (void)a;
}

static const struct http_route table[] = {
    {"GET", "/", 0, handle, NULL},
    {"POST", "/_bulk", 1, handle, NULL},
    {"GET", "/_ml/anomaly_detectors/{job_id}", 0, handle, NULL},
    {"PUT", "/_ml/anomaly_detectors/{job_id}", 1, handle, NULL},
    {"GET", "/_ml/anomaly_detectors/_stats", 0, handle, NULL},
    {"GET", "/_ml/anomaly_detectors/{job_id}/results/records", 0, handle, NULL},
    {"GET", "/{index}", 0, handle, NULL},
    {"POST", "/{index}/_search", 1, handle, NULL},
    {"GET", "/{index}/_doc/{id*}", 1, handle, NULL},
    {"GET", "/_ml/{what}/special", 0, handle, NULL},
    {"GET", "/app/{path...}", 0, handle, NULL},
    {"GET", "/app/version", 0, handle, NULL},
    {"DELETE", "/x/{a}/y", 0, handle, NULL},
    {"GET", "/x/{b*}/y", 0, handle, NULL},
};

struct fixture {
    struct http_routes *routes;
    struct arena arena;
    struct http_match match;
};

static int set_up(void **state)
{
    static struct fixture f;
    struct err_text why;
    arena_init(&f.arena, 0);
    *state = &f;
    return http_route_compile(table, sizeof(table) / sizeof(table[0]), &f.routes, &why) == ERR_NONE
               ? 0
               : -1;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    http_route_free(f->routes);
    arena_release(&f->arena);
    return 0;
}

/* Which route of the table; "" when none fits. */
static const char *find(struct fixture *f, const char *method, const char *path)
{
    struct http_target target;
    const char *sentence = "";
    if (http_text_target(&f->arena, path, strlen(path), &target, &sentence) != ERR_NONE)
        fail_msg("%s: %s", path, sentence);
    http_route_find(f->routes, method, target.path.segments, target.path.segments_n, &f->match);
    return f->match.route != NULL ? f->match.route->path : "";
}

static void literals_win(void **state)
{
    struct fixture *f = *state;
    assert_string_equal(find(f, "GET", "/"), "/");
    assert_string_equal(find(f, "POST", "/_bulk"), "/_bulk");
    assert_string_equal(find(f, "GET", "/_ml/anomaly_detectors/_stats"),
                        "/_ml/anomaly_detectors/_stats");
    assert_string_equal(find(f, "GET", "/_ml/anomaly_detectors/x"),
                        "/_ml/anomaly_detectors/{job_id}");
    assert_string_equal(f->match.values[0], "x");
    assert_string_equal(find(f, "PUT", "/_ml/anomaly_detectors/x"),
                        "/_ml/anomaly_detectors/{job_id}");
    assert_string_equal(find(f, "GET", "/app/version"), "/app/version");
}

static void parts_take_what_indices_are(void **state)
{
    struct fixture *f = *state;
    assert_string_equal(find(f, "POST", "/logs-*,-x/_search"), "/{index}/_search");
    assert_string_equal(f->match.values[0], "logs-*,-x");
    assert_string_equal(find(f, "POST", "/a%2Cb/_search"), "/{index}/_search");
    assert_string_equal(f->match.values[0], "a,b");
    assert_string_equal(find(f, "POST", "/_all/_search"), "/{index}/_search");
    assert_string_equal(f->match.values[0], "_all");
    assert_string_equal(find(f, "POST", "/_other/_search"), "");
    assert_string_equal(find(f, "POST", "/_ml/_search"), "");
    assert_int_equal(f->match.allow_n, 0);
    assert_string_equal(find(f, "GET", "/logs/_doc/_x"), "/{index}/_doc/{id*}");
    assert_string_equal(f->match.values[0], "logs");
    assert_string_equal(f->match.values[1], "_x");
    assert_string_equal(find(f, "GET", "/logs/_doc/"), "");
    assert_string_equal(find(f, "GET", "/logs/_doc"), "");
    assert_string_equal(find(f, "GET", "/logs/"), "");
}

static void what_does_not_fit_further_on_goes_back(void **state)
{
    struct fixture *f = *state;
    /* The literal anomaly_detectors leads nowhere here. */
    assert_string_equal(find(f, "GET", "/_ml/anomaly_detectors/special"),
                        "/_ml/anomaly_detectors/{job_id}");
    assert_string_equal(find(f, "GET", "/_ml/datafeeds/special"), "/_ml/{what}/special");
    assert_string_equal(f->match.values[0], "datafeeds");
    /* A method that only the less exact route has. */
    assert_string_equal(find(f, "GET", "/x/1/y"), "/x/{b*}/y");
    assert_string_equal(f->match.values[0], "1");
    assert_null(f->match.values[1]);
    assert_string_equal(find(f, "DELETE", "/x/1/y"), "/x/{a}/y");
    assert_string_equal(find(f, "DELETE", "/x/_1/y"), "");
    assert_int_equal(f->match.allow_n, 1);
}

static void the_rest_is_taken_whole(void **state)
{
    struct fixture *f = *state;
    assert_string_equal(find(f, "GET", "/app/assets/a.js"), "/app/{path...}");
    assert_int_equal(f->match.rest, 1);
    assert_string_equal(find(f, "GET", "/app/"), "/app/{path...}");
    assert_string_equal(find(f, "GET", "/app/version/x"), "/app/{path...}");
    assert_string_equal(find(f, "GET", "/app"), "/{index}");
    assert_int_equal(f->match.rest, SIZE_MAX);
    /* A slash inside a segment would be another path to whoever opens files. */
    assert_string_equal(find(f, "GET", "/app/a%2Fb"), "");
}

static void methods_that_there_are(void **state)
{
    struct fixture *f = *state;
    assert_string_equal(find(f, "PATCH", "/_ml/anomaly_detectors/x"), "");
    assert_int_equal(f->match.allow_n, 2);
    assert_string_equal(f->match.allow[0], "GET");
    assert_string_equal(f->match.allow[1], "PUT");
    assert_string_equal(find(f, "HEAD", "/_ml/anomaly_detectors/x"),
                        "/_ml/anomaly_detectors/{job_id}");
    assert_string_equal(f->match.route->method, "GET");
    assert_string_equal(find(f, "HEAD", "/_bulk"), "");
    assert_int_equal(f->match.allow_n, 1);
    assert_string_equal(find(f, "get", "/"), "");
}

static void parts_have_names(void **state)
{
    (void)state;
    assert_int_equal(http_route_part(&table[8], "index"), 0);
    assert_int_equal(http_route_part(&table[8], "id"), 1);
    assert_int_equal(http_route_part(&table[8], "i"), SIZE_MAX);
    assert_int_equal(http_route_part(&table[10], "path"), 0);
}

static void wrong_tables_are_refused(void **state)
{
    static const struct http_route wrong[] = {
        {"GET", "x", 0, handle, NULL},
        {"GE T", "/x", 0, handle, NULL},
        {"GET", "/{x", 0, handle, NULL},
        {"GET", "/x}", 0, handle, NULL},
        {"GET", "/a{x}", 0, handle, NULL},
        {"GET", "/{x}a", 0, handle, NULL},
        {"GET", "/{}", 0, handle, NULL},
        {"GET", "/{*}", 0, handle, NULL},
        {"GET", "/{...}", 0, handle, NULL},
        {"GET", "/{X}", 0, handle, NULL},
        {"GET", "/{x...}/y", 0, handle, NULL},
        {"GET", "/x", 0, NULL, NULL},
        {"GET", "/{a}/{b}/{c}/{d}/{e}/{f}/{g}/{h}/{i}", 0, handle, NULL},
    };
    static const struct http_route twice[] = {{"GET", "/{a}/x", 0, handle, NULL},
                                              {"GET", "/{b}/x", 0, handle, NULL}};
    struct http_routes *t;
    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        struct err_text why = {0};
        if (http_route_compile(&wrong[i], 1, &t, &why) != ERR_INVALID)
            fail_msg("%s is taken", wrong[i].path);
        assert_true(why.message[0] != '\0');
    }
    assert_int_equal(http_route_compile(twice, 2, &t, NULL), ERR_INVALID);
    assert_int_equal(http_route_compile(NULL, 0, &t, NULL), ERR_NONE);
    http_route_free(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(literals_win),
        cmocka_unit_test(parts_take_what_indices_are),
        cmocka_unit_test(what_does_not_fit_further_on_goes_back),
        cmocka_unit_test(the_rest_is_taken_whole),
        cmocka_unit_test(methods_that_there_are),
        cmocka_unit_test(parts_have_names),
        cmocka_unit_test(wrong_tables_are_refused),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
