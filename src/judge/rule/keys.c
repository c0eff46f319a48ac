/* SPDX-License-Identifier: Apache-2.0 */
#include "rule/keys.h"

#include "query/datemath.h"
#include "rule/rule.h"
#include "rule/schema.h"

#include <ctype.h>
#include <string.h>

#define FILES (1U << RULE_FORM_FILE)
#define API (1U << RULE_FORM_API)
#define BOTH (FILES | API)
#define OF(type) (1U << RULE_##type)

/* An interval longer than this is a slip of the pen. */
#define INTERVAL_MAX (366 * TIME_DAY)

#define WORDS(...)                                                                                 \
    (const char *const[])                                                                          \
    {                                                                                              \
        __VA_ARGS__, NULL                                                                          \
    }

/* Text, not empty; text that may be empty; the rest by their names. */
#define STR(name_, where_, need_)                                                                  \
    {                                                                                              \
        .name = (name_), .value = RULE_VALUE_STR, .where = (where_), .need = (need_), .min = 1     \
    }
#define TEXT(name_, where_)                                                                        \
    {                                                                                              \
        .name = (name_), .value = RULE_VALUE_STR, .where = (where_)                                \
    }
#define FORM(name_, where_, need_, good_, expect_)                                                 \
    {                                                                                              \
        .name = (name_), .value = RULE_VALUE_STR, .where = (where_), .need = (need_), .min = 1,    \
        .good = (good_), .expect = (expect_)                                                       \
    }
#define WORD(name_, where_, need_, ...)                                                            \
    {                                                                                              \
        .name = (name_), .value = RULE_VALUE_STR, .where = (where_), .need = (need_), .min = 1,    \
        .words = WORDS(__VA_ARGS__)                                                                \
    }
#define INT(name_, where_, need_, low_, high_)                                                     \
    {                                                                                              \
        .name = (name_), .value = RULE_VALUE_INT, .where = (where_), .need = (need_),              \
        .min = (low_), .max = (high_)                                                              \
    }
#define BOOL(name_, where_, need_)                                                                 \
    {                                                                                              \
        .name = (name_), .value = RULE_VALUE_BOOL, .where = (where_), .need = (need_)              \
    }
#define STRS(name_, where_, need_, low_, high_)                                                    \
    {                                                                                              \
        .name = (name_), .value = RULE_VALUE_STRS, .where = (where_), .need = (need_),             \
        .min = (low_), .max = (high_)                                                              \
    }
#define TABLE(name_, where_, need_, sub_)                                                          \
    {                                                                                              \
        .name = (name_), .value = RULE_VALUE_TABLE, .where = (where_), .need = (need_),            \
        .sub = (sub_)                                                                              \
    }
#define TABLES(name_, where_, need_, low_, sub_)                                                   \
    {                                                                                              \
        .name = (name_), .value = RULE_VALUE_TABLES, .where = (where_), .need = (need_),           \
        .min = (low_), .sub = (sub_)                                                               \
    }
#define LIST(name_, where_)                                                                        \
    {                                                                                              \
        .name = (name_), .value = RULE_VALUE_LIST, .where = (where_)                               \
    }

#define KEYS(table_, what_, ...)                                                                   \
    static const struct rule_key table_##_keys[] = {__VA_ARGS__};                                  \
    static const struct rule_table table_ = {(what_), table_##_keys,                               \
                                             sizeof(table_##_keys) / sizeof(table_##_keys[0])}

static bool digits(const char *s, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (!isdigit((unsigned char)s[i]))
            return false;
    }
    return n > 0;
}

static bool good_uuid(const char *s, size_t n)
{
    if (n != 36)
        return false;
    for (size_t i = 0; i < n; i++) {
        bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        if (dash ? s[i] != '-' : !isxdigit((unsigned char)s[i]))
            return false;
    }
    return true;
}

static bool good_date(const char *s, size_t n)
{
    return n == 10 && s[4] == '/' && s[7] == '/' && digits(s, 4) && digits(s + 5, 2) &&
           digits(s + 8, 2);
}

static bool good_semver(const char *s, size_t n)
{
    unsigned parts = 1;
    size_t run = 0;
    for (size_t i = 0; i < n; i++) {
        if (s[i] == '.' && run > 0) {
            parts++;
            run = 0;
        } else if (isdigit((unsigned char)s[i])) {
            run++;
        } else {
            return false;
        }
    }
    return run > 0 && (parts == 2 || parts == 3);
}

static bool good_name(const char *s, size_t n)
{
    return n >= 3 && isalnum((unsigned char)s[0]) &&
           (isalnum((unsigned char)s[n - 1]) || strchr("[]()", s[n - 1]) != NULL) &&
           memchr(s, '\n', n) == NULL;
}

static bool good_job(const char *s, size_t n)
{
    if (n == 0 || n > 64 || !isalnum((unsigned char)s[0]) || !isalnum((unsigned char)s[n - 1]))
        return false;
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)s[i];
        if (!islower(c) && !isdigit(c) && c != '-' && c != '_')
            return false;
    }
    return true;
}

