#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Kibana's API over HTTP: rules, alerts, exceptions, value lists and modules, as clients use them."""
import base64
import json
import os
import random
import re
import sqlite3
import tempfile
import time

from weir_e2e import check
from weir_server import Server

RULES = "/api/detection_engine/rules"
XSRF = {"kbn-xsrf": "true", "elastic-api-version": "2023-10-31"}
RULE = {"rule_id": "big-upload", "name": "Big upload", "description": "Somebody sends much.", "risk_score": 47,
        "severity": "medium", "type": "query", "query": "source.bytes > 1000", "index": ["logs-*"],
        "from": "now-10m", "tags": ["net", "own"], "enabled": False}


def rules(server):
    made = server.admin("POST", RULES, RULE, XSRF)
    check(made["rule_id"] == "big-upload" and len(made["id"]) == 36, f"a rule is made: {made}")
    check(made["revision"] == 0 and made["version"] == 1 and made["enabled"] is False, "with its defaults")
    check(made["interval"] == "5m" and made["max_signals"] == 100 and made["threat"] == [], "all of them")
    check(made["created_by"] == "admin" and made["rule_source"] == {"type": "internal"}, "and who made it")
    again = server.ask("POST", RULES, RULE, {**server.basic(), **XSRF})
    check(again.status == 409 and again.json()["message"] == 'rule_id: "big-upload" already exists', again.body)
    check(again.json()["status_code"] == again.json()["statusCode"] == 409, "in Kibana's words")
    wrong = server.ask("POST", RULES, {**RULE, "rule_id": "x", "risk_score": 101}, {**server.basic(), **XSRF})
    check(wrong.status == 400 and "risk_score" in wrong.json()["message"], f"mistakes are told: {wrong.body}")
    check(server.admin("GET", f"{RULES}?id={made['id']}") == made, "it is found by id")
    check(server.admin("GET", f"{RULES}?rule_id=big-upload") == made, "and by rule_id")
    none = server.ask("GET", f"{RULES}?rule_id=none", headers=server.basic())
    check(none.status == 404 and none.json()["message"] == 'rule_id: "none" not found', none.body)
    check(server.ask("GET", RULES, headers=server.basic()).status == 400, "one must be named")
    patched = server.admin("PATCH", RULES, {"rule_id": "big-upload", "risk_score": 60, "note": "look"}, XSRF)
    check(patched["risk_score"] == 60 and patched["note"] == "look" and patched["revision"] == 1, "a patch")
    check(patched["name"] == "Big upload" and patched["created_at"] == made["created_at"], "changes nothing else")
    whole = {**RULE, "name": "Bigger upload", "id": made["id"]}
    del whole["rule_id"], whole["enabled"]
    put = server.admin("PUT", RULES, whole, XSRF)
    check(put["name"] == "Bigger upload" and "note" not in put and put["revision"] == 2, f"an update replaces: {put}")
    check(put["rule_id"] == "big-upload" and put["enabled"] is False, "its names and its switch stay")
    back = server.admin("PUT", RULES, put, XSRF)
    check(back["revision"] == 3, "what was read can be written")
    for i in range(5):
        server.admin("POST", RULES, {**RULE, "rule_id": f"r{i}", "name": f"Rule {4 - i}", "tags": [f"t{i % 2}"],
                                     "risk_score": i}, XSRF)
    found = server.admin("GET", f"{RULES}/_find?per_page=2&page=2&sort_field=name&sort_order=asc")
    check([r["name"] for r in found["data"]] == ["Rule 1", "Rule 2"], f"pages: {[r['name'] for r in found['data']]}")
    check(found["total"] == 6 and found["page"] == 2 and found["perPage"] == 2, "with their numbers")
    found = server.admin("GET", f"{RULES}/_find?filter=alert.attributes.tags:t1%20and%20"
                                "alert.attributes.params.riskScore%3E1&fields=name")
    check([r["rule_id"] for r in found["data"]] == ["r3"], f"a filter: {found}")
    check(set(found["data"][0]) >= {"id", "rule_id", "name"} and "risk_score" not in found["data"][0], "fields")
    check(server.ask("GET", f"{RULES}/_find?sort_field=nothing", headers=server.basic()).status == 400, "sort")
    check(server.admin("GET", "/api/detection_engine/tags") == ["net", "own", "t0", "t1"], "tags")
    gone = server.admin("DELETE", f"{RULES}?rule_id=r0", headers=XSRF)
    check(gone["rule_id"] == "r0", "a deleted rule is shown once more")
    check(server.ask("GET", f"{RULES}?rule_id=r0", headers=server.basic()).status == 404, "and gone")


