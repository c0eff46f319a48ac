#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Prints src/core/query/unicode_table.h: letters and digits, ideographs, lower case."""
import sys
import unicodedata


def ranges(test):
    out, start = [], None
    for c in range(0x80, 0x20000):
        if test(c):
            start = c if start is None else start
        elif start is not None:
            out.append((start, c - 1))
            start = None
    if start is not None:
        out.append((start, 0x1FFFF))
    return out


def word(c):
    return unicodedata.category(chr(c))[0] in "LNM" and not single(c)


def single(c):
    """Scripts written without blanks between words: each character is a word."""
    name = unicodedata.name(chr(c), "")
    return name.startswith(("CJK UNIFIED", "CJK COMPATIBILITY IDEOGRAPH", "HIRAGANA LETTER"))


def lower_steps():
    """Runs of capitals with one distance to their small letters: (first, last, stride, distance)."""
    pairs = []
    for c in range(0x80, 0x20000):
        low = chr(c).lower()
        if len(low) == 1 and ord(low) != c:
            pairs.append((c, ord(low) - c))
    runs = []
    for c, d in pairs:
        if runs:
            first, last, stride, dist = runs[-1]
            step = c - last
            if d == dist and step in (1, 2) and (first == last or step == stride):
                runs[-1] = (first, c, step, dist)
                continue
        runs.append((c, c, 1, d))
    return runs


def emit(name, kind, rows):
    print(f"static const struct {kind} {name}[] = {{")
    line = "   "
    for row in rows:
        item = " {" + ", ".join(hex(v) if abs(v) > 9 and i < 2 else str(v) for i, v in enumerate(row)) + "},"
        if len(line) + len(item) > 100:
            print(line)
            line = "   "
        line += item
    print(line)
    print("};")


print(f"""/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QUERY_UNICODE_TABLE_H
#define QUERY_UNICODE_TABLE_H

/*
 * Which characters beyond ASCII make words, and their small letters.
 *
 * Made by tools/make_unicode_table.py from Unicode {unicodedata.unidata_version}; not edited by hand.
 *
 * Threads: any; constant.
 */

#include <stdint.h>

struct unicode_range {{
    uint32_t first;
    uint32_t last;
}};

struct unicode_lower {{
    uint32_t first;
    uint32_t last;
    uint32_t stride; /* every one, or every second */
    int32_t distance;
}};

/* clang-format off */
/* Letters, marks and numbers. */""")
emit("unicode_words", "unicode_range", ranges(word))
print("\n/* Ideographs and hiragana: a word each. */")
emit("unicode_singles", "unicode_range", ranges(single))
print("\n/* Capitals. */")
emit("unicode_lowers", "unicode_lower", lower_steps())
print("/* clang-format on */\n\n#endif")
