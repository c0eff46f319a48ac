#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Elasticsearch's official client drives the API (client/client.mjs)."""
import os
import shutil
import subprocess
import sys
import tempfile

from weir_e2e import SKIPPED, check
from weir_server import Server

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
CLIENT = os.path.join(ROOT, "third_party", "client")

if shutil.which("node") is None or not os.path.isdir(CLIENT):
    print("tools/setup installs the client", file=sys.stderr)
    sys.exit(SKIPPED)
with tempfile.TemporaryDirectory() as folder, Server(os.path.join(folder, "data")) as server:
    run = subprocess.run(["node", os.path.join(ROOT, "tests/e2e/client/client.mjs"),
                          f"http://127.0.0.1:{server.port}", "admin", server.password],
                         env={**os.environ, "WEIR_CLIENT": CLIENT}, capture_output=True, text=True, timeout=300)
    check(run.returncode == 0 and run.stdout.endswith("ok\n"), f"the client: {run.stdout}{run.stderr}")
    print("ok")
