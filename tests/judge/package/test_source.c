/* SPDX-License-Identifier: Apache-2.0 */
#include "package/source.h"

#include "base/buf.h"
#include "cmocka_head.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static void names_stay_in_their_folder(void **state)
{
    (void)state;
    assert_true(package_source_plain("a.json"));
    assert_true(package_source_plain("datafeed_x-1.json"));
    assert_false(package_source_plain(""));
    assert_false(package_source_plain(".."));
    assert_false(package_source_plain(".hidden"));
    assert_false(package_source_plain("../a.json"));
    assert_false(package_source_plain("a/b.json"));
    assert_false(package_source_plain("a\\b.json"));
}

struct names {
    char text[256];
};

static enum err add_name(void *ctx, const char *name, struct err_text *why)
{
    struct names *n = ctx;
    (void)why;
    strcat(n->text, name);
    strcat(n->text, " ");
    return strcmp(name, "stop.toml") == 0 ? ERR_STOPPED : ERR_NONE;
}

static void write_file(const char *folder, const char *name)
{
    char path[256];
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(name, f);
    assert_int_equal(fclose(f), 0);
}

static void a_folder_gives_its_files(void **state)
{
    (void)state;
    char folder[] = "/tmp/weir-source-XXXXXX";
    char rules[64];
    assert_non_null(mkdtemp(folder));
    const struct package_source s = {.shipped = false, .base = folder};
    struct names names = {""};
    struct err_text why;
    assert_int_equal(package_source_rules(&s, add_name, &names, &why), ERR_NONE);
    assert_string_equal(names.text, "");
    snprintf(rules, sizeof(rules), "%s/rules", folder);
    assert_int_equal(mkdir(rules, 0700), 0);
    write_file(rules, "b.toml");
    write_file(rules, "a.ndjson");
    write_file(rules, ".c.toml");
    write_file(rules, "README.md");
    assert_int_equal(package_source_rules(&s, add_name, &names, &why), ERR_NONE);
    assert_string_equal(names.text, "a.ndjson b.toml ");
    write_file(rules, "stop.toml");
    assert_int_equal(package_source_rules(&s, add_name, &names, &why), ERR_STOPPED);
    struct buf text;
    buf_init(&text);
    assert_int_equal(package_source_read(&s, "rules", "b.toml", &text, &why), ERR_NONE);
    assert_string_equal(buf_text(&text), "b.toml");
    assert_int_equal(package_source_read(&s, "", "b.toml", &text, &why), ERR_NOT_FOUND);
    buf_release(&text);
    char command[128];
    snprintf(command, sizeof(command), "rm -r %s", folder);
    assert_int_equal(system(command), 0);
}

static void the_binary_gives_its_files(void **state)
{
    (void)state;
    const struct package_source s = {.shipped = true, .base = "home_exfil"};
    struct names names = {""};
    struct err_text why;
    struct buf text;
    buf_init(&text);
    assert_int_equal(package_source_rules(&s, add_name, &names, &why), ERR_NONE);
    assert_string_equal(names.text, "unusual_bytes_from_a_home_host.toml "
                                    "unusual_bytes_over_a_port.toml unusual_bytes_to_a_peer.toml ");
    assert_int_equal(package_source_read(&s, "", "manifest.json", &text, &why), ERR_NONE);
    assert_non_null(strstr(buf_text(&text), "\"home_exfil\""));
    assert_int_equal(package_source_read(&s, "ml", "manifest.json", &text, &why), ERR_NOT_FOUND);
    assert_string_equal(why.file, "home_exfil/ml/manifest.json");
    buf_release(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_stay_in_their_folder),
        cmocka_unit_test(a_folder_gives_its_files),
        cmocka_unit_test(the_binary_gives_its_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
