#ifndef CONF_CONF_H
#define CONF_CONF_H

/*
 * weir.toml: what a person told the daemon to do.
 *
 * One typed table (conf_keys) holds each key's name, type, default, limits and meaning; it is what
 * reads the file, what `weir serve --help` and weir.toml(5) show, and what a policy for remote
 * sensors will hold. An unknown key is an error with its line; so is a value of the wrong type or
 * out of range.
 *
 * Ownership: conf_release() frees what conf_read() and conf_set() keep.
 * Threads:   one owner; constant once read.
 */

#include "base/err.h"
#include "base/time.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;

struct conf_list {
    char **items;
    size_t n;
};

/* Every member is described by its key in the table. Strings are never NULL. */
struct conf {
    char *data_dir;
    struct conf_list interfaces;
    char *filter;
    bool promiscuous;
    int64_t snaplen;
    int64_t buffer_mb;
    char *sensor_name;
    struct conf_list follow;
    struct conf_list home;
    struct conf_list notify_hosts;
    char *notify_url;
    struct conf_list geoip;
    int64_t flow_memory_mb;
    ts_ns query_delay;
    ts_ns late;
    int64_t threads;
    ts_ns keep_age;
    int64_t keep_mb;
    int64_t ids;
    int64_t query_memory_mb;
    struct conf_list packages;
    char *alerts_file;
    char *server_listen;
    char *server_tls;
    char *server_certificate;
    char *server_key;
    char *server_access_log;
    int64_t server_threads;
    char *user;
};

enum conf_type { CONF_TEXT, CONF_TEXTS, CONF_INTEGER, CONF_BOOLEAN, CONF_SPAN };

struct conf_key {
    const char *name; /* "capture.interfaces" */
    enum conf_type type;
    const char *fallback; /* as it would be written in the file */
    int64_t least;        /* of integers and spans (ns) */
    int64_t most;
    size_t at;        /* offset in struct conf */
    const char *text; /* what it does, one or two sentences */
};

/* The table, ended by a row without name. */
extern const struct conf_key conf_keys[];

/* All defaults. ERR_MEMORY. */
enum err conf_init(struct conf *c) ERR_MUST_CHECK;
void conf_release(struct conf *c);

/* Reads a file over what is there. ERR_NOT_FOUND, ERR_IO, ERR_FORMAT, ERR_INVALID with the line. */
enum err conf_read(struct conf *c, const char *path, struct err_text *why) ERR_MUST_CHECK;

/* Sets one key from text (a command-line option); lists get the value added after a first
 * conf_clear(). ERR_INVALID. */
enum err conf_set(struct conf *c, const char *name, const char *value,
                  struct err_text *why) ERR_MUST_CHECK;
void conf_clear(struct conf *c, const char *name);

/* The table as a commented weir.toml that sets nothing. */
void conf_write_sample(struct buf *out);

#endif
