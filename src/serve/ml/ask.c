/* SPDX-License-Identifier: Apache-2.0 */
#include "ml/ask.h"

#include "api/api.h"
#include "store/state.h"

#include <string.h>

void ml_ask_init(struct ml_ask *a, const char *command, const char *verb)
{
    buf_init(&a->text);
    buf_init(&a->said);
    format_write_init(&a->w, &a->text);
    format_write_begin_object(&a->w);
    format_write_field_str(&a->w, "command", command);
    format_write_field_str(&a->w, "verb", verb);
}

void ml_ask_release(struct ml_ask *a)
{
    buf_release(&a->text);
    buf_release(&a->said);
}

void ml_ask_add(struct ml_ask *a, const char *key, const char *value)
{
    if (value != NULL)
        format_write_field_str(&a->w, key, value);
}

void ml_ask_add_n(struct ml_ask *a, const char *key, const char *value, size_t n)
{
    format_write_key(&a->w, key);
    format_write_str_n(&a->w, value, n);
}

void ml_ask_add_time(struct ml_ask *a, const char *key, ts_ns t)
{
    char text[TIME_TEXT_SIZE];
    if (t == TIME_NONE)
        return;
    time_format_iso(t, text);
    format_write_field_str(&a->w, key, text);
}

enum err ml_ask_still(struct api_call *c, bool *out, struct err_text *why)
{
    enum err err = store_state_upgrade_get(c->ports->state, out);
    return err == ERR_NONE
               ? ERR_NONE
               : err_set(why, err, "cannot read whether upgrade mode is on: %s", err_name(err));
}

/* What may be done while jobs stand still: ending that, and forgetting what they have learned. */
static bool is_free(const struct api_row *row)
{
    static const char *const ends[] = {"/_ml/set_upgrade_mode", "/_reset"};
    size_t n = strlen(row->path);
    for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
        if (n >= strlen(ends[i]) && strcmp(row->path + n - strlen(ends[i]), ends[i]) == 0)
            return true;
    return row->right != AUTH_RIGHT_STEER;
}

enum err ml_ask_may(struct api_call *c, struct err_text *why)
{
    bool still = false;
    enum err err = is_free(c->row) ? ERR_NONE : ml_ask_still(c, &still, why);
    if (err != ERR_NONE || !still)
        return err;
    return api_call_fail(c, 429, "status_exception", why,
                         "Cannot perform %s %s action while upgrade mode is enabled",
                         c->row->method, c->row->path);
}

enum err ml_ask_send(struct api_call *c, struct ml_ask *a, struct err_text *why)
{
    format_write_end_object(&a->w);
    enum err err = ml_ask_may(c, why);
    if (err == ERR_NONE)
        err = api_call_act(c, &a->text, &a->said, why);
    if (err == ERR_NONE && !buf_ok(&a->said))
        err = err_set(why, ERR_MEMORY, "%s", err_name(ERR_MEMORY));
    return err;
}

enum err ml_ask_job(struct api_call *c, const char *verb, const char *id, struct err_text *why)
{
    struct ml_ask a;
    ml_ask_init(&a, "job", verb);
    ml_ask_add(&a, "id", id);
    enum err err = ml_ask_send(c, &a, why);
    ml_ask_release(&a);
    return err;
}

enum err ml_ask_any(struct api_call *c, const char *verb, const char *id, struct err_text *why)
{
    enum err err = ml_ask_job(c, verb, id, why);
    return err == ERR_NOT_FOUND ? ERR_NONE : err;
}

enum err ml_ask_put(struct api_call *c, const char *command, const char *verb, const char *id,
                    const char *was, const struct buf *text, struct err_text *why)
{
    struct ml_ask a;
    ml_ask_init(&a, command, verb);
    ml_ask_add(&a, "id", id);
    ml_ask_add(&a, "was", was);
    ml_ask_add(&a, "text", buf_text(text));
    a.text.failed |= !buf_ok(text);
    enum err err = ml_ask_send(c, &a, why);
    ml_ask_release(&a);
    return err;
}
