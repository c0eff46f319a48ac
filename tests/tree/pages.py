#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The pages made from tables in the code are what the code says (tools/docs BUILD --check)."""
import subprocess
import sys

import tree

out = subprocess.run([str(tree.ROOT / "tools/docs"), sys.argv[1], "--check"], capture_output=True,
                     text=True, check=False)
tree.report(out.stderr.splitlines() if out.returncode != 0 else [])