def bulk(server):
    def act(body, status=200, query=""):
        return server.admin("POST", f"{RULES}/_bulk_action{query}", body, XSRF, status)
    ids = {r["rule_id"]: r["id"] for r in server.admin("GET", f"{RULES}/_find?per_page=100")["data"]}
    done = act({"action": "enable", "ids": [ids["r1"], ids["r2"]]})
    check(done["success"] and done["rules_count"] == 2, f"enable: {done}")
    check(all(r["enabled"] for r in done["attributes"]["results"]["updated"]), "as it now is")
    check(done["attributes"]["summary"] == {"failed": 0, "skipped": 0, "succeeded": 2, "total": 2}, "summed up")
    done = act({"action": "disable", "query": "alert.attributes.enabled: true"})
    check({r["rule_id"] for r in done["attributes"]["results"]["updated"]} == {"r1", "r2"}, f"by a query: {done}")
    edit = {"action": "edit", "ids": [ids["r1"]],
            "edit": [{"type": "add_tags", "value": ["x"]}, {"type": "delete_tags", "value": ["t1"]},
                     {"type": "set_schedule", "value": {"interval": "1h", "lookback": "10m"}},
                     {"type": "set_index_patterns", "value": ["packetbeat-*"]}]}
    dry = act(edit, query="?dry_run=true")
    check(dry["attributes"]["summary"]["succeeded"] == 1 and not dry["attributes"]["results"]["updated"], "dry run")
    rule = act(edit)["attributes"]["results"]["updated"][0]
    check(rule["tags"] == ["x"] and rule["interval"] == "1h" and rule["from"] == "now-4200s", f"edits: {rule}")
    check(rule["index"] == ["packetbeat-*"] and rule["revision"] == 1, "all of them at once")
    again = act({"action": "edit", "ids": [ids["r1"]], "edit": [{"type": "add_tags", "value": ["x"]}]})
    check(again["attributes"]["results"]["skipped"][0]["skip_reason"] == "RULE_NOT_MODIFIED", "what is so is skipped")
    bad = act({"action": "edit", "ids": [ids["r1"], "none"], "edit": [{"type": "no_such", "value": []}]}, 500)
    check(bad["attributes"]["summary"]["failed"] == 2 and len(bad["attributes"]["errors"]) == 2, f"errors: {bad}")
    copy = act({"action": "duplicate", "ids": [ids["r1"]], "duplicate": {"include_exceptions": True}})
    copy = copy["attributes"]["results"]["created"][0]
    check(copy["name"].endswith("[Duplicate]") and copy["rule_id"] not in ids and not copy["enabled"], "a copy")
    gone = act({"action": "delete", "ids": [copy["id"]]})
    check(gone["attributes"]["results"]["deleted"][0]["id"] == copy["id"], "deleted")
    check(act({"action": "sing"}, 400)["statusCode"] == 400, "what cannot be done is refused")
    ran = act({"action": "run", "ids": [ids["r2"]], "run": {"start_date": "now-16m", "end_date": "now-1m"}})
    check(ran["attributes"]["summary"]["succeeded"] == 1, f"a manual run: {ran}")
    runs = server.admin("GET", f"/internal/detection_engine/rules/{ids['r2']}/execution/results?run_type_filters=backfill")
    check(runs["total"] >= 3 and runs["events"][0]["security_status"] == "succeeded", f"its history: {runs}")
    gaps = server.admin("POST", "/internal/alerting/rules/gaps/_find", {"rule_id": ids["r2"]}, XSRF)
    check(gaps["total"] == 0 and gaps["data"] == [], "no gaps")


def upload(server, path, text, status=200):
    body = ("--bound\r\nContent-Disposition: form-data; name=\"file\"; filename=\"x.ndjson\"\r\n"
            f"Content-Type: application/octet-stream\r\n\r\n{text}\r\n--bound--\r\n")
    answer = server.ask("POST", path, body, {**server.basic(), **XSRF,
                                             "Content-Type": "multipart/form-data; boundary=bound"})
    check(answer.status == status, f"{path}: {answer.status} {answer.body}")
    return answer.json()


