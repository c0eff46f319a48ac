/* SPDX-License-Identifier: Apache-2.0 */
/* Lines out of files: ends, packings, damage, and lines that are too long. */
#include "ingest/input.h"

#include "ingest_temp.h"

#include <zlib.h>
#include <zstd.h>

static struct temp temp;

static int setup(void **state)
{
    (void)state;
    temp_make(&temp);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    temp_drop(&temp);
    return 0;
}

/* All lines joined by '|', and what the end was told as. */
static void expect(const char *path, const char *joined, enum err end)
{
    struct ingest_input *in;
    struct err_text why;
    struct buf b;
    buf_init(&b);
    assert_int_equal(ingest_input_open(path, &in, &why), ERR_NONE);
    const char *line;
    size_t n;
    enum err code;
    while ((code = ingest_input_line(in, &line, &n)) == ERR_NONE) {
        buf_add(&b, line, n);
        buf_char(&b, '|');
    }
    assert_int_equal(code, end);
    if (end != ERR_END)
        assert_int_equal(ingest_input_line(in, &line, &n), ERR_END);
    assert_string_equal(buf_text(&b), joined);
    ingest_input_close(in);
    buf_release(&b);
}

static void lines_end_in_many_ways(void **state)
{
    (void)state;
    expect(temp_write(&temp, "a", "w", "one\ntwo\r\n\nlast", 14), "one|two||last|", ERR_END);
    expect(temp_write(&temp, "a", "w", "\xef\xbb\xbfx\n", 5), "x|", ERR_END);
    expect(temp_write(&temp, "a", "w", "", 0), "", ERR_END);
    expect(temp_write(&temp, "a", "w", "\n", 1), "|", ERR_END);
    expect(temp_write(&temp, "a", "w", "\x1f", 1), "\x1f|", ERR_END);
}

