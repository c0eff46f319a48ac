/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/options.h"

#include "base/buf.h"
#include "base/mem.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* The column at which an option's text begins in a help, and where its lines end at the latest. */
#define HELP_TEXT 25
#define HELP_WIDTH 95

const struct cli_option cli_options[CLI_OPTIONS] = {
    [CLI_FORMAT] = {"--format", "FORMAT",
                    "Format of the input: auto (by its first bytes), pcap, ecs, zeek; for detect "
                    "ecs or csv.",
                    false},
    [CLI_INTERFACE] = {"--interface", "IF", "Capture from this interface.", true},
    [CLI_FILTER] = {"--filter", "BPF", "Look only at packets that this expression matches.", false},
    [CLI_OUTPUT] =
        {"--output", "KIND",
         "What to print: ndjson or table; for read also none: events are made and dropped.", false},
    [CLI_FLOWS_ONLY] = {"--flows-only", NULL,
                        "Make flows of packets, and do not look into what they carry.", false},
    [CLI_JOB] = {"--job", "FILE", "Anomaly-detection job in Elastic's JSON.", true},
    [CLI_DATAFEED] = {"--datafeed", "FILE", "Datafeed in Elastic's JSON.", true},
    [CLI_FILTER_LIST] = {"--filter-list", "FILE",
                         "Filters that the custom rules of jobs name, in Elastic's JSON.", true},
    [CLI_CALENDAR] = {"--calendar", "FILE",
                      "Calendars with the events at which jobs do not report or learn.", true},
    [CLI_RULE] = {"--rule", "FILE|DIR", "Detection rule in Elastic's TOML or NDJSON.", true},
    [CLI_PACKAGE] = {"--package", "NAME", "Package to use, shipped or a folder.", true},
    [CLI_DATA_DIR] =
        {"--data-dir", "DIR",
         "Folder of everything that is kept; /var/lib/weir for root, else ~/.local/state/weir. "
         "replay keeps nothing unless it is given.",
         false},
    [CLI_ALERTS] = {"--alerts", "KIND",
                    "How alerts are printed: ndjson or table; for serve the file they are added "
                    "to, \"-\" is standard output.",
                    false},
    [CLI_ALERTS_PER_DAY] = {"--alerts-per-day", "N",
                            "Find the threshold that would have raised so many, such as 0.5.",
                            false},
    [CLI_MODEL_PLOT] = {"--model-plot", NULL, "Also print what the models expect.", false},
    [CLI_RENORMALIZED] = {"--renormalized", NULL,
                          "Print all results at the end, with their current scores.", false},
    [CLI_PERSIST] = {"--persist", "FILE", "Save what was learned to this file at the end.", false},
    [CLI_RESTORE] = {"--restore", "FILE", "Go on from what was saved in this file.", false},
    [CLI_CONFIG] = {"--config", "FILE", "Read settings from this file (weir.toml).", false},
    [CLI_FOLLOW] = {"--follow", "FILE|DIR",
                    "Follow a log, or all in a folder, as they grow; it need not be there yet.",
                    true},
    [CLI_FROM] = {"--from", "TIME", "Only from this time on: ISO 8601 or now-6h.", false},
    [CLI_TO] = {"--to", "TIME", "Only before this time.", false},
    [CLI_LIMIT] = {"--limit", "N", "At most so many; all when not given.", false},
    [CLI_CARDINALITY] = {"--cardinality", "FIELD=N",
                         "How many values a field has that splits the job's series.", true},
    [CLI_MAX_BUCKET_CARDINALITY] = {"--max-bucket-cardinality", "FIELD=N",
                                    "How many values an influencer has in one bucket.", true},
    [CLI_DELETE_RESULTS] = {"--delete-intervening-results", NULL,
                            "Delete the results of the time since the snapshot.", false},
    [CLI_DESCRIPTION] = {"--description", "TEXT", "What the snapshot is, for people.", false},
    [CLI_RETAIN] = {"--retain", "true|false", "Whether the snapshot is kept until it is deleted.",
                    false},
    [CLI_NO_PROMISCUOUS] = {"--no-promiscuous", NULL,
                            "Do not ask the interface for packets of other machines.", false},
    [CLI_NO_SERVE] = {"--no-serve", NULL, "End after the table of alerts.", false},
    [CLI_HOME] = {"--home", "CIDR", "Home network; the private ranges when none is given.", true},
    [CLI_GEOIP] = {"--geoip", "FILE", "MMDB file for countries, cities, autonomous systems.", true},
    [CLI_LATE] = {"--late", "SPAN", "How late records of a stream may come, such as 30s.", false},
    [CLI_LISTEN] = {"--listen", "ADDR:PORT",
                    "Where the server answers, 127.0.0.1:9280 unless given; \"\": nowhere.", false},
    [CLI_FORECAST] = {"--forecast", "SPAN",
                      "At the end also print what comes in the time ahead, such as 1d.", false},
    [CLI_TYPE] = {"--type", "TYPE",
                  "Which results: record (unless given), bucket, influencer, category_definition, "
                  "model_forecast …",
                  false},
    [CLI_MIN_SCORE] = {"--min-score", "SCORE", "Only scores from this on, 0 to 100.", false},
    [CLI_TOP_N] = {"--top-n", "N", "Jobs whose mean is an overall score, 1 unless given.", false},
    [CLI_BUCKET_SPAN] = {"--bucket-span", "SPAN",
                         "Of overall buckets, the largest of the jobs unless given.", false},
    [CLI_DURATION] = {"--duration", "SPAN", "How far to foretell, 1d unless given.", false},
    [CLI_EXPIRES_IN] = {"--expires-in", "SPAN",
                        "How long a forecast is kept, 14d unless given, 0s for ever.", false},
    [CLI_MAX_MODEL_MEMORY] = {"--max-model-memory", "SIZE",
                              "What the models copied for a forecast may take, 20mb unless given.",
                              false},
    [CLI_ROLE] = {"--role", "ROLE",
                  "What somebody may do: viewer, analyst or admin; keys also shipper.", false},
    [CLI_EXPIRES] = {"--expires", "SPAN",
                     "After this the key is refused, such as 90d; never unless given.", false},
    [CLI_OVERWRITE] = {"--overwrite", NULL,
                       "Replace the rules and exceptions that are there already.", false},
    [CLI_MAKE_PASSWORD] = {"--make-password", NULL,
                           "Make a password and print it, instead of asking for one.", false},
    [CLI_THREADS] = {"--threads", "N", "Threads to share the work.", false},
    [CLI_STATS] = {"--stats", NULL, "Print one JSON object of figures at the end.", false},
    [CLI_QUIET] = {"--quiet", NULL, "No progress and no remarks.", false},
    [CLI_HELP] = {"--help", NULL, "Print this.", false},
};

