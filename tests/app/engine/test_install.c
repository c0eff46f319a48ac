/* SPDX-License-Identifier: Apache-2.0 */
#include "app/help.h"

#include "package/package.h"

static struct package *open_package(const char *name)
{
    struct package *p = NULL;
    HELP_OK(package_open(name, NULL, &p, &help_why));
    return p;
}

static bool count_job(void *ctx, const struct store_job *job)
{
    (void)job;
    ++*(size_t *)ctx;
    return true;
}

static size_t jobs_of(struct store_state *st)
{
    size_t n = 0;
    HELP_OK(store_state_job_list(st, count_job, &n));
    return n;
}

struct first_rule {
    char id[128];
    size_t n, enabled;
};

static bool look_at_rule(void *ctx, const struct store_rule *row)
{
    struct first_rule *f = ctx;
    if (f->n++ == 0)
        snprintf(f->id, sizeof(f->id), "%s", row->id);
    f->enabled += row->enabled;
    return true;
}

static struct first_rule rules_of(struct store_state *st)
{
    struct first_rule f = {.n = 0};
    HELP_OK(store_state_rule_list(st, look_at_rule, &f));
    return f;
}

static void test_package(void **state)
{
    (void)state;
    char *dir = help_mkdir();
    struct store_state *st = help_state(dir);
    struct package *p = open_package("ded");
    struct engine_install_totals totals = {0};
    bool there = true;
    HELP_OK(engine_install_is_there(st, "ded", &there, &help_why));
    assert_false(there);
    assert_int_equal(engine_install_remove(st, "ded", &totals, &help_why), ERR_NOT_FOUND);
    assert_non_null(strstr(help_why.message, "'ded' is not installed"));
    HELP_OK(engine_install_package(st, p, HELP_BASE, &totals, &help_why));
    assert_int_equal(totals.jobs, package_jobs(p));
    assert_int_equal(totals.there, 0);
    assert_int_equal(jobs_of(st), package_jobs(p));
    struct first_rule rules = rules_of(st);
    assert_int_equal(rules.n, totals.rules);
    assert_int_equal(rules.enabled, rules.n);
    HELP_OK(engine_install_is_there(st, "ded", &there, &help_why));
    assert_true(there);

    /* What was learned and switched stays when it is installed again. */
    const char *id = package_job_at(p, 0)->id;
    HELP_OK(store_state_job_set_position(st, id, HELP_BASE + 7, "{}"));
    HELP_OK(engine_install_enable(st, rules.id, false, HELP_BASE, &help_why));
    totals = (struct engine_install_totals){0};
    HELP_OK(engine_install_package(st, p, HELP_BASE + 1, &totals, &help_why));
    assert_int_equal(totals.jobs, 0);
    assert_int_equal(totals.there, package_jobs(p));
    struct arena arena;
    struct store_job job;
    arena_init(&arena, 0);
    HELP_OK(store_state_job_get(st, id, &arena, &job));
    assert_int_equal(job.position, HELP_BASE + 7);
    assert_int_equal(rules_of(st).enabled, rules.n - 1);

    /* Jobs and rules of nobody stay when it goes. */
    help_install(st);
    totals = (struct engine_install_totals){0};
    HELP_OK(engine_install_remove(st, "ded", &totals, &help_why));
    assert_int_equal(totals.jobs, package_jobs(p));
    assert_int_equal(totals.rules, rules.n);
    assert_int_equal(jobs_of(st), 1);
    assert_int_equal(rules_of(st).n, 1);
    arena_release(&arena);
    package_free(p);
    store_state_close(st);
    help_rmdir(dir);
}

static void test_job(void **state)
{
    (void)state;
    char *dir = help_mkdir();
    struct store_state *st = help_state(dir);
    static const char wrong[] = "{\"job_id\": \"x\",\n \"analysis_config\": {\"bucket_span\": "
                                "\"never\", \"detectors\": [{\"function\": \"count\"}]}}";
    static const char nameless[] = "{\"analysis_config\": {\"bucket_span\": \"1m\", \"detectors\": "
                                   "[{\"function\": \"count\"}]}, \"data_description\": {}}";
    help_install_job(st);
    assert_int_equal(engine_install_job(st, help_job, strlen(help_job), "job.json", NULL, 0, NULL,
                                        NULL, 0, TIME_NONE, &help_why),
                     ERR_EXISTS);
    assert_non_null(strstr(help_why.message, "'tiny'"));
    assert_int_equal(engine_install_job(st, wrong, strlen(wrong), "job.json", NULL, 0, NULL, NULL,
                                        0, TIME_NONE, &help_why),
                     ERR_INVALID);
    assert_string_equal(help_why.file, "job.json");
    assert_int_equal(help_why.line, 2);
    assert_int_equal(engine_install_job(st, nameless, strlen(nameless), "job.json", NULL, 0, NULL,
                                        NULL, 0, TIME_NONE, &help_why),
                     ERR_INVALID);
    assert_non_null(strstr(help_why.message, "job_id"));
    assert_int_not_equal(engine_install_job(st, nameless, strlen(nameless), "job.json", "[", 1,
                                            "feed.json", NULL, 0, TIME_NONE, &help_why),
                         ERR_NONE);
    assert_string_equal(help_why.file, "feed.json");
    assert_int_equal(jobs_of(st), 1);
    store_state_close(st);
    help_rmdir(dir);
}

