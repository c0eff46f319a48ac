/* SPDX-License-Identifier: Apache-2.0 */
#include "package/shipped.h"

#include "base/buf.h"
#include "base/file.h"
#include "cmocka_head.h"
#include "package/package.h"

#include <stdio.h>
#include <string.h>

static void the_binary_carries_the_files_as_they_are(void **state)
{
    (void)state;
    assert_true(package_shipped_files() > 40);
    for (size_t i = 0; i < package_shipped_files(); i++) {
        const struct package_shipped_file *f = package_shipped_file_at(i);
        char path[512];
        struct buf text;
        buf_init(&text);
        snprintf(path, sizeof(path), "%s/packages/%s", WEIR_SOURCE_DIR, f->path);
        assert_int_equal(file_read(path, 1 << 24, &text, NULL), ERR_NONE);
        assert_int_equal(text.n, f->n);
        assert_memory_equal(buf_text(&text), f->text, f->n);
        buf_release(&text);
        assert_true(i == 0 || strcmp(package_shipped_file_at(i - 1)->path, f->path) < 0);
        assert_ptr_equal(package_shipped_find(f->path), f);
    }
    assert_null(package_shipped_find("ded"));
    assert_null(package_shipped_find(""));
    assert_null(package_shipped_find("zzz"));
}

static void packages_are_named_in_order(void **state)
{
    (void)state;
    static const char *const wanted[] = {"ded",
                                         "first_hours",
                                         "floods",
                                         "home_exfil",
                                         "network_traffic",
                                         "scans",
                                         "security_network",
                                         "security_packetbeat"};
    assert_int_equal(package_shipped_count(), sizeof(wanted) / sizeof(wanted[0]));
    for (size_t i = 0; i < package_shipped_count(); i++)
        assert_string_equal(package_shipped_name(i), wanted[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_binary_carries_the_files_as_they_are),
        cmocka_unit_test(packages_are_named_in_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
