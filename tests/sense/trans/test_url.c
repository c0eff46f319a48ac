/* SPDX-License-Identifier: Apache-2.0 */
#include "trans/url.h"

#include "cmocka_head.h"
#include <string.h>

struct wanted {
    const char *target, *host;
    bool connect;
    const char *scheme, *user, *domain;
    int port; /* -1: none */
    const char *path, *query, *fragment, *extension;
};

static struct bytes text(const char *s)
{
    return bytes_make(s, strlen(s));
}

static void same(struct bytes got, const char *wanted)
{
    assert_int_equal(got.n, strlen(wanted));
    if (got.n > 0)
        assert_memory_equal(got.p, wanted, got.n);
}

static void splits(void **state)
{
    (void)state;
    static const struct wanted table[] = {
        {"/", "a.example", false, "", "", "a.example", -1, "/", "", "", ""},
        {"/x.y/z.tar?q=1?2#f", "h:81", false, "", "", "h", 81, "/x.y/z.tar", "q=1?2", "f", "tar"},
        {"http://u:p@h.example:8/p", "other", false, "http", "u", "h.example", 8, "/p", "", "", ""},
        {"https://[2001:db8::1]:443", "", false, "https", "", "2001:db8::1", 443, "", "", "", ""},
        {"h.example:443", "", true, "", "", "h.example", 443, "", "", "", ""},
        {"*", "h", false, "", "", "h", -1, "*", "", "", ""},
        {"/.hidden", "[::1", false, "", "", "::1", -1, "/.hidden", "", "", ""},
        {"", "", false, "", "", "", -1, "", "", "", ""},
        {"/a", "h:99999", false, "", "", "h", -1, "/a", "", "", ""},
        {"/a", "h:", false, "", "", "h", -1, "/a", "", "", ""},
        {"//h/p?u=http://x/y", "h", false, "", "", "h", -1, "//h/p", "u=http://x/y", "", ""},
        {"/a.", "@", false, "", "", "", -1, "/a.", "", "", ""},
    };
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        const struct wanted *w = &table[i];
        struct trans_url u;
        trans_url_split(text(w->target), text(w->host), w->connect, &u);
        same(u.scheme, w->scheme);
        same(u.user, w->user);
        same(u.host, w->domain);
        assert_int_equal(u.has_port ? u.port : -1, w->port);
        same(u.path, w->path);
        same(u.query, w->query);
        same(u.fragment, w->fragment);
        same(u.extension, w->extension);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(splits)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
