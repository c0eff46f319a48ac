/* SPDX-License-Identifier: Apache-2.0 */
#include "ingest/follow.h"

#include "base/buf.h"
#include "base/mem.h"
#include "format/node.h"
#include "format/write.h"
#include "ingest/input.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define READ_SIZE ((size_t)256 << 10)
#define HEAD_SIZE 256 /* first bytes by which a file is recognised */
/* Lines of a file that is behind before another has its turn; few of one whose times are not known.
 */
#define SHARE_LINES 1024
#define FIRST_LINES 8

struct tail {
    uint64_t device, inode;
    char *path;
    int fd; /* −1: not open */
    bool ignored;
    bool seen;       /* stands in the folder at this poll */
    bool skipping;   /* within a line that is too long */
    bool resumed;    /* from saved positions; not opened yet */
    bool behind;     /* holds lines that were not read, as far as is known */
    ts_ns newest;    /* the latest time of its events; TIME_NONE: it gave none */
    uint64_t offset; /* of the first byte that was not taken */
    uint64_t line;   /* lines taken */
    uint64_t head_hash;
    uint32_t head_n;
    struct buf text; /* read; from its byte from on, which is the file's at offset, not taken */
    size_t from;
    size_t scanned; /* after from, known to hold no line end */
    struct ingest_parser *parser;
};

struct ingest_follow {
    struct ingest_settings settings;
    char *path;
    bool there;          /* or was, at a look before */
    bool folder;         /* as it was when it was there last */
    struct tail **tails; /* in the order of their paths */
    size_t n, cap;
    bool polled;
    event_sink_fn sink; /* of the poll that runs */
    void *ctx;
    uint64_t sequence;
    struct ingest_counts gone; /* what tails that are no more have counted */
    struct ingest_follow_state state;
};

static int open_path(const struct ingest_settings *s, const char *path, int flags)
{
    int fd = open(path, flags | O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0 && (errno == EACCES || errno == EPERM) && s->opener.open != NULL)
        fd = s->opener.open(s->opener.ctx, path);
    return fd;
}

static bool stat_path(const struct ingest_settings *s, const char *path, struct stat *out)
{
    if (stat(path, out) == 0)
        return true;
    int fd = errno == EACCES && s->opener.open != NULL ? s->opener.open(s->opener.ctx, path) : -1;
    bool ok = fd >= 0 && fstat(fd, out) == 0;
    if (fd >= 0)
        close(fd);
    return ok;
}

enum err ingest_follow_open(const char *path, const struct ingest_settings *settings,
                            struct ingest_follow **out, struct err_text *why)
{
    struct stat st;
    bool there = stat_path(settings, path, &st);
    if (there && !S_ISDIR(st.st_mode) && !S_ISREG(st.st_mode))
        return err_set_at(why, ERR_INVALID, path, 0, "a file or a folder is expected");
    struct ingest_follow *f = mem_zero(1, sizeof(*f));
    if (f == NULL || (f->path = mem_strdup(path)) == NULL) {
        mem_free(f);
        return err_set_at(why, ERR_MEMORY, path, 0, "no memory is left to follow this file");
    }
    f->settings = *settings;
    *out = f;
    return ERR_NONE;
}

static void free_tail(struct tail *t)
{
    if (t == NULL)
        return;
    if (t->fd >= 0)
        close(t->fd);
    ingest_parser_free(t->parser);
    buf_release(&t->text);
    mem_free(t->path);
    mem_free(t);
}

void ingest_follow_close(struct ingest_follow *f)
{
    if (f == NULL)
        return;
    for (size_t i = 0; i < f->n; i++)
        free_tail(f->tails[i]);
    mem_free(f->tails);
    mem_free(f->path);
    mem_free(f);
}

static struct tail *find(struct ingest_follow *f, uint64_t device, uint64_t inode)
{
    for (size_t i = 0; i < f->n; i++)
        if (f->tails[i]->inode == inode && f->tails[i]->device == device)
            return f->tails[i];
    return NULL;
}