def exceptions(server):
    lists, items = "/api/exception_lists", "/api/exception_lists/items"
    made = server.admin("POST", lists, {"list_id": "known", "name": "Known", "description": "d", "type": "detection"}, XSRF)
    check(made["namespace_type"] == "single" and made["created_by"] == "admin" and made["_version"], f"{made}")
    again = server.ask("POST", lists, {"list_id": "known", "name": "Known", "type": "detection"}, server.basic())
    check(again.status == 409 and "already exists" in again.json()["message"], again.body)
    check(server.admin("GET", f"{lists}?list_id=known") == made == server.admin("GET", f"{lists}?id={made['id']}"), "")
    put = server.admin("PUT", lists, {"list_id": "known", "name": "Better known", "description": "d", "type": "detection"}, XSRF)
    check(put["name"] == "Better known" and put["id"] == made["id"] and put["created_at"] == made["created_at"], f"{put}")
    old = server.ask("PUT", lists, {**made, "name": "x"}, server.basic())
    check(old.status == 409, f"an old version is refused: {old.body}")
    entry = {"field": "source.ip", "operator": "included", "type": "match", "value": "10.0.0.1"}
    item = server.admin("POST", items, {"list_id": "known", "name": "Backup", "description": "d", "type": "simple",
                                        "entries": [entry], "comments": [{"comment": "fine"}]}, XSRF)
    check(item["comments"][0]["created_by"] == "admin" and item["item_id"], f"an item: {item}")
    wrong = server.ask("POST", items, {"list_id": "known", "name": "B", "type": "simple", "entries": []}, server.basic())
    check(wrong.status == 400 and "entries" in wrong.json()["message"], wrong.body)
    found = server.admin("GET", f"{items}/_find?list_id=known&filter=exception-list.attributes.name:Backup")
    check(found["total"] == 1 and found["data"][0] == item, f"found: {found}")
    check(server.ask("GET", f"{items}/_find?list_id=none", headers=server.basic()).status == 404, "of no list")
    check(server.admin("GET", f"{lists}/_find")["total"] == 1, "lists")
    item = server.admin("PUT", items, {"item_id": item["item_id"], "name": "Backups", "description": "d",
                                       "type": "simple", "entries": [entry]}, XSRF)
    check(item["name"] == "Backups" and item["list_id"] == "known", f"changed: {item}")
    file = server.ask("POST", f"{lists}/_export?list_id=known&namespace_type=single", headers=server.basic())
    check(file.body.count("\n") == 3 and "attachment" in file.headers["Content-Disposition"], f"a file: {file.body}")
    check(upload(server, f"{lists}/_import", file.body)["errors"][0]["error"]["status_code"] == 409, "is there")
    check(upload(server, f"{lists}/_import?overwrite=true", file.body)["success_count"] == 2, "and back")
    server.admin("PATCH", RULES, {"rule_id": "r1", "exceptions_list": [
        {"id": put["id"], "list_id": "known", "type": "detection", "namespace_type": "single"}]}, XSRF)
    rules = server.ask("POST", f"{RULES}/_export", {"objects": [{"rule_id": "r1"}, {"rule_id": "none"}]}, server.basic())
    lines = rules.body.splitlines()
    check(len(lines) == 4 and '"missing_rules":[{"rule_id":"none"}]' in lines[3], f"rules with lists: {lines}")
    short = server.ask("POST", f"{RULES}/_export?exclude_export_details=true", headers=server.basic())
    check("exported_count" not in short.body, "without the summary")
    there = upload(server, f"{RULES}/_import", rules.body)
    check(there["errors"][0] == {"rule_id": "r1", "error": {"status_code": 409,
                                                            "message": 'rule_id: "r1" already exists'}}, f"{there}")
    check(not there["success"] and not there["exceptions_success"], "both are there")
    before = server.admin("GET", f"{RULES}?rule_id=r1")
    back = upload(server, f"{RULES}/_import?overwrite=true&overwrite_exceptions=true", rules.body)
    check(back["success"] and back["success_count"] == 1 and back["exceptions_success_count"] == 2, f"{back}")
    after = server.admin("GET", f"{RULES}?rule_id=r1")
    check(after["id"] == before["id"] and after["revision"] == before["revision"] + 1, "it stays the same object")
    bad = upload(server, f"{RULES}/_import", '{"rule_id":"q","name":"q"}\nnonsense\n')
    check(not bad["success"] and len(bad["errors"]) == 2, f"each mistake is told: {bad}")
    check(server.ask("DELETE", f"{items}?item_id={item['item_id']}", headers=server.basic()).status == 200, "gone")
    check(server.ask("DELETE", f"{lists}?list_id=known", headers=server.basic()).status == 200, "gone")
    check(server.ask("GET", f"{lists}?list_id=known", headers=server.basic()).status == 404, "gone")


