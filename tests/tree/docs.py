#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Tables in the docs are those of the code: tools/docs_tables.py would change nothing."""
import subprocess
import sys

import tree

out = subprocess.run([sys.executable, str(tree.ROOT / "tools/docs_tables.py"), "--check"],
                     capture_output=True, text=True, check=False)
mistakes = out.stdout.splitlines() if out.returncode == 1 else []
if out.returncode not in (0, 1):
    mistakes = [out.stderr]
tree.report(mistakes)
