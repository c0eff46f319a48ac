"""kill -9 at any moment: what was committed is there, alerts do not repeat, learning goes on."""
import json
import os
import random
import signal
import subprocess
import time

from weir_e2e import WEIR, Folder, check, conn, kill_daemon, office, weir

KILLS = 4


def event(i):
    return json.dumps({"@timestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
                       "event": {"category": ["network"], "dataset": "test.flow"},
                       "network": {"direction": "outbound"}, "log": {"offset": i},
                       "source": {"ip": "10.0.0.1", "bytes": 100},
                       "destination": {"ip": "8.8.8.8", "port": 53}}) + "\n"


def stored(data):
    run = weir("search", "--data-dir", data, "event.dataset: test.flow")
    check(run.status == 0, "search works after a kill", run)
    return [e["log"]["offset"] for e in run.lines()]


def wait_until_up(data):
    """Waits until the daemon answers; returns how long an answer takes on this machine."""
    for _ in range(200):
        begun = time.time()
        if "daemon       runs" in weir("status", "--data-dir", data).out:
            return time.time() - begun
        time.sleep(0.1)
    check(False, "the daemon answers through its socket")


with Folder() as folder:
    data, log = folder("data"), folder("app.ndjson", "")
    rng = random.Random(5)
    written = 0
    acknowledged = 0
    for _ in range(KILLS):
        daemon = subprocess.Popen([WEIR, "serve", "--listen", "", "--quiet", "--data-dir", data, "--follow", log,
                                   "--package", "security_network"], stderr=subprocess.PIPE)
        slow = wait_until_up(data)
        end = time.time() + 4 + rng.random() * 2
        history = []  # (when, how many were written by then)
        with open(log, "a") as f:
            while time.time() < end:
                history.append((time.time(), written))
                for _ in range(20):
                    f.write(event(written))
                    written += 1
                f.flush()
                time.sleep(0.02)
        # One second between commits, a quarter between polls, and what the machine is slow.
        allowed = time.time() - 2 - 4 * slow
        kill_daemon(daemon)
        due = max((n for when, n in history if when <= allowed), default=0)
        have = stored(data)
        check(len(have) == len(set(have)), "no event twice")
        check(sorted(have) == list(range(len(have))), "no event missing among those kept")
        check(len(have) >= acknowledged, "what was kept stays kept")
        check(len(have) >= due, f"at most the last second is missing: {due} were due of {written}, "
              f"{len(have)} kept")
        acknowledged = len(have)
    daemon = subprocess.Popen([WEIR, "serve", "--listen", "", "--quiet", "--data-dir", data, "--follow", log],
                              stderr=subprocess.PIPE)
    wait_until_up(data)
    time.sleep(3)
    daemon.send_signal(signal.SIGTERM)
    check(daemon.wait(30) == 0, "a clean stop")
    check(sorted(stored(data)) == list(range(written)), "all is there in the end")

    # A replay into a directory, killed and begun anew, and one that ran through: the same alerts.
    rows = folder("conn.log", conn(office(30)))
    one, two = folder("one"), folder("two")
    weir("replay", "--quiet", "--data-dir", one, "--package", "security_network", rows)
    victim = subprocess.Popen([WEIR, "replay", "--quiet", "--data-dir", two, "--package",
                               "security_network", rows], stdout=subprocess.DEVNULL)
    time.sleep(0.3)
    victim.kill()
    victim.wait()
    check(weir("status", "--data-dir", two).status == 0, "a killed replay leaves a sound directory")
    check(os.path.exists(two + "/state.db"), "with its state")
