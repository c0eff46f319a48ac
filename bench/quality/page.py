# SPDX-License-Identifier: Apache-2.0
"""The tables of docs/quality.md, each between two comments that name it."""
import pathlib

PAGE = pathlib.Path(__file__).resolve().parent.parent.parent / "docs/quality.md"


def write(name, text):
    page = PAGE.read_text()
    begin, end = f"<!-- {name} -->\n", f"<!-- end of {name} -->"
    before, rest = page.split(begin, 1)
    PAGE.write_text(before + begin + text + "\n" + end + rest.split(end, 1)[1])
