#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""No writable globals, no static variables in functions. globals.py BUILD_DIR

nm calls constant tables of pointers writable, since the linker must fill them in; the section tells
them apart: .data.rel.ro is read-only once the program runs.
"""
import re
import subprocess
import sys
from pathlib import Path

import tree

# address, seven flag characters ('O' last: an object), section, size, name
ROW = re.compile(r"^[0-9a-f]+ .{6}O (\S+)\s+([0-9a-f]+)\s+(?:\.hidden )?(\S+)$")
WRITABLE = re.compile(r"^\.(t?data|t?bss)(\.(?!rel\.ro)|$)|^\*COM\*$")
# what C++ keeps for itself
OWN = re.compile(r"^(_ZGV|__|_ZStL|DW\.ref)")

build = Path(sys.argv[1])
layers = tree.Layers()
allowed = tree.exempt("globals_allowed.txt")
mistakes, seen, met = [], 0, set()
for room in layers.wing:
    archive = build / "src" / layers.wing[room] / room / f"lib{room}.a"
    if not archive.is_file():
        continue
    seen += 1
    out = subprocess.run(["objdump", "-t", str(archive)], capture_output=True, text=True,
                         check=True).stdout
    object_file = ""
    for line in out.splitlines():
        if line.endswith("-x86-64") or "file format" in line:
            object_file = line.split(":")[0]
        m = ROW.match(line)
        if not m or not WRITABLE.match(m.group(1)) or OWN.match(m.group(3)):
            continue
        symbol = re.sub(r"\.\d+$", "", m.group(3))
        if symbol in allowed:
            met.add(symbol)
        else:
            mistakes.append(f"lib{room}.a: {object_file}: {symbol} lies in {m.group(1)}")
if seen == 0:
    mistakes.append(f"{build}: no library has been built")
for symbol in allowed:
    if symbol not in met:
        mistakes.append(f"globals_allowed.txt: {symbol} is not there any more")
tree.report(mistakes)
