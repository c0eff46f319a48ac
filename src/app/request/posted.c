/* SPDX-License-Identifier: Apache-2.0 */
/* Records that are posted to a job. */
#include "request/request_priv.h"

#include "engine/jobs.h"
#include "format/write.h"
#include "request/posts.h"

static void write_time(struct format_writer *w, const char *key, ts_ns t)
{
    if (t != TIME_NONE)
        format_write_field_i64(w, key, t / TIME_MS);
}

static void write_posted(const char *id, const struct engine_posted *posted, struct buf *out)
{
    const struct detect_counts *c = &posted->counts;
    const struct {
        const char *key;
        uint64_t v;
    } numbers[] = {
        {"processed_record_count", c->processed},
        {"processed_field_count", c->fields},
        {"input_bytes", c->input_bytes},
        {"input_field_count", c->fields + c->missing_fields},
        {"invalid_date_count", c->invalid_dates},
        {"missing_field_count", c->missing_fields},
        {"out_of_order_timestamp_count", c->out_of_order},
        {"empty_bucket_count", c->empty_buckets},
        {"sparse_bucket_count", c->sparse_buckets},
        {"bucket_count", c->buckets},
    };
    struct format_writer w;
    format_write_init(&w, out);
    format_write_begin_object(&w);
    format_write_field_str(&w, "job_id", id);
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
        format_write_field_i64(&w, numbers[i].key, (int64_t)numbers[i].v);
    write_time(&w, "earliest_record_timestamp", c->earliest_record);
    write_time(&w, "latest_record_timestamp", c->latest_record);
    write_time(&w, "latest_empty_bucket_timestamp", c->latest_empty_bucket);
    write_time(&w, "latest_sparse_bucket_timestamp", c->latest_sparse_bucket);
    write_time(&w, "last_data_time", posted->data);
    format_write_field_i64(&w, "input_record_count", (int64_t)c->records);
    write_time(&w, "log_time", posted->data);
    format_write_end_object(&w);
    buf_char(out, '\n');
}

int request_posted(struct request_asked *a)
{
    const struct format_node *text = format_node_get(a->request, "data");
    struct engine_post post = {.job_id = request_asked_text(a, "id", ""),
                               .text = format_node_str(text, ""),
                               .n = format_node_str_len(text)};
    struct err_text why;
    struct buf doc;
    enum err err = request_asked_time(a, "reset_start", TIME_NONE, &post.reset_start, &why);
    if (err == ERR_NONE)
        err = request_asked_time(a, "reset_end", TIME_MAX, &post.reset_end, &why);
    if (err != ERR_NONE)
        return request_asked_fail(a, err, &why);
    request_posts_do(a->data, &post);
    if (post.err != ERR_NONE)
        return request_asked_fail(a, post.err, &post.why);
    buf_init(&doc);
    write_posted(post.job_id, &post.posted, &doc);
    bool ok = buf_ok(&doc);
    if (ok)
        request_asked_print(a, doc.p, doc.n);
    buf_release(&doc);
    return ok ? 0
              : request_asked_fail(a, err_set(&why, ERR_MEMORY, "%s", err_name(ERR_MEMORY)), &why);
}
