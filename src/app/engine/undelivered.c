/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/undelivered.h"

#include "base/buf.h"
#include "store/state_notify.h"

enum err engine_undelivered_tell(struct store_state *st, const char *rule_id, enum rule_state state,
                                 const char *message, struct err_text *why)
{
    uint64_t n = 0;
    struct buf error, text;
    buf_init(&error);
    buf_init(&text);
    enum err err = store_state_outbox_given_up(st, rule_id, &n, &error);
    if (err == ERR_NONE && n > 0) {
        if (state == RULE_WARNED || state == RULE_FAILED)
            buf_format(&text, "%s, ", message);
        else
            state = RULE_WARNED;
        buf_format(&text,
                   "%llu message%s about alerts could not be sent and wait%s to be sent again or "
                   "dismissed (weir connector messages), the last because: %.400s",
                   (unsigned long long)n, n == 1 ? "" : "s", n == 1 ? "s" : "", buf_text(&error));
        err = buf_ok(&text) ? store_state_rule_set_status(st, rule_id, rule_state_name(state),
                                                          buf_text(&text))
                            : ERR_MEMORY;
    }
    buf_release(&error);
    buf_release(&text);
    return err == ERR_NONE || err == ERR_NOT_FOUND
               ? ERR_NONE
               : err_set(why, err, "the status of rule '%.100s' cannot be written: %s", rule_id,
                         err_name(err));
}
