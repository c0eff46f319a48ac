/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/ask.h"

#include "base/mem.h"
#include "cli/cli.h"
#include "conf/conf.h"
#include "format/node.h"
#include "request/control.h"
#include "request/data.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define FILE_MAX ((size_t)64 << 20)

static bool print(void *ctx, int stream, const char *p, size_t n)
{
    (void)ctx;
    return fwrite(p, 1, n, stream == 1 ? stdout : stderr) == n && !cli_stopped();
}

static bool gone(void *ctx)
{
    (void)ctx;
    return cli_stopped();
}

void cli_ask_init(struct cli_ask *a, const char *command, const char *verb)
{
    a->makes = false;
    a->output = (struct request_output){.write = print, .gone = gone};
    buf_init(&a->text);
    format_write_init(&a->w, &a->text);
    format_write_begin_object(&a->w);
    format_write_field_str(&a->w, "command", command);
    if (verb != NULL)
        format_write_field_str(&a->w, "verb", verb);
}

void cli_ask_option(struct cli_ask *a, const struct cli_args *args, enum cli_option_id id)
{
    const char *value = cli_value(args, id, NULL);
    if (value == NULL)
        return;
    char key[32] = "";
    strncat(key, cli_options[id].name + 2, sizeof(key) - 1);
    for (char *p = key; *p != '\0'; p++)
        if (*p == '-')
            *p = '_';
    format_write_field_str(&a->w, key, value);
}

enum err cli_data_dir(const struct cli_args *args, char *out, struct err_text *why)
{
    struct conf conf;
    enum err err = conf_init(&conf);
    if (err != ERR_NONE)
        return err_set(why, err, "%s", err_name(err));
    const char *file = cli_value(args, CLI_CONFIG, NULL);
    if (file != NULL)
        err = conf_read(&conf, file, why);
    if (err == ERR_NONE)
        err = request_data_dir(cli_value(args, CLI_DATA_DIR, conf.data_dir), out, why);
    conf_release(&conf);
    return err;
}

int cli_ask_limit(struct cli_ask *a, const struct cli_args *args)
{
    struct err_text why;
    int64_t n;
    enum err err = cli_number(args, CLI_LIMIT, 1, INT64_MAX, 0, &n, &why);
    if (err != ERR_NONE) {
        buf_release(&a->text);
        return cli_fail(err, &why);
    }
    if (n > 0)
        format_write_field_i64(&a->w, "limit", n);
    return CLI_DONE;
}

int cli_ask_file(struct cli_ask *a, const char *path, const char *text_key, const char *name_key)
{
    struct err_text why;
    size_t n;
    char *text = cli_read_file(path, &n, &why);
    if (text == NULL) {
        buf_release(&a->text);
        return cli_fail(ERR_NOT_FOUND, &why);
    }
    format_write_key(&a->w, text_key);
    format_write_str_n(&a->w, text, n);
    format_write_field_str(&a->w, name_key, path);
    mem_free(text);
    return CLI_DONE;
}

static enum err open_and_ask(const char *dir, struct cli_ask *a, int *out_status,
                             struct err_text *why)
{
    struct request_data *data;
    struct format_node *request;
    struct stat st;
    if (!a->makes && stat(dir, &st) != 0 && errno == ENOENT)
        return err_set(why, ERR_NOT_FOUND,
                       "there is no data directory %s; weir serve makes one, --data-dir names one",
                       dir);
    enum err err = format_node_json(buf_text(&a->text), a->text.n, "request", &request, why);
    if (err != ERR_NONE)
        return err;
    err = request_data_open(dir, NULL, &data, why);
    if (err == ERR_NONE) {
        *out_status = request_request(data, request, &a->output);
        request_data_close(data);
    }
    format_node_free(request);
    return err;
}

int cli_ask_run(struct cli_ask *a, const struct cli_args *args)
{
    struct err_text why;
    char dir[REQUEST_DATA_DIR_SIZE];
    int status = CLI_FAILED;
    format_write_end_object(&a->w);
    signal(SIGPIPE, SIG_IGN);
    enum err err = cli_data_dir(args, dir, &why);
    if (err == ERR_NONE && !buf_ok(&a->text))
        err = err_set(&why, ERR_MEMORY, "%s", err_name(ERR_MEMORY));
    if (err == ERR_NONE) {
        err = request_control_ask(dir, buf_text(&a->text), a->text.n, &a->output, &status, &why);
        if (err == ERR_NOT_FOUND) {
            /* Only here is something to close; Ctrl-C while a daemon answers simply ends us. */
            cli_catch_signals();
            err = open_and_ask(dir, a, &status, &why);
        }
    }
    buf_release(&a->text);
    return err == ERR_NONE ? status : cli_fail(err, &why);
}

int cli_ask_object(const struct cli_args *args, size_t at, const char *command, const char *called,
                   const char *takes_file)
{
    struct cli_ask a;
    struct err_text why;
    const char *verb = args->rest[at];
    bool list = strcmp(verb, "list") == 0;
    bool file = strcmp(verb, takes_file) == 0;
    if (args->rest_n != at + (list ? 1 : 2)) {
        err_set(&why, ERR_INVALID, "expected %s %s%s", called, verb,
                list   ? " without more arguments"
                : file ? " FILE"
                       : " ID");
        return cli_fail(ERR_INVALID, &why);
    }
    cli_ask_init(&a, command, verb);
    if (file) {
        int status = cli_ask_file(&a, args->rest[at + 1], "text", "name");
        if (status != CLI_DONE)
            return status;
        a.makes = true;
    } else if (!list) {
        format_write_field_str(&a.w, "id", args->rest[at + 1]);
    }
    return cli_ask_run(&a, args);
}

char *cli_read_file(const char *path, size_t *out_n, struct err_text *why)
{
    bool in = strcmp(path, "-") == 0;
    FILE *f = in ? stdin : fopen(path, "rb");
    if (f == NULL) {
        int number = errno;
        err_set_at(why, err_from_errno(number), path, 0, "cannot be read: %s", strerror(number));
        return NULL;
    }
    struct buf text;
    buf_init(&text);
    while (text.n <= FILE_MAX) {
        char *to = buf_reserve(&text, 65536);
        size_t n = to != NULL ? fread(to, 1, 65536, f) : 0;
        if (n == 0)
            break;
        text.n += n;
    }
    bool failed = ferror(f) != 0;
    if (!in)
        fclose(f);
    if (failed || text.n > FILE_MAX) {
        err_set_at(why, failed ? ERR_IO : ERR_LIMIT, path, 0,
                   failed ? "cannot be read" : "is larger than 64 MiB");
        buf_release(&text);
        return NULL;
    }
    char *p = buf_take(&text, out_n);
    if (p == NULL)
        err_set(why, ERR_MEMORY, "%s", err_name(ERR_MEMORY));
    return p;
}
