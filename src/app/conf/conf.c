/* SPDX-License-Identifier: Apache-2.0 */
#include "conf/conf.h"

#include "base/assert.h"
#include "base/buf.h"
#include "base/ip.h"
#include "base/mem.h"
#include "format/node.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define AT(member) offsetof(struct conf, member)

const struct conf_key conf_keys[] = {
    {"data_dir", CONF_TEXT, "\"\"", 0, 0, AT(data_dir),
     "Folder of everything that is kept. Empty: /var/lib/weir for root, else ~/.local/state/weir."},
    {"user", CONF_TEXT, "\"\"", 0, 0, AT(user),
     "User to become once interfaces are open. Empty: stay who started it."},
    {"capture.interfaces", CONF_TEXTS, "[]", 0, 0, AT(interfaces), "Interfaces to capture from."},
    {"capture.filter", CONF_TEXT, "\"\"", 0, 0, AT(filter),
     "BPF expression; only packets that it matches are looked at."},
    {"capture.promiscuous", CONF_BOOLEAN, "true", 0, 0, AT(promiscuous),
     "Whether to see packets that are for other machines."},
    {"capture.snaplen", CONF_INTEGER, "262144", 64, 262144, AT(snaplen),
     "Bytes kept of each packet."},
    {"capture.buffer_mb", CONF_INTEGER, "32", 1, 4096, AT(buffer_mb),
     "Kernel buffer for each interface, in MiB."},
    {"sensor.name", CONF_TEXT, "\"\"", 0, 0, AT(sensor_name),
     "Name of this sensor in events (host.name, agent.name). Empty: the host's name."},
    {"follow.paths", CONF_TEXTS, "[]", 0, 0, AT(follow),
     "Log files, or folders of log files, to follow as they grow (Zeek or ECS); what is not there "
     "yet "
     "is followed once it is."},
    {"network.home", CONF_TEXTS, "[]", 0, 0, AT(home),
     "Home networks in CIDR form. Empty: the private ranges."},
    {"network.geoip", CONF_TEXTS, "[]", 0, 0, AT(geoip),
     "MMDB files for countries, cities and autonomous systems. Empty: libloc's database."},
    {"flow.memory_mb", CONF_INTEGER, "512", 16, 65536, AT(flow_memory_mb),
     "Memory for flows and their reassembly, in MiB; beyond it the longest idle give way."},
    {"engine.query_delay", CONF_SPAN, "\"60s\"", 0, 24 * TIME_HOUR, AT(query_delay),
     "How far behind real time jobs read, unless their datafeed says otherwise."},
    {"engine.late", CONF_SPAN, "\"0s\"", 0, 24 * TIME_HOUR, AT(late),
     "How late events of followed logs may come and still be put in order."},
    {"engine.threads", CONF_INTEGER, "0", 0, 64, AT(threads),
     "Threads that share the models. 0: as many as there are processors, at most 4."},
    {"store.keep_age", CONF_SPAN, "\"30d\"", 0, INT64_MAX, AT(keep_age),
     "Events are removed when they are older than this and came longer ago. 0s: kept for ever."},
    {"store.keep_mb", CONF_INTEGER, "0", 0, INT64_MAX >> 20, AT(keep_mb),
     "Events above this size on disk, in MiB, are removed, oldest first. 0: no limit."},
    {"store.ids", CONF_INTEGER, "8388608", 1000, 134217728, AT(ids),
     "How many _ids, given by senders, are remembered, so that an event is not kept twice: of the "
     "newest events, 50 bytes each on disk."},
    {"store.query_memory_mb", CONF_INTEGER, "512", 64, 1048576, AT(query_memory_mb),
     "Memory that a query may use, in MiB."},
    {"packages", CONF_TEXTS, "[]", 0, 0, AT(packages),
     "Packages that are installed, with their rules enabled, when the daemon starts."},
    {"alerts.file", CONF_TEXT, "\"\"", 0, 0, AT(alerts_file),
     "File to which each alert is added as a line of JSON. \"-\": standard output. Empty: none."},
    {"notify.hosts", CONF_TEXTS, "[\"*\"]", 0, 0, AT(notify_hosts),
     "Hosts to which connectors may send: names, *.domain, or * for all. This machine, link-local "
     "addresses and metadata services of clouds only where they are named in full. []: nothing is "
     "sent."},
    {"notify.url", CONF_TEXT, "\"\"", 0, 0, AT(notify_url),
     "Address of this server as people reach it, for links in messages."},
    {"server.listen", CONF_TEXT, "\"127.0.0.1:9280\"", 0, 0, AT(server_listen),
     "Address (or localhost) and port of the server (API and UI). Empty: none."},
    {"server.tls", CONF_TEXT, "\"auto\"", 0, 0, AT(server_tls),
     "Whether the server speaks TLS: \"on\", \"off\", or \"auto\": on unless its address is of "
     "this "
     "machine alone and no certificate is named."},
    {"server.certificate", CONF_TEXT, "\"\"", 0, 0, AT(server_certificate),
     "PEM file of the server's certificate, with its chain. Empty: one of its own is made."},
    {"server.key", CONF_TEXT, "\"\"", 0, 0, AT(server_key),
     "PEM file of the certificate's private key."},
    {"server.access_log", CONF_TEXT, "\"\"", 0, 0, AT(server_access_log),
     "File to which each request is added as a line of JSON (ECS). \"-\": standard error. Empty: "
     "none."},
    {"server.threads", CONF_INTEGER, "16", 4, 256, AT(server_threads),
     "Requests that are worked on at the same time, at most half of them searches and other long "
     "ones."},
    {NULL, CONF_TEXT, NULL, 0, 0, 0, NULL},
};