static struct tail *add(struct ingest_follow *f, const char *path, uint64_t device, uint64_t inode)
{
    void *tails = f->tails;
    if (f->n >= INGEST_FOLLOW_FILES) {
        f->state.refused++;
        return NULL;
    }
    struct tail *t = mem_zero(1, sizeof(*t));
    if (t == NULL)
        return NULL;
    t->fd = -1;
    t->behind = true;
    t->newest = TIME_NONE;
    t->device = device;
    t->inode = inode;
    buf_init(&t->text);
    t->path = mem_strdup(path);
    if (t->path == NULL || mem_grow(&tails, &f->cap, f->n + 1, sizeof(struct tail *)) != 0) {
        free_tail(t);
        return NULL;
    }
    f->tails = tails;
    f->tails[f->n++] = t;
    return t;
}

/* The hash of a file's first n bytes; false when it has not so many. */
static bool hash_head(int fd, uint32_t n, uint64_t *out)
{
    static const struct hash_key key = {0x666f6c6c6f77U, 0x68656164U}; /* no secret: it is kept */
    char head[HEAD_SIZE];
    if (pread(fd, head, n, 0) != (ssize_t)n)
        return false;
    *out = hash_bytes(key, head, n);
    return true;
}

static enum err start_over(struct ingest_follow *f, struct tail *t)
{
    struct ingest_parser *fresh = ingest_parser_new(&f->settings, t->path);
    if (fresh == NULL)
        return ERR_MEMORY;
    if (t->parser != NULL) {
        ingest_counts_add(&f->gone, ingest_parser_counts(t->parser));
        ingest_parser_free(t->parser);
    }
    t->parser = fresh;
    t->offset = t->line = t->head_hash = 0;
    t->head_n = 0;
    t->skipping = false;
    t->from = t->scanned = 0;
    buf_clear(&t->text);
    return ERR_NONE;
}

/* Header lines before the place where reading goes on: they hold from there on. */
static enum err reread_headers(struct tail *t)
{
    struct ingest_input *in;
    struct err_text why;
    const char *line;
    size_t n;
    /* The same file, though another may stand under its name by now; its position is free to move,
     * since following reads at offsets. */
    int fd = fcntl(t->fd, F_DUPFD_CLOEXEC, 3);
    if (fd < 0 || lseek(fd, 0, SEEK_SET) != 0) {
        if (fd >= 0)
            close(fd);
        return ERR_IO;
    }
    enum err code = ingest_input_adopt(fd, t->path, &in, &why);
    if (code != ERR_NONE)
        return code;
    for (uint64_t i = 0; i < t->line && code == ERR_NONE; i++) {
        code = ingest_input_line(in, &line, &n);
        if (code == ERR_NONE && n > 0 && (line[0] == '#' || line[0] == '\t'))
            ingest_parser_header(t->parser, line, n);
        else if (code == ERR_LIMIT)
            code = ERR_NONE;
    }
    ingest_input_close(in);
    return code == ERR_END ? ERR_NONE : code;
}

static enum err open_tail(struct ingest_follow *f, struct tail *t)
{
    struct stat st;
    t->fd = open_path(&f->settings, t->path, 0);
    if (t->fd < 0 || fstat(t->fd, &st) != 0 || !S_ISREG(st.st_mode) ||
        (uint64_t)st.st_ino != t->inode || (uint64_t)st.st_dev != t->device) {
        if (t->fd >= 0)
            close(t->fd);
        t->fd = -1;
        return ERR_AGAIN;
    }
    uint64_t hash;
    bool same = t->resumed && (uint64_t)st.st_size >= t->offset &&
                hash_head(t->fd, t->head_n, &hash) && hash == t->head_hash;
    t->resumed = false;
    if (!same)
        return start_over(f, t);
    t->parser = ingest_parser_new(&f->settings, t->path);
    return t->parser != NULL ? reread_headers(t) : ERR_MEMORY;
}

