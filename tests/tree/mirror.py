#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Tests mirror sources: src/a/b/c.c is proved in tests/a/b/test_c.c, unless mirror_exempt.txt says why
not. And no test without its source, and none that ctest does not know."""
import fnmatch
import re

import tree

layers = tree.Layers()
exempt = tree.exempt("mirror_exempt.txt")
mistakes, sources = [], set()


def excused(source):
    """By its own line, or by one for its whole room: app/cli/*."""
    return any(fnmatch.fnmatch(source, pattern) for pattern in exempt)


for room in layers.wing:
    wing = layers.wing[room]
    folder = tree.ROOT / "tests" / wing / room
    listed = folder / "CMakeLists.txt"
    text = listed.read_text() if listed.is_file() else ""
    for path in layers.files(room, ".c", ".cpp"):
        source = f"{wing}/{room}/{path.name}"
        test = folder / f"test_{path.stem}.c"
        sources.add(source)
        if test.is_file() and source in exempt:
            mistakes.append(f"mirror_exempt.txt: {source} has a test")
        if not test.is_file() and not excused(source):
            mistakes.append(f"src/{source}: expected tests/{wing}/{room}/test_{path.stem}.c")
    headers = {p.stem for p in layers.files(room, ".h")}
    stems = {p.stem for p in layers.files(room, ".c", ".cpp")}
    for test in sorted(folder.glob("test_*.c")) if folder.is_dir() else []:
        stem = test.stem[len("test_"):]
        if stem.split("_")[0] in ("fault", "property", "corpus", "promise", "kept"):
            pass  # about the room as a whole
        elif stem not in stems and stem not in headers and f"{wing}/{room}/{test.name}" not in exempt:
            mistakes.append(f"{tree.name(test)}: there is no src/{wing}/{room}/{stem}.c or .h")
        if not re.search(rf"\b(test_)?{stem}\b", text):
            mistakes.append(f"{tree.name(test)}: not listed in {tree.name(listed)}")
for source, reason in exempt.items():
    if not reason:
        mistakes.append(f"mirror_exempt.txt: {source}: say why")
    there = fnmatch.filter(sources, source) or (tree.ROOT / "tests" / source).is_file()
    if not there:
        mistakes.append(f"mirror_exempt.txt: {source} is not there any more")
tree.report(mistakes)