def files(server):
    """Many rules at once, connectors that come with them, and lists that come as new ones."""
    lines = [json.dumps({**RULE, "rule_id": f"many-{i}", "risk_score": 200 if i % 100 == 7 else 5}) for i in range(1200)]
    done = upload(server, f"{RULES}/_import", "\n".join(lines))
    check(done["success_count"] == 1188 and done["rules_count"] == 1200 and len(done["errors"]) == 12
          and all("risk_score" in e["error"]["message"] for e in done["errors"]), f"many: {str(done)[:500]}")
    again = upload(server, f"{RULES}/_import", "\n".join(lines[:50]))
    check(again["success_count"] == 0 and {e["error"]["status_code"] for e in again["errors"]} == {400, 409}, "there")
    found = server.admin("GET", f"{RULES}/_find?filter=alert.attributes.params.ruleId:many-*&per_page=10000")
    ids = [r["id"] for r in found["data"]]
    edit = {"action": "edit", "ids": ids, "edit": [{"type": "add_tags", "value": ["m"]}]}
    done = server.admin("POST", f"{RULES}/_bulk_action", edit, XSRF)
    check(done["attributes"]["summary"]["succeeded"] == 1188, f"all edited: {done['attributes']['summary']}")
    done = server.admin("POST", f"{RULES}/_bulk_action", {"action": "delete", "ids": ids[3:] + ["none"]}, XSRF, 500)
    check(done["attributes"]["summary"] == {"failed": 1, "skipped": 0, "succeeded": 1185, "total": 1186}, "deleted")
    for i in ids[:3]:
        server.admin("DELETE", f"{RULES}?id={i}", headers=XSRF)
    # Connectors go out without secrets, and come back.
    hook = {"name": "Hook", "connector_type_id": ".webhook", "config": {"url": "https://example.org/", "hasAuth": True},
            "secrets": {"user": "u", "password": "pa55"}}
    server.admin("POST", "/api/actions/connector/hook", hook, XSRF)
    action = {"id": "hook", "action_type_id": ".webhook", "group": "default", "params": {"body": "{}"}}
    server.admin("PATCH", RULES, {"rule_id": "r1", "actions": [action, {**action, "id": "gone"}], "exceptions_list": [
        {"id": "x", "list_id": "known", "type": "detection", "namespace_type": "single"}]}, XSRF)
    server.admin("POST", "/api/exception_lists", {"list_id": "known", "name": "Known", "description": "d",
                                                  "type": "detection"}, XSRF)
    server.admin("POST", "/api/exception_lists/items", {"list_id": "known", "item_id": "one", "name": "n", "description": "d",
                 "type": "simple", "entries": [{"field": "a", "operator": "included", "type": "exists"}]}, XSRF)
    one = {"objects": [{"rule_id": "r1"}]}
    file = server.ask("POST", f"{RULES}/_export", one, server.basic()).body
    total = json.loads(file.splitlines()[-1])
    check(total["exported_action_connector_count"] == 1 and total["missing_action_connections"] ==
          [{"id": "gone", "type": "action"}] and total["exported_count"] == 4, f"with its connector: {total}")
    check("example.org" in file and "pa55" not in file, "without its secrets")
    key = server.admin("POST", "/api/keys", {"name": "v", "role": "viewer"})
    viewer = {"Authorization": "ApiKey " + base64.b64encode(f"{key['id']}:{key['api_key']}".encode()).decode()}
    seen = server.ask("POST", f"{RULES}/_export", one, viewer).body
    check("example.org" not in seen and '"excluded_action_connection_count":1' in seen, f"not for viewers: {seen}")
    kept = upload(server, f"{RULES}/_import?overwrite=true&overwrite_exceptions=true", file)
    check(kept["action_connectors_success_count"] == 0 and [e["id"] for e in kept["action_connectors_errors"]] == ["gone"]
          and kept["success"], f"one that is there stays: {kept}")
    check(server.ask("DELETE", "/api/actions/connector/hook", headers=server.basic()).status == 204, "removed")
    back = upload(server, f"{RULES}/_import?overwrite=true&as_new_list=true", file)
    check(back["action_connectors_success_count"] == 1 and back["action_connectors_warnings"] and
          back["exceptions_success_count"] == 2, f"and back: {back}")
    check(server.admin("GET", "/api/actions/connector/hook")["is_missing_secrets"], "its secrets are missing")
    over = upload(server, f"{RULES}/_import?overwrite_action_connectors=true", file.replace("example.org", "example.net"))
    check(over["action_connectors_success_count"] == 1 and not over["success"], f"overwritten: {over}")
    check(server.admin("GET", "/api/actions/connector/hook")["config"]["url"] == "https://example.net/", "changed")
    named = server.admin("GET", f"{RULES}?rule_id=r1")["exceptions_list"][0]["list_id"]
    check(named != "known", "the rule means the new list")
    items = server.admin("GET", f"/api/exception_lists/items/_find?list_id={named}")
    check(items["total"] == 1 and items["data"][0]["item_id"] != "one", f"which has an item of its own: {items}")
    for name in ("known", named):
        server.admin("DELETE", f"/api/exception_lists?list_id={name}", headers=XSRF)
    server.admin("PATCH", RULES, {"rule_id": "r1", "actions": [], "exceptions_list": []}, XSRF)


