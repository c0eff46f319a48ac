/* SPDX-License-Identifier: Apache-2.0 */
#include "priv/jail.h"

#include "base/buf.h"
#include "priv_child.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/stat.h>

static int enter(const char *folder)
{
    struct priv_user user;
    struct err_text why;
    struct priv_jail jail;
    char path[256], data[256];
    EXPECT(mkdir(child_path(data, sizeof(data), folder, "data"), 0700) == 0);
    EXPECT(chmod(folder, 0755) == 0);
    const struct priv_place place = {data, PRIV_USE_WRITE};
    struct priv_jail_settings settings = {.places = &place, .places_n = 1, .monitor = getppid()};
    if (geteuid() == 0 && priv_user_find("nobody", &user, &why) == ERR_NONE) {
        settings.user = &user;
        EXPECT(priv_user_own(data, &user, &why) == ERR_NONE);
    }
    EXPECT(priv_jail_enter(&settings, &jail, &why) == ERR_NONE);
    EXPECT(jail.uid == geteuid() && (settings.user == NULL || jail.uid == user.uid));
    EXPECT(jail.landlock == priv_land_version());
    EXPECT(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1);
    int death = 0;
    EXPECT(prctl(PR_GET_PDEATHSIG, &death, 0, 0, 0) == 0 && death == 9);

    int fd = creat(child_path(path, sizeof(path), data, "file"), 0600);
    EXPECT(fd >= 0 && close(fd) == 0);
    EXPECT((fd = open("/dev/urandom", O_RDONLY)) >= 0 && close(fd) == 0);
    EXPECT(creat(child_path(path, sizeof(path), folder, "file"), 0600) < 0 && errno == EACCES);
    if (jail.landlock == 0)
        return CHILD_OK;
    EXPECT(open("/etc/passwd", O_RDONLY) < 0 && errno == EACCES);
    execl("/bin/true", "true", (char *)NULL);
    EXPECT(errno == EACCES);
    /* The program itself runs again: the query worker. "--quick" ends it at once. */
    pid_t child = fork();
    if (child == 0) {
        execl("/proc/self/exe", "test_jail", "--quick", (char *)NULL);
        _exit(9);
    }
    int status;
    EXPECT(waitpid(child, &status, 0) == child && status == 0);
    return CHILD_OK;
}

static int monitor_gone(const char *folder)
{
    struct err_text why;
    struct priv_jail jail;
    const struct priv_place place = {folder, PRIV_USE_WRITE};
    const struct priv_jail_settings settings = {.places = &place, .places_n = 1, .monitor = 1};
    if (getppid() == 1)
        return CHILD_SKIP;
    EXPECT(priv_jail_enter(&settings, &jail, &why) == ERR_STOPPED);
    return CHILD_OK;
}

static void the_jail_holds_and_leaves_what_is_needed(void **state)
{
    (void)state;
    in_child(enter);
}

static void without_its_monitor_nothing_begins(void **state)
{
    (void)state;
    in_child(monitor_gone);
}

static void what_is_missing_is_said(void **state)
{
    struct buf b;
    (void)state;
    buf_init(&b);
    priv_jail_describe(&(struct priv_jail){.uid = 7, .landlock = 6, .seccomp = true}, &b);
    assert_string_equal(buf_text(&b), "jailed: user 7, no new privileges, Landlock 6, seccomp");
    buf_clear(&b);
    priv_jail_describe(&(struct priv_jail){.uid = 0}, &b);
    assert_non_null(strstr(buf_text(&b), "no Landlock"));
    assert_non_null(strstr(buf_text(&b), "no seccomp"));
    buf_release(&b);
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "--quick") == 0)
        return 0;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_jail_holds_and_leaves_what_is_needed),
        cmocka_unit_test(without_its_monitor_nothing_begins),
        cmocka_unit_test(what_is_missing_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
