#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the tables of the docs that come from the code: the layers in docs/architecture.md, and
docs/fields.md. With --check it changes nothing, says which page is old and ends with 1."""
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def layers_table():
    rows, parts = [], {}
    for line in (ROOT / "layers.txt").read_text().splitlines():
        words = line.split("#")[0].split()
        if not words:
            continue
        if words[0] == "external":
            parts[words[1]] = " ".join([parts.get(words[1], ""), *words[2:]]).strip()
        else:
            rows.append((words[0], words[1], " ".join(words[2:])))
    out = ["| wing | room | may see | may use, made by others |", "| --- | --- | --- | --- |"]
    for wing, room, sees in rows:
        out.append(f"| {wing} | {room} | {sees or 'nothing'} | {parts.get(room, '')} |")
    return "\n".join(out)


def between(page, mark, table):
    path = ROOT / page
    text = path.read_text()
    pattern = re.compile(rf"(<!-- {mark}:begin -->\n).*?(<!-- {mark}:end -->)", re.S)
    if not pattern.search(text):
        sys.exit(f"{page}: expected the marks {mark}:begin and {mark}:end")
    return path, text, pattern.sub(lambda m: m.group(1) + table + "\n" + m.group(2), text)


def fields_page():
    text = (ROOT / "src/core/event/field_list.h").read_text()
    rows = re.findall(r'^FIELD\(\w+,\s*"([^"]+)",\s*(\w+)\)', text, re.M)
    out = [
        "# Fields", "",
        f"The {len(rows)} fields that Weir knows, with their types: what it makes itself, and what public jobs and rules read. Fields that are",
        "not here are kept under their names as they come. `@timestamp` (date) is the event's time. This page is written by",
        "`tools/docs_tables.py` from `src/core/event/field_list.h`.", "",
        "| field | type |", "| --- | --- |",
    ]
    out += [f"| `{name}` | {kind.lower()} |" for name, kind in rows]
    path = ROOT / "docs/fields.md"
    return path, path.read_text() if path.is_file() else "", "\n".join(out) + "\n"


def main():
    check = sys.argv[1:] == ["--check"]
    old = []
    for path, have, want in (between("docs/architecture.md", "layers", layers_table()),
                             fields_page()):
        if have == want:
            continue
        old.append(path)
        if not check:
            path.write_text(want)
    for path in old:
        name = path.relative_to(ROOT)
        print(f"{name}: old, run tools/docs_tables.py" if check else f"{name} written")
    sys.exit(1 if check and old else 0)


main()