def gaps(server):
    """What no run looked at is made up for in bulk. The gap is written by hand, while nothing runs."""
    ids = {r["rule_id"]: r["id"] for r in server.admin("GET", f"{RULES}/_find?per_page=100")["data"]}
    at = (int(time.time()) // 300 - 12) * 300
    iso = [time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(t)) for t in (at, at + 600, at + 1500)]
    doc = {"range": {"gte": iso[0], "lte": iso[2]}, "status": "partially_filled",
           "filled_intervals": [{"gte": iso[0], "lte": iso[1]}]}
    server.stop()
    with sqlite3.connect(os.path.join(server.data, "state.db")) as db:
        db.execute("INSERT INTO gap VALUES (?, ?, ?, ?, ?)",
                   ("r2", at * 10**9, (at + 1500) * 10**9, "partially_filled", json.dumps(doc)))
    db.close()
    server.start()
    find = {"rule_id": ids["r2"], "statuses": ["unfilled", "partially_filled"]}
    check(server.admin("POST", "/internal/alerting/rules/gaps/_find", find, XSRF)["total"] == 1, "a gap")
    backfill = f"/internal/detection_engine/rules/{ids['r2']}/execution/results?run_type_filters=backfill"
    before = server.admin("GET", backfill)["total"]
    fill = {"action": "fill_gaps", "ids": [ids["r2"], ids["r3"]], "fill_gaps": {"start_date": "now-1d", "end_date": "now"}}
    done = server.admin("POST", f"{RULES}/_bulk_action", fill, XSRF)
    check(done["attributes"]["summary"] == {"failed": 0, "skipped": 1, "succeeded": 1, "total": 2} and
          done["attributes"]["results"]["skipped"][0]["skip_reason"] == "NO_GAPS_TO_FILL", f"filled: {done}")
    check(server.admin("GET", backfill)["total"] == before + 3, "by one run for each interval that was left")
    check(server.admin("POST", "/internal/alerting/rules/gaps/_find", find, XSRF)["total"] == 0, "nothing is left")
    find["statuses"] = ["filled"]
    check(server.admin("POST", "/internal/alerting/rules/gaps/_find", find, XSRF)["total"] == 1, "it is told as filled")


def status(server):
    check(server.admin("GET", "/api/status")["status"]["overall"]["level"] == "available", "well")
    count = server.admin("GET", f"{RULES}/prepackaged/_status")
    check(count["rules_custom_installed"] == 5 and count["rules_not_installed"] > 0, f"{count}")
    done = server.admin("PUT", f"{RULES}/prepackaged", headers=XSRF)
    check(done["rules_installed"] == count["rules_not_installed"], f"all that packages have: {done}")
    count = server.admin("GET", f"{RULES}/prepackaged/_status")
    check(count["rules_not_installed"] == 0 and count["rules_installed"] == done["rules_installed"], f"{count}")
    check(server.admin("PUT", f"{RULES}/prepackaged", headers=XSRF)["rules_installed"] == 0, "once")
    shipped = {"action": "delete", "query": "alert.attributes.params.immutable: true"}
    off = server.admin("GET", f"{RULES}/_find?filter=alert.attributes.params.immutable:true&per_page=1000")["data"]
    check(len(off) == done["rules_installed"] and not any(r["enabled"] for r in off), "switched off")
    server.admin("POST", f"{RULES}/_bulk_action", shipped, XSRF)
    check(server.admin("GET", "/api/detection_engine/privileges")["has_all_requested"], "rights")


