#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Names in the built archives: a symbol's name says its room. symbols.py BUILD_DIR"""
import subprocess
import sys
from pathlib import Path

import tree


def symbols(archive):
    """(object file, type, name) of every symbol that others can see, but weak ones."""
    out = subprocess.run(["nm", "-g", "--defined-only", str(archive)], capture_output=True,
                         text=True, check=True).stdout
    object_file = ""
    for line in out.splitlines():
        words = line.split()
        if line.endswith(":"):
            object_file = line[:-1]
        elif len(words) == 3 and words[1] in "TDBRSGC":
            yield object_file, words[1], words[2]


def prefixes(room, object_file):
    """base has no prefix of its own: its files do."""
    stem = Path(object_file).name.split(".")[0]
    return (f"{stem}_", "base_") if room == "base" else (f"{room}_",)


build = Path(sys.argv[1])
layers = tree.Layers()
mistakes, seen = [], 0
for room in layers.wing:
    archive = build / "src" / layers.wing[room] / room / f"lib{room}.a"
    if not archive.is_file():
        continue
    seen += 1
    for object_file, kind, symbol in symbols(archive):
        if symbol.startswith("__"):
            continue  # the compiler's own
        whole = any(symbol == p.rstrip("_") for p in prefixes(room, object_file))
        if symbol.startswith("_Z"):
            mistakes.append(f"lib{room}.a: {object_file}: {symbol}: C++ must stay inside its file")
        elif not whole and not symbol.startswith(prefixes(room, object_file)):
            mistakes.append(f"lib{room}.a: {object_file}: {symbol} ({kind}) must begin with "
                            + " or ".join(prefixes(room, object_file)))
if seen == 0:
    mistakes.append(f"{build}: no library has been built")
tree.report(mistakes)
