/* SPDX-License-Identifier: Apache-2.0 */
/* The n-th allocation fails, for every n: nothing crashes or leaks, nothing is sent by halves, and
 * what could not be sent is to be tried again, not given up. */
#include "cmocka_head.h"
#include "fault_memory.h"
#include "format/node.h"
#include "notify/action.h"
#include "notify/connector.h"
#include "notify/mail.h"
#include "notify/mustache.h"
#include "notify/send.h"
#include "notify/syslog.h"

#include "base/buf.h"

#include <stdio.h>
#include <string.h>

static struct format_node *parse(const char *json)
{
    struct err_text why;
    struct format_node *node;
    assert_int_equal(format_node_json(json, strlen(json), "t", &node, &why), ERR_NONE);
    return node;
}

/* A template filled in, by way of all that a message is made of. */
static enum err render(const struct format_node *rule, const struct format_node *params)
{
    static const char alert[] =
        "{\"@timestamp\":\"2024-01-01T00:00:00Z\",\"source.ip\":\"10.0.0.1\"}";
    const struct bytes alerts[] = {bytes_make(alert, sizeof(alert) - 1)};
    const char *ids[] = {"one"};
    const struct notify_facts facts = {.rule = rule,
                                       .rule_id = "r",
                                       .base_url = "http://w",
                                       .alerts = alerts,
                                       .alert_ids = ids,
                                       .alerts_n = 1,
                                       .total = 1};
    struct format_node *data = NULL;
    struct err_text why;
    struct buf text, out;
    buf_init(&text);
    buf_init(&out);
    notify_facts_write(&facts, &text);
    enum err err =
        buf_ok(&text) ? format_node_json(text.p, text.n, "facts", &data, &why) : ERR_MEMORY;
    if (err == ERR_NONE)
        err = notify_action_render(NOTIFY_EMAIL, params, data, &out, &why);
    if (err == ERR_NONE)
        assert_non_null(strstr(buf_text(&out), "\"message\":\"10.0.0.1 of R\""));
    format_node_free(data);
    buf_release(&text);
    buf_release(&out);
    return err;
}

static void templates(void **state)
{
    (void)state;
    struct format_node *rule = parse("{\"name\":\"R\",\"type\":\"query\",\"tags\":[\"a\"]}");
    struct format_node *params =
        parse("{\"to\":[\"a@b.org\"],\"subject\":\"{{rule.name}}\",\"message\":"
              "\"{{#context.alerts}}{{source.ip}}{{/context.alerts}} of {{context.rule.name}}\"}");
    size_t told = 0;
    bool hit = true;
    assert_int_equal(render(rule, params), ERR_NONE);
    for (uint64_t n = 1; hit; n++) {
        fault_arm(n);
        enum err err = render(rule, params);
        hit = fault_disarm();
        assert_int_equal(err, hit ? ERR_MEMORY : ERR_NONE);
        told += hit;
    }
    assert_true(told > 10);
    format_node_free(rule);
    format_node_free(params);
}

/* Nobody listens: the answer is "later", whatever fails before. */
static void ways_of_sending(void **state)
{
    (void)state;
    static const struct {
        const char *connector, *params;
    } cases[] = {
        {"{\"name\":\"n\",\"connector_type_id\":\".webhook\",\"config\":{\"url\":"
         "\"http://127.0.0.1:1/x\",\"headers\":{\"X-A\":\"1\"},\"hasAuth\":true},\"secrets\":{"
         "\"user\":\"u\",\"password\":\"p\",\"secretHeaders\":{\"X-B\":\"2\"}}}",
         "{\"body\":\"{}\"}"},
        {"{\"name\":\"n\",\"connector_type_id\":\".email\",\"config\":{\"from\":\"a@b.org\","
         "\"host\":\"127.0.0.1\",\"port\":1}}",
         "{\"to\":[\"a@b.org\"],\"cc\":[\"c@b.org\"],\"subject\":\"s\",\"message\":\"m\"}"},
        {"{\"name\":\"n\",\"connector_type_id\":\".syslog\",\"config\":{\"transport\":\"tcp\","
         "\"host\":\"127.0.0.1\",\"port\":1}}",
         "{\"message\":\"m\"}"},
    };
    static const char *const hosts[] = {"127.0.0.1"};
    const struct notify_send_options options = {
        .hosts = hosts, .hosts_n = 1, .id = "1", .self = "me", .timeout_ns = 5 * TIME_S};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct format_node *doc = parse(cases[i].connector), *params = parse(cases[i].params);
        struct notify_connector c;
        struct err_text why;
        bool hit = true;
        assert_int_equal(notify_connector_read(doc, &c, &why), ERR_NONE);
        assert_int_equal(notify_send(&c, params, &options, &why), NOTIFY_LATER);
        for (uint64_t n = 1; hit; n++) {
            fault_arm(n);
            enum notify_outcome outcome = notify_send(&c, params, &options, &why);
            hit = fault_disarm();
            if (outcome != NOTIFY_LATER)
                fail_msg("case %zu, allocation %llu: %s", i, (unsigned long long)n, why.message);
            assert_true(why.message[0] != '\0');
        }
        format_node_free(doc);
        format_node_free(params);
    }
}

static int begin(void **state)
{
    (void)state;
    return notify_send_begin() == ERR_NONE ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(templates),
                                       cmocka_unit_test(ways_of_sending)};
    return cmocka_run_group_tests(tests, begin, NULL);
}
