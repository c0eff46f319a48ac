/* SPDX-License-Identifier: Apache-2.0 */
#include "app/help.h"

#include "feed/inputs.h"
#include "format/write.h"

static const char zeek_head[] =
    "#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n#path\tconn\n"
    "#fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tproto\torig_bytes\tresp_bytes\n"
    "#types\ttime\tstring\taddr\tport\taddr\tport\tenum\tcount\tcount\n";

struct seen {
    size_t n;
    uint64_t sequence; /* of the newest of its source */
    uint32_t source;
    unsigned looks;
    unsigned stop_at; /* looks; 0: never */
    double share;
    char remarks[1000];
};

static void on_event(void *ctx, struct event *e)
{
    struct seen *s = ctx;
    if (e->source == s->source)
        assert_true(e->sequence > s->sequence);
    s->source = e->source;
    s->sequence = e->sequence;
    s->n++;
}

static bool stop(void *ctx)
{
    struct seen *s = ctx;
    s->looks++;
    return s->stop_at > 0 && s->looks >= s->stop_at;
}

static void progress(void *ctx, double share, uint64_t events)
{
    struct seen *s = ctx;
    assert_true(share >= s->share && share <= 1);
    assert_int_equal(events, s->n);
    s->share = share;
}

static void remark(void *ctx, const char *sentence)
{
    struct seen *s = ctx;
    size_t n = strlen(s->remarks);
    snprintf(s->remarks + n, sizeof(s->remarks) - n, "%s\n", sentence);
}

static enum err open_inputs(struct seen *s, const char *format, const char *const *paths, size_t n,
                            struct feed_inputs **out)
{
    const struct feed_inputs_settings settings = {.format = format,
                                                  .sensor = "here",
                                                  .stop = stop,
                                                  .progress = progress,
                                                  .remark = remark,
                                                  .ctx = s,
                                                  .sink = on_event,
                                                  .sink_ctx = s};
    return feed_inputs_new(&settings, paths, n, out, &help_why);
}

static char *path_of(const char *dir, const char *name)
{
    char *path;
    assert_true(asprintf(&path, "%s/%s", dir, name) > 0);
    return path;
}

static void add_conn(struct buf *out, unsigned i)
{
    buf_format(out, "%u.%06u\tC%u\t10.0.0.%u\t%u\t93.184.216.34\t443\ttcp\t%u\t%u\n",
               1700006400 + i / 100, i % 100 * 10000, i, i % 200 + 1, 20000 + i % 40000, i, 2 * i);
}

/* A capture of UDP packets over Ethernet, both ways. */
static void add_capture(struct buf *out, unsigned packets)
{
    static const uint8_t frame[] = {
        2,    0,    0,    0,    0, 1,  2, 0, 0,  0,  0, 2, 8,  0, /* Ethernet */
        0x45, 0,    0,    36,   0, 1,  0, 0, 64, 17, 0, 0, 10, 0, 0, 1, 93, 184, 216, 34, /* IPv4 */
        0x4e, 0x20, 0x27, 0x0f, 0, 16, 0, 0, 1,  2,  3, 4, 5,  6, 7, 8,                   /* UDP */
    };
    buf_le32(out, 0xa1b2c3d4);
    buf_le16(out, 2);
    buf_le16(out, 4);
    buf_le64(out, 0);
    buf_le32(out, 65535);
    buf_le32(out, 1);
    for (unsigned i = 0; i < packets; i++) {
        buf_le32(out, 1700006400 + i);
        buf_le32(out, 0);
        buf_le32(out, sizeof(frame));
        buf_le32(out, sizeof(frame));
        buf_add(out, frame, sizeof(frame));
    }
}

