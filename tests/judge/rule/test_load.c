/* SPDX-License-Identifier: Apache-2.0 */
#include "rule/load.h"

#include "base/buf.h"
#include "base/file.h"
#include "cmocka_head.h"
#include "format/node.h"
#include "judge/rule/support.h"
#include "rule/export.h"
#include "rule/job_id.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define COLUMNS 10
#define PUBLIC_RULES 106

/* The table of the public machine_learning rules: identifiers, numbers and spans, no prose. */
struct table {
    struct buf text;
    char *cell[PUBLIC_RULES + 1][COLUMNS];
    size_t rows;
};

static void read_table(struct table *t)
{
    buf_init(&t->text);
    assert_int_equal(
        file_read(WEIR_SOURCE_DIR "/tests/judge/rule/public_rules.tsv", 1 << 20, &t->text, NULL),
        ERR_NONE);
    t->rows = 0;
    char *line = t->text.p;
    line = strchr(line, '\n') + 1; /* headings */
    while (*line != '\0') {
        char *end = strchr(line, '\n');
        *end = '\0';
        assert_true(t->rows < PUBLIC_RULES);
        for (size_t c = 0; c < COLUMNS; c++) {
            t->cell[t->rows][c] = line;
            char *tab = strchr(line, '\t');
            if (tab == NULL)
                break;
            *tab = '\0';
            line = tab + 1;
        }
        t->rows++;
        line = end + 1;
    }
}

static void add_list(const char *list, struct buf *out)
{
    buf_str(out, "tags = [\"Rule Type: ML\"");
    for (const char *s = list; *s != '\0';) {
        size_t n = strcspn(s, ";");
        buf_format(out, ", \"%.*s\"", (int)n, s);
        s += n;
        s += strspn(s, "; ");
    }
    buf_str(out, "]\n");
}

static void add_attack(const char *table, const char *id, size_t n, struct buf *out)
{
    buf_format(out,
               "%s\nid = \"%.*s\"\nname = \"Name\"\nreference = \"https://example.org/%.*s/\"\n",
               table, (int)n, id, (int)n, id);
}

/* "TA0001:T1566(T1566.001,T1566.002)+T1105 TA0003" */
static size_t add_threats(const char *list, struct buf *out)
{
    size_t tactics = 0;
    for (const char *s = list; *s != '\0'; tactics++) {
        const char *tactic = s;
        size_t tactic_n = strcspn(s, ": ");
        buf_str(out, "[[rule.threat]]\nframework = \"MITRE ATT&CK\"\n");
        s += tactic_n;
        s += *s == ':';
        while (*s != '\0' && *s != ' ') {
            size_t n = strcspn(s, "+( ");
            add_attack("[[rule.threat.technique]]", s, n, out);
            s += n;
            if (*s == '(') {
                s++;
                while (*s != ')') {
                    n = strcspn(s, ",)");
                    add_attack("[[rule.threat.technique.subtechnique]]", s, n, out);
                    s += n;
                    s += *s == ',';
                }
                s++;
            }
            s += *s == '+';
        }
        add_attack("[rule.threat.tactic]", tactic, tactic_n, out);
        s += *s == ' ';
    }
    return tactics;
}

static void add_public_rule(char *const *row, bool array, struct buf *out, size_t *out_tactics)
{
    const char *integration = strchr(row[7], ':') + 1;
    buf_format(out,
               "[metadata]\ncreation_date = \"2024/01/02\"\nintegration = [\"%s\"]\n"
               "maturity = \"production\"\nupdated_date = \"2026/01/02\"\n",
               integration);
    if (row[6][0] != '\0')
        buf_format(out, "min_stack_version = \"%s\"\nmin_stack_comments = \"Why.\"\n", row[6]);
    buf_format(out,
               "\n[rule]\nanomaly_threshold = %s\nauthor = [\"Somebody\"]\n"
               "description = \"\"\"\nWhat it finds.\n\"\"\"\nfrom = \"%s\"\ninterval = \"%s\"\n"
               "license = \"Some License\"\nname = \"%s\"\nnote = \"\"\"## Steps\n\"\"\"\n"
               "references = [\"https://example.org\"]\nrisk_score = 21\nrule_id = \"%s\"\n"
               "setup = \"\"\"## Setup\n\"\"\"\nseverity = \"low\"\ntype = \"machine_learning\"\n"
               "false_positives = [\"Sometimes.\"]\n",
               row[3], row[4], row[5], row[1], row[0]);
    buf_format(
        out, array ? "machine_learning_job_id = [\"%s\"]\n" : "machine_learning_job_id = \"%s\"\n",
        row[2]);
    add_list(row[9], out);
    *out_tactics = add_threats(row[8], out);
}

