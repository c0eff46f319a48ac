/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/kibana/kibana_help.h"

#include "kibana/multipart.h"

#define TYPE "multipart/form-data; boundary=xy"

static enum err find(const char *type, const char *body, struct kibana_file *out)
{
    struct err_text why;
    return kibana_multipart_find(type, bytes_make(body, strlen(body)), "file", out, &why);
}

static void holds(const char *type, const char *body, const char *name, const char *content)
{
    struct kibana_file file;
    assert_int_equal(find(type, body, &file), ERR_NONE);
    assert_string_equal(file.name, name);
    assert_int_equal(file.content.n, strlen(content));
    assert_memory_equal(file.content.p, content, strlen(content));
}

static void parts(void **state)
{
    (void)state;
    holds(NULL, "all of it", "", "all of it");
    holds("application/ndjson", "{}\n", "", "{}\n");
    holds(TYPE,
          "--xy\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a b.txt\"\r\n"
          "Content-Type: text/plain\r\n\r\none\r\ntwo --xy\r\n--xy--\r\n",
          "a b.txt", "one\r\ntwo --xy");
    holds("multipart/form-data; boundary=\"xy\"",
          "preface\r\n--xy\r\ncontent-disposition: form-data; name=other\r\n\r\nno\r\n"
          "--xy\r\ncontent-disposition: form-data; name=file\r\n\r\n\r\n--xy--",
          "", "");
    holds(
        TYPE,
        "--xy\nContent-Disposition: form-data; filename=\"name=file\"; name=\"file\"\n\nx\n--xy--",
        "name=file", "x");
}

static void mistakes(void **state)
{
    (void)state;
    static const char *const bodies[] = {
        "",
        "--xy",
        "--xy--\r\n",
        "--xy\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\nnot closed",
        "--xy\r\nContent-Disposition: form-data; name=\"files\"\r\n\r\nx\r\n--xy--",
        "--xy\r\nContent-Disposition: form-data; name=\"file\"\r\n--xy--",
        "--xy\r\n\r\nno head\r\n--xy--",
        "--xy\r\nContent-Disposition:\r\n\r\nx\r\n--xy--",
    };
    struct kibana_file file;
    for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++)
        assert_int_equal(find(TYPE, bodies[i], &file), ERR_INVALID);
    assert_int_equal(find("multipart/form-data", "--xy\r\n", &file), ERR_INVALID);
    assert_int_equal(find("multipart/form-data; boundary=", "--xy\r\n", &file), ERR_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(parts), cmocka_unit_test(mistakes)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
