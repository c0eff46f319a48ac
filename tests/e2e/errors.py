"""Wrong input of each kind: exit status, message, nothing lost."""
import gzip
import json
import os
import subprocess

from weir_e2e import WEIR, Folder, check, conn, office, weir

EVENT = {"@timestamp": "2024-01-01T00:00:00Z", "event": {"category": ["network"]},
         "source": {"ip": "10.0.0.1", "bytes": 5}, "destination": {"ip": "8.8.8.8", "port": 53}}
JOB = {"job_id": "j", "analysis_config": {"bucket_span": "15m", "detectors": [{"function": "count"}]},
       "data_description": {"time_field": "@timestamp"}}
RULE = """[metadata]
creation_date = "2024/01/01"
updated_date = "2024/01/01"
maturity = "production"

[rule]
author = ["x"]
description = "d"
name = "A rule"
risk_score = 21
rule_id = "ef8cc01c-fc49-4954-a175-98569c646740"
severity = "low"
type = "machine_learning"
machine_learning_job_id = "j"
anomaly_threshold = 101
"""


def wrong(run, part, what):
    check(run.status == 2, f"{what}: exit status 2, not {run.status}", run)
    check(part in run.err, f"{what}: the message says '{part}'", run)


with Folder() as folder:
    wrong(weir("read", folder("noise", os.urandom(5000))), "expected a capture", "not a capture")
    check(weir("read", folder("empty", b"")).status == 0, "an empty log holds no events, and that is all")
    wrong(weir("read", folder.path + "/none"), "none", "a file that is not there")
    wrong(weir("read", "--format", "xml", folder("e", json.dumps(EVENT))), "auto", "a format")
    wrong(weir("nonsense"), "nonsense", "a command that is none")
    wrong(weir("read", "--nonsense"), "--nonsense", "an option that is none")

    lines = json.dumps(EVENT) + "\n"
    big = lines * 900000 + "{\"broken\": \n" + lines
    run = weir("read", "--output", "none", "--stats", folder("big.ndjson", big))
    check(run.status == 0, "one bad line does not end the reading", run)
    check("big.ndjson:900001" in run.err, "the bad line is named", run)
    stats = json.loads(run.err.splitlines()[-1])
    check(stats["events"] == 900001, "all others are there", run)
    check(stats["dropped"].get("ingest.json") == 1, "and the bad one is counted", run)
    wrong(weir("read", "--format", "ecs", folder("no.ndjson", "not json\n" * 50)),
          "nothing of the input", "a file of which nothing can be read")
    packed = folder("cut.ndjson.gz", gzip.compress((lines * 20000).encode())[:-2000])
    run = weir("read", "--output", "none", "--stats", packed)
    check(json.loads(run.err.splitlines()[-1])["events"] > 0, "a cut file gives what is there", run)
    check("dropped" in run.err and run.err.count("{}") == 0, "and says that it was cut", run)

    job = dict(JOB, analysis_config={"bucket_span": "15m", "detectors": [{"function": "guess"}]})
    wrong(weir("detect", "--job", folder("job.json", json.dumps(job)), folder("e2", lines)),
          "guess", "a job with an unknown function")
    wrong(weir("detect", "--job", folder("bad.json", '{"job_id": \n nonsense}'), folder("e2")),
          "bad.json:2", "a job that is no JSON")
    wrong(weir("rule", "check", folder("rule.toml", RULE)), "rule.toml:15", "threshold 101")
    check("0 to 100" in weir("rule", "check", folder("rule.toml")).err, "what was expected is said")
    check(weir("rule", "check", folder("good.toml", RULE.replace("101", "75"))).status == 0,
          "a right rule is right")

    run = weir("serve", "--listen", "", "--data-dir", folder("d"), "--interface", "none0", timeout=30)
    wrong(run, "none0", "an interface that is not there")
    run = weir("serve", "--listen", "", "--data-dir", "/proc/weir", "--follow", folder.path + "/none", timeout=30)
    check("followed once it is there" in run.err, "a log that is not there is told of", run)
    run = weir("serve", "--listen", "", "--data-dir", "/proc/weir", timeout=30)
    check(run.status != 0 and "/proc/weir" in run.err, "an unwritable directory is named", run)
    with open("/dev/full", "w") as full:
        done = subprocess.run([WEIR, "read", folder("log", conn(office(2)))], stdout=full,
                              stderr=subprocess.PIPE, text=True)
    check(done.returncode == 1, "a full disk under standard output is a failure")
    check("cannot be written" in done.stderr, "and is said")
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run([WEIR, "read", folder("log", conn(office(2)))], stdout=writer,
                          stderr=subprocess.PIPE, text=True)
    os.close(writer)
    check(done.returncode == 1 and done.stderr == "", "a reader that has gone hears nothing, nor does anybody else")
    wrong(weir("serve", "--listen", "", "--config", folder("weir.toml", "\n[capture]\nsnaplen = 3\n")),
          "weir.toml:3", "a setting out of range")
    for command in ("alerts", "search"):
        wrong(weir(command, "--limit", "0"), "--limit expects a whole number from 1", "a limit that lets nothing through")
    wrong(weir("job", "nonsense", "x"), "snapshot-delete", "an unknown verb lists all there are")
    wrong(weir("alerts", "--output", "none"), "ndjson or table", "a form that alerts do not have")
    run = weir("replay", folder("e4", lines))
    check(run.status == 0 and "learn what is normal" in run.err, "silence has a reason", run)
    run = weir("replay", "--data-dir", folder("kept"), folder("e4", lines))
    run = weir("replay", "--data-dir", folder("kept"), folder("e4", lines))
    check("nothing is new" in run.err, "so has that of a second run", run)
    run = weir("detect", "--format", "csv", "--job", folder("count.json", json.dumps(JOB)),
               folder("t.csv", "@timestamp\nbad\n2024-01-01T00:00:00Z\n"))
    check(run.status == 0 and "1 of 2 records" in run.err, "a row without a time is told of", run)
    counted = json.dumps({"job_id": "j", "analysis_config": {
        "bucket_span": "15m", "summary_count_field_name": "doc_count", "detectors": [{"function": "count"}]},
        "data_description": {"time_field": "@timestamp"}})
    feed = json.dumps({"datafeed_id": "d", "job_id": "j", "indices": ["*"], "aggs": {"b": {
        "date_histogram": {"field": "@timestamp", "fixed_interval": "5m"},
        "aggs": {"@timestamp": {"max": {"field": "@timestamp"}}}}}})
    run = weir("detect", "--job", folder("counted.json", counted), "--datafeed", folder("feed.json", feed),
               folder("far", "".join(f'{{"@timestamp": "{year}-01-01T00:00:00Z"}}\n' for year in (2200, 2024, 1750))))
    check(run.status == 0 and "1 events were not counted" in run.err, "an event beyond all intervals is told of", run)
    check("1 events were set aside" in run.err, "and one that is dated far ahead of all others", run)
    newer = folder("newer")
    wrong(weir("status", "--data-dir", newer), "no data directory", "a directory that is not there")
    check(not os.path.exists(newer), "asking makes no directory")
    check(weir("package", "list", "--data-dir", newer).status == 0, "packages can be listed, and installed, at once")
    with open(newer + "/state.db", "wb") as f:
        f.write(b"this is no database" * 100)
    run = weir("status", "--data-dir", newer)
    check(run.status != 0 and "state.db" in run.err, "a broken state file is refused by name", run)

    # What a job will want is told from its file and the numbers of values.
    job = folder("estimate.json", json.dumps({"analysis_config": {
        "detectors": [{"function": "count", "partition_field_name": "host"}], "influencers": ["host", "user"]}}))
    wrong(weir("job", "estimate", job), "--max-bucket-cardinality host=N", "what is not said is named")
    asked = ("--cardinality", "host=20000", "--max-bucket-cardinality", "user=100")
    run = weir("job", "estimate", job, *asked)
    check(run.status == 0 and 120 < int(run.lines()[0]["model_memory_estimate"][:-2]) < 200, "an estimate", run)
    wrong(weir("job", "estimate", job, "--cardinality", "host"), "FIELD=N", "a number is missing")
    wrong(weir("job", "estimate", job, "--cardinality", "host=-3"), "FIELD=N", "a number below 1")