static void every_public_rule_loads_with_its_values(void **state)
{
    (void)state;
    static struct table t;
    read_table(&t);
    assert_int_equal(t.rows, PUBLIC_RULES);
    struct rule_set *set = rule_set_new();
    for (size_t i = 0; i < t.rows; i++) {
        char *const *row = t.cell[i];
        struct buf text;
        char name[64];
        size_t tactics;
        buf_init(&text);
        snprintf(name, sizeof(name), "%s.toml", row[0]);
        add_public_rule(row, i % 2 == 1, &text, &tactics);
        assert_true(buf_ok(&text));
        assert_int_equal(rule_load_text(set, buf_text(&text), text.n, name, NULL), ERR_NONE);
        if (rule_set_problems(set) > 0)
            print_error("%s: %s\n", row[1], rule_set_problem(set, 0)->text.message);
        assert_int_equal(rule_set_problems(set), 0);
        assert_int_equal(rule_set_count(set), i + 1);
        const struct rule *r = rule_set_at(set, i);
        assert_string_equal(r->rule_id, row[0]);
        assert_string_equal(r->name, row[1]);
        assert_int_equal(r->jobs_n, 1);
        assert_string_equal(r->jobs_written[0], row[2]);
        assert_int_equal(r->anomaly_threshold, atoi(row[3]));
        assert_string_equal(r->from, row[4]);
        assert_string_equal(r->to, "now");
        assert_string_equal(r->interval, row[5]);
        assert_int_equal(r->interval_ns, atoi(row[5]) * TIME_MIN);
        assert_int_equal(r->max_signals, 100);
        assert_int_equal(r->severity, RULE_LOW);
        assert_int_equal(r->risk_score, 21);
        assert_true(rule_runs(r));
        assert_int_equal(format_node_count(format_node_get(r->node, "threat")), tactics);
        assert_null(strstr(r->jobs[0], "_ea"));
        buf_release(&text);
    }
    rule_set_free(set);
    buf_release(&t.text);
}

static void an_export_reads_back_without_a_word(void **state)
{
    (void)state;
    static struct table t;
    read_table(&t);
    struct rule_set *first = rule_set_new();
    struct rule *rules[PUBLIC_RULES];
    for (size_t i = 0; i < t.rows; i++) {
        struct buf text;
        size_t tactics;
        buf_init(&text);
        add_public_rule(t.cell[i], false, &text, &tactics);
        assert_int_equal(rule_load_text(first, buf_text(&text), text.n, "x.toml", NULL), ERR_NONE);
        rules[i] = rule_set_at(first, i);
        rules[i]->enabled = i % 3 == 0;
        buf_release(&text);
    }
    struct buf lines;
    buf_init(&lines);
    rule_export(rules, t.rows, NULL, &lines);
    struct rule_set *second = rule_set_new();
    assert_int_equal(rule_load_text(second, buf_text(&lines), lines.n, "x.ndjson", NULL), ERR_NONE);
    assert_int_equal(rule_set_problems(second), 0);
    assert_int_equal(rule_set_count(second), t.rows);
    for (size_t i = 0; i < t.rows; i++) {
        const struct rule *a = rules[i];
        const struct rule *b = rule_set_at(second, i);
        assert_string_equal(a->rule_id, b->rule_id);
        assert_string_equal(a->jobs_written[0], b->jobs_written[0]);
        assert_int_equal(a->enabled, b->enabled);
        assert_int_equal(b->line, i + 1);
        struct buf again;
        struct rule *one = rule_set_at(second, i);
        buf_init(&again);
        rule_export(&one, 1, NULL, &again);
        /* What was exported once is exported the same again. */
        strchr(again.p, '\n')[1] = '\0';
        assert_non_null(strstr(buf_text(&lines), buf_text(&again)));
        buf_release(&again);
    }
    rule_set_free(second);
    rule_set_free(first);
    buf_release(&lines);
    buf_release(&t.text);
}