static const char *status_of(struct store_state *st, const char *id, struct arena *arena)
{
    struct store_rule row;
    HELP_OK(store_state_rule_get(st, id, arena, &row));
    assert_true(row.enabled);
    return row.message != NULL ? row.message : "";
}

/* Rules of ded need the package; others bring their job along. */
static void test_enable(void **state)
{
    (void)state;
    char *dir = help_mkdir();
    struct store_state *st = help_state(dir);
    struct package *ded = open_package("ded");
    struct package *home = open_package("home_exfil");
    struct arena arena;
    arena_init(&arena, 0);
    const struct package *const packages[] = {ded, home};
    for (int i = 0; i < 2; i++) {
        struct rule_set *set = rule_set_new();
        struct engine_install_totals totals = {0};
        const struct package_rule *r = package_rule_at(packages[i], 0);
        HELP_OK(rule_load_text(set, r->text, r->text_n, r->file, &help_why));
        HELP_OK(engine_install_rules(st, set, NULL, false, HELP_BASE, &totals, &help_why));
        assert_int_equal(totals.rules, 1);
        assert_int_equal(jobs_of(st), 0);
        const struct rule *rule = rule_set_at(set, 0);
        HELP_OK(engine_install_enable(st, rule->rule_id, true, HELP_BASE, &help_why));
        const char *message = status_of(st, rule->rule_id, &arena);
        if (packages[i] == ded) {
            assert_non_null(strstr(message, "is not installed"));
            assert_non_null(strstr(message, rule->jobs[0]));
        } else {
            assert_string_equal(message, "");
            assert_int_equal(jobs_of(st), rule->jobs_n);
            /* A stopped job is started with its rule. */
            struct store_job job;
            HELP_OK(store_state_job_set_state(st, rule->jobs[0], "closed", "stopped", ""));
            HELP_OK(engine_install_enable(st, rule->rule_id, true, HELP_BASE, &help_why));
            HELP_OK(store_state_job_get(st, rule->jobs[0], &arena, &job));
            assert_string_equal(job.datafeed_state, "started");
            HELP_OK(store_state_job_delete(st, rule->jobs[0]));
        }
        HELP_OK(store_state_rule_delete(st, rule->rule_id));
        rule_set_free(set);
    }
    assert_int_equal(engine_install_enable(st, "none", true, HELP_BASE, &help_why), ERR_NOT_FOUND);
    assert_non_null(strstr(help_why.message, "'none'"));
    package_free(ded);
    package_free(home);
    arena_release(&arena);
    store_state_close(st);
    help_rmdir(dir);
}

/* Rules alone, of all packages: those that are not there, switched off. */
static void test_shipped_rules(void **state)
{
    (void)state;
    char *dir = help_mkdir();
    struct store_state *st = help_state(dir);
    struct package *p = open_package("ded");
    struct engine_install_totals totals = {0};
    HELP_OK(engine_install_package(st, p, HELP_BASE, &totals, &help_why));
    size_t of_ded = totals.rules;
    totals = (struct engine_install_totals){0};
    HELP_OK(engine_install_shipped_rules(st, HELP_BASE, &totals, &help_why));
    assert_int_equal(totals.there, of_ded);
    assert_true(totals.rules > 0);
    assert_int_equal(jobs_of(st), package_jobs(p));
    assert_int_equal(rules_of(st).n, of_ded + totals.rules);
    assert_int_equal(rules_of(st).enabled, of_ded);
    totals = (struct engine_install_totals){0};
    HELP_OK(engine_install_shipped_rules(st, HELP_BASE, &totals, &help_why));
    assert_int_equal(totals.rules, 0);
    package_free(p);
    store_state_close(st);
    help_rmdir(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_package),
        cmocka_unit_test(test_shipped_rules),
        cmocka_unit_test(test_job),
        cmocka_unit_test(test_enable),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
