/* SPDX-License-Identifier: Apache-2.0 */
#include "notify/mail.h"

#include "base/buf.h"
#include "cmocka_head.h"
#include "format/node.h"

#include <string.h>

static void write(const char *json, struct buf *out)
{
    struct format_node *params;
    struct err_text why;
    assert_int_equal(format_node_json(json, strlen(json), "p", &params, &why), ERR_NONE);
    buf_init(out);
    notify_mail_write("weir@example.org", params, "id-1", 1700000000 * TIME_S, out);
    assert_true(buf_ok(out));
    format_node_free(params);
}

static void plain(void **state)
{
    (void)state;
    struct buf out;
    write("{\"to\":[\"a@b\",\"c@d\"],\"cc\":[\"e@f\"],\"bcc\":[\"secret@g\"],\"subject\":\"One\","
          "\"message\":\"Hello\\n\"}",
          &out);
    assert_string_equal(buf_text(&out),
                        "Date: Tue, 14 Nov 2023 22:13:20 +0000\r\n"
                        "From: weir@example.org\r\nTo: a@b,\r\n c@d\r\nCc: e@f\r\n"
                        "Subject: One\r\nMessage-ID: <id-1@example.org>\r\n"
                        "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
                        "Content-Transfer-Encoding: base64\r\nAuto-Submitted: auto-generated\r\n"
                        "\r\nSGVsbG8K\r\n");
    buf_release(&out);
}

/* No header can be put in by a subject; no line is too long. */
static void foreign(void **state)
{
    (void)state;
    struct buf out;
    write("{\"to\":[\"a@b\"],\"subject\":\"x\\r\\nBcc: evil@h\",\"message\":\"\"}", &out);
    assert_null(strstr(buf_text(&out), "evil"));
    assert_non_null(strstr(buf_text(&out), "Subject: =?utf-8?B?eA0KQmNjOiBldmlsQGg=?=\r\n"));
    buf_release(&out);
    write("{\"to\":[\"a@b\"],\"subject\":\"ääääääääääääääääääääääääääääääääääääääääääääää\","
          "\"message\":\"0123456789012345678901234567890123456789012345678901234567890123456789\"}",
          &out);
    const char *line = buf_text(&out);
    for (const char *end; (end = strstr(line, "\r\n")) != NULL; line = end + 2)
        assert_true(end - line <= 78);
    buf_release(&out);
}

static void addresses(void **state)
{
    (void)state;
    static const char *const right[] = {"a@b", "first.last+tag@example.org", "o'neil@x.y"};
    static const char *const wrong[] = {"",     "a",           "@b",    "a@",      "a b@c",
                                        "a@b>", "a@b\r\nRCPT", "a,b@c", "\"a\"@b", "a@[::1]"};
    for (size_t i = 0; i < sizeof(right) / sizeof(right[0]); i++)
        assert_true(notify_mail_address_ok(right[i]));
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        assert_false(notify_mail_address_ok(wrong[i]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain),
        cmocka_unit_test(foreign),
        cmocka_unit_test(addresses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
