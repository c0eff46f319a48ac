/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli.h"

#include "base/buf.h"
#include "store/worker.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void print_help(FILE *to)
{
    fputs(
        "weir COMMAND [OPTION]... [ARGUMENT]...\n\n"
        "Watches a network, learns what is normal, and says, with reasons, when data leaves that\n"
        "should not, or a flood comes.\n\nCommands:\n",
        to);
    for (const struct cli_command *c = cli_commands; c->name != NULL; c++)
        fprintf(to, "  %-9s %s\n", c->name, c->summary);
    fputs("\nweir COMMAND --help tells more of each; weir --version prints the version.\n", to);
}

static int run(const struct cli_command *c, int argc, char **argv)
{
    struct cli_args args;
    struct err_text why;
    enum err err = cli_args_parse(argc, argv, c->options, &args, &why);
    if (err != ERR_NONE)
        return cli_fail(err, &why);
    int status;
    if (cli_has(&args, CLI_HELP)) {
        struct buf help;
        buf_init(&help);
        cli_help_command(c, &help);
        fputs(buf_text(&help), stdout);
        buf_release(&help);
        status = CLI_DONE;
    } else {
        status = c->run(&args);
    }
    cli_args_release(&args);
    /* A full disk or a closed pipe shows at the latest here. */
    if ((fflush(stdout) != 0 || ferror(stdout)) && status == CLI_DONE) {
        if (!cli_reader_gone())
            fputs("weir: error: standard output cannot be written\n", stderr);
        return CLI_FAILED;
    }
    return status;
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        print_help(stderr);
        return CLI_WRONG;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
        strcmp(argv[1], "help") == 0) {
        print_help(stdout);
        return CLI_DONE;
    }
    if (strcmp(argv[1], "--version") == 0) {
        puts("weir " WEIR_VERSION);
        return CLI_DONE;
    }
    /* The store starts this program again as its query worker (store/worker.h). */
    if (strcmp(argv[1], "--query-worker") == 0 && argc == 3)
        return store_worker_main((int)strtol(argv[2], NULL, 10));
    for (const struct cli_command *c = cli_commands; c->name != NULL; c++)
        if (strcmp(argv[1], c->name) == 0)
            return run(c, argc - 2, argv + 2);
    fprintf(stderr, "weir: error: there is no command '%s'; weir --help lists them\n", argv[1]);
    return CLI_WRONG;
}
