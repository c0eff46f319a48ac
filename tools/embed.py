#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes files as C tables, so that the binary carries them.

usage: embed.py FOLDER OUTPUT FILE...

FILEs lie below FOLDER. OUTPUT gets the table `files` of {path, text, length}, sorted by path, and the
table `names` of FOLDER's subfolders.
"""
import os
import sys


def literal(data):
    """The bytes as C string literals, a line of the source at most each."""
    lines = []
    for line in data.splitlines(keepends=True) or [b""]:
        out = []
        for byte in line:
            char = chr(byte)
            if char in '"\\?':
                out.append("\\" + char)
            elif 32 <= byte < 127:
                out.append(char)
            else:
                out.append("\\%03o" % byte)
        lines.append('     "' + "".join(out) + '"')
    return "\n".join(lines)


def main():
    folder, output, files = sys.argv[1], sys.argv[2], sys.argv[3:]
    table = sorted((os.path.relpath(f, folder), f) for f in files)
    names = sorted({path.split("/")[0] for path, _ in table if "/" in path})
    with open(output, "w", encoding="ascii") as out:
        out.write("static const struct package_shipped_file files[] = {\n")
        for path, name in table:
            with open(name, "rb") as f:
                data = f.read()
            out.write('    {"%s",\n%s,\n     %d},\n' % (path, literal(data), len(data)))
        out.write("};\n\nstatic const char *const names[] = {\n")
        for name in names:
            out.write('    "%s",\n' % name)
        out.write("};\n")


if __name__ == "__main__":
    main()
