"""A backup while events come in, kill -9, and all of it again in another place."""
import json
import os
import subprocess
import threading
import time

from weir_e2e import WEIR, Folder, check, conn, kill_daemon, office, upload, weir
from weir_server import Server

EVENTS = 'event.dataset: "load.test"'


class Load(threading.Thread):
    """Sends events as fast as they are acknowledged, each with a number."""

    def __init__(self, server):
        super().__init__(daemon=True)
        self.server, self.acknowledged, self.stopped, self.ended = server, 0, False, None

    def run(self):
        while not self.stopped:
            lines = []
            for i in range(self.acknowledged, self.acknowledged + 200):
                lines += [{"create": {"_index": "logs-load.test-default"}},
                          {"@timestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
                           "event": {"dataset": "load.test"}, "log": {"offset": i}}]
            try:
                answer = self.server.bulk("/_bulk", lines)
            except OSError as error:
                self.ended = str(error)  # it was killed
                return
            if answer.status in (429, 503):
                time.sleep(0.1)  # too much for the moment
            elif answer.status == 200:
                self.acknowledged += 200
            else:
                self.ended = answer.body[:300]
                return


def numbers(data):
    run = weir("search", "--data-dir", data, EVENTS)
    check(run.status == 0, "search works", run)
    return [e["log"]["offset"] for e in run.lines()]


def alerts(data):
    return sorted(a["kibana.alert.uuid"] for a in weir("alerts", "--data-dir", data).lines())


def jobs(data):
    run = weir("job", "list", "--data-dir", data)
    check(run.status == 0, "jobs are listed", run)
    return [line.split()[0] for line in run.out.splitlines()]


def refused(run, part, what):
    check(run.status in (1, 2) and part in run.err, what, run)


with Folder() as folder:
    data, there, file = folder("data"), folder("there"), folder("weir.tar.zst")
    log = folder("conn.log", conn(sorted(office(30) + upload(28))))
    played = weir("replay", "--quiet", "--data-dir", data, "--package", "ded", log)
    check(played.status == 0, "a past is played", played)
    before = weir("sql", "--data-dir", data, "SELECT count(*) AS n FROM events").lines()[0]["n"]
    check(alerts(data) and before > 1000, "there are alerts and events")

    with Server(data) as server:
        load = Load(server)
        load.start()
        check(server.wait(lambda: load.acknowledged >= 2000, 200), f"the load is taken: {load.ended}")
        due, raised, known = load.acknowledged, alerts(data), jobs(data)
        backup = weir("backup", file, "--data-dir", data)
        check(backup.status == 0 and backup.out == "", "a backup under load", backup)
        check(os.stat(file).st_mode & 0o777 == 0o600 and not os.path.exists(file + ".part"),
              "it is its owner's, and whole")
        came = load.acknowledged
        check(server.wait(lambda: load.acknowledged > came, 200), f"the daemon went on: {load.ended}")
        refused(weir("restore", file, "--data-dir", data), "uses this data directory",
                "a running daemon's directory is refused")
        load.stopped = True
        kill_daemon(server.daemon)
        load.join()
        server.daemon = None
        password = server.password
    refused(weir("restore", file, "--data-dir", data), "not empty", "so is one that is not empty")
    check(weir("restore", file, "--data-dir", there).status == 0, "restored in another place")

    have = numbers(there)
    check(len(have) == len(set(have)) and set(range(due)) <= set(have),
          f"all that was acknowledged is there, once: {due} were due, {len(have)} are there")
    check(set(have) <= set(numbers(data)), "nothing else is there")
    count = weir("sql", "--data-dir", there, "SELECT count(*) AS n FROM events").lines()[0]["n"]
    check(count == before + len(have), "the past is there too")
    check(alerts(there) == raised, "the same alerts")
    check(jobs(there) == known, "the same jobs")

    with Server(there, password=password) as server:
        check(server.admin("GET", "/api/me")["role"] == "admin", "the same people")
        more = Load(server)
        more.acknowledged = max(have) + 1
        more.start()
        check(server.wait(lambda: more.acknowledged > max(have) + 1, 200), f"it goes on from there: {more.ended}")
        more.stopped = True
        more.join()
    check(alerts(there) == raised, "no alert twice")

    # Without a daemon, to standard output; what was written is what is there.
    again = folder("again")
    quiet = weir("backup", "-", "--data-dir", there, text=False)
    check(quiet.status == 0 and quiet.out[:4] == b"\x28\xb5\x2f\xfd", "a zstd frame on standard output")
    check(weir("restore", folder("quiet.tar.zst", quiet.out), "--data-dir", again).status == 0, "and back")
    check(numbers(again) == numbers(there), "the same events in the same order")
    piped = folder("piped")
    check(weir("restore", "-", "--data-dir", piped, stdin=quiet.out, text=False).status == 0, "and from standard input")
    check(numbers(piped) == numbers(there), "which holds the same")
    with open(folder("quiet.tar.zst"), "rb") as whole:
        done = subprocess.run([WEIR, "restore", "-", "--data-dir", folder("redirected")], stdin=whole)
    check(done.returncode == 0, "or a file in its place")
    refused(weir("restore", "-", "--data-dir", folder("none"), stdin="no backup"), "standard input", "but no rubbish")

    # A file that is damaged or cut touches nothing.
    damaged = bytearray(quiet.out)
    damaged[len(damaged) // 2] ^= 1
    for content in (bytes(damaged), quiet.out[:-100], b"", b"no backup"):
        refused(weir("restore", folder("damaged", content), "--data-dir", folder("none")), "damaged",
                "a damaged backup is refused")
        check(not os.path.exists(folder("none")), "and nothing is made")
    refused(weir("backup", "/nowhere/file", "--data-dir", there), "cannot be written", "a wrong place is told")
    refused(weir("backup", "--data-dir", there), "the file to write", "a file is needed")

    # A full disk where the backup is to go: told, and no half file.
    os.symlink("/dev/full", folder("full.part"))
    full = weir("backup", folder("full"), "--data-dir", there)
    check(full.status == 1 and "No space left" in full.err, "what failed is told", full)
    check(not [name for name in os.listdir(folder.path) if name.startswith("full")], "no half file")
print("backed up under load, killed, restored")
