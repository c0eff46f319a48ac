/* SPDX-License-Identifier: Apache-2.0 */
/* user, key: who may ask the server. */
#include "cli/cli.h"

#include "cli/ask.h"
#include "cli/password.h"

#include <string.h>
#include <unistd.h>

static int wrong(const char *what)
{
    struct err_text why;
    err_set(&why, ERR_INVALID, "expected %s", what);
    return cli_fail(ERR_INVALID, &why);
}

static int add_password(struct cli_ask *a)
{
    struct err_text why;
    char password[CLI_PASSWORD_SIZE];
    enum err err = cli_password_read(STDIN_FILENO, password, &why);
    if (err == ERR_NONE)
        format_write_field_str(&a->w, "password", password);
    explicit_bzero(password, sizeof(password));
    if (err == ERR_NONE)
        return CLI_DONE;
    buf_release(&a->text);
    return cli_fail(err, &why);
}

int cli_user(const struct cli_args *args)
{
    struct cli_ask a;
    const char *verb = args->rest_n > 0 ? args->rest[0] : "";
    bool list = strcmp(verb, "list") == 0;
    bool add = strcmp(verb, "add") == 0;
    bool password = strcmp(verb, "password") == 0;
    bool role = strcmp(verb, "role") == 0;
    if (!list && !add && !password && !role && strcmp(verb, "enable") != 0 &&
        strcmp(verb, "disable") != 0 && strcmp(verb, "remove") != 0)
        return wrong("list, add, password, role, enable, disable or remove");
    if (args->rest_n != (list ? 1 : role ? 3 : 2))
        return wrong(list   ? "no more arguments"
                     : role ? "weir user role NAME ROLE"
                            : "one name; a password is asked for, or read from standard input");
    if (add && !cli_has(args, CLI_ROLE))
        return wrong("--role viewer, analyst or admin");
    cli_ask_init(&a, "user", verb);
    if (!list)
        format_write_field_str(&a.w, "id", args->rest[1]);
    if (role)
        format_write_field_str(&a.w, "role", args->rest[2]);
    else
        cli_ask_option(&a, args, CLI_ROLE);
    if ((add || password) && !cli_has(args, CLI_MAKE_PASSWORD)) {
        int status = add_password(&a);
        if (status != CLI_DONE)
            return status;
    }
    a.makes = add;
    return cli_ask_run(&a, args);
}

int cli_key(const struct cli_args *args)
{
    struct cli_ask a;
    const char *verb = args->rest_n > 0 ? args->rest[0] : "";
    bool list = strcmp(verb, "list") == 0;
    bool add = strcmp(verb, "add") == 0;
    if (!list && !add && strcmp(verb, "remove") != 0)
        return wrong("list, add or remove");
    if (args->rest_n != (list ? 1 : 2))
        return wrong(list ? "no more arguments" : add ? "a name for the key" : "the key's id");
    if (add && !cli_has(args, CLI_ROLE))
        return wrong("--role shipper, viewer, analyst or admin");
    cli_ask_init(&a, "key", verb);
    if (!list)
        format_write_field_str(&a.w, "id", args->rest[1]);
    cli_ask_option(&a, args, CLI_ROLE);
    cli_ask_option(&a, args, CLI_EXPIRES);
    a.makes = add;
    return cli_ask_run(&a, args);
}