static void test_zeek(void **state)
{
    (void)state;
    char *dir = help_mkdir();
    struct buf text, dropped;
    struct format_writer w;
    struct feed_inputs *in;
    struct feed_inputs_totals t;
    struct seen s = {0};
    buf_init(&text);
    buf_init(&dropped);
    buf_str(&text, zeek_head);
    for (unsigned i = 0; i < 50; i++) {
        add_conn(&text, i);
        if (i == 9 || i == 19)
            buf_str(&text, "what is this\n"); /* lines 18 and 29 */
    }
    help_write(dir, "conn.log", text.p, text.n);
    char *path = path_of(dir, "conn.log");
    const char *const paths[] = {path, path};
    HELP_OK(open_inputs(&s, "auto", paths, 2, &in));
    HELP_OK(feed_inputs_run(in, &help_why));
    feed_inputs_totals(in, &t);
    assert_int_equal(s.n, t.events);
    assert_true(t.events >= 50);
    assert_int_equal(t.malformed, 4);
    assert_int_equal(t.first_malformed.line, 18);
    assert_string_equal(t.first_malformed.file, path);
    assert_int_equal(t.packets, 0);
    assert_null(t.first_cut);
    assert_true(s.share == 1);
    format_write_init(&w, &dropped);
    format_write_begin_object(&w);
    feed_inputs_dropped(in, &w);
    format_write_end_object(&w);
    assert_non_null(strstr(buf_text(&dropped), "\"ingest."));
    feed_inputs_free(in);
    free(path);
    buf_release(&text);
    buf_release(&dropped);
    help_rmdir(dir);
}

static void test_capture(void **state)
{
    (void)state;
    char *dir = help_mkdir();
    struct buf bytes;
    struct feed_inputs *in;
    struct feed_inputs_totals t;
    struct seen s = {0};
    buf_init(&bytes);
    add_capture(&bytes, 10);
    help_write(dir, "whole", bytes.p, bytes.n);
    help_write(dir, "cut", bytes.p, bytes.n - 20);
    char *whole = path_of(dir, "whole"), *cut = path_of(dir, "cut");
    const char *const paths[] = {whole, cut};
    HELP_OK(open_inputs(&s, "auto", paths, 1, &in));
    HELP_OK(feed_inputs_run(in, &help_why));
    feed_inputs_totals(in, &t);
    assert_int_equal(t.packets, 10);
    assert_int_equal(t.bytes, 500);
    assert_true(t.flows >= 1);
    assert_int_equal(t.events, s.n);
    assert_true(s.n >= 1);
    assert_false(t.truncated);
    assert_null(t.first_cut);
    feed_inputs_free(in);
    s = (struct seen){0};
    HELP_OK(open_inputs(&s, "pcap", paths, 2, &in));
    HELP_OK(feed_inputs_run(in, &help_why));
    feed_inputs_totals(in, &t);
    assert_int_equal(t.packets, 19);
    assert_true(t.truncated);
    assert_string_equal(t.first_cut, cut);
    feed_inputs_free(in);
    free(whole);
    free(cut);
    buf_release(&bytes);
    help_rmdir(dir);
}

/* Runs paths with these bytes in a pipe on standard input; returns what opening them gives. */
static enum err with_stdin(const void *p, size_t n, const char *const *paths, size_t paths_n,
                           struct feed_inputs_totals *out)
{
    int ends[2];
    struct seen s = {0};
    struct feed_inputs *in;
    int before = dup(STDIN_FILENO);
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(write(ends[1], p, n), (ssize_t)n);
    close(ends[1]);
    assert_int_equal(dup2(ends[0], STDIN_FILENO), STDIN_FILENO);
    close(ends[0]);
    enum err err = open_inputs(&s, "auto", paths, paths_n, &in);
    if (err == ERR_NONE) {
        HELP_OK(feed_inputs_run(in, &help_why));
        feed_inputs_totals(in, out);
        assert_int_equal(out->events, s.n);
        if (out->first_cut != NULL)
            assert_string_equal(out->first_cut, "standard input");
        feed_inputs_free(in);
    }
    dup2(before, STDIN_FILENO);
    close(before);
    return err;
}