static const struct conf_key *find(const char *name, size_t n)
{
    for (const struct conf_key *k = conf_keys; k->name != NULL; k++)
        if (strlen(k->name) == n && memcmp(k->name, name, n) == 0)
            return k;
    return NULL;
}

static void *member(struct conf *c, const struct conf_key *k)
{
    return (char *)c + k->at;
}

static void clear_list(struct conf_list *list)
{
    for (size_t i = 0; i < list->n; i++)
        mem_free(list->items[i]);
    mem_free(list->items);
    *list = (struct conf_list){0};
}

static enum err add_item(struct conf_list *list, const char *s)
{
    char **items = mem_resize(list->items, list->n + 1, sizeof(*items));
    if (items == NULL)
        return ERR_MEMORY;
    list->items = items;
    items[list->n] = mem_strdup(s);
    if (items[list->n] == NULL)
        return ERR_MEMORY;
    list->n++;
    return ERR_NONE;
}

static const char *type_name(enum conf_type type)
{
    static const char *const names[] = {"a string", "a list of strings", "a whole number",
                                        "true or false", "a span such as \"15m\""};
    return names[type];
}

/* Values are checked where they are read, so that the line is known; what was expected. */
static const char *see_value(const struct conf_key *k, const char *s)
{
    struct ip_net net;
    if (k->at == AT(home) && !ip_parse_net(s, strlen(s), &net))
        return "a network in CIDR form such as 192.168.0.0/16";
    if (k->at == AT(server_tls) && strcmp(s, "on") != 0 && strcmp(s, "off") != 0 &&
        strcmp(s, "auto") != 0)
        return "\"on\", \"off\" or \"auto\"";
    return NULL;
}

static enum err set_number(struct conf *c, const struct conf_key *k, int64_t v, const char *file,
                           unsigned line, struct err_text *why)
{
    if (v < k->least || v > k->most) {
        char least[TIME_TEXT_SIZE], most[TIME_TEXT_SIZE];
        if (k->type != CONF_SPAN)
            return err_set_at(why, ERR_INVALID, file, line, "%s must be between %lld and %lld",
                              k->name, (long long)k->least, (long long)k->most);
        time_format_span(k->least, least);
        time_format_span(k->most, most);
        return err_set_at(why, ERR_INVALID, file, line, "%s must be between %s and %s", k->name,
                          least, most);
    }
    *(int64_t *)member(c, k) = v;
    return ERR_NONE;
}

