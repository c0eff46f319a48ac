"""The daemon and its socket: jobs and rules that come while it runs, alerts in a file that somebody
moves away, a second daemon on the same directory, and a clean stop."""
import json
import os
import re
import signal
import sqlite3
import subprocess
import time

from weir_e2e import WEIR, Folder, check, weir

JOB = {"job_id": "tiny", "data_description": {"time_field": "@timestamp"},
       "analysis_config": {"bucket_span": "1m", "detectors": [{"function": "high_count"}]}}
FEED = {"datafeed_id": "f", "job_id": "tiny", "indices": ["logs-*"], "query_delay": "0s"}
RULE = {"rule_id": "5f1a5a40-3c1b-4b0a-9a62-0f7cdd1f3b11", "name": "Much at once", "description": "d",
        "type": "machine_learning", "machine_learning_job_id": ["tiny"], "anomaly_threshold": 40,
        "interval": "5s", "from": "now-2h", "enabled": True, "risk_score": 21, "severity": "low"}


def events(minute, n):
    return "".join(json.dumps({"@timestamp": int((minute * 60 + i * 60 / n) * 1000),
                               "event": {"category": ["network"]}, "source": {"ip": "10.0.0.1"}}) + "\n"
                   for i in range(n))


def until(what, condition, seconds=60):
    end = time.time() + seconds
    while not condition():
        check(time.time() < end, what)
        time.sleep(0.2)


def lines(path):
    return open(path).read().count("\n") if os.path.exists(path) else 0


def install(name, data):
    """The rule first, so that it sees what its job finds in the stored events."""
    job, feed = {**JOB, "job_id": name}, {**FEED, "job_id": name}
    rule = {**RULE, "rule_id": RULE["rule_id"] + name, "machine_learning_job_id": [name]}
    for args in (("rule", "import", folder("rule.ndjson", json.dumps(rule) + "\n")),
                 ("job", "create", folder("job.json", json.dumps(job)), "--datafeed",
                  folder("feed.json", json.dumps(feed)))):
        run = weir(*args, "--data-dir", data)
        check(run.status == 0, " ".join(args[:2]), run)


with Folder() as folder:
    data, log, alerts = folder("data"), folder("log.ndjson"), folder("data/alerts.ndjson")
    os.mkdir(data)
    now = int(time.time()) // 60
    counts = {minute: 900 if minute == now - 20 else 20 + minute * 7 % 5
              for minute in range(now - 90, now - 5)}
    folder("log.ndjson", "".join(events(minute, n) for minute, n in counts.items()))
    later = folder("later")
    daemon = subprocess.Popen([WEIR, "serve", "--listen", "", "--data-dir", data, "--follow", log, "--follow", later,
                               "--alerts", alerts], stderr=subprocess.PIPE, text=True)
    try:
        until("the socket is there", lambda: os.path.exists(data + "/control.sock"))
        second = weir("serve", "--listen", "", "--data-dir", data, "--follow", log, timeout=30)
        check(second.status == 1, "a second daemon is refused", second)
        check("another Weir" in second.err and "process " in second.err, "and told of the first",
              second)
        check(os.path.exists(data + "/control.sock"), "whose socket stays")
        until("all events are kept", lambda: len(weir("search", "--data-dir", data).lines()) ==
              sum(counts.values()))
        install("one", data)
        until("a job that comes later finds the spike in what was kept", lambda: lines(alerts) == 1)
        os.rename(alerts, alerts + ".1")
        install("two", data)
        until("the next alert begins a new file", lambda: lines(alerts) == 1)
        check(lines(alerts + ".1") == 1, "and leaves the old one alone")
        kept = weir("alerts", "--data-dir", data)
        check(len(kept.lines()) == 2, "the daemon answers", kept)
        table = weir("alerts", "--data-dir", data, "--output", "table")
        check(table.status == 0 and len(table.out.splitlines()) == 5, "also as a table", table)
        times = re.findall(r"^\S*\d{4}-\S+", table.out, re.M)
        check(len(times) == 2 and times == sorted(times, reverse=True), "the newest first", table)
        check(len(table.out.splitlines()[0]) > 150, "with all columns in a pipe", table)
        narrow = weir("alerts", "--data-dir", data, "--output", "table", env={"COLUMNS": "70"})
        check(narrow.out.count("    job       ") == 2, "or as blocks of lines", narrow)
        check(max(map(len, narrow.out.splitlines())) <= 70, "that fit the terminal", narrow)
        run = weir("status", "--data-dir", data)
        check("daemon       runs" in run.out, "and says that it runs", run)
        run = weir("search", "--data-dir", data, "event.category: network", "--limit", "10")
        check(len(run.lines()) == 10, "and finds events", run)
        run = weir("search", "--data-dir", data, "\udcff")
        check(run.status == 2 and run.err.startswith("weir: error: "), "a byte that is no text is refused", run)
        before = len(weir("search", "--data-dir", data).lines())
        os.mkdir(later)
        folder("later/new.ndjson", events(now - 1, 7))
        until("a folder that comes later is followed",
              lambda: len(weir("search", "--data-dir", data).lines()) == before + 7)
    finally:
        daemon.send_signal(signal.SIGHUP)  # as SIGTERM
        _, said = daemon.communicate(timeout=60)
    check(daemon.returncode == 0, f"a clean stop: {said}")
    check(said.count("later: No such file or directory; it is followed once it is there") == 1,
          f"what is not there is told once: {said}")
    check(not os.path.exists(data + "/control.sock"), "which takes the socket away")
    run = weir("job", "list", "--data-dir", data)
    check("two" in run.out and "opened" in run.out, "the job goes on with the next daemon", run)
    broken = RULE["rule_id"] + "one"
    state = sqlite3.connect(data + "/state.db")
    state.execute("UPDATE rule SET doc = '{' WHERE id = ?", [broken])
    state.commit()
    state.close()
    daemon = subprocess.Popen([WEIR, "serve", "--listen", "", "--data-dir", data, "--follow", log],
                              stderr=subprocess.PIPE, text=True)
    try:
        until("a rule that cannot be read stops no daemon",
              lambda: os.path.exists(data + "/control.sock") or daemon.poll() is not None)
        until("the other one runs", lambda: weir("rule", "list", "--data-dir", data).out.count(
            " succeeded ") == 1)
        run = weir("rule", "list", "--data-dir", data)
        row = next((line for line in run.out.splitlines() if line.startswith(broken)), "")
        check(" failed " in row, "its status says so", run)
    finally:
        daemon.send_signal(signal.SIGTERM)
        _, said = daemon.communicate(timeout=60)
    check(daemon.returncode == 0 and "does not run" in said, f"and so does the log: {said}")