bool rule_keys_interval(const char *s, size_t n, ts_ns *out)
{
    if (n < 2 || n > 10 || !digits(s, n - 1))
        return false;
    int64_t number = 0;
    for (size_t i = 0; i + 1 < n; i++)
        number = number * 10 + (s[i] - '0');
    ts_ns unit;
    switch (s[n - 1]) {
    case 's':
        unit = TIME_S;
        break;
    case 'm':
        unit = TIME_MIN;
        break;
    case 'h':
        unit = TIME_HOUR;
        break;
    case 'd':
        unit = TIME_DAY;
        break;
    default:
        return false;
    }
    if (number < 1 || number > INTERVAL_MAX / unit)
        return false;
    *out = number * unit;
    return true;
}

static bool good_interval(const char *s, size_t n)
{
    ts_ns span;
    return rule_keys_interval(s, n, &span);
}

/* Whether it reads as date math does not depend on the instant; any will do. */
#define SOME_TIME (1700000000 * TIME_S)

static bool good_time(const char *s, size_t n)
{
    ts_ns t;
    return query_datemath_rule(s, n, SOME_TIME, false, &t, NULL) == ERR_NONE;
}

#define INTERVAL_IS "a whole number of at least 1 and s, m, h or d, such as 15m"
#define TIME_IS "date math such as now-6h"

KEYS(metadata, "the metadata", FORM("creation_date", FILES, FILES, good_date, "a date yyyy/mm/dd"),
     FORM("updated_date", FILES, FILES, good_date, "a date yyyy/mm/dd"),
     FORM("deprecation_date", FILES, 0, good_date, "a date yyyy/mm/dd"),
     {.name = "integration", .value = RULE_VALUE_STR_OR_STRS, .where = FILES},
     WORD("maturity", FILES, 0, "development", "experimental", "beta", "production", "deprecated"),
     FORM("min_stack_version", FILES, 0, good_semver, "a version such as 8.3.0"),
     TEXT("min_stack_comments", FILES),
     {.name = "os_type_list",
      .value = RULE_VALUE_STRS,
      .where = FILES,
      .words = WORDS("windows", "linux", "macos")},
     TEXT("comments", FILES), BOOL("query_schema_validation", FILES, 0),
     STRS("related_endpoint_rules", FILES, 0, 0, 0), BOOL("promotion", FILES, 0),
     BOOL("bypass_bbr_timing", FILES, 0), TABLE("extended", FILES, 0, NULL));

KEYS(osquery, "a query for Osquery", STR("label", FILES, FILES), STR("query", FILES, FILES),
     TABLE("ecs_mapping", FILES, 0, NULL));
KEYS(investigate, "a step of the investigation", STR("label", FILES, FILES),
     TEXT("description", FILES), LIST("providers", FILES),
     {.name = "relativeFrom", .value = RULE_VALUE_SCALAR, .where = FILES},
     {.name = "relativeTo", .value = RULE_VALUE_SCALAR, .where = FILES});
KEYS(transform, "the transform table", TABLES("osquery", FILES, 0, 0, &osquery),
     TABLES("investigate", FILES, 0, 0, &investigate));

KEYS(attack, "a tactic or technique", STR("id", BOTH, BOTH), STR("name", BOTH, BOTH),
     STR("reference", BOTH, BOTH));
KEYS(technique, "a technique", STR("id", BOTH, BOTH), STR("name", BOTH, BOTH),
     STR("reference", BOTH, BOTH), TABLES("subtechnique", BOTH, 0, 0, &attack));
KEYS(threat, "a threat", WORD("framework", BOTH, BOTH, "MITRE ATT&CK", "MITRE ATLAS"),
     TABLE("tactic", BOTH, BOTH, &attack), TABLES("technique", BOTH, 0, 0, &technique));