def values(server):
    lists, items = "/api/lists", "/api/lists/items"
    made = server.admin("POST", lists, {"id": "bad-ips", "name": "Bad", "description": "d", "type": "ip"}, XSRF)
    check(made["type"] == "ip" and made["created_by"] == "admin", f"a value list: {made}")
    again = server.ask("POST", lists, {"id": "bad-ips", "name": "B", "description": "d", "type": "ip"}, server.basic())
    check(again.status == 409, again.body)
    item = server.admin("POST", items, {"list_id": "bad-ips", "value": "192.0.2.1"}, XSRF)
    check(item["value"] == "192.0.2.1" and item["list_id"] == "bad-ips", f"a value: {item}")
    wrong = server.ask("POST", items, {"list_id": "bad-ips", "value": "nonsense"}, server.basic())
    check(wrong.status == 400, f"of the list's type: {wrong.body}")
    check(server.admin("GET", f"{items}?id={item['id']}") == item, "by its id")
    check(server.admin("GET", f"{items}?list_id=bad-ips&value=192.0.2.1") == [item], "by its value")
    moved = server.admin("PUT", items, {"id": item["id"], "value": "192.0.2.2"}, XSRF)
    check(server.admin("GET", f"{items}/_find?list_id=bad-ips")["data"] == [moved], "another in its place")
    upload(server, f"{items}/_import?list_id=bad-ips", "192.0.2.3\n192.0.2.4\n")
    check(server.admin("GET", f"{items}/_find?list_id=bad-ips&per_page=2")["total"] == 3, "many from a file")
    file = server.ask("POST", f"{items}/_export?list_id=bad-ips", headers=server.basic())
    check(file.body == "192.0.2.2\n192.0.2.3\n192.0.2.4\n", f"and to one: {file.body}")
    named = server.admin("PATCH", lists, {"id": "bad-ips", "name": "Worse"}, XSRF)
    check(named["name"] == "Worse" and named["type"] == "ip", "changed")
    check(server.admin("GET", f"{lists}/_find")["total"] == 1, "found")
    check(server.ask("DELETE", f"{items}?id={moved['id']}", headers=server.basic()).status == 200, "removed")
    check(server.ask("GET", f"{items}?id={moved['id']}", headers=server.basic()).status == 404, "and gone")
    check(server.ask("DELETE", f"{lists}?id=bad-ips", headers=server.basic()).status == 200, "deleted")
    check(server.ask("GET", f"{lists}?id=bad-ips", headers=server.basic()).status == 404, "and gone")


def modules(server):
    check(server.admin("GET", "/api/ml/modules/recognize/logs-*") == [], "nothing applies to nothing")
    now = time.time()
    lines = []
    for i in range(50):
        at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now - 600 + i))
        lines += ['{"create":{}}\n', {"@timestamp": at, "event": {"category": "network", "dataset": "own"},
                                      "source": {"ip": f"10.0.0.{i % 5}", "bytes": 100 * i}}]
    check(not server.bulk("/logs-own-default/_bulk", lines).json()["errors"], "events")
    found = server.admin("GET", "/api/ml/modules/recognize/logs-*")
    check("security_network" in [m["id"] for m in found], f"a package applies: {[m['id'] for m in found]}")
    check(server.admin("GET", "/api/ml/modules/recognize/packetbeat-*") == [], "not to another index")
    module = server.admin("GET", "/api/ml/modules/get_module/security_network")
    check(len(module["jobs"]) == 4 and module["datafeeds"][0]["config"]["indices"], f"its jobs: {module['id']}")
    check(len(server.admin("GET", "/api/ml/modules/get_module")) > 3, "all")
    check(server.admin("GET", "/api/ml/modules/jobs_exist/security_network") == {"jobsExist": False}, "not yet")
    setup = {"prefix": "mine_", "indexPatternName": "logs-own-*", "startDatafeed": True, "groups": ["g"],
             "jobOverrides": [{"job_id": "mine_high_count_network_events", "description": "changed"}]}
    done = server.admin("POST", "/api/ml/modules/setup/security_network", setup, XSRF)
    check(all(j["success"] for j in done["jobs"]) and all(d["started"] for d in done["datafeeds"]), f"{done}")
    check(done["jobs"][0]["id"].startswith("mine_"), "with the prefix")
    again = server.admin("POST", "/api/ml/modules/setup/security_network", setup, XSRF)
    check(not any(j["success"] for j in again["jobs"]) and again["jobs"][0]["error"]["status"] == 409, f"{again}")
    server.admin("POST", "/api/ml/modules/setup/security_network", {}, XSRF)
    check(server.admin("GET", "/api/ml/modules/jobs_exist/security_network")["jobsExist"], "now they are there")
    check(server.ask("POST", "/api/ml/modules/setup/none", {}, server.basic()).status == 404, "no such")


