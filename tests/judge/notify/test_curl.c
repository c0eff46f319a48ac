/* SPDX-License-Identifier: Apache-2.0 */
#include "notify/curl.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* Every function of the table is the library's, and the table the same each time. */
static void what_is_loaded_works(void **state)
{
    (void)state;
    struct notify_curl lib, again;
    struct err_text why;
    char *host = NULL;
    assert_int_equal(notify_curl_load(&lib, &why), ERR_NONE);
    assert_int_equal(notify_curl_load(&again, &why), ERR_NONE);
    assert_memory_equal(&lib, &again, sizeof(lib));
    CURLU *u = lib.url();
    assert_non_null(u);
    assert_int_equal(lib.url_set(u, CURLUPART_URL, "https://user@host.example:8443/x", 0),
                     CURLUE_OK);
    assert_int_equal(lib.url_get(u, CURLUPART_HOST, &host, 0), CURLUE_OK);
    assert_string_equal(host, "host.example");
    lib.free(host);
    lib.url_cleanup(u);
    assert_true(lib.strequal("Content-Type", "content-type"));
    assert_non_null(lib.easy_strerror(CURLE_COULDNT_CONNECT));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_loaded_works),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
