"""A server that nothing but its API feeds: rules go by the clock. One that is switched on runs at once, a
document of the past moves none of them, and what a job finds in the past is told of now."""
import calendar
import json
import os
import re
import sqlite3
import struct
import subprocess
import time

from weir_e2e import WEIR, Folder, check, weir
from weir_server import Server

DAY = 24
HOURS = 10 * DAY
SPIKE = 8 * DAY  # hours after the first
JOB = {"job_id": "many", "data_description": {"time_field": "@timestamp"},
       "analysis_config": {"bucket_span": "1h", "detectors": [{"function": "high_count"}]}}
FEED = {"datafeed_id": "f", "job_id": "many", "indices": ["logs-net-*"], "query_delay": "0s"}
COMMON = {"description": "d", "interval": "5m", "enabled": True, "risk_score": 21, "severity": "low"}
QUERY = {**COMMON, "rule_id": "q", "name": "Search", "type": "query", "query": "user.name: nobody",
         "index": ["logs-none-*"], "from": "now-300d"}
MACHINE = {**COMMON, "rule_id": "m", "name": "Much at once", "type": "machine_learning", "from": "now-3h",
           "machine_learning_job_id": ["many"], "anomaly_threshold": 40}


def iso(at):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at))


def seconds(text):
    return calendar.timegm(time.strptime(text[:19], "%Y-%m-%dT%H:%M:%S"))


def history(rule):
    """The rule's runs: when, of which kind, and how many alerts."""
    run = weir("rule", "history", rule, "--data-dir", data)
    check(run.status == 0, "the history is given", run)
    rows = re.findall(r"^(\S+Z) +(manual|scheduled) +\D+? +(\d+) ", run.out, re.M)
    check(len(rows) == run.out.count("\n") - 1, "each line is a run", run)
    return [(seconds(at), kind, int(alerts)) for at, kind, alerts in rows]


def enable(server, rule):
    """Makes the rule and waits for its first run."""
    begun = int(time.time())
    run = weir("rule", "import", folder(rule["rule_id"] + ".ndjson", json.dumps(rule) + "\n"), "--data-dir", data)
    check(run.status == 0, "the rule is made", run)
    check(server.wait(lambda: history(rule["rule_id"]), 30), "it runs, and not when its interval comes round")
    first = history(rule["rule_id"])[-1][0]
    check(begun - 2 <= first <= time.time(), f"at once: made at {iso(begun)}, run at {iso(first)}")
    return begun


def regular(runs, begun):
    """Runs that are not on a multiple of the interval, but for the first, or from before the rule was."""
    return [iso(at) for at, kind, _ in runs if kind == "scheduled" and at < begun - 2]


def late_documents(server):
    begun = enable(server, QUERY)
    for hours in (2, 30 * DAY):
        server.admin("POST", "/logs-other-default/_doc",
                     {"@timestamp": iso(time.time() - hours * 3600), "event": {"category": ["network"]},
                      "user": {"name": "anna"}}, status=201)
    time.sleep(3)
    runs = history("q")
    check(not regular(runs, begun) and len(runs) <= 2, f"a late document makes no runs: {runs}")


def past_of_a_job(server):
    begun = enable(server, MACHINE)
    start = begun // 3600 * 3600 - HOURS * 3600
    lines = []
    for hour in range(HOURS - 1):
        n = 400 if hour == SPIKE else 10 + hour * 7 % 5
        for i in range(n):
            lines += [{"create": {}}, {"@timestamp": iso(start + hour * 3600 + i * 3600 // n),
                                       "event": {"category": ["network"]}, "source": {"ip": "10.0.0.1"}}]
    answer = server.bulk("/logs-net-default/_bulk", lines)
    check(answer.status == 200 and not answer.json()["errors"], f"the past is taken: {answer.body[:300]}")
    run = weir("job", "create", folder("job.json", json.dumps(JOB)), "--datafeed",
               folder("feed.json", json.dumps(FEED)), "--data-dir", data)
    check(run.status == 0, "the job is made", run)
    check(server.wait(lambda: weir("alerts", "--data-dir", data).lines(), 60), "the past has an alert")
    alerts = weir("alerts", "--data-dir", data).lines()
    runs = history("m")
    for alert in alerts:
        raised, of = seconds(alert["@timestamp"]), seconds(alert["kibana.alert.original_time"])
        check(begun - 2 <= raised <= time.time(), f"it is dated when it was raised: {alert['@timestamp']}")
        check(alert["kibana.alert.start"] == alert["@timestamp"], "and begins then")
        check(of == start + SPIKE * 3600, f"the record has its own time: {iso(of)}")
        intended = seconds(alert["kibana.alert.intended_timestamp"])
        check((intended, "manual", 1) in runs, f"the run made up for {iso(intended)}, and is told: {runs}")
    check(sum(n for _, _, n in runs) == len(alerts) and not regular(runs, begun), f"each has a run: {runs}")


def starts_by_the_clock():
    """Where another process stood days ago is nowhere: whoever asks first finds the clock."""
    state, socket = os.path.join(data, "state.db"), os.path.join(data, "control.sock")
    db = sqlite3.connect(state)
    with db:
        n = db.execute("UPDATE meta SET value = ? WHERE name = 'engine_time'",
                       (struct.pack("<q", (int(time.time()) - 3 * DAY * 3600) * 10**9),))
        check(n.rowcount == 1, "engine time is kept")
    db.close()
    begun = int(time.time())
    if os.path.exists(socket):
        os.unlink(socket)
    server = Server(data)
    asker = subprocess.Popen(["sh", "-c", 'while ! [ -S "$1" ]; do :; done; exec "$2" status --data-dir "$3"', "sh",
                              socket, WEIR, data], stdout=subprocess.PIPE, text=True)
    with server:
        told = re.search(r"^engine time +(\S+Z)", asker.communicate(timeout=60)[0], re.M)
        check(told and seconds(told[1]) >= begun, f"begun at {iso(begun)}, engine time {told and told[1]}")


with Folder() as folder:
    data = folder("data")
    with Server(data) as server:
        late_documents(server)
        past_of_a_job(server)
    starts_by_the_clock()