def signals(server):
    """A rule that finds the events of modules(): first tried out, then run, then its alerts looked into."""
    rule = {"rule_id": "loud", "name": "Loud", "description": "d", "risk_score": 50, "severity": "high", "type": "query",
            "query": "source.bytes >= 4500", "index": ["logs-*"], "from": "now-1h", "interval": "1m", "enabled": False}
    end = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 120))
    tried = server.admin("POST", f"{RULES}/preview", {**rule, "invocationCount": 3, "timeframeEnd": end}, XSRF)
    check(tried["alerts_total"] == 5 and len(tried["logs"]) == 3 and not tried["isAborted"], f"a preview: {tried}")
    check(tried["logs"][0]["errors"] == [], "without errors")
    check("requests" not in tried["logs"][0], "requests are not asked for")
    asked = {**rule, "invocationCount": 2, "timeframeEnd": end}
    del asked["index"]
    logged = server.admin("POST", f"{RULES}/preview?enable_logged_requests=true", asked, XSRF)["logs"][1]["requests"]
    path, _, body = logged[0]["request"].partition("\n")
    check(logged[0]["request_type"] == "findDocuments" and path.startswith("POST /apm-"), f"a request: {logged}")
    hits = server.admin("POST", path.split()[1], json.loads(body), {"Content-Type": "application/json"})["hits"]
    check(hits["total"]["value"] == 5, f"which finds the same by hand: {hits['total']}")
    ml = {"name": "M", "description": "d", "risk_score": 5, "severity": "low", "type": "machine_learning", "from": "now-1h",
          "anomaly_threshold": 50, "machine_learning_job_id": ["mine_high_count_network_events"], "invocationCount": 1}
    logged = server.admin("POST", f"{RULES}/preview?enable_logged_requests=true", ml, XSRF)["logs"][0]["requests"]
    path, _, body = logged[0]["request"].partition("\n")
    check(logged[0]["request_type"] == "findAnomalies", f"anomalies: {logged}")
    hits = server.admin("POST", path.split()[1], json.loads(body), {"Content-Type": "application/json"})["hits"]
    check(hits["total"]["value"] == 0, "none yet, and the request is understood")
    check(server.ask("GET", f"{RULES}?rule_id=loud", headers=server.basic()).status == 404, "keeps no rule")
    search = {"query": {"match_all": {}}, "size": 20}
    none = server.admin("POST", "/api/detection_engine/signals/search", search, XSRF)
    check(none["hits"]["total"]["value"] == 0, f"and no alert: {none}")
    made = server.admin("POST", RULES, rule, XSRF)
    run = {"action": "run", "ids": [made["id"]], "run": {"start_date": "now-3m", "end_date": "now-1m"}}
    check(server.admin("POST", f"{RULES}/_bulk_action", run, XSRF)["success"], "a manual run")
    query = {"bool": {"filter": [{"term": {"kibana.alert.rule.rule_id": "loud"}}]}}
    found = server.admin("POST", "/api/detection_engine/signals/search", {"query": query, "size": 20, "aggs": {
        "status": {"terms": {"field": "kibana.alert.workflow_status"}}}}, XSRF)
    check(found["hits"]["total"]["value"] == 5, f"alerts: {found['hits']['total']}")
    check(found["aggregations"]["status"]["buckets"][0]["doc_count"] == 5, f"{found['aggregations']}")
    ids = [h["_id"] for h in found["hits"]["hits"]]
    done = server.admin("POST", "/api/detection_engine/signals/status", {"signal_ids": ids[:2], "status": "acknowledged"}, XSRF)
    check(done["updated"] == 2 and done["failures"] == [], f"a new status: {done}")
    done = server.admin("POST", "/api/detection_engine/signals/status", {"status": "closed", "query": {
        "bool": {"filter": [query, {"term": {"kibana.alert.workflow_status": "open"}}]}}}, XSRF)
    check(done["updated"] == 3, f"by a query: {done}")
    check(server.ask("POST", "/api/detection_engine/signals/status", {"signal_ids": ids, "status": "x"},
                     server.basic()).status == 400, "of the three")
    server.admin("POST", "/api/detection_engine/signals/tags", {"ids": ids, "tags": {"tags_to_add": ["seen"], "tags_to_remove": []}}, XSRF)
    server.admin("POST", "/api/detection_engine/signals/assignees", {"ids": ids[:1], "assignees": {"add": ["eva"], "remove": []}}, XSRF)
    closed = {"query": {"bool": {"filter": [{"term": {"kibana.alert.workflow_status": "closed"}},
                                            {"term": {"kibana.alert.workflow_tags": "seen"}}]}}}
    check(server.admin("POST", "/api/detection_engine/signals/search", closed, XSRF)["hits"]["total"]["value"] == 3, "")
    eva = {"query": {"term": {"kibana.alert.workflow_assignee_ids": "eva"}}}
    check(server.admin("POST", "/api/detection_engine/signals/search", eva, XSRF)["hits"]["hits"][0]["_id"] == ids[0], "")
    bad = server.ask("POST", "/api/detection_engine/signals/search", {"query": {"no_such": {}}}, server.basic())
    check(bad.status == 400 and bad.json()["statusCode"] == 400, f"mistakes in Kibana's form: {bad.body}")