static size_t gzip(const char *text, char *out, size_t cap)
{
    z_stream z = {0};
    assert_int_equal(deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    z.next_in = (Bytef *)(uintptr_t)text;
    z.avail_in = (unsigned)strlen(text);
    z.next_out = (Bytef *)out;
    z.avail_out = (unsigned)cap;
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    size_t n = cap - z.avail_out;
    deflateEnd(&z);
    return n;
}

static void packed_files_are_unpacked(void **state)
{
    (void)state;
    char packed[4096];
    size_t n = gzip("one\ntw", packed, sizeof(packed));
    n += gzip("o\nthree", packed + n, sizeof(packed) - n);
    expect(temp_write(&temp, "a.gz", "w", packed, n), "one|two|three|", ERR_END);
    memset(packed + n, 0, 512); /* padding, as tape archives leave it */
    expect(temp_write(&temp, "a.gz", "w", packed, n + 512), "one|two|three|", ERR_END);
    static const char text[] = "one\ntwo\n";
    n = ZSTD_compress(packed, sizeof(packed), text, 8, 3);
    n += ZSTD_compress(packed + n, sizeof(packed) - n, text, 7, 3);
    expect(temp_write(&temp, "a.zst", "w", packed, n), "one|two|one|two|", ERR_END);
}

static void damage_is_told_after_the_good_lines(void **state)
{
    (void)state;
    struct buf text;
    char *packed = malloc(1 << 20);
    assert_non_null(packed);
    buf_init(&text);
    for (int i = 0; i < 5000; i++)
        buf_format(&text, "line %d %d\n", i, i * 7919 % 10007);
    size_t n = gzip(buf_text(&text), packed, 1 << 20);
    for (int kind = 0; kind < 3; kind++) {
        if (kind == 1)
            packed[n / 2] ^= 0x55;
        if (kind == 2)
            n = ZSTD_compress(packed, 1 << 20, text.p, text.n, 3);
        temp_write(&temp, "d", "w", packed, kind == 1 ? n : n * 3 / 4);
        struct ingest_input *in;
        struct err_text why;
        const char *line;
        size_t len;
        assert_int_equal(ingest_input_open(temp.path, &in, &why), ERR_NONE);
        enum err code;
        int good = 0;
        while ((code = ingest_input_line(in, &line, &len)) == ERR_NONE) {
            char want[64];
            int m = snprintf(want, sizeof(want), "line %d %d", good, good * 7919 % 10007);
            if (kind != 1) { /* a flipped bit may change text before it is noticed */
                assert_int_equal(len, m);
                assert_memory_equal(line, want, len);
            }
            good++;
        }
        assert_int_equal(code, ERR_FORMAT);
        assert_int_equal(ingest_input_line(in, &line, &len), ERR_END);
        assert_true(kind == 2 || good > 100);
        ingest_input_close(in);
    }
    free(packed);
    buf_release(&text);
}

static void a_line_that_is_too_long_is_skipped(void **state)
{
    (void)state;
    size_t n = INGEST_INPUT_LINE_MAX + 3000000;
    char *text = malloc(n + 20);
    assert_non_null(text);
    memset(text, 'x', n);
    memcpy(text, "one\n", 4);
    memcpy(text + n, "\ntwo\n", 5);
    struct ingest_input *in;
    struct err_text why;
    const char *line;
    size_t len;
    temp_write(&temp, "long", "w", text, n + 5);
    free(text);
    assert_int_equal(ingest_input_open(temp.path, &in, &why), ERR_NONE);
    assert_int_equal(ingest_input_line(in, &line, &len), ERR_NONE);
    assert_int_equal(ingest_input_line(in, &line, &len), ERR_LIMIT);
    assert_int_equal(ingest_input_line_number(in), 2);
    assert_int_equal(ingest_input_line(in, &line, &len), ERR_NONE);
    assert_int_equal(len, 3);
    assert_memory_equal(line, "two", 3);
    assert_int_equal(ingest_input_line(in, &line, &len), ERR_END);
    assert_int_equal(ingest_input_bytes(in), n + 5);
    ingest_input_close(in);
}

static void peeking_takes_nothing(void **state)
{
    (void)state;
    struct ingest_input *in;
    struct err_text why;
    const char *p;
    size_t n;
    temp_write(&temp, "p", "w", "\xef\xbb\xbfone\ntwo\n", 11);
    assert_int_equal(ingest_input_open(temp.path, &in, &why), ERR_NONE);
    assert_int_equal(ingest_input_peek(in, 100, &p, &n), ERR_NONE);
    assert_int_equal(n, 8);
    assert_memory_equal(p, "one\ntwo\n", 8);
    assert_int_equal(ingest_input_line(in, &p, &n), ERR_NONE);
    assert_memory_equal(p, "one", 3);
    assert_int_equal(ingest_input_line_number(in), 1);
    ingest_input_close(in);
}

/* Whoever knows better what it is reads on where this stopped, from the first byte. */
static void what_was_read_stays_for_others(void **state)
{
    (void)state;
    struct ingest_input *in;
    struct err_text why;
    struct bytes head;
    const char *p;
    char packed[200];
    size_t n;
    int ends[2];
    int fd = -1;
    size_t all = gzip("not lines at all", packed, sizeof(packed));
    assert_int_equal(pipe(ends), 0);
    int pipe_end = ends[0];
    assert_int_equal(write(ends[1], packed, all - 3), (ssize_t)all - 3);
    assert_int_equal(ingest_input_adopt(ends[0], "pipe", &in, &why), ERR_NONE);
    assert_int_equal(ingest_input_peek(in, 4, &p, &n), ERR_NONE);
    assert_memory_equal(p, "not ", 4);
    assert_int_equal(ingest_input_head(in, &fd, &head), ERR_NONE);
    assert_int_equal(fd, pipe_end);
    assert_int_equal(head.n, all - 3);
    assert_memory_equal(head.p, packed, head.n);
    close(ends[1]);
    ingest_input_close(in);
}

static void only_so_many_first_bytes_are_kept(void **state)
{
    (void)state;
    struct ingest_input *in;
    struct err_text why;
    struct bytes head;
    struct buf b;
    const char *p;
    char packed[200];
    size_t n;
    int fd;
    buf_init(&b);
    n = gzip("", packed, sizeof(packed));
    while (b.n <= INGEST_INPUT_HEAD_MAX)
        buf_add(&b, packed, n);
    n = gzip("text\n", packed, sizeof(packed));
    buf_add(&b, packed, n);
    assert_int_equal(ingest_input_open(temp_write(&temp, "empty.gz", "w", b.p, b.n), &in, &why),
                     ERR_NONE);
    assert_int_equal(ingest_input_peek(in, 4, &p, &n), ERR_NONE);
    assert_memory_equal(p, "text", 4);
    assert_int_equal(ingest_input_head(in, &fd, &head), ERR_LIMIT);
    assert_int_equal(ingest_input_line(in, &p, &n), ERR_NONE);
    ingest_input_close(in);
    buf_release(&b);
}

static void what_is_not_there_is_told(void **state)
{
    (void)state;
    struct ingest_input *in;
    struct err_text why;
    assert_int_equal(ingest_input_open(temp_path(&temp, "none"), &in, &why), ERR_NOT_FOUND);
    assert_non_null(strstr(why.message, "cannot be opened"));
    assert_int_equal(ingest_input_open(temp.dir, &in, &why), ERR_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_end_in_many_ways),
        cmocka_unit_test(packed_files_are_unpacked),
        cmocka_unit_test(damage_is_told_after_the_good_lines),
        cmocka_unit_test(a_line_that_is_too_long_is_skipped),
        cmocka_unit_test(peeking_takes_nothing),
        cmocka_unit_test(what_was_read_stays_for_others),
        cmocka_unit_test(only_so_many_first_bytes_are_kept),
        cmocka_unit_test(what_is_not_there_is_told),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
