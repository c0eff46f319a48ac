#!/bin/sh
# Makes the perfect hash of field names (GNU gperf) out of the field list: field_list.h out.inc
set -eu
{
    echo 'struct field_name { int name; uint16_t field; };'
    echo '%%'
    sed -n 's/^FIELD(\([A-Za-z0-9_]*\), "\([^"]*\)", .*/\2, EVENT_F_\1/p' "$1"
} | gperf -t -P -C -l -c -m 2 -L ANSI-C -N field_lookup -H field_hash -K name >"$2"