/* Tells whether the file holds something that is read here; false: not known yet. */
static bool settle_format(struct ingest_follow *f, struct tail *t, uint64_t size)
{
    if (f->settings.format != INGEST_FORMAT_AUTO || t->offset > 0)
        return true;
    if (memchr(buf_text(&t->text), '\n', t->text.n) == NULL && size < INGEST_DETECT_BYTES)
        return false;
    enum ingest_format format = ingest_detect(buf_text(&t->text), t->text.n, t->path);
    if (format == INGEST_FORMAT_ECS || format == INGEST_FORMAT_ZEEK)
        return true;
    t->ignored = true;
    f->state.ignored++;
    close(t->fd);
    t->fd = -1;
    buf_release(&t->text);
    return false;
}

struct reading {
    struct ingest_follow *follow;
    struct tail *tail;
};

static void on_event(void *ctx, struct event *e)
{
    const struct reading *r = ctx;
    if (e->time > r->tail->newest)
        r->tail->newest = e->time;
    r->follow->sink(r->follow->ctx, e);
}

static void take_line(struct ingest_follow *f, struct tail *t, size_t n, size_t end)
{
    char *p = t->text.p + t->from;
    struct reading reading = {f, t};
    t->line++;
    if (t->skipping) {
        ingest_parser_drop(t->parser, INGEST_DROP_LONG, t->line,
                           "a line of at most 16 MiB is expected");
        t->skipping = false;
    } else {
        size_t len = n > 0 && p[n - 1] == '\r' ? n - 1 : n;
        ingest_parser_set_sequence(t->parser, f->sequence);
        ingest_parser_line(t->parser, p, len, t->line, false, on_event, &reading);
        f->sequence = ingest_parser_sequence(t->parser);
    }
    t->offset += n + end;
}

/* How far a file is read: so many lines, and no line more once its times are past until. */
struct bound {
    uint64_t lines;
    ts_ns until;
};

static bool is_enough(const struct tail *t, uint64_t done, struct bound bound)
{
    return done >= bound.lines || t->newest > bound.until;
}

/* The complete lines of what was read; with last, the rest too. Returns how many. */
static uint64_t take_lines(struct ingest_follow *f, struct tail *t, struct bound bound, bool last)
{
    uint64_t done = 0;
    while (!is_enough(t, done, bound) && t->from < t->text.n) {
        const char *at = t->text.p + t->from;
        size_t have = t->text.n - t->from;
        const char *nl =
            have > t->scanned ? memchr(at + t->scanned, '\n', have - t->scanned) : NULL;
        if (nl == NULL && !last) {
            t->scanned = have;
            break;
        }
        size_t n = nl != NULL ? (size_t)(nl - at) : have;
        take_line(f, t, n, nl != NULL);
        t->from += n + (nl != NULL);
        t->scanned = 0;
        done++;
    }
    if (t->scanned >= INGEST_INPUT_LINE_MAX) {
        t->skipping = true;
        t->offset += t->text.n - t->from;
        t->from = t->text.n;
        t->scanned = 0;
    }
    return done;
}

/* Adds what the file has next. *out_got 0: nothing. False: it cannot be read now. */
static bool read_on(struct ingest_follow *f, struct tail *t, size_t *out_got)
{
    size_t rest = t->text.n - t->from;
    if (t->from > 0 && rest > 0)
        memmove(t->text.p, t->text.p + t->from, rest);
    t->text.n = rest;
    t->from = 0;
    char *room = buf_reserve(&t->text, READ_SIZE);
    if (room == NULL) {
        buf_clear(&t->text);
        t->scanned = 0;
        f->state.failures++;
        return false;
    }
    ssize_t got = pread(t->fd, room, READ_SIZE, (off_t)(t->offset + rest));
    if (got < 0) {
        f->state.failures += errno != EINTR && errno != EAGAIN;
        return false;
    }
    t->text.n += (size_t)got;
    *out_got = (size_t)got;
    return true;
}