static enum err set_text(struct conf *c, const struct conf_key *k, const char *s, const char *file,
                         unsigned line, struct err_text *why)
{
    const char *expected = see_value(k, s);
    if (expected != NULL)
        return err_set_at(why, ERR_INVALID, file, line, "%s expects %s, not '%s'", k->name,
                          expected, s);
    if (k->type == CONF_TEXTS)
        return add_item(member(c, k), s);
    char *copy = mem_strdup(s);
    if (copy == NULL)
        return ERR_MEMORY;
    char **to = member(c, k);
    mem_free(*to);
    *to = copy;
    return ERR_NONE;
}

static enum err set_node(struct conf *c, const struct conf_key *k, const struct format_node *v,
                         struct err_text *why)
{
    const char *file = format_node_file_name(v);
    unsigned line = format_node_line(v);
    enum format_type type = format_node_type(v);
    ts_ns span;
    switch (k->type) {
    case CONF_TEXT:
        if (type == FORMAT_STRING)
            return set_text(c, k, format_node_str(v, ""), file, line, why);
        break;
    case CONF_TEXTS:
        if (type != FORMAT_ARRAY)
            break;
        clear_list(member(c, k));
        for (size_t i = 0; i < format_node_count(v); i++) {
            const struct format_node *item = format_node_at(v, i);
            if (format_node_type(item) != FORMAT_STRING)
                return format_node_err(item, why, ERR_INVALID, "%s expects %s", k->name,
                                       type_name(k->type));
            enum err err =
                set_text(c, k, format_node_str(item, ""), file, format_node_line(item), why);
            if (err != ERR_NONE)
                return err;
        }
        return ERR_NONE;
    case CONF_INTEGER:
        if (type == FORMAT_INT)
            return set_number(c, k, format_node_int(v, 0), file, line, why);
        break;
    case CONF_BOOLEAN:
        if (type == FORMAT_BOOL) {
            *(bool *)member(c, k) = format_node_bool(v, false);
            return ERR_NONE;
        }
        break;
    case CONF_SPAN:
        if (type == FORMAT_STRING &&
            time_parse_span(format_node_str(v, ""), format_node_str_len(v), &span))
            return set_number(c, k, span, file, line, why);
        break;
    }
    return format_node_err(v, why, ERR_INVALID, "%s expects %s", k->name, type_name(k->type));
}

/* Tables of the file are the parts of the names before the dot. */
static enum err read_table(struct conf *c, const struct format_node *table, const char *prefix,
                           struct err_text *why)
{
    for (size_t i = 0; i < format_node_count(table); i++) {
        const struct format_node *v = format_node_at(table, i);
        char name[128];
        int n = snprintf(name, sizeof(name), "%s%s%s", prefix, prefix[0] != '\0' ? "." : "",
                         format_node_key(v));
        const struct conf_key *k = n > 0 && (size_t)n < sizeof(name) ? find(name, (size_t)n) : NULL;
        enum err err;
        if (k != NULL)
            err = set_node(c, k, v, why);
        else if (format_node_type(v) == FORMAT_OBJECT && prefix[0] == '\0')
            err = read_table(c, v, name, why);
        else
            err = format_node_err(v, why, ERR_INVALID,
                                  "there is no setting '%s'; weir.toml(5) lists them all", name);
        if (err != ERR_NONE)
            return err;
    }
    return ERR_NONE;
}

