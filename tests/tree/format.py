#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The whole tree is formatted. Ends with 77, which ctest takes for skipped, without clang-format 14."""
import shutil
import subprocess
import sys

import tree

tool = shutil.which("clang-format-14")
if tool is None:
    print("clang-format-14 is not installed")
    sys.exit(77)
files = [str(p) for p in tree.tracked("*.c", "*.h", "*.cpp")]
mistakes = []
for at in range(0, len(files), 100):
    out = subprocess.run([tool, "--dry-run", "--Werror", *files[at:at + 100]], capture_output=True,
                         text=True, check=False)
    for line in out.stderr.splitlines():
        if "error:" in line:
            mistakes.append(line.replace(str(tree.ROOT) + "/", ""))
tree.report(mistakes)
