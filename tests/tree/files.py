#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How files look: length, licence line, the paragraphs of a header, a README in each room."""
import re

import tree

LINES_MAX = 800
README_MAX = 40
SPDX = "SPDX-License-Identifier: Apache-2.0"

# Headers that hold nothing to own or to share.
CONSTANTS_ONLY = tree.exempt("constant_headers.txt")

# Functions after which somebody holds something.
OWNING = re.compile(r"_(new|free|open|close|init|release|ref|unref|take|view|peek)\(")

layers = tree.Layers()
mistakes = []
for path in tree.tracked("*.c", "*.h", "*.cpp", "*.py"):
    text = path.read_text()
    lines = text.splitlines()
    where = tree.name(path)
    if len(lines) > LINES_MAX:
        mistakes.append(f"{where}: {len(lines)} lines, at most {LINES_MAX} are wanted")
    if path.suffix in (".c", ".cpp") and not any(SPDX in line for line in lines[:2]):
        mistakes.append(f"{where}:1: expected {SPDX}")
    if re.search(r"\b(TODO|FIXME|XXX)\b", text) and path != tree.ROOT / "tests/tree/files.py":
        mistakes.append(f"{where}: something is left to be done")
for room in layers.wing:
    for path in layers.files(room, ".h"):
        text = path.read_text()
        where = tree.name(path)
        if where in CONSTANTS_ONLY:
            if not CONSTANTS_ONLY[where]:
                mistakes.append(f"constant_headers.txt: {where}: say why")
            continue
        guard = f"{room}_{path.stem}_H".upper()
        if f"#ifndef {guard}\n#define {guard}\n" not in text:
            mistakes.append(f"{where}: expected the guard {guard}")
        if path.stem.endswith("_priv"):
            continue  # read beside the sources that share it
        if "Threads:" not in text:
            mistakes.append(f"{where}: expected a paragraph 'Threads:'")
        if OWNING.search(tree.bare(text)) and "Ownership:" not in text:
            mistakes.append(f"{where}: expected a paragraph 'Ownership:'")
    readme = layers.folder(room) / "README.md"
    if not layers.files(room, ".c"):
        continue
    if not readme.is_file():
        mistakes.append(f"src/{layers.wing[room]}/{room}: expected a README.md")
    elif len(readme.read_text().splitlines()) > README_MAX:
        mistakes.append(f"{tree.name(readme)}: more than {README_MAX} lines")
for where in CONSTANTS_ONLY:
    if not (tree.ROOT / where).is_file():
        mistakes.append(f"constant_headers.txt: {where} is not there any more")
tree.report(mistakes)