enum err conf_init(struct conf *c)
{
    *c = (struct conf){0};
    struct buf text;
    buf_init(&text);
    for (const struct conf_key *k = conf_keys; k->name != NULL; k++)
        buf_format(&text, "%s = %s\n", k->name, k->fallback);
    struct format_node *root;
    struct err_text why;
    enum err err = buf_ok(&text)
                       ? format_node_toml(buf_text(&text), text.n, "defaults", &root, &why)
                       : ERR_MEMORY;
    buf_release(&text);
    if (err != ERR_NONE)
        return ERR_MEMORY;
    err = read_table(c, root, "", &why);
    format_node_free(root);
    ASSERT(err == ERR_NONE || err == ERR_MEMORY);
    if (err != ERR_NONE)
        conf_release(c);
    return err;
}

void conf_release(struct conf *c)
{
    for (const struct conf_key *k = conf_keys; k->name != NULL; k++) {
        if (k->type == CONF_TEXT)
            mem_free(*(char **)member(c, k));
        else if (k->type == CONF_TEXTS)
            clear_list(member(c, k));
    }
    *c = (struct conf){0};
}

enum err conf_read(struct conf *c, const char *path, struct err_text *why)
{
    struct format_node *root;
    enum err err = format_node_file(path, &root, why);
    if (err != ERR_NONE)
        return err;
    err = read_table(c, root, "", why);
    format_node_free(root);
    return err;
}

enum err conf_set(struct conf *c, const char *name, const char *value, struct err_text *why)
{
    const struct conf_key *k = find(name, strlen(name));
    ASSERT(k != NULL);
    char *end;
    long long v;
    ts_ns span;
    switch (k->type) {
    case CONF_TEXT:
    case CONF_TEXTS:
        return set_text(c, k, value, "", 0, why);
    case CONF_INTEGER:
        v = strtoll(value, &end, 10);
        if (value[0] != '\0' && *end == '\0')
            return set_number(c, k, v, "", 0, why);
        break;
    case CONF_SPAN:
        if (time_parse_span(value, strlen(value), &span))
            return set_number(c, k, span, "", 0, why);
        break;
    case CONF_BOOLEAN:
        if (strcmp(value, "true") == 0 || strcmp(value, "false") == 0) {
            *(bool *)member(c, k) = value[0] == 't';
            return ERR_NONE;
        }
        break;
    }
    return err_set(why, ERR_INVALID, "'%s' is no value for %s, which expects %s", value, k->name,
                   type_name(k->type));
}

void conf_clear(struct conf *c, const char *name)
{
    const struct conf_key *k = find(name, strlen(name));
    ASSERT(k != NULL && k->type == CONF_TEXTS);
    clear_list(member(c, k));
}

/* Words of a text, broken at 90 columns, each line begun with "# ". */
static void comment(struct buf *out, const char *text)
{
    size_t column = 0;
    while (*text != '\0') {
        size_t word = strcspn(text, " ");
        if (column == 0 || column + word > 88) {
            buf_str(out, column == 0 ? "# " : "\n# ");
            column = 2;
        } else {
            buf_char(out, ' ');
            column++;
        }
        buf_add(out, text, word);
        column += word;
        text += word + (text[word] == ' ');
    }
    buf_char(out, '\n');
}

void conf_write_sample(struct buf *out)
{
    const char *section = "";
    size_t section_n = 0;
    /* Keys without section first: TOML wants them before the first table. */
    for (int sections = 0; sections < 2; sections++)
        for (const struct conf_key *k = conf_keys; k->name != NULL; k++) {
            const char *dot = strchr(k->name, '.');
            if ((dot != NULL) != (sections == 1))
                continue;
            size_t n = dot != NULL ? (size_t)(dot - k->name) : 0;
            if (n != section_n || memcmp(section, k->name, n) != 0) {
                section = k->name;
                section_n = n;
                buf_format(out, "[%.*s]\n\n", (int)n, k->name);
            }
            comment(out, k->text);
            buf_format(out, "#%s = %s\n\n", dot != NULL ? dot + 1 : k->name, k->fallback);
        }
}
