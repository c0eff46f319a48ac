/* SPDX-License-Identifier: Apache-2.0 */
/* alerts: those that are kept, as documents or as a table. */
#include "cli/cli.h"

#include "base/log.h"
#include "cli/ask.h"
#include "cli/screen.h"
#include "rule/table.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* The answer comes in pieces of any length; each of its lines is an alert's document. */
struct rows {
    struct buf line;
    struct buf row;
    unsigned columns;
    bool begun;
};

static bool put(const struct buf *text)
{
    return buf_ok(text) && fwrite(buf_text(text), 1, text->n, stdout) == text->n;
}

static bool print_row(struct rows *r)
{
    struct err_text why;
    char text[900];
    buf_clear(&r->row);
    if (!buf_ok(&r->line))
        return false;
    enum err err = rule_table_row(bytes_make(r->line.p, r->line.n), r->columns, &r->row, &why);
    buf_clear(&r->line);
    if (err == ERR_NONE)
        return put(&r->row);
    log_line(LOG_LEVEL_WARNING, "an alert has no row in the table: %s",
             err_format(&why, text, sizeof(text)));
    return true;
}

static bool print_head(struct rows *r)
{
    r->begun = true;
    rule_table_head(r->columns, &r->row);
    return put(&r->row);
}

/* The part of the output that goes to a table; the rest is messages. */
static bool take(void *ctx, int stream, const char *p, size_t n)
{
    struct rows *r = ctx;
    if (stream != 1)
        return fwrite(p, 1, n, stderr) == n && !cli_stopped();
    bool fine = r->begun || print_head(r);
    while (fine && n > 0) {
        const char *end = memchr(p, '\n', n);
        size_t step = end != NULL ? (size_t)(end - p) : n;
        buf_add(&r->line, p, step);
        p += step;
        n -= step;
        if (end != NULL) {
            fine = print_row(r);
            p++;
            n--;
        }
    }
    return fine && !cli_stopped();
}

int cli_alerts(const struct cli_args *args)
{
    struct cli_ask a;
    struct err_text why;
    struct rows rows = {.columns = cli_screen_columns(STDOUT_FILENO)};
    const char *output = cli_value(args, CLI_OUTPUT, "ndjson");
    bool table = strcmp(output, "table") == 0;
    if (!table && strcmp(output, "ndjson") != 0)
        return cli_fail(ERR_INVALID, (err_set(&why, ERR_INVALID,
                                              "--output expects ndjson or table, not '%s'", output),
                                      &why));
    cli_ask_init(&a, "alerts", NULL);
    cli_ask_option(&a, args, CLI_FROM);
    cli_ask_option(&a, args, CLI_TO);
    int status = cli_ask_limit(&a, args);
    if (status != CLI_DONE)
        return status;
    if (table) {
        format_write_field_bool(&a.w, "newest_first", true);
        a.output = (struct request_output){.write = take, .ctx = &rows};
    }
    status = cli_ask_run(&a, args);
    if (table && status == CLI_DONE && !rows.begun && !print_head(&rows))
        status = CLI_FAILED;
    buf_release(&rows.line);
    buf_release(&rows.row);
    return status;
}