static void one_bad_line_does_not_hide_the_others(void **state)
{
    (void)state;
    static const char lines[] =
        "{\"type\":\"machine_learning\",\"name\":\"a\",\"description\":\"d\",\"risk_score\":1,"
        "\"severity\":\"low\",\"anomaly_threshold\":50,\"machine_learning_job_id\":[\"x\"],"
        "\"rule_id\":\"one\"}\r\n"
        "\n"
        "{\"type\":\"machine_learning\",\"name\":\"b\"\n"
        "{\"type\":\"machine_learning\",\"name\":\"c\",\"description\":\"d\",\"risk_score\":1,"
        "\"severity\":\"low\",\"anomaly_threshold\":101,\"machine_learning_job_id\":\"x\"}\n"
        "{\"type\":\"esql\",\"name\":\"q\",\"description\":\"d\",\"risk_score\":99,"
        "\"severity\":\"critical\",\"query\":\"*\",\"language\":\"esql\",\"rule_id\":\"two\"}\n"
        "{\"list_id\":\"l\",\"name\":\"a list\",\"type\":\"detection\"}\n"
        "{\"id\":\"c\",\"type\":\"action\",\"attributes\":{}}\n"
        "{\"id\":\"d\",\"type\":\"dashboard\",\"attributes\":{}}\n"
        "{\"exported_count\":9,\"exported_rules_count\":9}\n";
    struct rule_set *set = rule_set_new();
    assert_int_equal(rule_load_text(set, lines, sizeof(lines) - 1, "f.ndjson", NULL), ERR_NONE);
    assert_int_equal(rule_set_count(set), 2);
    assert_int_equal(rule_set_refused(set), 2);
    assert_int_equal(rule_set_problems(set), 5);
    assert_int_equal(rule_set_others(set), 2);
    assert_int_equal(rule_set_other(set, 1)->kind, RULE_OTHER_CONNECTOR);
    assert_int_equal(rule_set_other(set, 1)->line, 7);
    assert_int_equal(rule_set_other(set, 0)->kind, RULE_OTHER_EXCEPTION);
    assert_int_equal(rule_set_other(set, 0)->line, 6);
    assert_string_equal(rule_set_other(set, 0)->json,
                        "{\"list_id\":\"l\",\"name\":\"a list\",\"type\":\"detection\"}");
    const struct rule_problem *p = rule_set_problem(set, 0);
    assert_true(p->fatal);
    assert_int_equal(p->text.line, 3);
    assert_string_equal(p->text.file, "f.ndjson");
    p = rule_set_problem(set, 1);
    assert_true(p->fatal);
    assert_int_equal(p->text.line, 4);
    assert_string_equal(p->text.message, "anomaly_threshold must be 0 to 100");
    p = rule_set_problem(set, 2);
    assert_false(p->fatal);
    assert_int_equal(p->text.line, 5);
    assert_non_null(strstr(p->text.message, "not yet run"));
    assert_non_null(strstr(rule_set_problem(set, 3)->text.message, "left out"));
    assert_non_null(strstr(rule_set_problem(set, 4)->text.message, "summary"));
    assert_false(rule_runs(rule_set_at(set, 1)));
    rule_set_free(set);
}