/* What standard input holds is told by its first bytes. */
static void test_stdin(void **state)
{
    (void)state;
    char *dir = help_mkdir();
    struct buf bytes;
    struct feed_inputs_totals t;
    buf_init(&bytes);
    add_capture(&bytes, 10);
    help_write(dir, "whole", bytes.p, bytes.n);
    char *whole = path_of(dir, "whole");
    const char *const paths[] = {"-", whole, "-"};
    HELP_OK(with_stdin(bytes.p, bytes.n, paths, 1, &t));
    assert_int_equal(t.packets, 10);
    assert_false(t.truncated);
    HELP_OK(with_stdin(bytes.p, bytes.n - 20, paths, 2, &t));
    assert_int_equal(t.packets, 19);
    assert_true(t.truncated);
    assert_int_equal(with_stdin("\x01\x02\xff\xfe", 4, paths, 1, &t), ERR_FORMAT);
    assert_int_equal(with_stdin("", 0, paths, 3, &t), ERR_INVALID);
    assert_non_null(strstr(help_why.message, "only once"));
    buf_clear(&bytes);
    buf_str(&bytes, zeek_head);
    add_conn(&bytes, 1);
    HELP_OK(with_stdin(bytes.p, bytes.n, paths, 1, &t));
    assert_true(t.events >= 1 && t.packets == 0);
    free(whole);
    buf_release(&bytes);
    help_rmdir(dir);
}

/* A folder stands for the files in it that hold something known; the rest is named. */
static void test_folder(void **state)
{
    (void)state;
    char *dir = help_mkdir(), *named = help_mkdir();
    struct buf bytes;
    struct feed_inputs *in = NULL;
    struct feed_inputs_totals t;
    struct seen s = {0};
    buf_init(&bytes);
    add_capture(&bytes, 10);
    help_write(dir, "b", bytes.p, bytes.n);
    help_write(named, "c", bytes.p, bytes.n);
    buf_clear(&bytes);
    buf_str(&bytes, zeek_head);
    for (unsigned i = 0; i < 5; i++)
        add_conn(&bytes, i);
    help_write(dir, "conn.log", bytes.p, bytes.n);
    help_write(dir, "notes.txt", "nothing of the kind\n", 20);
    help_write(dir, ".hidden", bytes.p, bytes.n);
    char *file = path_of(named, "c"), *notes = path_of(dir, "notes.txt");
    const char *paths[] = {dir, file};
    HELP_OK(open_inputs(&s, "auto", paths, 2, &in));
    HELP_OK(feed_inputs_run(in, &help_why));
    feed_inputs_totals(in, &t);
    assert_int_equal(t.packets, 20);
    assert_int_equal(t.records, 5);
    assert_true(s.share == 1);
    assert_non_null(strstr(s.remarks, "notes.txt is left out"));
    assert_ptr_equal(strchr(s.remarks, '\n'), strrchr(s.remarks, '\n'));
    feed_inputs_free(in);
    /* When captures are asked for, a log is none. */
    s = (struct seen){0};
    HELP_OK(open_inputs(&s, "pcap", paths, 1, &in));
    HELP_OK(feed_inputs_run(in, &help_why));
    feed_inputs_totals(in, &t);
    assert_int_equal(t.packets, 10);
    assert_non_null(strstr(s.remarks, "conn.log is left out: it is no capture"));
    feed_inputs_free(in);
    /* A file that somebody named is meant. */
    in = NULL;
    paths[0] = notes;
    assert_int_equal(open_inputs(&s, "auto", paths, 1, &in), ERR_FORMAT);
    assert_int_equal(unlink(file), 0);
    paths[0] = named;
    assert_int_equal(open_inputs(&s, "auto", paths, 1, &in), ERR_FORMAT);
    assert_string_equal(help_why.file, named);
    assert_non_null(strstr(help_why.message, "expected a capture"));
    help_write(named, "notes.txt", "nothing of the kind\n", 20);
    assert_int_equal(open_inputs(&s, "auto", paths, 1, &in), ERR_FORMAT);
    assert_string_equal(help_why.file, named);
    assert_null(in);
    free(file);
    free(notes);
    buf_release(&bytes);
    help_rmdir(dir);
    help_rmdir(named);
}

