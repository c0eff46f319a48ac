"""A replay that is stopped in the middle and begun again: the same alerts and results as one that ran
through, and every event kept once."""
import json
import signal
import subprocess
import time

from weir_e2e import WEIR, Folder, check, conn, flood, normalise, office, upload, weir

PACKAGES = ["--package", "ded", "--package", "security_network", "--package", "home_exfil"]
JOBS = ("high_count_network_events", "ded_high_sent_bytes_destination_port",
        "home_exfil_high_bytes_out_by_host")


def results(data):
    out = []
    for job in JOBS:
        run = weir("job", "results", job, "--data-dir", data)
        check(run.status == 0, "results are listed", run)
        out += [normalise(r) for r in run.lines()]
    return out


with Folder() as folder:
    days = 8
    rows = folder("conn.log", conn(sorted(office(24 * days, per_hour=150) + upload(24 * days - 30) +
                                          flood(24 * days - 20))))
    begun = time.time()
    whole = weir("replay", "--quiet", *PACKAGES, "--data-dir", folder("one"), rows)
    took = time.time() - begun
    check(whole.status == 0 and len(whole.lines()) >= 2, "a whole run finds both incidents", whole)
    alerts = [normalise(a) for a in whole.lines()]

    for how, after in ((signal.SIGINT, 0.5), (signal.SIGINT, 0.75), (signal.SIGKILL, 0.7)):
        # On a busy machine a run may end before it is stopped: then it is stopped earlier.
        for attempt in range(6):
            data = folder(f"two-{how}-{after}-{attempt}")
            command = [WEIR, "replay", "--quiet", *PACKAGES, "--data-dir", data, rows]
            first = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                     text=True)
            time.sleep(took * after * 0.75 ** attempt)
            first.send_signal(how)
            said, _ = first.communicate(timeout=120)
            if first.returncode != 0:
                break
        check(first.returncode != 0, "the run was stopped before its end")
        second = weir("replay", "--quiet", *PACKAGES, "--data-dir", data, rows, timeout=300)
        check(second.status == 0, "and goes on", second)
        if how == signal.SIGINT:
            both = [normalise(json.loads(line)) for line in (said + second.out).splitlines()]
            check(both == alerts, f"stopped at {after}: alerts as of one run", second)
        stored = [normalise(a) for a in weir("alerts", "--data-dir", data).lines()]
        check(sorted(stored) == sorted(alerts), f"{how} at {after}: the alerts kept are the same")
        check(results(data) == results(folder("one")), f"{how} at {after}: results are the same")
        count = 'SELECT count(*) AS n FROM events'
        check(weir("sql", "--data-dir", data, count).lines() ==
              weir("sql", "--data-dir", folder("one"), count).lines(), "every event is kept once")