/* What is read already, then what the file has. last: nothing more will come under this inode. */
static uint64_t read_bounded(struct ingest_follow *f, struct tail *t, uint64_t size,
                             struct bound bound, bool last)
{
    uint64_t done = 0;
    size_t got = 1;
    for (;;) {
        bool known = t->text.n > t->from && settle_format(f, t, size);
        if (t->ignored)
            return done;
        if (known)
            done +=
                take_lines(f, t, (struct bound){bound.lines - done, bound.until}, last && got == 0);
        t->behind = is_enough(t, done, bound);
        if (t->behind || got == 0 || !read_on(f, t, &got))
            return done;
    }
}

/* Reads on in one file. */
static uint64_t read_tail(struct ingest_follow *f, struct tail *t, struct bound bound)
{
    struct stat st;
    t->behind = false;
    if (t->ignored || (t->fd < 0 && open_tail(f, t) != ERR_NONE) || t->fd < 0) {
        f->state.failures += !t->ignored && t->seen;
        return 0;
    }
    if (fstat(t->fd, &st) == 0 && (uint64_t)st.st_size < t->offset) {
        f->state.truncated++;
        if (start_over(f, t) != ERR_NONE)
            return 0;
    }
    uint64_t done = read_bounded(f, t, (uint64_t)st.st_size, bound, !t->seen);
    if (t->fd >= 0 && t->head_n < HEAD_SIZE && t->offset > t->head_n) {
        uint32_t n = t->offset < HEAD_SIZE ? (uint32_t)t->offset : HEAD_SIZE;
        if (hash_head(t->fd, n, &t->head_hash))
            t->head_n = n;
    }
    return done;
}

static void see(struct ingest_follow *f, const char *path, const struct stat *st)
{
    struct tail *t = find(f, (uint64_t)st->st_dev, (uint64_t)st->st_ino);
    if (t == NULL)
        t = add(f, path, (uint64_t)st->st_dev, (uint64_t)st->st_ino);
    if (t == NULL)
        return;
    t->seen = true;
    if (strcmp(t->path, path) != 0) {
        char *copy = mem_strdup(path);
        if (copy != NULL) {
            mem_free(t->path);
            t->path = copy;
        }
    }
}

static bool is_packed(const char *name)
{
    static const char *const ends[] = {".gz", ".zst", ".bz2", ".xz", ".zip", ".tmp"};
    size_t n = strlen(name);
    for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
        size_t len = strlen(ends[i]);
        if (n > len && strcmp(name + n - len, ends[i]) == 0)
            return true;
    }
    return false;
}

/* What the path is: known when somebody has made it, which may be long after the start. False as
 * long as nothing was ever there, so that saved positions wait for it. */
static bool find_path(struct ingest_follow *f)
{
    struct stat st;
    if (stat_path(&f->settings, f->path, &st)) {
        f->there = true;
        f->folder = S_ISDIR(st.st_mode);
    }
    return f->there;
}

static void look(struct ingest_follow *f)
{
    struct stat st;
    for (size_t i = 0; i < f->n; i++)
        f->tails[i]->seen = false;
    if (!f->folder) {
        if (stat_path(&f->settings, f->path, &st) && S_ISREG(st.st_mode))
            see(f, f->path, &st);
        return;
    }
    int fd = open_path(&f->settings, f->path, O_DIRECTORY);
    DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
    if (dir == NULL) {
        if (fd >= 0)
            close(fd);
        f->state.failures++;
        /* A folder that cannot be listed for a moment is no reason to let its files go. */
        for (size_t i = 0; i < f->n; i++)
            f->tails[i]->seen = true;
        return;
    }
    for (struct dirent *e; (e = readdir(dir)) != NULL;) {
        char path[4096];
        if (e->d_name[0] == '.' || is_packed(e->d_name) ||
            (size_t)snprintf(path, sizeof(path), "%s/%s", f->path, e->d_name) >= sizeof(path))
            continue;
        if (stat_path(&f->settings, path, &st) && S_ISREG(st.st_mode))
            see(f, path, &st);
    }
    closedir(dir);
}

