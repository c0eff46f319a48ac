# SPDX-License-Identifier: Apache-2.0
"""What the tree tests share: the layer table, the source files, C without comments and strings."""
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


class Layers:
    """layers.txt: rooms in their order, whom they may see, which parts of others they may use."""

    def __init__(self):
        self.wing, self.sees, self.parts = {}, {}, {}
        for line in (ROOT / "layers.txt").read_text().splitlines():
            words = line.split("#")[0].split()
            if not words:
                continue
            if words[0] == "external":
                self.parts.setdefault(words[1], []).extend(words[2:])
            else:
                self.wing[words[1]] = words[0]
                self.sees[words[1]] = words[2:]

    def folder(self, room):
        return ROOT / "src" / self.wing[room] / room

    def files(self, room, *endings):
        folder = self.folder(room)
        if not folder.is_dir():
            return []
        return sorted(p for p in folder.iterdir() if p.suffix in endings)


def tracked(*patterns):
    """Files of the repository; where it is no git checkout, of the folders that hold code."""
    try:
        out = subprocess.run(["git", "ls-files", "-co", "--exclude-standard", *patterns], cwd=ROOT,
                             capture_output=True, text=True, check=True).stdout
        files = [ROOT / line for line in out.splitlines()]
    except (subprocess.CalledProcessError, FileNotFoundError):
        files = [p for pattern in patterns for top in ("src", "tests", "fuzz", "bench", "tools")
                 for p in (ROOT / top).rglob(pattern)]
    return sorted(p for p in files if p.is_file())


def name(path):
    return str(path.relative_to(ROOT))


TOKEN = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)


def bare(text):
    """C without comments and the insides of strings; lines keep their numbers."""
    def blank(m):
        s = m.group(0)
        lines = "\n" * s.count("\n")
        return lines if s[0] == "/" else s[0] + lines + s[0]
    return TOKEN.sub(blank, text)


def line_of(text, at):
    return text.count("\n", 0, at) + 1


def exempt(file):
    """Lines "path: reason" of a list beside the tests."""
    path = Path(__file__).with_name(file)
    rows = {}
    for line in path.read_text().splitlines():
        if line.strip() and not line.startswith("#"):
            key, _, reason = line.partition(":")
            rows[key.strip()] = reason.strip()
    return rows


def report(mistakes):
    """Prints what is wrong and ends the test."""
    for m in mistakes:
        print(m)
    print(f"{len(mistakes)} mistakes" if mistakes else "all is well")
    sys.exit(1 if mistakes else 0)
