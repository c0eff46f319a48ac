#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Functions that nobody calls, and functions that only some may call."""
import re

import tree

NEVER = {
    "strcpy": "no bound", "strcat": "no bound", "stpcpy": "no bound", "sprintf": "no bound",
    "vsprintf": "no bound", "gets": "no bound", "strtok": "hidden state",
    "atoi": "no errors", "atol": "no errors", "atoll": "no errors", "atof": "no errors",
    "system": "a shell", "popen": "a shell", "alloca": "no bound", "rand": "base/rng.h",
    "srand": "base/rng.h", "random": "base/rng.h", "localtime": "hidden state",
    "gmtime": "hidden state", "ctime": "hidden state", "asctime": "hidden state",
    "setlocale": "hidden state", "tmpnam": "a race", "mktemp": "a race",
    "setjmp": "err.h", "longjmp": "err.h",
}
# Folders that may call what libraries may not.
ONLY = {
    "exit": ("src/app/",), "_exit": ("src/app/", "src/store/store/"),
    "abort": ("src/core/base/assert.c",),
    "printf": ("src/app/",), "fprintf": ("src/app/", "src/core/base/"),
    "puts": ("src/app/",), "perror": (), "clock_gettime": ("src/core/base/clock.c",),
    "gettimeofday": (), "time": (), "getenv": ("src/app/",), "malloc": ("src/core/base/",),
    "calloc": ("src/core/base/",), "realloc": ("src/core/base/",),
}
CALL = re.compile(r"(?<![\w.>])(" + "|".join([*NEVER, *ONLY]) + r")\s*\(")

mistakes = []
allowed = tree.exempt("banned_allowed.txt")
met = set()
for path in tree.tracked("src/*.c", "src/*.h", "src/*.cpp"):
    where = tree.name(path)
    text = tree.bare(path.read_text())
    for m in CALL.finditer(text):
        word = m.group(1)
        why = NEVER.get(word)
        if why is None:
            if where.startswith(ONLY[word]):
                continue
            why = "only in " + ", ".join(ONLY[word]) if ONLY[word] else "nowhere"
        if f"{where} {word}" in allowed:
            met.add(f"{where} {word}")
            continue
        mistakes.append(f"{where}:{tree.line_of(text, m.start())}: {word}(): {why}")
for key in allowed:
    if key not in met:
        mistakes.append(f"banned_allowed.txt: {key} is not there any more")
tree.report(mistakes)
