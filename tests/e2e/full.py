"""A full disk: the daemon says so, waits, and goes on without a hole when there is space again."""
import json
import os
import signal
import subprocess
import sys
import time

from weir_e2e import SKIPPED, WEIR, Folder, check, weir


def event(i):
    return json.dumps({"@timestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
                       "event": {"category": ["network"], "dataset": "test.flow"},
                       "log": {"offset": i}, "message": os.urandom(60).hex(),
                       "source": {"ip": "10.0.0.1", "bytes": 100}}) + "\n"


if os.geteuid() != 0:
    sys.exit(SKIPPED)
with Folder() as folder:
    disk, log = folder("disk"), folder("app.ndjson", "")
    os.mkdir(disk)
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m", "weir", disk],
                      capture_output=True).returncode != 0:
        sys.exit(SKIPPED)
    daemon = None
    try:
        daemon = subprocess.Popen([WEIR, "serve", "--listen", "", "--data-dir", disk + "/data", "--follow", log],
                                  stderr=open(folder("said"), "wb"))
        time.sleep(2)
        with open(disk + "/ballast", "wb") as f:
            try:
                f.write(b"x" * 2000000)
            except OSError:
                pass
        written = 0
        end = time.time() + 40
        said = ""
        while "disk is full" not in said and time.time() < end:
            with open(log, "a") as f:
                for _ in range(2000):
                    f.write(event(written))
                    written += 1
            time.sleep(0.5)
            said = open(folder("said")).read()
        check("disk is full" in said, f"a full disk is told: {said}")
        check(daemon.poll() is None, f"and does not end the daemon: {said}")
        subprocess.run(["mount", "-o", "remount,size=64m", disk], check=True)
        end = time.time() + 40
        kept = []
        while len(kept) < written and time.time() < end:
            time.sleep(1)
            kept = [e["log"]["offset"] for e in
                    weir("search", "--data-dir", disk + "/data", "event.dataset: test.flow").lines()]
        check(sorted(kept) == list(range(written)),
              f"with space again nothing is missing: {len(kept)} of {written}")
        daemon.send_signal(signal.SIGTERM)
        check(daemon.wait(30) == 0, "a clean stop: " + open(folder("said")).read())
    finally:
        if daemon is not None and daemon.poll() is None:
            daemon.kill()
            daemon.wait()
        subprocess.run(["umount", "-l", disk], capture_output=True)