static int compare_paths(const void *a, const void *b)
{
    const struct tail *x = *(struct tail *const *)a;
    const struct tail *y = *(struct tail *const *)b;
    int c = strcmp(x->path, y->path);
    return c != 0 ? c : x->inode < y->inode ? -1 : x->inode > y->inode;
}

/*
 * Of the files that are behind the one whose times are earliest, and the time at which the next one
 * is (TIME_MAX: there is none), so that they go through the past together. NULL: none is behind.
 */
static struct tail *earliest_behind(const struct ingest_follow *f, ts_ns *out_next)
{
    struct tail *first = NULL;
    *out_next = TIME_MAX;
    for (size_t i = 0; i < f->n; i++) {
        struct tail *t = f->tails[i];
        if (!t->behind)
            continue;
        if (first == NULL || t->newest < first->newest) {
            *out_next = first != NULL ? first->newest : TIME_MAX;
            first = t;
        } else if (t->newest < *out_next) {
            *out_next = t->newest;
        }
    }
    return first;
}

ts_ns ingest_follow_time(const struct ingest_follow *f)
{
    ts_ns next;
    const struct tail *t = earliest_behind(f, &next);
    if (!f->polled)
        return TIME_NONE;
    return t != NULL ? t->newest : TIME_MAX;
}

/* Files that are gone and read to their end. */
static void drop_finished(struct ingest_follow *f)
{
    size_t kept = 0;
    for (size_t i = 0; i < f->n; i++) {
        struct tail *t = f->tails[i];
        if (t->seen || t->behind) {
            f->tails[kept++] = t;
            continue;
        }
        if (t->parser != NULL)
            ingest_counts_add(&f->gone, ingest_parser_counts(t->parser));
        f->state.rotated++;
        free_tail(t);
    }
    f->n = kept;
}

/* Files that were read to their end first, so that what comes does not wait for what has been. */
static uint64_t read_ends(struct ingest_follow *f, uint64_t max)
{
    uint64_t done = 0;
    for (size_t i = 0; i < f->n; i++) {
        uint64_t share = max - done < SHARE_LINES ? max - done : SHARE_LINES;
        if (f->tails[i]->behind || share == 0)
            f->tails[i]->behind = true;
        else
            done += read_tail(f, f->tails[i], (struct bound){share, TIME_MAX});
    }
    return done;
}

static uint64_t read_past(struct ingest_follow *f, uint64_t max, ts_ns until)
{
    uint64_t done = 0;
    ts_ns next;
    struct tail *t;
    while (done < max && (t = earliest_behind(f, &next)) != NULL && t->newest <= until)
        done += read_tail(f, t, (struct bound){max - done, next < until ? next : until});
    return done;
}

enum err ingest_follow_poll(struct ingest_follow *f, uint64_t max_lines, ts_ns until,
                            event_sink_fn sink, void *ctx, uint64_t *out_lines)
{
    uint64_t max = max_lines == 0 ? UINT64_MAX : max_lines;
    uint64_t done = 0;
    f->sink = sink;
    f->ctx = ctx;
    f->polled = true;
    if (find_path(f)) {
        look(f);
        if (f->n > 1)
            qsort(f->tails, f->n, sizeof(struct tail *), compare_paths);
        done = read_ends(f, max);
        done += read_past(f, max - done, until);
        drop_finished(f);
    }
    if (out_lines != NULL)
        *out_lines = done;
    return ERR_NONE;
}

