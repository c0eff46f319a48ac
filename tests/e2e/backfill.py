"""A package installed on a full store: the daemon goes on, the past is learned and alerted meanwhile, and
the alerts are those of a replay over the same events."""
import json
import os
import subprocess
import time

from weir_e2e import START, WEIR, Folder, check, conn, normalise, office, upload, weir

DAYS = 8
PACKAGES = ["--package", "ded"]


def until(what, condition, seconds=120):
    end = time.time() + seconds
    while not condition():
        check(time.time() < end, what)
        time.sleep(0.1)


def line(at):
    return json.dumps({"@timestamp": at * 1000, "event": {"category": ["network"]}, "tags": ["new"],
                       "source": {"ip": "10.0.0.1"}}) + "\n"


with Folder() as folder:
    # Connections stand in a log when they end; this one mixes their order as a busy sensor does.
    rows = sorted(office(24 * DAYS, per_hour=200) + upload(24 * DAYS - 30),
                  key=lambda row: row[0] + (row[3] * 7919 + row[4]) % 3000)
    log = folder("conn.log", conn(rows))
    whole = weir("replay", "--quiet", *PACKAGES, log)
    wanted = [normalise(a) for a in whole.lines()]
    check(whole.status == 0 and wanted, "a replay finds the upload", whole)

    # The store is filled by a run that looks for something else.
    data, now = folder("data"), int(time.time())
    shift = now // 3600 * 3600 - START - 24 * DAYS * 3600
    moved = [(row[0] + shift, *row[1:]) for row in rows]
    first = weir("replay", "--quiet", "--package", "security_network", "--data-dir", data,
                 folder("moved.log", conn(moved)))
    check(first.status == 0, "the store is filled", first)
    whole = weir("replay", "--quiet", *PACKAGES, folder("moved.log"))
    wanted = sorted(a["kibana.alert.reason"] for a in whole.lines())

    tail = folder("tail.ndjson", "")
    daemon = subprocess.Popen([WEIR, "serve", "--listen", "", "--data-dir", data, "--follow", tail],
                              stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
    try:
        until("the socket is there", lambda: os.path.exists(data + "/control.sock"))
        begun = time.time()
        run = weir("package", "install", "ded", "--data-dir", data)
        check(run.status == 0, "the package is installed", run)
        asked = time.time() - begun
        seen_behind = 0
        with open(tail, "a") as out:
            for i in range(1000):
                jobs = weir("job", "list", "--data-dir", data).out
                behind = jobs.count("reads the stored events first")
                seen_behind += behind > 0
                out.write(line(int(time.time())))
                out.flush()
                if behind == 0:
                    break
                time.sleep(0.05)
        took = time.time() - begun
        check(behind == 0, "in the end no job is behind")
        if took > 3:  # a machine so fast that it has done it all at once shows nothing
            check(asked < took / 2, f"the answer ({asked:.1f} s) does not wait for the past ({took:.1f} s)")
            check(seen_behind > 1, "the jobs say that they are behind")
        count = lambda: len(weir("search", "tags: new", "--data-dir", data).lines())
        until("what comes meanwhile is kept", lambda: count() == i + 1)
        found = sorted(a["kibana.alert.reason"] for a in weir("alerts", "--data-dir", data).lines()
                       if "ded_" in json.dumps(a))
        check(found == wanted, f"the alerts of the past: {found} for {wanted}")
    finally:
        daemon.terminate()
        said = daemon.communicate(timeout=60)[1]
    check("all jobs have had the stored events" in said, f"it is told: {said}")
