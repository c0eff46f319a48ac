"""weir job preview: as many alerts as a replay with a rule of that threshold raises, over files, over a store and through
a daemon; nothing of it stays; mistakes are told, and Ctrl-C ends it."""
import json
import os
import re
import signal
import subprocess
import time

from weir_e2e import WEIR, Folder, check, conn, flood, office, upload, weir

DAYS = 8
JOB = {"job_id": "up", "data_description": {"time_field": "@timestamp"},
       "analysis_config": {"bucket_span": "15m", "influencers": ["source.ip", "destination.ip"],
                           "detectors": [{"function": "high_sum", "field_name": "source.bytes",
                                          "over_field_name": "destination.port"},
                                         {"function": "high_count"}]}}
FEED = {"datafeed_id": "datafeed-up", "job_id": "up", "indices": ["*"],
        "query": {"term": {"event.category": "network"}}}


def rule(threshold):
    return json.dumps({"rule_id": "5f1a5a40-3c1b-4b0a-9a62-0f7cdd1f3b11", "name": "Much", "description": "d",
                       "type": "machine_learning", "machine_learning_job_id": ["up"], "enabled": True,
                       "anomaly_threshold": threshold, "interval": "15m", "from": "now-45m",
                       "risk_score": 21, "severity": "low", "max_signals": 1000}) + "\n"


def report(*args):
    run = weir("job", "preview", "--output", "ndjson", *args)
    check(run.status == 0 and len(run.lines()) == 1, f"a preview of {args}", run)
    return run.lines()[0]


def counts(found):
    return {r["threshold"]: r["alerts"] + r["alerts_while_learning"] for r in found["thresholds"]}


def until(what, condition, seconds=60):
    end = time.time() + seconds
    while not condition():
        check(time.time() < end, what)
        time.sleep(0.1)


def wrong(sentence, *args):
    run = weir("job", "preview", *args)
    check(run.status == 2 and sentence in run.err and run.out == "", f"{args}: {sentence}", run)


with Folder() as folder:
    rows = office(24 * DAYS, per_hour=120)
    for hour in (30, 24 * 4, 24 * 6):  # one while the job still learns
        rows += upload(hour)
    rows = sorted(rows + upload(24 * 7 + 5, 30) + flood(24 * 5), key=lambda row: row[0])
    log = folder("conn.log", conn(rows))
    job, feed = folder("job.json", json.dumps(JOB)), folder("feed.json", json.dumps(FEED))

    # Over files.
    files = report(job, "--datafeed", feed, log)
    at = counts(files)
    check(files["events"] == len(rows) and files["days_judged"] == 5, f"the history: {files}")
    check(sum(r["alerts_while_learning"] for r in files["thresholds"]) > 0, "the first upload is learning time")
    for threshold in (25, 50, 75, 90):
        run = weir("replay", "--quiet", "--job", job, "--datafeed", feed, "--rule",
                   folder("rule.ndjson", rule(threshold)), log)
        alerts = sum("kibana.alert.rule.building_block_type" not in a for a in run.lines())
        check(run.status == 0 and alerts == at[threshold], f"{alerts} alerts at {threshold}, not {at}", run)
    wish = report(job, "--datafeed", feed, "--alerts-per-day", 0.5, log)["wished"]
    check(wish["alerts_per_day"] <= 0.5 and wish["threshold"] > 1, f"what is wished: {wish}")
    lower = weir("replay", "--quiet", "--job", job, "--datafeed", feed, "--rule",
                 folder("rule.ndjson", rule(wish["threshold"] - 1)), log)
    check(len(lower.lines()) > wish["alerts"] + wish["alerts_while_learning"], "one less alerts more", lower)
    table = weir("job", "preview", job, "--datafeed", feed, log)
    check(re.search(rf"^ +75 +{files['thresholds'][2]['alerts']} ", table.out, re.M), "the table", table)
    check("10.1.0.17 sent 61.7 MB to 185.220.101.77 over port 4447" in table.out, "reasons", table)
    check(table.out == weir("job", "preview", job, "--datafeed", feed, log).out, "the same again")
    part = report(job, "--datafeed", feed, "--from", "2023-11-17", "--to", "2023-11-18", log)
    check(part["from"].startswith("2023-11-17") and part["to"].startswith("2023-11-18"), f"a part: {part}")

    # Over a store, with no daemon.
    data = folder("data")
    run = weir("replay", "--quiet", "--package", "ded", "--data-dir", data, log)
    check(run.status == 0, "the store is filled", run)
    stored = report(job, "--datafeed", feed, "--data-dir", data)
    check(counts(stored) == at and stored["events"] == len(rows), f"over the store: {stored}")
    ded = "ded_high_sent_bytes_destination_ip"
    asks = [("job", "results", ded), ("job", "messages", ded), ("job", "list"), ("alerts",)]
    before = [weir(*ask, "--data-dir", data).out for ask in asks]
    check(report(ded, "--data-dir", data)["thresholds"][0]["alerts"] > 0, "an installed job")
    check(before == [weir(*ask, "--data-dir", data).out for ask in asks], "jobs and results are as they were")

    # Through a daemon, which goes on.
    daemon = subprocess.Popen([WEIR, "serve", "--listen", "", "--data-dir", data, "--follow", folder("none.log", "")],
                              stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    try:
        until("the socket is there", lambda: os.path.exists(data + "/control.sock"))
        asked = report(job, "--datafeed", feed, "--data-dir", data)
        check(asked == stored, "a daemon says the same")
        for wait in (0.02, 0.1, 0.2):
            left = subprocess.Popen([WEIR, "job", "preview", job, "--data-dir", data],
                                    stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            time.sleep(wait)
            left.send_signal(signal.SIGINT)
            left.wait(timeout=10)
        until("the place of a client that has gone is free",
              lambda: weir("job", "preview", job, "--data-dir", data).status == 0)
        wrong("there is no job 'other'", "other", "--data-dir", data)
    finally:
        daemon.terminate()
        daemon.wait(timeout=60)

    # Mistakes.
    wrong("expected weir job preview JOB.json")
    wrong("there is no job 'none'", "none", "--data-dir", data)
    wrong("none.json", "none.json", "--data-dir", data)
    wrong("nothing.log", job, folder("nothing.log"))
    wrong("analysis_config", folder("bad.json", '{"job_id": "x"}'), log)
    wrong("bad.json", folder("bad.json", "{"), "--data-dir", data)
    wrong("a number above 0", job, "--alerts-per-day", "few", log)
    wrong("ndjson or table", job, "--output", "none", log)
    wrong("with its own datafeed", "up", log)
    wrong("there is no data directory", job, "--data-dir", folder("nowhere"))
    wrong("over what is stored", job, "--format", "zeek", "--data-dir", data)
    empty = weir("job", "preview", job, folder("empty.ndjson", '{"@timestamp":0}\n'), "--datafeed", feed)
    check(empty.status == 0 and "nothing to preview" in empty.out, "no event of the job's", empty)

    # Ctrl-C.
    run = subprocess.Popen([WEIR, "job", "preview", job, "-"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                           stderr=subprocess.PIPE)
    line = b'{"@timestamp":1700006400000}\n' * 2000
    for i in range(200):
        try:
            run.stdin.write(line)
            run.stdin.flush()
        except BrokenPipeError:
            break
        if i == 5:
            run.send_signal(signal.SIGINT)
        if run.poll() is not None:
            break
        time.sleep(0.02)
    run.stdin = None
    out, err = run.communicate(timeout=30)
    check(run.returncode == 1 and b"stopped" in err and out == b"", f"Ctrl-C: {run.returncode} {err} {out}")
