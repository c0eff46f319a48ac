"""What stands around a rule's search: exceptions that expire and that name value lists, alerts of one
kind as one, alerts closed, runs and gaps told; in replay, and kept in a data directory."""
import json
import os
import signal
import subprocess
import time

from weir_e2e import WEIR, START, Folder, check, weir

JOB = {"job_id": "tiny", "data_description": {"time_field": "@timestamp"},
       "analysis_config": {"bucket_span": "1m", "influencers": ["source.ip"], "detectors": [
           {"function": "high_count", "partition_field_name": "source.ip"}]}}
FEED = {"datafeed_id": "f", "job_id": "tiny", "indices": ["logs-*"], "query_delay": "0s"}
RULE = {"rule_id": "5f1a5a40-3c1b-4b0a-9a62-0f7cdd1f3b11", "name": "Much at once", "description": "d",
        "type": "machine_learning", "machine_learning_job_id": ["tiny"], "anomaly_threshold": 40,
        "interval": "1m", "from": "now-2h", "enabled": True, "risk_score": 21, "severity": "low",
        "exceptions_list": [{"id": "x", "list_id": "quiet", "type": "detection", "namespace_type": "single"}]}
LIST = {"list_id": "quiet", "name": "Quiet ones", "description": "", "type": "detection"}
HOSTS = ["10.0.0.1", "10.0.0.2", "10.0.0.3"]
SPIKES = {100: 0, 105: 1, 110: 2, 115: 0, 120: 1, 125: 2}


def item(name, field, kind, operator="included", **more):
    entry = {"field": field, "type": kind, "operator": operator,
             **{key: more.pop(key) for key in ("value", "list") if key in more}}
    return {"list_id": "quiet", "item_id": name, "name": name, "description": "", "type": "simple",
            "entries": [entry], **more}


def events():
    return "".join(json.dumps({"@timestamp": int((START + 60 * minute + i * 60 / n) * 1000),
                               "event": {"category": ["network"]}, "source": {"ip": ip}}) + "\n"
                   for minute in range(140) for k, ip in enumerate(HOSTS)
                   for n in [400 if SPIKES.get(minute) == k else 12] for i in range(n))


def iso(seconds):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def ndjson(*objects):
    return "".join(json.dumps(o) + "\n" for o in objects)


def alerts(run, what):
    check(run.status == 0, what, run)
    return run.lines()


def hosts(found):
    return sorted(a["source.ip"][0] for a in found)


