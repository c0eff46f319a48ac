/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli.h"

#include "base/buf.h"

#include <stdio.h>
#include <string.h>

const struct cli_command cli_commands[] = {
    {"read", "[OPTION]... INPUT...", "Turn captures, logs or live traffic into ECS events.",
     "Any input becomes events on standard output, one JSON document a line. INPUT is a capture\n"
     "(pcap, pcapng), Zeek logs (TSV or JSON) or ECS documents (NDJSON), plain or compressed with\n"
     "gzip or zstd; \"-\" is standard input. Several captures are read as one, in order of time.",
     CLI_BIT(CLI_FORMAT) | CLI_BIT(CLI_INTERFACE) | CLI_BIT(CLI_FILTER) | CLI_BIT(CLI_OUTPUT) |
         CLI_BIT(CLI_NO_PROMISCUOUS) | CLI_BIT(CLI_HOME) | CLI_BIT(CLI_GEOIP) | CLI_BIT(CLI_STATS) |
         CLI_BIT(CLI_QUIET),
     cli_read},
    {NULL, NULL, NULL, NULL, 0, NULL},
};

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
    if (fflush(stdout) != 0 || ferror(stdout)) {
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
    for (const struct cli_command *c = cli_commands; c->name != NULL; c++)
        if (strcmp(argv[1], c->name) == 0)
            return run(c, argc - 2, argv + 2);
    fprintf(stderr, "weir: error: there is no command '%s'; weir --help lists them\n", argv[1]);
    return CLI_WRONG;
}
