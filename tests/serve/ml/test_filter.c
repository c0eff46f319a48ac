/* SPDX-License-Identifier: Apache-2.0 */
/* Filters put, changed, deleted. */
#include "serve/ml/ml_help.h"

#define FILTER "/_ml/filters/{filter_id}"

static const struct api_row *const tables[] = {ml_filter_rows};

/* As the daemon does it, in short. */
static void keep(struct fake_world *w, const char *request, size_t n)
{
    struct format_node *node, *doc;
    struct err_text why;
    assert_int_equal(format_node_json(request, n, "request", &node, &why), ERR_NONE);
    const char *text = format_node_str(format_node_get(node, "text"), NULL);
    if (text != NULL) {
        assert_int_equal(format_node_json(text, strlen(text), "text", &doc, &why), ERR_NONE);
        assert_int_equal(
            store_state_listed_put(w->state, STORE_FILTERS,
                                   format_node_str(format_node_get(doc, "filter_id"), ""), text),
            ERR_NONE);
        format_node_free(doc);
    }
    format_node_free(node);
}

static void filters(void **state)
{
    (void)state;
    struct fake_world w;
    fake_open(&w, tables, 1);
    w.acts = keep;
    ASK("GET", FILTER, "filter_id=f", NULL, NULL, 404, "Unable to find filter [f]");
    ASK("PUT", FILTER, "filter_id=F", NULL, "{}", 400, "Invalid filter_id");
    ASK("PUT", FILTER, "filter_id=f", NULL, "{\"x\":1}", 400, "unknown field [x]");
    ASK("PUT", FILTER, "filter_id=f", NULL, "{\"items\":[\"a\",\"b\"]}", 200,
        "{\"filter_id\":\"f\",\"items\":[\"a\",\"b\"]}");
    ASK("PUT", FILTER, "filter_id=f", NULL, "{}", 400, "A filter with id [f] already exists");
    ASK("POST", FILTER "/_update", "filter_id=f", NULL,
        "{\"add_items\":[\"b\",\"c\"],\"remove_items\":[\"a\"],\"description\":\"d\"}", 200,
        "{\"filter_id\":\"f\",\"description\":\"d\",\"items\":[\"b\",\"c\"]}");
    ASK("POST", FILTER "/_update", "filter_id=f", NULL, "{\"remove_items\":[\"a\"]}", 400,
        "Cannot remove item [a]");
    struct buf many;
    buf_init(&many);
    buf_str(&many, "{\"add_items\":[\"a\"");
    for (unsigned i = 0; i < 10000; i++)
        buf_str(&many, ",\"a\"");
    buf_str(&many, "]}");
    ASK("POST", FILTER "/_update", "filter_id=f", NULL, buf_text(&many), 400,
        "Filter items are limited to 10000, and [add_items] has more");
    buf_release(&many);
    ASK("POST", FILTER "/_update", "filter_id=g", NULL, "{}", 404, "Unable to find filter [g]");
    ASK("GET", FILTER, "filter_id=f,g", NULL, NULL, 404, "[g]");
    ASK("GET", "/_ml/filters", NULL, "size=0", NULL, 200, "{\"count\":1,\"filters\":[]}");
    ASK("DELETE", FILTER, "filter_id=f", NULL, NULL, 200, "acknowledged");
    help_acted(&w, "\"command\":\"filter\",\"verb\":\"delete\",\"id\":\"f\"");
    const struct store_job row = {
        .id = "j",
        .config = "{\"analysis_config\":{\"detectors\":[{\"custom_rules\":[{\"scope\":{\"x\":"
                  "{\"filter_id\":\"f\"}}}]}]}}"};
    assert_int_equal(store_state_job_put(w.state, &row), ERR_NONE);
    ASK("DELETE", FILTER, "filter_id=f", NULL, NULL, 409, "currently used by jobs [j]");
    w.fails = ERR_NOT_FOUND;
    ASK("DELETE", FILTER, "filter_id=g", NULL, NULL, 404, "it could not be found");
    fake_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(filters)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
