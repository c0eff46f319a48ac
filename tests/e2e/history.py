"""Followed logs that hold a past: what was logged before the daemon came, or while it was down, is judged in
its own time, and the alerts are those of a replay. Two logs in one folder go through the past together."""
import json
import os
import re
import signal
import subprocess
import time
from collections import Counter

from weir_e2e import WEIR, Folder, check, weir

UNIT = 5  # seconds: a bucket
JOB = {"job_id": "many", "data_description": {"time_field": "@timestamp"},
       "analysis_config": {"bucket_span": f"{UNIT}s", "detectors": [
           {"function": "high_count", "partition_field_name": "event.dataset"}]}}
FEED = {"datafeed_id": "f", "job_id": "many", "indices": ["logs-*"], "query_delay": "0s"}
RULE = {"rule_id": "5f1a5a40-3c1b-4b0a-9a62-0f7cdd1f3b11", "name": "Much at once", "description": "d",
        "type": "machine_learning", "machine_learning_job_id": ["many"], "anomaly_threshold": 40,
        "interval": "5s", "from": "now-1m", "enabled": True, "risk_score": 21, "severity": "low"}
RATE = {"dns": 50, "flow": 10}
logged = {log: "" for log in RATE}


def now():
    return int(time.time()) // UNIT


def write(begin, end, spikes):
    """Logs the units from begin to end; in some much comes, in one log or the other."""
    for log in RATE:
        lines = []
        for unit in range(begin, end):
            n = RATE[log] * (20 if unit in spikes[log] else 1) + unit * 7 % 5
            lines += [json.dumps({"@timestamp": int((unit + i / n) * UNIT * 1000),
                                  "event": {"category": ["network"], "dataset": log},
                                  "source": {"ip": "10.0.0.1"}}) + "\n" for i in range(n)]
        logged[log] += "".join(lines)
        with open(folder(f"logs/{log}.ndjson"), "a") as f:
            f.writelines(lines)


def alerts(run):
    check(run.status == 0, "alerts are given", run)
    return sorted((a["kibana.alert.reason"], a["@timestamp"]) for a in run.lines())


def replay():
    return alerts(weir("replay", "--quiet", "--job", files[0], "--datafeed", files[1], "--rule",
                       files[2], folder("whole.ndjson", "".join(logged.values()))))


def told(found):
    """The runs that raised the alerts stand in the rule's history, at the times of the log."""
    run = weir("rule", "history", RULE["rule_id"], "--limit", "1000", "--data-dir", data)
    check(run.status == 0, "the history is given", run)
    raised = {}
    for line in run.out.splitlines()[1:]:
        at, kind, _, rest = line.split(None, 3)
        alerts = int(re.search(r" (\d+) ", " " + rest)[1])
        if alerts:
            raised[at] = raised.get(at, 0) + alerts
    check(raised == dict(Counter(at for _, at in found)), f"each run is told of: {raised} for {found}", run)


def serve(wanted):
    """Runs the daemon until it has all events and as many alerts as are wanted."""
    events = sum(text.count("\n") for text in logged.values())
    daemon = subprocess.Popen([WEIR, "serve", "--listen", "", "--data-dir", data, "--follow", folder("logs")],
                              stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
    try:
        end = time.time() + 90
        while True:
            time.sleep(0.5)
            found = alerts(weir("alerts", "--data-dir", data))
            count = weir("sql", "--data-dir", data, "SELECT count(*) AS n FROM events").lines()
            if len(found) >= len(wanted) and count[0]["n"] == events:
                return found
            check(time.time() < end, f"{count} of {events} events, {found} for {wanted}")
    finally:
        daemon.send_signal(signal.SIGTERM)
        said = daemon.communicate(timeout=60)[1]
        check(daemon.returncode == 0, f"a clean stop: {said}")


with Folder() as folder:
    os.mkdir(folder("logs"))
    files = (folder("job.json", json.dumps(JOB)), folder("feed.json", json.dumps(FEED)),
             folder("rule.ndjson", json.dumps(RULE) + "\n"))
    data = folder("data")
    for args in (("job", "create", files[0], "--datafeed", files[1]), ("rule", "import", files[2])):
        run = weir(*args, "--data-dir", data)
        check(run.status == 0, " ".join(args[:2]), run)

    begun = now()
    write(begun - 600, begun - 2, {"dns": [begun - 200], "flow": [begun - 150]})
    wanted = replay()
    check(len(wanted) == 2, f"a replay finds two: {wanted}")
    found = serve(wanted)
    check(found == wanted, f"what was logged before it came: {found} for {wanted}")
    told(found)

    stopped = now() + 1
    time.sleep(8 * UNIT)
    write(stopped, now() - 1, {"dns": [stopped + 2], "flow": [stopped + 4]})
    wanted = replay()
    check(len(wanted) == 4, f"a replay finds four: {wanted}")
    found = serve(wanted)
    check(found == wanted, f"and while it was down: {found} for {wanted}")
