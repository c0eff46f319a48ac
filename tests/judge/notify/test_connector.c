/* SPDX-License-Identifier: Apache-2.0 */
#include "notify/connector.h"

#include "cmocka_head.h"
#include "format/node.h"

#include <string.h>

static struct format_node *parse(const char *json)
{
    struct format_node *node;
    struct err_text why;
    assert_int_equal(format_node_json(json, strlen(json), "c", &node, &why), ERR_NONE);
    return node;
}

static void refuses(const char *json, enum err expected, const char *words)
{
    struct format_node *node = parse(json);
    struct notify_connector c;
    struct err_text why;
    assert_int_equal(notify_connector_read(node, &c, &why), expected);
    if (strstr(why.message, words) == NULL)
        fail_msg("%s", why.message);
    format_node_free(node);
}

static void connectors(void **state)
{
    (void)state;
    static const char *const right[] = {
        ("{\"name\":\"n\",\"connector_type_id\":\".webhook\",\"config\":{\"url\":\"https://x/\","
         "\"method\":\"put\",\"hasAuth\":true,\"headers\":{\"a\":\"b\"},\"verificationMode\":"
         "\"none\",\"ca\":null},\"secrets\":{\"user\":\"u\",\"password\":\"p\"}}"),
        ("{\"name\":\"n\",\"connector_type_id\":\".email\",\"config\":{\"from\":\"a@b\",\"host\":"
         "\"h\",\"port\":587,\"secure\":false}}"),
        "{\"name\":\"n\",\"connector_type_id\":\".syslog\",\"config\":{\"transport\":\"local\"}}"};
    for (int i = 0; i < NOTIFY_TYPES; i++) {
        struct format_node *node = parse(right[i]);
        struct notify_connector c;
        struct err_text why;
        enum notify_type type;
        assert_int_equal(notify_connector_read(node, &c, &why), ERR_NONE);
        assert_int_equal(c.type, i);
        assert_true(notify_type_find(notify_type_name(c.type), &type) && type == c.type);
        assert_false(notify_connector_lacks_secrets(&c));
        format_node_free(node);
    }
}

#define HOOK(config)                                                                               \
    "{\"name\":\"n\",\"connector_type_id\":\".webhook\",\"config\":{\"url\":\"http://x/\"" config  \
    "}}"

static void mistakes(void **state)
{
    (void)state;
    refuses("{}", ERR_INVALID, "name must be");
    refuses("{\"name\":\"n\"}", ERR_UNSUPPORTED, ".webhook, .email or .syslog");
    refuses("{\"name\":\"n\",\"connector_type_id\":\".jira\"}", ERR_UNSUPPORTED, ".webhook");
    refuses("{\"name\":\"n\",\"connector_type_id\":\".webhook\",\"config\":{}}", ERR_INVALID,
            "config.url is required");
    refuses("{\"name\":\"n\",\"connector_type_id\":\".webhook\",\"config\":{\"url\":\"file:///\"}}",
            ERR_INVALID, "http://");
    refuses("{\"name\":\"n\",\"connector_type_id\":\".webhook\",\"config\":{\"url\":\"http://a"
            "\\u0000b\"}}",
            ERR_INVALID, "config.url must be a string");
    refuses(HOOK(",\"method\":\"trace\""), ERR_INVALID, "config.method must be one of post");
    refuses(HOOK(",\"method\":\"post put\""), ERR_INVALID, "config.method must be one of");
    refuses(HOOK(",\"method\":\"\""), ERR_INVALID, "config.method must be one of");
    refuses(HOOK(",\"method\":\" post\""), ERR_INVALID, "config.method must be one of");
    refuses(HOOK(",\"method\":\"post \""), ERR_INVALID, "config.method must be one of");
    refuses(HOOK(",\"method\":\"pos\""), ERR_INVALID, "config.method must be one of");
    refuses(HOOK(",\"headers\":{\"a\":1}"), ERR_INVALID, "an object of strings");
    refuses(HOOK(",\"hasAuth\":1"), ERR_INVALID, "true or false");
    refuses(HOOK(",\"wrong\":1"), ERR_INVALID, "config.wrong is not known");
    refuses(HOOK(",\"hasAuth\":true},\"secrets\":{\"user\":\"u\""), ERR_INVALID,
            "secrets.user and secrets.password");
    refuses(HOOK("},\"secrets\":{\"token\":\"u\""), ERR_INVALID, "secrets.token is not known");
    refuses("{\"name\":\"n\",\"connector_type_id\":\".email\",\"config\":{\"from\":\"a@b\","
            "\"host\":\"h\",\"port\":70000}}",
            ERR_INVALID, "a port");
    refuses("{\"name\":\"n\",\"connector_type_id\":\".syslog\",\"config\":{\"transport\":\"tcp\"}}",
            ERR_INVALID, "config.host is required");
}

static void params(void **state)
{
    (void)state;
    struct err_text why;
    struct format_node *none = parse("{\"subject\":\"s\",\"message\":\"m\"}");
    struct format_node *one = parse("{\"subject\":\"s\",\"message\":\"m\",\"bcc\":[\"a@b\"]}");
    struct format_node *other = parse("{\"body\":\"b\",\"url\":\"u\"}");
    assert_int_equal(notify_connector_check_params(NOTIFY_EMAIL, none, &why), ERR_INVALID);
    assert_int_equal(notify_connector_check_params(NOTIFY_EMAIL, one, &why), ERR_NONE);
    assert_int_equal(notify_connector_check_params(NOTIFY_WEBHOOK, other, &why), ERR_INVALID);
    assert_non_null(strstr(why.message, "params.url is not known"));
    assert_int_equal(notify_connector_check_params(NOTIFY_WEBHOOK, NULL, &why), ERR_NONE);
    assert_int_equal(notify_connector_check_params(NOTIFY_SYSLOG, NULL, &why), ERR_INVALID);
    format_node_free(none);
    format_node_free(one);
    format_node_free(other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(connectors),
        cmocka_unit_test(mistakes),
        cmocka_unit_test(params),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