def hostile(server):
    """Whatever a body holds, it is answered, and never by a failure of the server's own."""
    values = [None, 1, -1, 1.5, "", "x", "a" * 5000, [], {}, [1], ["x"], [[]], {"a": 1}, True, "now", [{"type": "add_tags"}],
              {"field_names": [1]}, [{"type": "set_schedule", "value": {"interval": "5m", "lookback": "99999999999d"}}]]
    keys = ["id", "rule_id", "action", "ids", "query", "edit", "run", "duplicate", "signal_ids", "status", "tags", "type",
            "assignees", "list_id", "item_id", "name", "entries", "comments", "namespace_type", "_version", "value",
            "invocationCount", "timeframeEnd", "interval", "prefix", "groups", "jobOverrides", "datafeedOverrides", "objects"]
    key = server.admin("POST", "/api/keys", {"name": "k", "role": "admin"})
    auth = {"Authorization": "ApiKey " + base64.b64encode(f"{key['id']}:{key['api_key']}".encode()).decode()}
    table = server.admin("GET", "/api/openapi.json")["paths"]
    rows = [(method.upper(), path) for path, methods in table.items() for method in methods
            if any(part in path for part in ("detection_engine", "exception_lists", "/api/lists", "/api/ml/modules"))]
    draw = random.Random(3)
    for _ in range(800):
        method, path = draw.choice(rows)
        path = re.sub(r"\{[^}]*\}", draw.choice(["x", "security_network"]), path)
        body = {k: draw.choice(values) for k in draw.sample(keys, draw.randint(0, 6))}
        body = json.dumps(draw.choice(values) if draw.random() < 0.1 else body)
        kind = "application/json"
        if path.endswith("_import") and draw.random() < 0.5:
            kind, body = "multipart/form-data; boundary=xy", draw.choice(["--xy\r\n", "--xy--", f"--xy\r\n\r\n{body}\r\n--xy--"])
        answer = server.ask(method, path, body if method in ("POST", "PUT", "PATCH") else None, {**auth, "Content-Type": kind})
        check(answer.status < 500 or "Bulk edit" in answer.body, f"{method} {path} {body[:300]}: {answer.status} {answer.body}")


with tempfile.TemporaryDirectory() as folder:
    with Server(os.path.join(folder, "data")) as server:
        rules(server)
        bulk(server)
        exceptions(server)
        files(server)
        gaps(server)
        status(server)
        values(server)
        modules(server)
        signals(server)
        hostile(server)
print("ok")