static int find_option(const char *name, size_t n, uint64_t allowed)
{
    for (int id = 0; id < CLI_OPTIONS; id++)
        if ((allowed & CLI_BIT(id)) != 0 && strlen(cli_options[id].name) == n &&
            memcmp(cli_options[id].name, name, n) == 0)
            return id;
    return -1;
}

static enum err add(const char ***list, size_t *n, const char *value)
{
    const char **grown = mem_resize(*list, *n + 1, sizeof(*grown));
    if (grown == NULL)
        return ERR_MEMORY;
    *list = grown;
    grown[(*n)++] = value;
    return ERR_NONE;
}

enum err cli_args_parse(int argc, char **argv, uint64_t allowed, struct cli_args *out,
                        struct err_text *why)
{
    struct cli_args a = {0};
    enum err err = ERR_NONE;
    bool only_rest = false;
    for (int i = 0; i < argc && err == ERR_NONE; i++) {
        const char *arg = argv[i];
        if (only_rest || arg[0] != '-' || arg[1] == '\0') {
            err = add(&a.rest, &a.rest_n, arg);
            continue;
        }
        if (strcmp(arg, "--") == 0) {
            only_rest = true;
            continue;
        }
        size_t n = strcspn(arg, "=");
        int id =
            strcmp(arg, "-h") == 0 ? CLI_HELP : find_option(arg, n, allowed | CLI_BIT(CLI_HELP));
        if (id < 0) {
            err = err_set(why, ERR_INVALID, "there is no option '%.*s' here; --help lists them",
                          (int)n, arg);
            break;
        }
        const char *value = arg[n] == '=' ? arg + n + 1 : NULL;
        if (cli_options[id].value == NULL) {
            if (value != NULL) {
                err = err_set(why, ERR_INVALID, "%s takes no value", cli_options[id].name);
                break;
            }
            value = "";
        } else if (value == NULL) {
            if (++i == argc) {
                err = err_set(why, ERR_INVALID, "%s expects a value: %s", cli_options[id].name,
                              cli_options[id].value);
                break;
            }
            value = argv[i];
        }
        if (a.counts[id] > 0 && !cli_options[id].many) {
            err = err_set(why, ERR_INVALID, "%s was given twice", cli_options[id].name);
            break;
        }
        err = add(&a.values[id], &a.counts[id], value);
    }
    if (err != ERR_NONE) {
        if (err == ERR_MEMORY)
            err_set(why, err, "%s", err_name(err));
        cli_args_release(&a);
        return err;
    }
    *out = a;
    return ERR_NONE;
}