static void a_file_of_exceptions_is_kept(void **state)
{
    (void)state;
    static const char text[] = "[metadata]\nlist_name = \"n\"\n[[exceptions]]\n"
                               "[exceptions.container]\nlist_id = \"l\"\n"
                               "[[exceptions.items]]\nitem_id = \"i\"\n";
    struct rule_set *set = rule_set_new();
    assert_int_equal(rule_load_text(set, text, sizeof(text) - 1, "f.toml", NULL), ERR_NONE);
    assert_int_equal(rule_set_count(set) + rule_set_problems(set), 0);
    assert_int_equal(rule_set_others(set), 2);
    assert_string_equal(rule_set_other(set, 0)->json, "{\"list_id\":\"l\"}");
    assert_string_equal(rule_set_other(set, 1)->json, "{\"item_id\":\"i\"}");
    assert_string_equal(rule_set_other(set, 1)->file, "f.toml");
    assert_int_equal(rule_set_other(set, 1)->line, 6);
    rule_set_free(set);
}

static void an_array_of_rules_is_read(void **state)
{
    (void)state;
    static const char text[] =
        "[\n{\"type\":\"machine_learning\",\"name\":\"a\",\"description\":\"d\",\"risk_score\":1,"
        "\"severity\":\"low\",\"anomaly_threshold\":50,\"machine_learning_job_id\":\"x\","
        "\"rule_id\":\"one\"},\n"
        "{\"type\":\"machine_learning\",\"name\":\"a\",\"description\":\"d\",\"risk_score\":1,"
        "\"severity\":\"low\",\"anomaly_threshold\":50,\"machine_learning_job_id\":\"x\","
        "\"rule_id\":\"one\"}, 7]";
    struct rule_set *set = rule_set_new();
    assert_int_equal(rule_load_text(set, text, sizeof(text) - 1, "f.json", NULL), ERR_NONE);
    assert_int_equal(rule_set_count(set), 1);
    assert_int_equal(rule_set_refused(set), 2);
    /* A second rule of the same rule_id is refused, not silently dropped. */
    assert_non_null(strstr(rule_set_problem(set, 0)->text.message, "one"));
    assert_int_equal(rule_set_problem(set, 0)->text.line, 3);
    rule_set_free(set);
}

static void write_file(const char *folder, const char *name, const char *text)
{
    char path[256];
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    assert_int_equal(fclose(f), 0);
}

static void folders_are_read_in_the_order_of_names(void **state)
{
    (void)state;
    char folder[] = "/tmp/weir-rules-XXXXXX";
    char below[64];
    assert_non_null(mkdtemp(folder));
    snprintf(below, sizeof(below), "%s/below", folder);
    struct rule_set *set = rule_set_new();
    struct err_text why;
    write_file(folder, "README.md", "no rule");
    write_file(folder, "job.json", "{\"job_id\":\"no rule either\"}");
    assert_int_equal(rule_load_path(set, folder, &why), ERR_NOT_FOUND);
    assert_int_equal(mkdir(below, 0700), 0);
    struct buf text;
    buf_init(&text);
    world_rule_text("rule_id = \"00000000-0000-4000-8000-00000000000b\"", &text);
    write_file(folder, "zeta.toml", buf_text(&text));
    buf_clear(&text);
    world_rule_text("rule_id = \"00000000-0000-4000-8000-00000000000a\"", &text);
    write_file(below, "alpha.toml", buf_text(&text));
    write_file(folder, "broken.toml", "[rule\n");
    assert_int_equal(rule_load_path(set, folder, &why), ERR_NONE);
    assert_int_equal(rule_set_count(set), 2);
    assert_string_equal(rule_set_at(set, 0)->rule_id, "00000000-0000-4000-8000-00000000000a");
    assert_int_equal(rule_set_refused(set), 1);
    assert_int_equal(rule_set_problem(set, 0)->text.line, 1);
    assert_int_equal(rule_load_path(set, "/nonexistent/rules", &why), ERR_NOT_FOUND);
    rule_set_free(set);
    buf_release(&text);
    char command[128];
    snprintf(command, sizeof(command), "rm -r %s", folder);
    assert_int_equal(system(command), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_public_rule_loads_with_its_values),
        cmocka_unit_test(an_export_reads_back_without_a_word),
        cmocka_unit_test(one_bad_line_does_not_hide_the_others),
        cmocka_unit_test(a_file_of_exceptions_is_kept),
        cmocka_unit_test(an_array_of_rules_is_read),
        cmocka_unit_test(folders_are_read_in_the_order_of_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
