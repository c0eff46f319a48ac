/* SPDX-License-Identifier: Apache-2.0 */
#include "ml/name.h"

#include "detect/job.h"
#include "format/node.h"

#include <string.h>

enum err ml_name_check(struct api_call *c, const char *what, const char *id, struct err_text *why)
{
    if (detect_job_id_valid(id))
        return ERR_NONE;
    return api_call_fail(c, 400, "illegal_argument_exception", why,
                         "Invalid %s; '%.100s' can contain lowercase alphanumeric (a-z and 0-9), "
                         "hyphens or underscores; must start and end with alphanumeric",
                         what, id);
}

enum err ml_name_same(struct api_call *c, const struct format_node *body, const char *what,
                      const char *id, struct err_text *why)
{
    const struct format_node *named = format_node_get(body, what);
    const char *text = format_node_str(named, NULL);
    if (format_node_type(named) == FORMAT_NULL)
        return ERR_NONE;
    if (text == NULL)
        return api_call_fail(c, 400, "x_content_parse_exception", why,
                             "[%u:%u] [%s] must be a string", format_node_line(named),
                             format_node_column(named), what);
    /* A NUL within would hide what follows it. */
    if (format_node_str_len(named) == strlen(id) && strcmp(text, id) == 0)
        return ERR_NONE;
    return api_call_fail(c, 400, "illegal_argument_exception", why,
                         "Inconsistent %s; '%.100s' specified in the body differs from '%.100s' "
                         "specified as a URL argument",
                         what, text, id);
}
