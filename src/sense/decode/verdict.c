/* SPDX-License-Identifier: Apache-2.0 */
#include "decode/verdict.h"

#include <stddef.h>

const char *decode_verdict_name(enum decode_verdict v)
{
    static const char *const names[DECODE_VERDICTS] = {
        [DECODE_OK] = "ok",
        [DECODE_FRAGMENT_KEPT] = "fragment_kept",
        [DECODE_NOT_IP] = "not_ip",
        [DECODE_LINK_UNKNOWN] = "link_unknown",
        [DECODE_LINK_SHORT] = "link_short",
        [DECODE_LINK_BAD] = "link_bad",
        [DECODE_IP_SHORT] = "ip_short",
        [DECODE_IP_VERSION] = "ip_version",
        [DECODE_IP_LENGTH] = "ip_length",
        [DECODE_IP_EXTENSIONS] = "ip_extensions",
        [DECODE_TRANSPORT_SHORT] = "transport_short",
        [DECODE_TRANSPORT_BAD] = "transport_bad",
        [DECODE_FRAGMENT_BAD] = "fragment_bad",
        [DECODE_FRAGMENT_DROPPED] = "fragment_dropped",
    };
    return (unsigned)v < DECODE_VERDICTS ? names[v] : "unknown";
}