/* Files wait closed for their turn, so that more of them can be named than may be open. */
static void test_many(void **state)
{
    (void)state;
    char *dir = help_mkdir();
    struct buf text;
    struct feed_inputs *in;
    struct seen s = {0};
    buf_init(&text);
    buf_str(&text, zeek_head);
    add_conn(&text, 1);
    for (unsigned i = 0; i < 200; i++) {
        char name[40];
        snprintf(name, sizeof(name), "conn.%03u.log", i);
        help_write(dir, name, text.p, text.n);
    }
    struct rlimit before;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    const struct rlimit few = {64, before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
    const char *const paths[] = {dir};
    HELP_OK(open_inputs(&s, "auto", paths, 1, &in));
    HELP_OK(feed_inputs_run(in, &help_why));
    assert_true(s.n >= 200);
    feed_inputs_free(in);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    buf_release(&text);
    help_rmdir(dir);
}

/* A log that is another file when its turn comes is told; one that is gone too. */
static void test_changed(void **state)
{
    (void)state;
    char *dir = help_mkdir();
    struct buf bytes;
    struct feed_inputs *in;
    struct seen s = {0};
    buf_init(&bytes);
    add_capture(&bytes, 1);
    help_write(dir, "a", zeek_head, strlen(zeek_head));
    char *path = path_of(dir, "a");
    const char *const paths[] = {path};
    HELP_OK(open_inputs(&s, "auto", paths, 1, &in));
    help_write(dir, "a", bytes.p, bytes.n);
    assert_int_equal(feed_inputs_run(in, &help_why), ERR_FORMAT);
    assert_string_equal(help_why.file, path);
    feed_inputs_free(in);
    help_write(dir, "a", zeek_head, strlen(zeek_head));
    HELP_OK(open_inputs(&s, "auto", paths, 1, &in));
    assert_int_equal(unlink(path), 0);
    assert_int_equal(feed_inputs_run(in, &help_why), ERR_NOT_FOUND);
    feed_inputs_free(in);
    free(path);
    buf_release(&bytes);
    help_rmdir(dir);
}

/* Stopped within: what was begun is told, and that it was stopped. */
static void test_stop(void **state)
{
    (void)state;
    char *dir = help_mkdir();
    struct buf text;
    struct feed_inputs *in;
    struct feed_inputs_totals t;
    struct seen s = {.stop_at = 2};
    buf_init(&text);
    buf_str(&text, zeek_head);
    for (unsigned i = 0; i < 30000; i++)
        add_conn(&text, i);
    help_write(dir, "conn.log", text.p, text.n);
    char *path = path_of(dir, "conn.log");
    const char *const paths[] = {path};
    HELP_OK(open_inputs(&s, "zeek", paths, 1, &in));
    assert_int_equal(feed_inputs_run(in, &help_why), ERR_STOPPED);
    feed_inputs_totals(in, &t);
    assert_int_equal(t.events, s.n);
    assert_true(s.n >= 8192 && s.n < 30000);
    feed_inputs_free(in);
    buf_clear(&text);
    add_capture(&text, 20000);
    help_write(dir, "conn.log", text.p, text.n);
    s = (struct seen){.stop_at = 1};
    HELP_OK(open_inputs(&s, "auto", paths, 1, &in));
    assert_int_equal(feed_inputs_run(in, &help_why), ERR_STOPPED);
    feed_inputs_totals(in, &t);
    assert_int_equal(t.packets, 8192);
    assert_true(s.n >= 1);
    feed_inputs_free(in);
    free(path);
    buf_release(&text);
    help_rmdir(dir);
}

static void test_wrong(void **state)
{
    (void)state;
    char *dir = help_mkdir();
    struct seen s = {0};
    struct feed_inputs *in = NULL;
    help_write(dir, "noise", "\x01\x02\x03\xff nothing", 12);
    char *noise = path_of(dir, "noise"), *none = path_of(dir, "none");
    const char *paths[] = {noise};
    assert_int_equal(open_inputs(&s, "auto", paths, 1, &in), ERR_FORMAT);
    assert_string_equal(help_why.file, noise);
    assert_int_equal(open_inputs(&s, "xml", paths, 1, &in), ERR_INVALID);
    assert_non_null(strstr(help_why.message, "'xml'"));
    paths[0] = none;
    assert_int_equal(open_inputs(&s, "auto", paths, 1, &in), ERR_NOT_FOUND);
    assert_int_equal(open_inputs(&s, "pcap", paths, 1, &in), ERR_NOT_FOUND);
    assert_null(in);
    free(noise);
    free(none);
    help_rmdir(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_zeek),    cmocka_unit_test(test_capture),
        cmocka_unit_test(test_stdin),   cmocka_unit_test(test_stop),
        cmocka_unit_test(test_folder),  cmocka_unit_test(test_many),
        cmocka_unit_test(test_changed), cmocka_unit_test(test_wrong),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
