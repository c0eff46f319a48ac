/* SPDX-License-Identifier: Apache-2.0 */
#include "notify/syslog.h"

#include "base/buf.h"
#include "cmocka_head.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void lines(void **state)
{
    (void)state;
    struct buf out;
    char expected[200];
    struct notify_syslog_line line = {.facility = "local3",
                                      .severity = "high",
                                      .host = "my host",
                                      .app = "weir",
                                      .id = "weir-1",
                                      .message = "two\nlines",
                                      .now = 1700000000 * TIME_S + 123456789};
    buf_init(&out);
    notify_syslog_write(&line, &out);
    snprintf(expected, sizeof(expected),
             "<155>1 2023-11-14T22:13:20.123Z myhost weir %d weir-1 - \xef\xbb\xbftwo\nlines",
             (int)getpid());
    assert_string_equal(buf_text(&out), expected);
    buf_clear(&out);
    line.local = true;
    line.severity = "debug";
    notify_syslog_write(&line, &out);
    assert_string_equal(buf_text(&out), "<159>weir: two lines");
    buf_clear(&out);
    line = (struct notify_syslog_line){.facility = "?",
                                       .severity = "?",
                                       .host = "",
                                       .app = " \n",
                                       .id = "0123456789012345678901234567890123456789",
                                       .message = ""};
    notify_syslog_write(&line, &out);
    snprintf(expected, sizeof(expected),
             "<132>1 1970-01-01T00:00:00.000Z - - %d 01234567890123456789012345678901 - "
             "\xef\xbb\xbf",
             (int)getpid());
    assert_string_equal(buf_text(&out), expected);
    buf_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(lines)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