with Folder() as folder:
    day = folder("day.ndjson", "".join(sorted(events().splitlines(True), key=lambda e: json.loads(e)["@timestamp"])))
    job, feed = folder("job.json", json.dumps(JOB)), folder("feed.json", json.dumps(FEED))

    def replay(*objects, data=None, rule=RULE):
        rules = folder("rules.ndjson", ndjson(rule, *objects))
        return weir("replay", "--quiet", "--job", job, "--datafeed", feed, "--rule", rules,
                    *(("--data-dir", data) if data else ()), day)

    plain = alerts(replay(LIST), "a list without items")
    check(hosts(plain) == sorted(2 * HOSTS), "takes nothing out")
    for what, one, left in (
            ("a value", item("v", "source.ip", "match", value="10.0.0.1"), HOSTS[1:]),
            ("a network", item("n", "source.ip", "match_any", value=["10.0.0.2/31"]), HOSTS[:1]),
            ("a pattern", item("p", "source.ip", "wildcard", value="10.*.1"), HOSTS[1:]),
            ("all but one", item("e", "source.ip", "match", "excluded", value="10.0.0.1"), HOSTS[:1]),
            ("what is there", item("t", "partition_field_value", "exists"), [])):
        check(hosts(alerts(replay(LIST, one), what)) == sorted(2 * left), f"{what} is taken out")
    half = item("h", "source.ip", "match", value="10.0.0.1",
                expire_time=plain[0]["@timestamp"])
    check(hosts(alerts(replay(LIST, half), "expiry")) == sorted(2 * HOSTS),
          "an item that has expired when its record comes takes nothing out")
    run = replay(LIST, item("m", "source.port", "match", value="http"))
    check(len(alerts(run, "a wrong item")) == 6, "an item that cannot be applied is left out", run)

    many = {**RULE, "alert_suppression": {"group_by": ["source.ip"], "duration": {"value": 24, "unit": "h"}}}
    found = alerts(replay(LIST, rule=many), "suppression")
    data = folder("data-1")
    replay(LIST, rule=many, data=data)
    kept = weir("alerts", "--data-dir", data).lines()
    check(hosts(kept) == HOSTS, "one alert of each kind")
    check([a["kibana.alert.suppression.docs_count"] for a in kept] == [1, 1, 1], "counts the other")
    check(len(found) == 3, "and nobody is told of more")
    by_run = {**RULE, "alert_suppression": {"group_by": ["source.ip"]}}
    check(len(alerts(replay(LIST, rule=by_run), "by run")) == 6, "each run has its own")
    apart = {**RULE, "alert_suppression": {"group_by": ["host.name"], "missing_fields_strategy": "doNotSuppress",
                                           "duration": {"value": 24, "unit": "h"}}}
    check(len(alerts(replay(LIST, rule=apart), "apart")) == 6, "what lacks the field stands apart")
    apart["alert_suppression"]["missing_fields_strategy"] = "suppress"
    check(len(alerts(replay(LIST, rule=apart), "together")) == 1, "or is of one kind")

    data = folder("data-2")
    at = ("--data-dir", data)
    addresses = folder("addresses.txt", "10.0.0.1-10.0.0.2\n\n192.0.2.0/24\n")
    check(weir("rule", "values", "add", "nets", addresses, "ip_range", *at).status == 0, "a value list")
    check("nets" in weir("rule", "values", "list", *at).out, "is listed")
    run = weir("rule", "values", "add", "nets", folder("bad.txt", "10.0.0.1\nhouse\n"), *at)
    check(run.status == 2 and "bad.txt:2" in run.err, "a line that is no value", run)
    lists = folder("lists.ndjson", ndjson(LIST, item("l", "source.ip", "list", list={"id": "nets", "type": "ip_range"})))
    check(weir("rule", "exception", "add", lists, *at).status == 0, "a list with an item")
    check(weir("rule", "exception", "list", *at).out.count("quiet") == 2, "both are listed")
    found = alerts(replay(data=data), "a value list")
    check(hosts(found) == 2 * HOSTS[2:], "a value list takes out")
    run = weir("rule", "history", RULE["rule_id"], "--limit", "5", *at)
    check(run.status == 0 and run.out.count(" scheduled ") == 5, "runs are told", run)
    check(weir("rule", "gaps", RULE["rule_id"], *at).out.count("\n") == 1, "and that there is no gap")
    exported = weir("rule", "export", *at)
    summary = exported.lines()[-1]
    check((summary["exported_exception_list_count"], summary["exported_exception_list_item_count"]) == (1, 1),
          "an export has the list and its item", exported)
    checked = weir("rule", "check", folder("again.ndjson", exported.out))
    check(checked.status == 0 and "warning" not in checked.err, "and reads back", checked)
    run = weir("rule", "import", folder("again.ndjson"), "--data-dir", folder("data-3"))
    check(run.status == 0 and "1 exception lists and 1 items" in run.err, "elsewhere too", run)

    more = folder("more.ndjson", ndjson(item("c", "source.ip", "match", value="10.0.0.3")))
    check(weir("rule", "exception", "add", more, *at).status == 0, "an item more")
    run = weir("rule", "exception", "close", RULE["rule_id"], *at)
    check(run.status == 0 and "2 alerts closed" in run.err, "closes what is there", run)
    check({a["kibana.alert.workflow_status"] for a in weir("alerts", *at).lines()} == {"closed"}, "as alerts say")
    check(weir("rule", "exception", "remove", "quiet", *at).status == 0, "a list goes with its items")
    check(weir("rule", "exception", "list", *at).out.count("\n") == 1, "and is gone")

    late = {**RULE, "rule_id": RULE["rule_id"][:-1] + "2", "from": "now-10m", "exceptions_list": []}
    check(weir("rule", "import", folder("late.ndjson", ndjson(late)), *at).status == 0, "a rule that comes late")
    span = ("--from", iso(START), "--to", iso(START + 140 * 60))
    run = weir("rule", "run", late["rule_id"], *span, *at)
    check(run.status == 0 and "140 runs, 0 of them failed: 6 alerts" in run.err, "runs over the past", run)
    made = [a for a in weir("alerts", *at).lines() if a["kibana.alert.rule.rule_id"] == late["rule_id"]]
    check(hosts(made) == sorted(2 * HOSTS), "and raises what it would have raised")
    check({a["kibana.alert.rule.execution.type"] for a in made} == {"manual"}, "as manual runs do")
    run = weir("rule", "run", late["rule_id"], *span, *at)
    check("140 runs, 0 of them failed: 0 alerts" in run.err, "once", run)
    check(weir("rule", "history", late["rule_id"], *at).out.count(" manual ") == 140, "its history says so")
    run = weir("rule", "run", late["rule_id"], "--from", "now-1d", *at)
    check(run.status == 2 and "--to" in run.err, "a span has two ends", run)

    # The events themselves, by one alert a host in each run, whether now or later.
    query = {"rule_id": "q", "name": "Any", "description": "d", "type": "query", "query": "event.category: network",
             "index": ["logs-*"], "interval": "10m", "from": "now-11m", "risk_score": 1, "severity": "low",
             "enabled": False, "exceptions_list": RULE["exceptions_list"],
             "alert_suppression": {"group_by": ["source.ip"]}}
    more = (query, LIST, item("q", "source.ip", "match", value="10.0.0.3"))
    check(weir("rule", "import", folder("query.ndjson", ndjson(*more)), *at).status == 0, "a rule about events")
    run = weir("rule", "run", "q", *span, *at)
    check("14 runs, 0 of them failed: 28 alerts" in run.err, "makes one of many", run)
    made = [a for a in weir("alerts", *at).lines() if a["kibana.alert.rule.rule_id"] == "q"]
    check(sum(1 + a["kibana.alert.suppression.docs_count"] for a in made) == 2 * 12 * 140 + 4 * (400 - 12),
          "and counts each event once", run)
    run = weir("rule", "run", "q", *span, *at)
    check("0 of them failed: 0 alerts, 0 suppressed" in run.err, "whenever it runs", run)
    check(weir("rule", "exception", "remove", "quiet", *at).status == 0, "its list goes")

    # All of it through the socket of a daemon, and at once in the rules that run.
    daemon = subprocess.Popen([WEIR, "serve", *at, "--follow", folder("nothing.ndjson", "")],
                              stderr=subprocess.PIPE, text=True)
    try:
        end = time.time() + 60
        while not os.path.exists(data + "/control.sock"):
            check(time.time() < end, "the socket is there")
            time.sleep(0.2)
        last = {**late, "rule_id": RULE["rule_id"][:-1] + "3", "exceptions_list": RULE["exceptions_list"]}
        for args in (("import", folder("last.ndjson", ndjson(last))), ("exception", "add", lists)):
            check(weir("rule", *args, *at).status == 0, " ".join(args[:2]) + " while a daemon runs")
        run = weir("rule", "run", last["rule_id"], *span, *at)
        check("140 runs, 0 of them failed: 2 alerts" in run.err, "exceptions hold at once", run)
        check(weir("rule", "values", "remove", "nets", *at).status == 0, "a value list goes")
        run = weir("rule", "run", last["rule_id"], *span, *at)
        check("140 runs, 0 of them failed: 4 alerts" in run.err, "and takes nothing out any more", run)
        said = weir("rule", "history", last["rule_id"], *at)
        check("partial failure" in said.out and "no value list nets" in said.out, "which its runs say", said)
    finally:
        daemon.send_signal(signal.SIGTERM)
        check(daemon.wait(timeout=60) == 0, "a clean stop")
