/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes the reference pages that tables in the code hold: `weir_docs man1 | man5 | sample`.
 * `make docs` keeps man/weir.1 and man/weir.toml.5; a test compares them.
 */
#include "base/buf.h"
#include "cli/cli.h"
#include "conf/conf.h"

#include <stdio.h>
#include <string.h>

/* Text for roff: a line must not begin with a dot, and backslashes and dashes are spelled out. */
static void roff(const char *s)
{
    bool begin = true;
    for (; *s != '\0'; s++) {
        if (begin && (*s == '.' || *s == '\''))
            fputs("\\&", stdout);
        begin = *s == '\n';
        if (*s == '\\')
            fputs("\\e", stdout);
        else if (*s == '-')
            fputs("\\-", stdout);
        else
            putchar(*s);
    }
}

static void man1(void)
{
    puts(".TH WEIR 1 \"\" \"weir " WEIR_VERSION "\" \"User Commands\"\n.SH NAME\n"
         "weir \\- watch a network, learn what is normal, say when data leaves or a flood comes\n"
         ".SH SYNOPSIS\n.B weir\n.I COMMAND\n[\\fIOPTION\\fR]... [\\fIARGUMENT\\fR]...\n"
         ".SH DESCRIPTION\n"
         "Packets, Zeek logs and ECS documents become events; events feed anomaly\\-detection "
         "jobs;\n"
         "rules turn anomalies into alerts. Standard output carries data only, standard error\n"
         "messages and progress.\n.SH COMMANDS");
    for (const struct cli_command *c = cli_commands; c->name != NULL; c++) {
        printf(".SS weir %s ", c->name);
        roff(c->synopsis);
        putchar('\n');
        roff(c->summary);
        putchar('\n');
        if (c->details[0] != '\0') {
            puts(".PP");
            roff(c->details);
            putchar('\n');
        }
        fputs(".PP\nOptions:", stdout);
        for (int id = 0; id < CLI_OPTIONS; id++)
            if ((c->options & CLI_BIT(id)) != 0) {
                putchar(' ');
                roff(cli_options[id].name);
            }
        puts(" \\-\\-help");
    }
    puts(".SH OPTIONS");
    for (int id = 0; id < CLI_OPTIONS; id++) {
        fputs(".TP\n\\fB", stdout);
        roff(cli_options[id].name);
        fputs("\\fR", stdout);
        if (cli_options[id].value != NULL)
            printf(" \\fI%s\\fR", cli_options[id].value);
        putchar('\n');
        roff(cli_options[id].text);
        puts(cli_options[id].many ? " May be repeated." : "");
    }
    puts(".SH FILES\n.TP\n\\fI/var/lib/weir\\fR, \\fI~/.local/state/weir\\fR\n"
         "What is kept: root's, and everybody else's. A daemon started with sudo is asked with "
         "sudo.\n"
         ".SH EXAMPLES\n.EX\nweir replay \\-\\-alerts table office.pcap\n"
         "weir read \\-\\-output table conn.log dns.log.gz | head\n"
         "sudo weir serve \\-\\-interface eth0 \\-\\-package ded \\-\\-alerts \\-\n"
         "sudo weir alerts \\-\\-output table \\-\\-from now\\-1d\n"
         "sudo weir search 'destination.port: 4447' \\-\\-limit 1\n"
         "weir rule check my\\-rules\n.EE");
    puts(".SH EXIT STATUS\n0 done, 1 failed, 2 wrong usage or a wrong file.\n"
         ".SH SEE ALSO\n.BR weir.toml (5)");
}

static void man5(void)
{
    puts(
        ".TH WEIR.TOML 5 \"\" \"weir " WEIR_VERSION "\" \"File Formats\"\n.SH NAME\n"
        "weir.toml \\- settings of weir serve\n.SH DESCRIPTION\n"
        "A TOML file, named with \\fB\\-\\-config\\fR. A dotted name below is a key in the table "
        "before the dot.\nAn unknown key, a wrong type or a value out of range is refused with its "
        "line.\n.SH SETTINGS");
    for (const struct conf_key *k = conf_keys; k->name != NULL; k++) {
        printf(".TP\n\\fB%s\\fR = ", k->name);
        roff(k->fallback);
        putchar('\n');
        roff(k->text);
        putchar('\n');
    }
    puts(".SH SEE ALSO\n.BR weir (1)");
}

static void sample(void)
{
    struct buf text;
    buf_init(&text);
    conf_write_sample(&text);
    fputs(buf_text(&text), stdout);
    buf_release(&text);
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*write)(void);
    } pages[] = {{"man1", man1}, {"man5", man5}, {"sample", sample}};
    for (size_t i = 0; argc == 2 && i < sizeof(pages) / sizeof(pages[0]); i++)
        if (strcmp(argv[1], pages[i].name) == 0) {
            pages[i].write();
            return fflush(stdout) == 0 ? 0 : 1;
        }
    fputs("usage: weir_docs man1|man5|sample\n", stderr);
    return 2;
}
