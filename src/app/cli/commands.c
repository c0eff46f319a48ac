/* SPDX-License-Identifier: Apache-2.0 */
/* The table of commands. */
#include "cli/cli.h"

#include <stddef.h>

#define DATA (CLI_BIT(CLI_DATA_DIR) | CLI_BIT(CLI_CONFIG))
#define WHERE (CLI_BIT(CLI_HOME) | CLI_BIT(CLI_GEOIP))
#define TALK (CLI_BIT(CLI_STATS) | CLI_BIT(CLI_QUIET))
#define TIMES (CLI_BIT(CLI_FROM) | CLI_BIT(CLI_TO))

const struct cli_command cli_commands[] = {
    {"read", "[OPTION]... INPUT...", "Turn captures, logs or live traffic into ECS events.",
     "Any input becomes events on standard output, one JSON document a line. INPUT is a capture\n"
     "(pcap, pcapng), Zeek logs (TSV or JSON) or ECS documents (NDJSON), plain or compressed with\n"
     "gzip or zstd; or a folder, for the files in it that are such; \"-\" is standard input. "
     "Several\n"
     "captures are read as one, in order of time. With --interface live traffic is read until the\n"
     "command is stopped.",
     CLI_BIT(CLI_FORMAT) | CLI_BIT(CLI_INTERFACE) | CLI_BIT(CLI_FILTER) | CLI_BIT(CLI_OUTPUT) |
         CLI_BIT(CLI_NO_PROMISCUOUS) | CLI_BIT(CLI_FLOWS_ONLY) | WHERE | TALK,
     cli_read},
    {"detect", "--job JOB.json [OPTION]... INPUT...",
     "Run one anomaly-detection job over events or CSV.",
     "Prints what Elasticsearch's results API would return, one document a line. INPUT is ECS\n"
     "NDJSON, or with --format csv a table with a header line whose columns the job names.",
     CLI_BIT(CLI_JOB) | CLI_BIT(CLI_DATAFEED) | CLI_BIT(CLI_FILTER_LIST) | CLI_BIT(CLI_CALENDAR) |
         CLI_BIT(CLI_FORMAT) | CLI_BIT(CLI_MODEL_PLOT) | CLI_BIT(CLI_RENORMALIZED) |
         CLI_BIT(CLI_PERSIST) | CLI_BIT(CLI_RESTORE) | CLI_BIT(CLI_FORECAST) |
         CLI_BIT(CLI_THREADS) | TALK,
     cli_detect},
    {"replay", "[OPTION]... INPUT...",
     "Run the whole chain over files: events, jobs, rules, alerts.",
     "INPUT is a file, a folder or \"-\", as for read. Everything happens in the time of the "
     "events.\n"
     "Without --package, --job or --rule every package runs that recognises the data. Alerts go "
     "to\n"
     "standard output, one a line.",
     CLI_BIT(CLI_PACKAGE) | CLI_BIT(CLI_JOB) | CLI_BIT(CLI_DATAFEED) | CLI_BIT(CLI_FILTER_LIST) |
         CLI_BIT(CLI_CALENDAR) | CLI_BIT(CLI_RULE) | CLI_BIT(CLI_DATA_DIR) | CLI_BIT(CLI_FORMAT) |
         CLI_BIT(CLI_FILTER) | CLI_BIT(CLI_ALERTS) | CLI_BIT(CLI_THREADS) | WHERE | TALK,
     cli_replay},
    {"demo", "[OPTION]...", "Play the bundled sample through the whole chain.",
     "A table of alerts with reasons, and the next command to try. --no-serve is there for "
     "scripts:\n"
     "demo ends after the table in any case as long as there is no web interface.",
     CLI_BIT(CLI_NO_SERVE) | TALK, cli_demo},
    {"serve", "[OPTION]...", "Watch interfaces, logs and what is sent, keep events, raise alerts.",
     "The daemon, in the foreground, until SIGTERM, SIGHUP or Ctrl-C. What it learns and finds is\n"
     "kept in the data directory, and it goes on from there when started again.",
     DATA | CLI_BIT(CLI_INTERFACE) | CLI_BIT(CLI_FILTER) | CLI_BIT(CLI_NO_PROMISCUOUS) |
         CLI_BIT(CLI_FOLLOW) | CLI_BIT(CLI_PACKAGE) | CLI_BIT(CLI_ALERTS) | CLI_BIT(CLI_LATE) |
         CLI_BIT(CLI_LISTEN) | CLI_BIT(CLI_THREADS) | WHERE | CLI_BIT(CLI_QUIET),
     cli_serve},
    {"status", "[OPTION]...", "Say what is kept and what runs.", "", DATA, cli_status},
    {"alerts", "[OPTION]...", "List the alerts that are kept.",
     "One JSON document a line, the oldest first; --output table makes lines for a person, the\n"
     "newest first, which fit the terminal or the number of columns that the variable COLUMNS "
     "holds.",
     DATA | TIMES | CLI_BIT(CLI_LIMIT) | CLI_BIT(CLI_OUTPUT), cli_alerts},
    {"search", "[OPTION]... [KQL]", "Find events that are kept.",
     "KQL is one expression in Kibana's query language, for instance\n"
     "'destination.port: 443 and source.ip: \"10.0.0.0/8\"'.",
     DATA | TIMES | CLI_BIT(CLI_LIMIT), cli_search},
    {"sql", "[OPTION]... SELECT", "Ask the kept events in SQL.",
     "One SELECT over the view events, whose columns are the fields that occur:\n"
     "SELECT \"source.ip\", sum(\"source.bytes\") FROM events GROUP BY ALL",
     DATA | CLI_BIT(CLI_LIMIT), cli_sql},
    {"job", "VERB [ID|FILE] [OPTION]...", "Manage anomaly-detection jobs.",
     "list; create JOB.json [--datafeed FEED.json]; validate JOB.json... says what is wrong with "
     "files,\n"
     "or that they are right, without a data directory; open, close, reset, delete, results, "
     "messages,\n"
     "stats or forecast ID; delete-forecast ID [FORECAST]. results prints the records that the "
     "job\n"
     "found, one JSON document a line, messages what it has to say of itself, stats how it "
     "stands;\n"
     "forecast foretells its series, to be read with results ID --type model_forecast.\n"
     "snapshots ID lists what it had learned when; revert ID SNAPSHOT lets it go on from there\n"
     "(empty: from nothing), and the stored events since are read again; snapshot-update ID\n"
     "SNAPSHOT sets --description and --retain, snapshot-delete ID SNAPSHOT deletes one.\n"
     "preview ID, also of a job that a package has, or preview JOB.json [--datafeed FEED.json]\n"
     "[INPUT...] runs the job over what is stored, or over files as replay takes them, and tells\n"
     "how many alerts it would have raised at which threshold; nothing of it is kept.\n"
     "estimate JOB.json tells which model_memory_limit the job will want, from the number of "
     "values\n"
     "of its fields.\n"
     "overall [ID|GROUP|PATTERN]... says how bad each stretch of time was over several jobs, all\n"
     "when none is named.",
     DATA | CLI_BIT(CLI_MIN_SCORE) | CLI_BIT(CLI_TOP_N) | CLI_BIT(CLI_BUCKET_SPAN) |
         CLI_BIT(CLI_DATAFEED) | CLI_BIT(CLI_TYPE) | CLI_BIT(CLI_DURATION) |
         CLI_BIT(CLI_EXPIRES_IN) | CLI_BIT(CLI_MAX_MODEL_MEMORY) | CLI_BIT(CLI_DELETE_RESULTS) |
         CLI_BIT(CLI_DESCRIPTION) | CLI_BIT(CLI_RETAIN) | CLI_BIT(CLI_CARDINALITY) |
         CLI_BIT(CLI_MAX_BUCKET_CARDINALITY) | TIMES | CLI_BIT(CLI_ALERTS_PER_DAY) |
         CLI_BIT(CLI_CALENDAR) | CLI_BIT(CLI_OUTPUT) | CLI_BIT(CLI_FILTER_LIST) |
         CLI_BIT(CLI_FORMAT) | CLI_BIT(CLI_FILTER) | WHERE | CLI_BIT(CLI_QUIET),
     cli_job},
    {"filter", "VERB [ID|FILE] [OPTION]...", "Manage the lists that custom rules of jobs name.",
     "list; show or delete ID; put FILE, which makes or replaces the filters of the file. What is\n"
     "put holds at once for the jobs that run; what a job names cannot be deleted.",
     DATA, cli_filter},
    {"calendar", "VERB [ID|FILE] [OPTION]...", "Manage the times at which jobs look away.",
     "list; show or delete ID; put FILE, which makes or replaces the calendars of the file;\n"
     "events ID lists its events, one JSON document a line, events ID add FILE adds some, events "
     "ID\n"
     "delete EVENT_ID takes one away. What is changed holds at once for the jobs that run.",
     DATA | TIMES, cli_calendar},
    {"connector", "VERB [ID|FILE] [OPTION]...", "Manage where alerts are told to.",
     "list; add FILE, a JSON object with name, connector_type_id (.webhook, .email, .syslog), "
     "config\n"
     "and secrets; remove ID, with the messages that wait for it; test ID sends a message through\n"
     "the running daemon. Actions of rules name connectors by their id. messages shows what waits "
     "to\n"
     "be sent and what was given up; retry [MESSAGE] sends that again, dismiss [MESSAGE] forgets\n"
     "it, all when none is named.",
     DATA, cli_connector},
    {"rule", "VERB [ID|FILE] [OPTION]...", "Check and manage detection rules.",
     "check FILE|DIR... looks at rule files without a data directory and explains each refusal;\n"
     "list; enable or disable RULE_ID; import FILE takes rules and exceptions that are not there,\n"
     "and with --overwrite those that are; export; history RULE_ID shows how its runs went, the "
     "newest\n"
     "first; gaps RULE_ID shows what no run looked at; run RULE_ID --from TIME --to "
     "TIME\n"
     "makes up for it.\n"
     "preview FILE or preview RULE_ID prints the alerts that a rule would have raised from one\n"
     "time to another (a day up to now when nothing is said), and changes nothing.\n"
     "exception list shows the exception lists and their items, exception add FILE keeps those of\n"
     "an NDJSON, JSON or TOML file, exception remove ID takes a list or an item away, exception\n"
     "close RULE_ID closes the rule's alerts that its exceptions take out; values add ID FILE\n"
     "[TYPE] reads a value list, one value a line, values list [ID], values remove ID.",
     DATA | TIMES | CLI_BIT(CLI_QUIET) | CLI_BIT(CLI_LIMIT) | CLI_BIT(CLI_OVERWRITE), cli_rule},
    {"package", "VERB [NAME] [OPTION]...", "Manage packages of jobs and rules.",
     "list shows which apply to the data at hand; install or remove NAME.", DATA, cli_package},
    {"user", "VERB [NAME] [OPTION]...", "Manage who may use the server.",
     "list; add NAME --role ROLE; password NAME; role NAME ROLE; enable, disable or remove NAME. "
     "A\n"
     "password is asked for on the terminal, else one line of standard input is it; with\n"
     "--make-password one is made and printed. A change ends the user's sessions.",
     DATA | CLI_BIT(CLI_ROLE) | CLI_BIT(CLI_MAKE_PASSWORD), cli_user},
    {"key", "VERB [NAME|ID] [OPTION]...", "Manage the API keys of programs.",
     "list; add NAME --role ROLE prints the key's id and its secret, which is shown only then;\n"
     "remove ID has it refused from now on. A program sends \"Authorization: ApiKey\" and what\n"
     "is printed as encoded, the base64 of id:secret.",
     DATA | CLI_BIT(CLI_ROLE) | CLI_BIT(CLI_EXPIRES), cli_key},
    {"backup", "FILE [OPTION]...", "Write all that is kept into one file.",
     "A tar archive packed with zstd, \"-\" is standard output. A daemon that runs goes on "
     "meanwhile;\n"
     "what it acknowledged before is in the file, which only its owner may read.",
     DATA, cli_backup},
    {"restore", "FILE [OPTION]...", "Make a data directory of a backup.",
     "The directory must be empty, or not be there. The backup is read through and checked before\n"
     "anything is written; \"-\" is standard input, which is kept in a file without a name "
     "meanwhile\n"
     "(in the folder that TMPDIR names, else /var/tmp).",
     DATA, cli_restore},
    {NULL, NULL, NULL, NULL, 0, NULL},
};