KEYS(threats_of, "a version's threats",
     WORD("framework", BOTH, BOTH, "MITRE ATT&CK", "MITRE ATLAS"),
     {.name = "version", .value = RULE_VALUE_SCALAR, .where = BOTH},
     TABLES("threat", BOTH, BOTH, 0, &threat));

KEYS(severity_map, "a severity mapping", STR("field", BOTH, BOTH),
     WORD("operator", BOTH, 0, "equals"),
     {.name = "value", .value = RULE_VALUE_SCALAR, .where = BOTH},
     WORD("severity", BOTH, 0, "low", "medium", "high", "critical"));
KEYS(risk_map, "a risk score mapping", STR("field", BOTH, BOTH),
     WORD("operator", BOTH, 0, "equals"),
     {.name = "value", .value = RULE_VALUE_SCALAR, .where = BOTH},
     INT("risk_score", BOTH, 0, 0, 100));

KEYS(exception, "an exception list's entry", STR("id", BOTH, 0), STR("list_id", BOTH, BOTH),
     WORD("type", BOTH, BOTH, "detection", "rule_default", "endpoint", "endpoint_trusted_apps",
          "endpoint_trusted_devices", "endpoint_events", "endpoint_host_isolation_exceptions",
          "endpoint_blocklists"),
     WORD("namespace_type", BOTH, BOTH, "single", "agnostic"));
KEYS(frequency, "an action's frequency", BOOL("summary", BOTH, 0),
     WORD("notifyWhen", BOTH, 0, "onActiveAlert", "onThrottleInterval", "onActionGroupChange"),
     STR("throttle", BOTH, 0));
KEYS(action, "an action", STR("action_type_id", BOTH, BOTH), STR("group", BOTH, 0),
     STR("id", BOTH, 0), STR("uuid", BOTH, 0), TABLE("params", BOTH, 0, NULL),
     TABLE("frequency", BOTH, 0, &frequency), TABLE("alerts_filter", BOTH, 0, NULL));
KEYS(response_action, "a response action", STR("action_type_id", BOTH, BOTH),
     TABLE("params", BOTH, 0, NULL));
KEYS(fields, "investigation_fields", STRS("field_names", BOTH, BOTH, 1, 0));
KEYS(integration, "a related integration", STR("package", BOTH, BOTH), STR("version", BOTH, BOTH),
     STR("integration", BOTH, 0));
KEYS(required_field, "a required field", STR("name", BOTH, BOTH), STR("type", BOTH, BOTH),
     BOOL("ecs", BOTH, 0));
KEYS(source, "rule_source", WORD("type", BOTH, BOTH, "internal", "external"),
     BOOL("is_customized", BOTH, 0), BOOL("has_base_version", BOTH, 0),
     TABLES("customized_fields", BOTH, 0, 0, NULL));

#define NOT_THRESHOLD                                                                              \
    (OF(QUERY) | OF(SAVED_QUERY) | OF(EQL) | OF(ESQL) | OF(THREAT_MATCH) | OF(NEW_TERMS) |         \
     OF(MACHINE_LEARNING))

KEYS(duration, "a suppression's duration", WORD("unit", BOTH, BOTH, "s", "m", "h"),
     INT("value", BOTH, BOTH, 1, INT64_MAX));
KEYS(suppression, "alert_suppression",
     {.name = "group_by",
      .value = RULE_VALUE_STRS,
      .where = BOTH,
      .need = BOTH,
      .types = NOT_THRESHOLD,
      .min = 1,
      .max = 5},
     TABLE("duration", BOTH, 0, &duration),
     WORD("missing_fields_strategy", BOTH, 0, "suppress", "doNotSuppress"));

KEYS(cardinality, "a threshold's cardinality", STR("field", BOTH, BOTH),
     INT("value", BOTH, BOTH, 0, INT64_MAX));
KEYS(threshold, "the threshold",
     {.name = "field", .value = RULE_VALUE_STR_OR_STRS, .where = BOTH, .need = BOTH, .max = 5},
     INT("value", BOTH, BOTH, 1, INT64_MAX), TABLES("cardinality", BOTH, 0, 0, &cardinality));
KEYS(window, "history_window_start", WORD("field", BOTH, BOTH, "history_window_start"),
     FORM("value", BOTH, BOTH, good_time, TIME_IS));
