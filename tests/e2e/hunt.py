"""Rules that search events, one of each type: replayed, with and without a data directory, in two parts, and by
the daemon from a followed log. All raise the same alerts at the same times."""
import json
import os
import signal
import subprocess
import time

from weir_e2e import WEIR, Folder, check, weir

START = int(time.time()) // 3600 * 3600 - 2 * 3600  # an hour ago and more
COMMON = {"description": "d", "risk_score": 47, "severity": "medium", "interval": "1m", "from": "now-3m",
          "index": ["logs-net*", "logs-proc*"], "enabled": True}
RULES = [
    {"rule_id": "query", "name": "Port 4444", "type": "query", "language": "kuery",
     "query": "event.category: network and destination.port: 4444",
     "filters": [{"meta": {"negate": True}, "query": {"term": {"source.ip": "10.0.0.9"}}}]},
    {"rule_id": "lucene", "name": "Curl", "type": "saved_query", "saved_id": "s", "language": "lucene",
     "query": "process.name:c?rl", "building_block_type": "default"},
    {"rule_id": "threshold", "name": "Many ports", "type": "threshold", "query": "event.category: network",
     "threshold": {"field": ["source.ip"], "value": 5, "cardinality": [{"field": "destination.port", "value": 5}]}},
    {"rule_id": "new_terms", "name": "New process", "type": "new_terms", "query": "event.category: process",
     "new_terms_fields": ["host.name", "process.name"], "history_window_start": "now-7d"},
    {"rule_id": "threat", "name": "Known address", "type": "threat_match", "query": "destination.ip: *",
     "threat_index": ["logs-ti*"], "threat_query": "event.kind: enrichment",
     "threat_mapping": [{"entries": [{"field": "destination.ip", "type": "mapping",
                                      "value": "threat.indicator.ip"}]}]},
    {"rule_id": "eql", "name": "Curl, then out", "type": "eql", "language": "eql",
     "query": 'sequence by host.name with maxspan=1m [process where process.name == "curl"] '
              '[network where destination.port == 4444]'},
]


def event(second, dataset, **fields):
    return {"@timestamp": (START + second) * 1000, "event.dataset": dataset, **fields}


def network(second, source, port, to="203.0.113.9", host="h1"):
    return event(second, "net", **{"event.category": "network", "source.ip": source, "destination.ip": to,
                                   "destination.port": port, "host.name": host})


def process(second, name, host="h1"):
    return event(second, "proc", **{"event.category": "process", "process.name": name, "host.name": host})


EVENTS = sorted(
    [network(60 * m + 5, "10.0.0.1", 443) for m in range(40)] +
    [process(60 * m + 7, "cron", f"h{m % 3}") for m in range(40)] +
    [event(30, "ti", **{"event.kind": "enrichment", "threat.indicator.ip": "198.51.100.7",
                        "threat.indicator.type": "ipv4-addr"}),
     network(605, "10.0.0.2", 4444, host="h2"), network(606, "10.0.0.9", 4444),
     network(905, "10.0.0.3", 8080, "198.51.100.7"),
     process(1200, "curl"), network(1203, "10.0.0.4", 4444), process(1204, "curl", "h2")] +
    [network(1510 + i, "10.0.0.5", 1000 + i) for i in range(6)],
    key=lambda e: e["@timestamp"])
WANTED = {"query": 2, "lucene": 2, "threshold": 1, "threat": 1, "eql": 3}


def what(alerts):
    return sorted((a["kibana.alert.rule.rule_id"], a["@timestamp"], a["kibana.alert.reason"]) for a in alerts)


def count(alerts, rule):
    return len([a for a in alerts if a["kibana.alert.rule.rule_id"] == rule])


def one(alerts, rule, **where):
    return [a for a in alerts if a["kibana.alert.rule.rule_id"] == rule and
            all(a.get(k.replace("__", ".")) == v for k, v in where.items())]


def text(events):
    return "".join(json.dumps(e) + "\n" for e in events)


