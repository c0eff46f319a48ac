/* SPDX-License-Identifier: Apache-2.0 */
#include "rule/status.h"

#include "base/utf8.h"
#include "format/write.h"

#include <string.h>

#define GLUE ", "

void rule_status_init(struct rule_status *s, ts_ns date)
{
    memset(s, 0, sizeof(*s));
    s->date = date;
    buf_init(&s->warnings);
    buf_init(&s->errors);
}

void rule_status_release(struct rule_status *s)
{
    buf_release(&s->warnings);
    buf_release(&s->errors);
}

/* Whether the message stands in the list as a whole entry already. */
static bool has(const struct buf *list, const char *message)
{
    size_t n = strlen(message);
    const char *text = buf_text(list);
    for (const char *p = strstr(text, message); p != NULL; p = strstr(p + 1, message)) {
        bool begins = p == text || (p - text >= 2 && memcmp(p - 2, GLUE, 2) == 0);
        bool ends = p[n] == '\0' || strncmp(p + n, GLUE, 2) == 0;
        if (begins && ends)
            return true;
    }
    return false;
}

static void add(struct buf *list, unsigned *count, const char *message)
{
    size_t glue = list->n > 0 ? strlen(GLUE) : 0;
    if (*count == RULE_STATUS_MESSAGES || list->n + glue >= RULE_STATUS_BYTES || has(list, message))
        return;
    buf_add(list, GLUE, glue);
    buf_add(list, message, utf8_cut(message, strlen(message), RULE_STATUS_BYTES - list->n));
    (*count)++;
}

void rule_status_warn(struct rule_status *s, const char *message)
{
    add(&s->warnings, &s->warnings_n, message);
}

void rule_status_error(struct rule_status *s, const char *message)
{
    add(&s->errors, &s->errors_n, message);
}

enum rule_state rule_status_state(const struct rule_status *s)
{
    if (s->errors_n > 0)
        return RULE_FAILED;
    return s->warnings_n > 0 ? RULE_WARNED : RULE_SUCCEEDED;
}

const char *rule_status_message(const struct rule_status *s)
{
    if (s->errors_n > 0)
        return buf_text(&s->errors);
    return s->warnings_n > 0 ? buf_text(&s->warnings) : "The rule ran to its end.";
}

const char *rule_state_name(enum rule_state state)
{
    switch (state) {
    case RULE_SUCCEEDED:
        return "succeeded";
    case RULE_RUNNING:
        return "running";
    case RULE_WARNED:
        return "partial failure";
    case RULE_FAILED:
        return "failed";
    }
    return "failed";
}

int rule_state_order(enum rule_state state)
{
    switch (state) {
    case RULE_SUCCEEDED:
        return 0;
    case RULE_RUNNING:
        return 15;
    case RULE_WARNED:
        return 20;
    case RULE_FAILED:
        return 30;
    }
    return 30;
}

void rule_status_write(const struct rule_status *s, struct format_writer *w)
{
    enum rule_state state = rule_status_state(s);
    format_write_begin_object(w);
    format_write_key(w, "date");
    format_write_time(w, s->date);
    format_write_field_str(w, "status", rule_state_name(state));
    format_write_field_i64(w, "status_order", rule_state_order(state));
    format_write_field_str(w, "message", rule_status_message(s));
    format_write_key(w, "metrics");
    format_write_begin_object(w);
    if (s->timed) {
        format_write_field_i64(w, "total_search_duration_ms", s->search_ns / TIME_MS);
        format_write_field_i64(w, "total_indexing_duration_ms", s->write_ns / TIME_MS);
    }
    if (s->gap > 0) {
        format_write_field_i64(w, "execution_gap_duration_s", s->gap / TIME_S);
        format_write_key(w, "gap_range");
        format_write_begin_object(w);
        format_write_key(w, "gte");
        format_write_time(w, s->gap_range.from);
        format_write_key(w, "lte");
        format_write_time(w, s->gap_range.to);
        format_write_end_object(w);
    }
    format_write_field_i64(w, "records_found", (int64_t)s->found);
    format_write_field_i64(w, "alerts_created", (int64_t)s->created);
    format_write_field_i64(w, "alerts_existing", (int64_t)s->existed);
    format_write_field_i64(w, "alerts_suppressed", (int64_t)s->suppressed);
    format_write_field_i64(w, "candidates_excepted", (int64_t)s->excepted);
    if (s->left > 0)
        format_write_field_i64(w, "candidates_left", (int64_t)s->left);
    format_write_end_object(w);
    format_write_end_object(w);
}
