/* SPDX-License-Identifier: Apache-2.0 */
#include "priv/user.h"

#include "priv_child.h"

#include <cap-ng.h>
#include <fcntl.h>
#include <sys/stat.h>

static bool find_nobody(struct priv_user *out)
{
    return geteuid() == 0 && priv_user_find("nobody", out, NULL) == ERR_NONE && out->uid != 0;
}

static bool owned(const char *folder, const char *name, uid_t uid)
{
    char path[256];
    struct stat st;
    return lstat(child_path(path, sizeof(path), folder, name), &st) == 0 && st.st_uid == uid;
}

static int give(const char *folder)
{
    struct priv_user user;
    struct err_text why;
    char a[256], b[256];
    if (!find_nobody(&user))
        return CHILD_SKIP;
    EXPECT(mkdir(child_path(a, sizeof(a), folder, "data"), 0700) == 0);
    EXPECT(mkdir(child_path(a, sizeof(a), folder, "data/in"), 0700) == 0);
    EXPECT(close(creat(child_path(a, sizeof(a), folder, "data/in/file"), 0600)) == 0);
    EXPECT(close(creat(child_path(a, sizeof(a), folder, "other"), 0600)) == 0);
    EXPECT(close(creat(child_path(a, sizeof(a), folder, "third"), 0600)) == 0);
    EXPECT(symlink("../other", child_path(a, sizeof(a), folder, "data/link")) == 0);
    EXPECT(link(child_path(a, sizeof(a), folder, "third"),
                child_path(b, sizeof(b), folder, "data/name")) == 0);
    EXPECT(priv_user_own(child_path(a, sizeof(a), folder, "data"), &user, &why) == ERR_NONE);
    EXPECT(owned(folder, "data", user.uid) && owned(folder, "data/in", user.uid) &&
           owned(folder, "data/in/file", user.uid));
    EXPECT(owned(folder, "other", 0)); /* behind a link */
    EXPECT(owned(folder, "third", 0)); /* has another name outside */
    EXPECT(priv_user_own(child_path(a, sizeof(a), folder, "none"), &user, &why) == ERR_NOT_FOUND);
    EXPECT(strstr(why.message, a) != NULL);
    return CHILD_OK;
}

static int become(const char *folder)
{
    struct priv_user user;
    struct err_text why;
    (void)folder;
    if (!find_nobody(&user))
        return CHILD_SKIP;
    EXPECT(priv_user_become(&user, &why) == ERR_NONE);
    EXPECT(getuid() == user.uid && geteuid() == user.uid && getgid() == user.gid);
    EXPECT(setuid(0) != 0 && setgid(0) != 0);
    capng_get_caps_process();
    EXPECT(capng_have_capabilities(CAPNG_SELECT_BOTH) == CAPNG_NONE);
    EXPECT(open("/etc/shadow", O_RDONLY) < 0);
    EXPECT(priv_user_become(&user, &why) == ERR_NONE); /* it is already */
    const struct priv_user root = {0, 0};
    EXPECT(priv_user_become(&root, &why) == ERR_DENIED);
    return CHILD_OK;
}

static int stay(const char *folder)
{
    struct err_text why;
    (void)folder;
    EXPECT(priv_user_give_up(&why) == ERR_NONE);
    capng_get_caps_process();
    for (unsigned c = 0; c <= CAP_LAST_CAP; c++) {
        bool kept = c == CAP_DAC_OVERRIDE || c == CAP_DAC_READ_SEARCH || c == CAP_CHOWN;
        EXPECT(kept || !capng_have_capability(CAPNG_PERMITTED, c));
    }
    return CHILD_OK;
}

static int read_only(const char *folder)
{
    struct err_text why;
    (void)folder;
    EXPECT(priv_user_keep_reading(&why) == ERR_NONE);
    capng_get_caps_process();
    EXPECT(!capng_have_capability(CAPNG_EFFECTIVE, CAP_DAC_OVERRIDE));
    EXPECT(!capng_have_capability(CAPNG_EFFECTIVE, CAP_SYS_ADMIN));
    EXPECT(geteuid() != 0 || capng_have_capability(CAPNG_EFFECTIVE, CAP_DAC_READ_SEARCH));
    return CHILD_OK;
}

static void users_are_found(void **state)
{
    struct priv_user user = {1, 2};
    struct err_text why;
    (void)state;
    assert_int_equal(priv_user_find("root", &user, &why), ERR_NONE);
    assert_int_equal(user.uid, 0);
    user.uid = 7;
    assert_int_equal(priv_user_find("no such user", &user, &why), ERR_NOT_FOUND);
    assert_int_equal(user.uid, 7);
    assert_non_null(strstr(why.message, "no such user"));
}

static void a_folder_is_given_without_what_links_lead_to(void **state)
{
    (void)state;
    in_child(give);
}

static void another_user_has_nothing_left(void **state)
{
    (void)state;
    in_child(become);
}

static void root_keeps_only_files(void **state)
{
    (void)state;
    in_child(stay);
}

static void the_monitor_keeps_reading(void **state)
{
    (void)state;
    in_child(read_only);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(users_are_found),
        cmocka_unit_test(a_folder_is_given_without_what_links_lead_to),
        cmocka_unit_test(another_user_has_nothing_left),
        cmocka_unit_test(root_keeps_only_files),
        cmocka_unit_test(the_monitor_keeps_reading),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
