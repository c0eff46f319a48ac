/* SPDX-License-Identifier: Apache-2.0 */
#include "priv/land.h"

#include "priv_child.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>

static bool denied(int fd)
{
    bool is = fd < 0 && errno == EACCES;
    if (fd >= 0)
        close(fd);
    return is;
}

static int confine(const char *folder)
{
    char mine[256], theirs[256], path[256], other[256];
    struct err_text why;
    int version = -1;
    if (priv_land_version() == 0)
        return CHILD_SKIP;
    EXPECT(mkdir(child_path(mine, sizeof(mine), folder, "mine"), 0700) == 0);
    EXPECT(mkdir(child_path(theirs, sizeof(theirs), folder, "theirs"), 0700) == 0);
    EXPECT(close(creat(child_path(path, sizeof(path), theirs, "file"), 0600)) == 0);
    EXPECT(close(creat(child_path(path, sizeof(path), folder, "outside"), 0600)) == 0);
    const struct priv_place places[] = {
        {mine, PRIV_USE_WRITE}, {theirs, PRIV_USE_READ}, {"/no/such/place", PRIV_USE_READ}};
    EXPECT(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
    EXPECT(priv_land_enter(places, 3, false, &version, &why) == ERR_NONE);
    EXPECT(version == priv_land_version());

    EXPECT(denied(open(path, O_RDONLY)) && denied(open(path, O_WRONLY)));
    EXPECT(denied(open("/etc/passwd", O_RDONLY)));
    EXPECT(denied(creat(child_path(path, sizeof(path), folder, "new"), 0600)));
    child_path(path, sizeof(path), theirs, "file");
    EXPECT(close(open(path, O_RDONLY)) == 0 && denied(open(path, O_WRONLY)));
    EXPECT(denied(creat(child_path(path, sizeof(path), theirs, "new"), 0600)));
    EXPECT(unlink(child_path(path, sizeof(path), theirs, "file")) != 0);
    EXPECT(close(creat(child_path(path, sizeof(path), mine, "new"), 0600)) == 0);
    EXPECT(mkdir(child_path(other, sizeof(other), mine, "in"), 0700) == 0);
    EXPECT(rename(path, child_path(other, sizeof(other), mine, "in/new")) == 0 || version < 2);
    EXPECT(truncate(other, 3) == 0 || version < 2);
    EXPECT(rename(other, child_path(path, sizeof(path), folder, "out")) != 0);
    return CHILD_OK;
}

static int no_network(const char *folder)
{
    struct err_text why;
    int version;
    const struct priv_place place = {folder, PRIV_USE_READ};
    struct sockaddr_in to = {
        .sin_family = AF_INET, .sin_port = htons(9), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    if (priv_land_version() < 4)
        return CHILD_SKIP;
    EXPECT(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
    EXPECT(priv_land_enter(&place, 1, false, &version, &why) == ERR_NONE);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    EXPECT(fd >= 0 && connect(fd, (struct sockaddr *)&to, sizeof(to)) != 0 && errno == EACCES);
    close(fd);
    return CHILD_OK;
}

static int no_programs(const char *folder)
{
    struct err_text why;
    int version;
    const struct priv_place places[] = {{"/", PRIV_USE_READ}, {folder, PRIV_USE_WRITE}};
    if (priv_land_version() == 0)
        return CHILD_SKIP;
    EXPECT(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
    EXPECT(priv_land_enter(places, 2, false, &version, &why) == ERR_NONE);
    execl("/bin/true", "true", (char *)NULL);
    EXPECT(errno == EACCES);
    return CHILD_OK;
}

static int without_rights(const char *folder)
{
    struct err_text why;
    int version = -1;
    const struct priv_place place = {folder, PRIV_USE_READ};
    if (priv_land_version() == 0 || (geteuid() == 0 && setuid(65534) != 0))
        return CHILD_SKIP;
    /* New privileges are possible: the kernel refuses, and that is told. */
    EXPECT(priv_land_enter(&place, 1, false, &version, &why) == ERR_DENIED);
    EXPECT(version == -1 && strstr(why.message, "Landlock") != NULL);
    return CHILD_OK;
}

static void only_the_places_are_left(void **state)
{
    (void)state;
    in_child(confine);
}

static void the_network_is_gone(void **state)
{
    (void)state;
    in_child(no_network);
}

static void other_programs_do_not_run(void **state)
{
    (void)state;
    in_child(no_programs);
}

static void a_kernel_that_refuses_is_told(void **state)
{
    (void)state;
    in_child(without_rights);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_the_places_are_left),
        cmocka_unit_test(the_network_is_gone),
        cmocka_unit_test(other_programs_do_not_run),
        cmocka_unit_test(a_kernel_that_refuses_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