KEYS(new_terms, "new_terms", WORD("field", BOTH, BOTH, "new_terms_fields"),
     STRS("value", BOTH, BOTH, 1, 3), TABLES("history_window_start", BOTH, BOTH, 1, &window));
KEYS(entry, "an entry of the threat mapping", STR("field", BOTH, BOTH),
     WORD("type", BOTH, BOTH, "mapping"), STR("value", BOTH, BOTH), BOOL("negate", BOTH, 0));
KEYS(mapping, "a threat mapping", TABLES("entries", BOTH, BOTH, 1, &entry));

#define QUERIES                                                                                    \
    (OF(QUERY) | OF(SAVED_QUERY) | OF(EQL) | OF(ESQL) | OF(THRESHOLD) | OF(THREAT_MATCH) |         \
     OF(NEW_TERMS))
#define LANGUAGES "kuery", "lucene", "eql", "esql"

static const struct rule_key rule_keys[] = {
    WORD("type", BOTH, BOTH, "query", "saved_query", "eql", "esql", "threshold", "threat_match",
         "new_terms", "machine_learning"),
    FORM("name", FILES, FILES, good_name,
         "at least three characters from a letter or digit to a letter, digit or bracket"),
    STR("name", API, API),
    STR("description", BOTH, BOTH),
    STRS("author", BOTH, FILES, 0, 0),
    INT("risk_score", BOTH, BOTH, 0, 100),
    WORD("severity", BOTH, BOTH, "low", "medium", "high", "critical"),
    FORM("rule_id", FILES, FILES, good_uuid, "a UUID"),
    STR("rule_id", API, 0),
    FORM("from", BOTH, 0, good_time, TIME_IS),
    FORM("to", BOTH, 0, good_time, TIME_IS),
    FORM("interval", BOTH, 0, good_interval, INTERVAL_IS),
    BOOL("enabled", BOTH, 0),
    INT("max_signals", BOTH, 0, 1, UINT32_MAX),
    TEXT("license", BOTH),
    STRS("tags", BOTH, 0, 0, 0),
    TEXT("note", BOTH),
    TEXT("setup", BOTH),
    STRS("references", BOTH, 0, 0, 0),
    STRS("false_positives", BOTH, 0, 0, 0),
    TABLES("threat", BOTH, 0, 0, &threat),
    TABLES("threat_mappings", BOTH, 0, 0, &threats_of),
    TABLES("severity_mapping", BOTH, 0, 0, &severity_map),
    TABLES("risk_score_mapping", BOTH, 0, 0, &risk_map),
    TEXT("rule_name_override", BOTH),
    TEXT("timestamp_override", BOTH),
    BOOL("timestamp_override_fallback_disabled", BOTH, 0),
    TEXT("throttle", BOTH),
    TEXT("timeline_id", BOTH),
    TEXT("timeline_title", BOTH),
    WORD("building_block_type", BOTH, 0, "default"),
    TABLES("actions", BOTH, 0, 0, &action),
    TABLES("response_actions", BOTH, 0, 0, &response_action),
    TABLES("exceptions_list", BOTH, 0, 0, &exception),
    TABLE("investigation_fields", BOTH, 0, &fields),
    TABLES("related_integrations", BOTH, 0, 0, &integration),
    TABLES("required_fields", BOTH, 0, 0, &required_field),
    INT("revision", BOTH, 0, 0, INT64_MAX),
    INT("version", BOTH, 0, 1, INT64_MAX),
    TABLE("meta", BOTH, 0, NULL),
    TEXT("output_index", BOTH),
    TEXT("namespace", BOTH),
    WORD("outcome", BOTH, 0, "exactMatch", "aliasMatch", "conflict"),
    TEXT("alias_target_id", BOTH),
    WORD("alias_purpose", BOTH, 0, "savedObjectConversion", "savedObjectImport"),
    STR("id", BOTH, 0),
    BOOL("immutable", BOTH, 0),
    TABLE("rule_source", BOTH, 0, &source),
    TEXT("created_at", BOTH),
    TEXT("created_by", BOTH),
    TEXT("updated_at", BOTH),
    TEXT("updated_by", BOTH),
    TABLE("execution_summary", BOTH, 0, NULL),

    /* what the types add */
    {.name = "anomaly_threshold",
     .value = RULE_VALUE_INT,
     .where = BOTH,
     .need = BOTH,
     .types = OF(MACHINE_LEARNING),
     .min = 0,
     .max = 100},
    {.name = "machine_learning_job_id",
     .value = RULE_VALUE_STR_OR_STRS,
     .where = BOTH,
     .need = BOTH,
     .types = OF(MACHINE_LEARNING),
     .min = 1,
     .max = 64,
     .good = good_job,
     .expect = "a job id: a-z, 0-9, '-' and '_', at most 64, with a letter or digit at both ends"},
    TABLE("alert_suppression", BOTH, 0, &suppression),
    {.name = "query", .value = RULE_VALUE_STR, .where = BOTH, .types = QUERIES},
    {.name = "language",
     .value = RULE_VALUE_STR,
     .where = BOTH,
     .types = QUERIES,
     .words = WORDS(LANGUAGES)},
    {.name = "index", .value = RULE_VALUE_STRS, .where = BOTH, .types = QUERIES},
    {.name = "data_view_id", .value = RULE_VALUE_STR, .where = BOTH, .types = QUERIES},
    {.name = "filters", .value = RULE_VALUE_LIST, .where = BOTH, .types = QUERIES},
    {.name = "saved_id",
     .value = RULE_VALUE_STR,
     .where = BOTH,
     .types = OF(QUERY) | OF(SAVED_QUERY) | OF(THRESHOLD) | OF(THREAT_MATCH)},
    {.name = "timestamp_field", .value = RULE_VALUE_STR, .where = BOTH, .types = OF(EQL)},
    {.name = "event_category_override", .value = RULE_VALUE_STR, .where = BOTH, .types = OF(EQL)},
    {.name = "tiebreaker_field", .value = RULE_VALUE_STR, .where = BOTH, .types = OF(EQL)},
    {.name = "threshold",
     .value = RULE_VALUE_TABLE,
     .where = BOTH,
     .need = BOTH,
     .types = OF(THRESHOLD),
     .sub = &threshold},
    {.name = "new_terms",
     .value = RULE_VALUE_TABLE,
     .where = BOTH,
     .need = FILES,
     .types = OF(NEW_TERMS),
     .sub = &new_terms},
    {.name = "new_terms_fields",
     .value = RULE_VALUE_STRS,
     .where = BOTH,
     .need = API,
     .types = OF(NEW_TERMS),
     .min = 1,
     .max = 3},
    {.name = "history_window_start",
     .value = RULE_VALUE_STR,
     .where = BOTH,
     .need = API,
     .types = OF(NEW_TERMS),
     .min = 1,
     .good = good_time,
     .expect = TIME_IS},
    {.name = "threat_mapping",
     .value = RULE_VALUE_TABLES,
     .where = BOTH,
     .need = BOTH,
     .types = OF(THREAT_MATCH),
     .min = 1,
     .sub = &mapping},
    {.name = "threat_index",
     .value = RULE_VALUE_STRS,
     .where = BOTH,
     .need = BOTH,
     .types = OF(THREAT_MATCH),
     .min = 1},
    {.name = "threat_query", .value = RULE_VALUE_STR, .where = BOTH, .types = OF(THREAT_MATCH)},
    {.name = "threat_language",
     .value = RULE_VALUE_STR,
     .where = BOTH,
     .types = OF(THREAT_MATCH),
     .words = WORDS(LANGUAGES)},
    {.name = "threat_filters", .value = RULE_VALUE_LIST, .where = BOTH, .types = OF(THREAT_MATCH)},
    {.name = "threat_indicator_path",
     .value = RULE_VALUE_STR,
     .where = BOTH,
     .types = OF(THREAT_MATCH)},
    {.name = "concurrent_searches",
     .value = RULE_VALUE_INT,
     .where = BOTH,
     .types = OF(THREAT_MATCH),
     .min = 1,
     .max = INT64_MAX},
    {.name = "items_per_search",
     .value = RULE_VALUE_INT,
     .where = BOTH,
     .types = OF(THREAT_MATCH),
     .min = 1,
     .max = INT64_MAX},
};

static const struct rule_table rule_table = {"a rule", rule_keys,
                                             sizeof(rule_keys) / sizeof(rule_keys[0])};

KEYS(file, "a rule file", TABLE("metadata", FILES, FILES, &metadata),
     TABLE("rule", FILES, FILES, &rule_table), TABLE("transform", FILES, 0, &transform));

const struct rule_table *rule_keys_file(void)
{
    return &file;
}

const struct rule_table *rule_keys_rule(void)
{
    return &rule_table;
}
