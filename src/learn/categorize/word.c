/* SPDX-License-Identifier: Apache-2.0 */
#include "categorize/word.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* Letters that could all be hexadecimal digits are taken for a number from so many on. */
#define HEX_LETTERS 8
/* So many digits in a row, or so many groups of them, are an id. */
#define DIGITS_RUN 5
#define DIGIT_GROUPS 3
/* Endings of participles count from so many letters on. */
#define PARTICIPLE 6
#define LISTED_MAX 16

/* Words that say what happened, or how it is; in order. */
static const char *const deciding[] = {
    "abort",       "aborted",      "absent",       "accept",       "accepted",     "active",
    "add",         "added",        "alert",        "allow",        "allowed",      "available",
    "bad",         "begin",        "begun",        "block",        "blocked",      "bound",
    "broken",      "cancel",       "canceled",     "cancelled",    "cannot",       "change",
    "changed",     "close",        "closed",       "closing",      "complete",     "completed",
    "connect",     "connected",    "connecting",   "corrupt",      "crash",        "crashed",
    "create",      "created",      "critical",     "dead",         "delete",       "deleted",
    "denied",      "deny",         "destroyed",    "detached",     "disable",      "disabled",
    "disconnect",  "disconnected", "down",         "drop",         "dropped",      "empty",
    "enable",      "enabled",      "end",          "ended",        "entered",      "error",
    "errors",      "exceeded",     "exhausted",    "exist",        "exists",       "exit",
    "exited",      "expire",       "expired",      "fail",         "failed",       "failing",
    "failure",     "failures",     "fatal",        "finish",       "finished",     "forbidden",
    "found",       "full",         "grant",        "granted",      "halted",       "idle",
    "ignore",      "ignored",      "ignoring",     "illegal",      "inactive",     "incorrect",
    "install",     "installed",    "invalid",      "join",         "joined",       "kill",
    "killed",      "leave",        "left",         "load",         "loaded",       "lock",
    "locked",      "login",        "logoff",       "logon",        "logout",       "lost",
    "missing",     "mount",        "mounted",      "never",        "new",          "no",
    "not",         "offline",      "ok",           "online",       "open",         "opened",
    "opening",     "panic",        "pause",        "paused",       "permit",       "permitted",
    "purge",       "purged",       "read",         "reboot",       "receive",      "received",
    "reconnect",   "recovered",    "refuse",       "refused",      "register",     "registered",
    "reject",      "rejected",     "reload",       "reloaded",     "remove",       "removed",
    "renew",       "renewed",      "repeated",     "reset",        "restart",      "restarted",
    "restore",     "restored",     "resume",       "resumed",      "retry",        "revoke",
    "revoked",     "running",      "send",         "sent",         "shutdown",     "start",
    "started",     "starting",     "stop",         "stopped",      "stopping",     "succeeded",
    "success",     "successful",   "successfully", "suspend",      "suspended",    "terminated",
    "timeout",     "trust",        "unable",       "unavailable",  "unblocked",    "unexpected",
    "uninstalled", "unknown",      "unload",       "unloaded",     "unlock",       "unlocked",
    "unmount",     "unmounted",    "unreachable",  "unregistered", "unsuccessful", "up",
    "update",      "updated",      "upgrade",      "upgraded",     "valid",        "warning",
    "without",     "write",        "wrong"};

/* After these stands a name, more often than not; in order. */
static const char *const naming[] = {
    "account", "client", "command",  "container", "device",    "domain", "file",
    "group",   "host",   "hostname", "index",     "interface", "job",    "module",
    "name",    "named",  "node",     "package",   "plugin",    "pod",    "process",
    "service", "table",  "unit",     "user",      "username",  "volume", "zone"};

static const char *const dates[] = {
    "Apr",  "April",    "Aug",   "August",   "Dec",     "December",  "Feb",      "February",
    "Fri",  "Friday",   "GMT",   "Jan",      "January", "Jul",       "July",     "Jun",
    "June", "Mar",      "March", "May",      "Mon",     "Monday",    "Nov",      "November",
    "Oct",  "October",  "Sat",   "Saturday", "Sep",     "September", "Sun",      "Sunday",
    "Thu",  "Thursday", "Tue",   "Tuesday",  "UTC",     "Wed",       "Wednesday"};

struct asked {
    const char *word;
    size_t n;
};

static int compare(const void *key, const void *entry)
{
    const struct asked *a = key;
    const char *const *word = entry;
    int order = strncmp(a->word, *word, a->n);
    return order != 0 ? order : (*word)[a->n] == '\0' ? 0 : -1;
}

static bool in(const char *const *list, size_t n, const char *word, size_t len)
{
    const struct asked a = {word, len};
    return bsearch(&a, list, n, sizeof(*list), compare) != NULL;
}

#define IN(list, word, len) in(list, sizeof(list) / sizeof((list)[0]), word, len)

static bool letter(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c >= 0x80;
}

static bool digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

static bool hex(uint8_t c)
{
    return digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

bool categorize_word_left_out(struct bytes t)
{
    if (t.n < 2 || t.n > CATEGORIZE_WORD_MAX || digit(t.p[0]))
        return true;
    size_t digits = 0, groups = 0, run = 0, longest = 0, hexes = 0, letters = 0;
    for (size_t i = 0; i < t.n; i++) {
        run = digit(t.p[i]) ? run + 1 : 0;
        digits += run > 0;
        groups += run == 1;
        longest = run > longest ? run : longest;
        hexes += hex(t.p[i]) || t.p[i] == '-';
        letters += letter(t.p[i]);
    }
    if (letters == 0)
        return true;
    if (hexes == t.n && (digits > 0 || t.n >= HEX_LETTERS))
        return true;
    /* Paths keep their numbers: most of them are told apart by other parts. */
    if (memchr(t.p, '/', t.n) != NULL || memchr(t.p, '\\', t.n) != NULL)
        return false;
    return 2 * digits > t.n || longest >= DIGITS_RUN || groups >= DIGIT_GROUPS;
}

/* The word in small letters, when it is made of ASCII letters alone and short enough to be listed;
 * 0 when not. */
static size_t fold(struct bytes t, char out[LISTED_MAX])
{
    if (t.n > LISTED_MAX)
        return 0;
    for (size_t i = 0; i < t.n; i++) {
        uint8_t c = t.p[i];
        if (!letter(c) || c >= 0x80)
            return 0;
        out[i] = (char)(c >= 'a' ? c : c + 32);
    }
    return t.n;
}

bool categorize_word_names(struct bytes t)
{
    char low[LISTED_MAX];
    size_t n = fold(t, low);
    return n > 0 && IN(naming, low, n);
}

static bool participle(const char *low, size_t n)
{
    return n >= PARTICIPLE &&
           (memcmp(low + n - 2, "ed", 2) == 0 || memcmp(low + n - 3, "ing", 3) == 0);
}

uint8_t categorize_word_weight(struct bytes t, bool value)
{
    char low[LISTED_MAX];
    size_t n = fold(t, low);
    if (n > 0 && (IN(deciding, low, n) || (!value && participle(low, n))))
        return CATEGORIZE_WEIGHT_DECIDES;
    if (value)
        return CATEGORIZE_WEIGHT_VALUE;
    for (size_t i = 0; i < t.n; i++) {
        if (!letter(t.p[i]))
            return CATEGORIZE_WEIGHT_VALUE;
    }
    return CATEGORIZE_WEIGHT_WORD;
}

bool categorize_word_is_date(struct bytes t)
{
    return t.n <= LISTED_MAX && IN(dates, (const char *)t.p, t.n);
}
