#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The public machine_learning rules as a table, made from a page of facts about them.

usage: public_rules.py make | check

make writes public_rules.tsv beside this script; check compares it with what make would write. The
page is rules-machine-learning.md in the folder $WEIR_SHARED_DIR/facts; without it check is skipped
(exit status 77).
"""
import csv
import io
import os
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
TABLE = os.path.join(HERE, "public_rules.tsv")
HEAD = ["rule_id", "name", "job_id", "anomaly_threshold", "from", "interval", "min_stack_version",
        "module", "threat", "tags"]


def rows(page):
    for line in page.splitlines():
        cells = [c.strip() for c in line.strip().strip("|").split("|")]
        if len(cells) != 11 or not cells[0].isdigit():
            continue
        _, name, rule_id, job, threshold, start, interval, stack, module, threat, tags = cells
        yield [rule_id, name, job, threshold, start, interval, "" if stack == "-" else stack, module,
               threat, tags]


def table():
    folder = os.environ.get("WEIR_SHARED_DIR")
    if not folder:
        print("WEIR_SHARED_DIR is not set")
        sys.exit(77)
    with open(os.path.join(folder, "facts", "rules-machine-learning.md"), encoding="utf-8") as f:
        found = list(rows(f.read()))
    for row in found:
        assert re.fullmatch(r"[0-9a-f-]{36}", row[0]), row
    out = io.StringIO()
    writer = csv.writer(out, delimiter="\t", lineterminator="\n", quoting=csv.QUOTE_NONE)
    writer.writerow(HEAD)
    writer.writerows(found)
    return out.getvalue()


def main():
    if sys.argv[1:] == ["make"]:
        with open(TABLE, "w", encoding="utf-8") as f:
            f.write(table())
    elif sys.argv[1:] == ["check"]:
        with open(TABLE, encoding="utf-8") as f:
            if f.read() != table():
                sys.exit("public_rules.tsv differs from the facts; run public_rules.py make")
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main()