void cli_args_release(struct cli_args *a)
{
    for (int id = 0; id < CLI_OPTIONS; id++)
        mem_free(a->values[id]);
    mem_free(a->rest);
    *a = (struct cli_args){0};
}

bool cli_has(const struct cli_args *a, enum cli_option_id id)
{
    return a->counts[id] > 0;
}

const char *cli_value(const struct cli_args *a, enum cli_option_id id, const char *otherwise)
{
    return a->counts[id] > 0 ? a->values[id][a->counts[id] - 1] : otherwise;
}

enum err cli_number(const struct cli_args *a, enum cli_option_id id, int64_t least, int64_t most,
                    int64_t otherwise, int64_t *out, struct err_text *why)
{
    const char *text = cli_value(a, id, NULL);
    if (text == NULL) {
        *out = otherwise;
        return ERR_NONE;
    }
    char *end;
    errno = 0;
    long long v = strtoll(text, &end, 10);
    if (text[0] == '\0' || *end != '\0' || errno != 0 || v < least || v > most)
        return err_set(why, ERR_INVALID, "%s expects a whole number from %lld to %lld, not '%s'",
                       cli_options[id].name, (long long)least, (long long)most, text);
    *out = v;
    return ERR_NONE;
}

/* Words behind what stands on the line, which is *column characters long, in as many lines as
 * they need. */
static void add_words(const char *text, size_t *column, struct buf *out)
{
    while (*text != '\0') {
        size_t n = strcspn(text, " ");
        if (*column > HELP_TEXT && *column + 1 + n > HELP_WIDTH) {
            buf_format(out, "\n%*s", HELP_TEXT - 1, "");
            *column = HELP_TEXT - 1;
        }
        buf_char(out, ' ');
        buf_add(out, text, n);
        *column += 1 + n;
        text += n + (text[n] == ' ');
    }
}

void cli_help_command(const struct cli_command *c, struct buf *out)
{
    buf_format(out, "weir %s %s\n\n%s\n", c->name, c->synopsis, c->summary);
    if (c->details[0] != '\0')
        buf_format(out, "\n%s\n", c->details);
    buf_str(out, "\nOptions:\n");
    for (int id = 0; id < CLI_OPTIONS; id++) {
        if (((c->options | CLI_BIT(CLI_HELP)) & CLI_BIT(id)) == 0)
            continue;
        char head[48] = "";
        strncat(head, cli_options[id].name, sizeof(head) - 1);
        if (cli_options[id].value != NULL) {
            strncat(head, " ", sizeof(head) - strlen(head) - 1);
            strncat(head, cli_options[id].value, sizeof(head) - strlen(head) - 1);
        }
        buf_format(out, "  %-22s", head);
        size_t column = HELP_TEXT - 1;
        add_words(cli_options[id].text, &column, out);
        add_words(cli_options[id].many ? "May be repeated." : "", &column, out);
        buf_char(out, '\n');
    }
}