with Folder() as folder:
    rules = folder("rules.ndjson", text([{**COMMON, **r} for r in RULES]))
    whole = folder("whole.ndjson", text(EVENTS))
    run = weir("replay", "--rule", rules, whole)
    check(run.status == 0, "replay ends well", run)
    alerts = run.lines()
    for rule, n in WANTED.items():
        check(count(alerts, rule) == n, f"{rule} raises {n}, not {count(alerts, rule)}", run)
    new = one(alerts, "new_terms")
    check(sorted(tuple(a["kibana.alert.new_terms"]) for a in new) ==
          [("h0", "cron"), ("h1", "cron"), ("h1", "curl"), ("h2", "cron"), ("h2", "curl")],
          "each pair is new once", run)
    check(one(alerts, "lucene")[0]["kibana.alert.building_block_type"] == "default", "building blocks say so")
    result = one(alerts, "threshold")[0]["kibana.alert.threshold_result"]
    check(result["terms"] == [{"field": "source.ip", "value": "10.0.0.5"}] and result["count"] == 6 and
          result["cardinality"] == [{"field": "destination.port", "value": 6}], f"the group counts: {result}")
    enriched = one(alerts, "threat")[0]["threat.enrichments"]
    check(enriched[0]["matched"]["atomic"] == "198.51.100.7" and
          enriched[0]["indicator"]["type"] == "ipv4-addr", f"the indicator is told: {enriched}")
    shell = [a for a in one(alerts, "eql") if "kibana.alert.group.index" not in a]
    check(len(shell) == 1 and shell[0]["host.name"] == "h1" and "source.ip" not in shell[0],
          "the sequence's alert holds what its events share")
    check({a["kibana.alert.group.id"] for a in one(alerts, "eql")} == {shell[0]["kibana.alert.uuid"]},
          "and its events name it")
    ids = [a["kibana.alert.uuid"] for a in alerts]
    check(len(ids) == len(set(ids)), "no alert twice", run)
    table = weir("replay", "--quiet", "--alerts", "table", "--rule", rules, whole)
    check(table.status == 0 and "Many ports" in table.out, "also as a table", table)

    kept = weir("replay", "--quiet", "--rule", rules, "--data-dir", folder("kept"), whole)
    check(what(kept.lines()) == what(alerts), "a data directory changes nothing", kept)
    again = weir("replay", "--quiet", "--rule", rules, "--data-dir", folder("kept"), whole)
    check(again.status == 0 and again.lines() == [], "and nothing is told twice", again)

    # What a rule would have raised, over what is stored.
    span = ["--from", time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(START)),
            "--to", time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(START + 3600))]
    for rule in RULES:
        one_rule = folder(f"{rule['rule_id']}.json", json.dumps({**COMMON, **rule}))
        shown = weir("rule", "preview", one_rule, *span, "--data-dir", folder("kept"))
        check(shown.status == 0 and what(shown.lines()) == what(one(alerts, rule["rule_id"])),
              f"the preview of {rule['rule_id']} shows what was raised", shown)
    shown = weir("rule", "preview", "threshold", *span, "--data-dir", folder("kept"))
    check(len(shown.lines()) == 1, "also of a rule by its id", shown)

    # In two parts: what the second finds depends on the first (indicators, histories, sequences).
    cut = next(i for i, e in enumerate(EVENTS) if e["@timestamp"] >= (START + 1202) * 1000)
    parts = [folder("a.ndjson", text(EVENTS[:cut])), folder("b.ndjson", text(EVENTS[cut:]))]
    both = []
    for part in parts:
        run = weir("replay", "--quiet", "--rule", rules, "--data-dir", folder("parts"), part)
        check(run.status == 0, "a part is replayed", run)
        both += run.lines()
    check({r: count(both, r) for r in WANTED} == WANTED, f"in two parts the same is found: {what(both)}")
    check(len(one(both, "new_terms")) == 5, "and what is new stays new once")

    # The daemon, from a followed log, in the log's own time.
    data, log, told = folder("data"), folder("log.ndjson", text(EVENTS)), folder("alerts.ndjson")
    os.mkdir(data)
    check(weir("rule", "import", rules, "--data-dir", data).status == 0, "rules are imported")
    daemon = subprocess.Popen([WEIR, "serve", "--listen", "", "--data-dir", data, "--follow", log, "--alerts", told],
                              stderr=subprocess.PIPE, text=True)
    try:
        end = time.time() + 90
        while not os.path.exists(told) or open(told).read().count("\n") < len(alerts):
            check(time.time() < end and daemon.poll() is None, "the daemon raises the alerts")
            time.sleep(0.2)
        check(what(json.loads(line) for line in open(told)) == what(alerts),
              "the daemon raises the same alerts at the same times")
    finally:
        daemon.send_signal(signal.SIGTERM)
        daemon.communicate(timeout=60)
    check(daemon.returncode == 0, "the daemon ends well")
