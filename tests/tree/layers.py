#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Includes against layers.txt: no room sees what it was not granted, and no circle of grants."""
import re

import tree

INCLUDE = re.compile(r'^\s*#\s*include\s+(["<])([^">]+)[">]', re.M)

# Headers of parts that others make, by how they begin.
PARTS = {
    "simdjson": ["simdjson"], "tomlplusplus": ["toml++"], "duckdb": ["duckdb.h"],
    "sqlite": ["sqlite3"], "zstd": ["zstd"], "zlib": ["zlib.h"], "pcap": ["pcap"],
    "nettle": ["nettle/"], "maxminddb": ["maxminddb"], "loc": ["libloc/"], "psl": ["libpsl"],
    "seccomp": ["seccomp.h"], "capng": ["cap-ng.h"],
    "threads": ["pthread.h", "threads.h"], "math": [],
}


def circle(sees):
    """The first circle among the grants, as a list of rooms."""
    state, path = {}, []

    def walk(room):
        state[room] = "open"
        path.append(room)
        for other in sees.get(room, []):
            if state.get(other) == "open":
                return path[path.index(other):] + [other]
            if other not in state:
                found = walk(other)
                if found:
                    return found
        path.pop()
        state[room] = "done"
        return None

    for room in sees:
        if room not in state:
            found = walk(room)
            if found:
                return found
    return None


layers = tree.Layers()
mistakes, used, used_parts = [], {}, {}
for room in layers.wing:
    for other in layers.sees[room]:
        if other not in layers.wing:
            mistakes.append(f"layers.txt: {room} may see {other}, which is no room")
    for path in layers.files(room, ".c", ".h", ".cpp", ".inc"):
        text = path.read_text()
        for m in INCLUDE.finditer(text):
            place = f"{tree.name(path)}:{tree.line_of(text, m.start())}"
            quote, header = m.groups()
            if quote == "<":
                for part, heads in PARTS.items():
                    if any(header.startswith(h) for h in heads):
                        used_parts.setdefault(room, set()).add(part)
                        if part not in layers.parts.get(room, []):
                            mistakes.append(f"{place}: {room} may not use {part}")
                continue
            other = header.split("/")[0]
            if "/" not in header:
                if not header.endswith(".inc"):
                    mistakes.append(f"{place}: say \"{room}/{header}\"")
            elif other not in layers.wing:
                mistakes.append(f"{place}: there is no room {other}")
            elif other != room and other not in layers.sees[room]:
                mistakes.append(f"{place}: {room} may not see {other}")
            elif header.endswith("_priv.h") and other != room:
                mistakes.append(f"{place}: {header} is private to {other}")
            else:
                used.setdefault(room, set()).add(other)
found = circle(layers.sees)
if found:
    mistakes.append("layers.txt: a circle: " + " sees ".join(found))
for wing in sorted({layers.wing[r] for r in layers.wing}):
    folder = tree.ROOT / "src" / wing
    for path in sorted(folder.iterdir()) if folder.is_dir() else []:
        if path.is_dir() and path.name not in layers.wing:
            mistakes.append(f"{tree.name(path)}: a room that layers.txt does not know")
for room in layers.wing:
    if layers.files(room, ".c"):
        spare = [o for o in layers.sees[room] if o not in used.get(room, set())]
        parts = [p for p in layers.parts.get(room, [])
                 if p not in used_parts.get(room, set()) and PARTS.get(p)]
        if spare or parts:
            print(f"not used: {room}: {' '.join(spare + parts)}")
tree.report(mistakes)