void ingest_follow_counts(const struct ingest_follow *f, struct ingest_counts *out)
{
    *out = f->gone;
    for (size_t i = 0; i < f->n; i++)
        if (f->tails[i]->parser != NULL)
            ingest_counts_add(out, ingest_parser_counts(f->tails[i]->parser));
}

struct ingest_follow_state ingest_follow_state(const struct ingest_follow *f)
{
    struct ingest_follow_state s = f->state;
    s.files = 0;
    for (size_t i = 0; i < f->n; i++)
        s.files += f->tails[i]->fd >= 0;
    return s;
}

static void write_number(struct format_writer *w, const char *key, uint64_t v)
{
    /* As text: numbers above 2^63 would not come back exactly. */
    char text[24];
    snprintf(text, sizeof(text), "%llu", (unsigned long long)v);
    format_write_field_str(w, key, text);
}

void ingest_follow_save(const struct ingest_follow *f, struct buf *out)
{
    struct format_writer w;
    format_write_init(&w, out);
    format_write_begin_object(&w);
    format_write_field_i64(&w, "version", 1);
    write_number(&w, "sequence", f->sequence);
    format_write_key(&w, "files");
    format_write_begin_array(&w);
    for (size_t i = 0; i < f->n; i++) {
        const struct tail *t = f->tails[i];
        if (t->ignored || (t->offset == 0 && !t->resumed))
            continue;
        format_write_begin_object(&w);
        write_number(&w, "device", t->device);
        write_number(&w, "inode", t->inode);
        write_number(&w, "offset", t->offset);
        write_number(&w, "line", t->line);
        write_number(&w, "head", t->head_hash);
        format_write_field_i64(&w, "head_bytes", t->head_n);
        format_write_end_object(&w);
    }
    format_write_end_array(&w);
    format_write_end_object(&w);
}

static bool read_number(const struct format_node *object, const char *key, uint64_t *out)
{
    const char *s = format_node_str(format_node_get(object, key), "");
    char *end;
    errno = 0;
    unsigned long long v = strtoull(s, &end, 10);
    if (*s < '0' || *s > '9' || *end != '\0' || errno != 0)
        return false;
    *out = v;
    return true;
}

static enum err restore(struct ingest_follow *f, const struct format_node *root,
                        struct err_text *why)
{
    if (format_node_int(format_node_get(root, "version"), 0) != 1 ||
        !read_number(root, "sequence", &f->sequence))
        return format_node_err(root, why, ERR_FORMAT, "positions of version 1 are expected");
    const struct format_node *files = format_node_get(root, "files");
    for (size_t i = 0; i < format_node_count(files); i++) {
        const struct format_node *o = format_node_at(files, i);
        uint64_t device, inode, offset, line, head;
        int64_t head_n = format_node_int(format_node_get(o, "head_bytes"), -1);
        if (!read_number(o, "device", &device) || !read_number(o, "inode", &inode) ||
            !read_number(o, "offset", &offset) || !read_number(o, "line", &line) ||
            !read_number(o, "head", &head) || head_n < 0 || head_n > HEAD_SIZE)
            return format_node_err(o, why, ERR_FORMAT, "the position of a file is expected");
        /* Its name is found when the inode is met. */
        struct tail *t = find(f, device, inode) == NULL ? add(f, "", device, inode) : NULL;
        if (t == NULL)
            continue;
        t->resumed = true;
        t->offset = offset;
        t->line = line;
        t->head_hash = head;
        t->head_n = (uint32_t)head_n;
    }
    return ERR_NONE;
}

enum err ingest_follow_restore(struct ingest_follow *f, const char *text, size_t n,
                               struct err_text *why)
{
    struct format_node *root;
    enum err code = format_node_json(text, n, f->path, &root, why);
    if (code != ERR_NONE)
        return code;
    code = restore(f, root, why);
    format_node_free(root);
    return code;
}
