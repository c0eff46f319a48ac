#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The machine-learning API as a client drives it: jobs, data, datafeeds, results, and all around them."""
import json
import os
import tempfile
import threading
import time
import urllib.parse

from weir_e2e import check
from weir_server import Server

BASE = 1767225600  # 2026-01-01T00:00:00Z
SPAN = 300
COUNT = {"analysis_config": {"bucket_span": "5m", "detectors": [{"function": "count"}], "influencers": ["host.name"]},
         "data_description": {"time_field": "time", "time_format": "epoch"}}


def fails(server, method, path, body=None, status=400, kind=None, says=None):
    answer = server.admin(method, path, body, status=status)
    error = answer["error"]
    check(answer["status"] == status and error["root_cause"][0]["type"] == error["type"], f"{path}: {answer}")
    if kind:
        check(error["type"] == kind, f"{path}: {error}")
    if says:
        check(says in error["reason"], f"{path}: {error['reason']}")


def records(first, last, per_bucket=20, spike=None):
    for k in range(first, last):
        n = 400 if k == spike else per_bucket + k % 3
        for i in range(n):
            yield {"time": BASE + k * SPAN + i % SPAN, "host": {"name": f"h{i % 2}"}, "bytes": 100 + i}


def post(server, job, docs, array=False, status=202, params=""):
    body = json.dumps(docs) if array else "".join(json.dumps(d) + "\n" for d in docs)
    answer = server.ask("POST", f"/_ml/anomaly_detectors/{job}/_data{params}", body,
                        {**server.basic(), "Content-Type": "application/x-ndjson"})
    check(answer.status == status, f"_data: {answer.status} {answer.body[:300]}")
    return answer.json()


def jobs(server):
    job = server.admin("PUT", "/_ml/anomaly_detectors/posted", {**COUNT, "groups": ["mine"], "description": "d"})
    check(job["job_id"] == "posted" and job["job_type"] == "anomaly_detector", job)
    check(job["analysis_config"]["detectors"] == [{"detector_description": "count", "function": "count",
                                                   "detector_index": 0}], job)
    check(job["analysis_limits"] == {"model_memory_limit": "1024mb", "categorization_examples_limit": 4}, job)
    check(job["model_snapshot_retention_days"] == 10 and job["results_index_name"] == "shared"
          and job["allow_lazy_open"] is False and job["create_time"] > BASE * 1000, job)
    fails(server, "PUT", "/_ml/anomaly_detectors/posted", COUNT, 400, "resource_already_exists_exception")
    fails(server, "PUT", "/_ml/anomaly_detectors/Wrong", COUNT, 400, "illegal_argument_exception", "Invalid job_id")
    fails(server, "PUT", "/_ml/anomaly_detectors/other", {**COUNT, "nonsense": 1}, 400, "x_content_parse_exception")
    fails(server, "PUT", "/_ml/anomaly_detectors/other", {"analysis_config": {}}, 400)
    fails(server, "GET", "/_ml/anomaly_detectors/nobody", None, 404, "resource_not_found_exception",
          "No known job with id 'nobody'")
    check(server.admin("GET", "/_ml/anomaly_detectors/no*") == {"count": 0, "jobs": []}, "patterns may fit none")
    fails(server, "GET", "/_ml/anomaly_detectors/no*?allow_no_match=false", None, 404)
    long = "é" * 60 + "x" * 300  # answered in words, whatever it is cut within
    fails(server, "PUT", "/_ml/anomaly_detectors/a" + urllib.parse.quote(long), COUNT, 400, None, "Invalid job_id")
    fails(server, "GET", "/_ml/anomaly_detectors/posted,no*?allow_no_match=false", None, 404, None, "'no*'")
    for names in ("posted", "mine", "_all", "post*,mine", "*", ",posted,", "a*,,posted"):
        check(server.admin("GET", f"/_ml/anomaly_detectors/{names}")["count"] == 1, names)
    check(server.admin("GET", "/_ml/anomaly_detectors")["count"] == 1, "all")
    shown = server.admin("GET", "/_ml/anomaly_detectors/posted?exclude_generated=true")["jobs"][0]
    check("create_time" not in shown and "job_id" not in shown, shown)
    job = server.admin("POST", "/_ml/anomaly_detectors/posted/_update", {
        "description": "changed", "groups": ["mine", "yours"], "results_retention_days": 30,
        "analysis_limits": {"model_memory_limit": "64mb"}, "custom_settings": {"a": 1},
        "detectors": [{"detector_index": 0, "description": "how many",
                       "custom_rules": [{"actions": ["skip_result"],
                                         "conditions": [{"applies_to": "actual", "operator": "lt", "value": 1}]}]}],
        "model_plot_config": {"enabled": True}})
    check(job["description"] == "changed" and job["analysis_limits"]["model_memory_limit"] == "64mb"
          and job["analysis_config"]["detectors"][0]["detector_description"] == "how many"
          and job["analysis_config"]["detectors"][0]["custom_rules"] and job["custom_settings"] == {"a": 1}
          and job["model_plot_config"] == {"enabled": True, "annotations_enabled": True}, job)
    check(server.admin("GET", "/_ml/anomaly_detectors/yours")["count"] == 1, "groups are changed")
    fails(server, "POST", "/_ml/anomaly_detectors/posted/_update", {"analysis_config": {}}, 400)
    fails(server, "POST", "/_ml/anomaly_detectors/posted/_update", {"detectors": [{"detector_index": 3}]}, 400)
    check(server.admin("POST", "/_ml/anomaly_detectors/_validate", {**COUNT, "job_id": "x"})
          == {"acknowledged": True}, "valid")
    fails(server, "POST", "/_ml/anomaly_detectors/_validate", {"analysis_config": {"detectors": []}}, 400)
    check(server.admin("POST", "/_ml/anomaly_detectors/_validate/detector",
                       {"function": "mean", "field_name": "bytes"}) == {"acknowledged": True}, "valid")
    fails(server, "POST", "/_ml/anomaly_detectors/_validate/detector", {"function": "mean"}, 400)
    fails(server, "POST", "/_ml/anomaly_detectors/_validate/detector", {"function": "nothing"}, 400)
    size = server.admin("POST", "/_ml/anomaly_detectors/_estimate_model_memory", {
        "analysis_config": {"detectors": [{"function": "sum", "field_name": "b", "by_field_name": "h"}],
                            "influencers": ["h"]},
        "overall_cardinality": {"h": 1000}, "max_bucket_cardinality": {"h": 50}})["model_memory_estimate"]
    check(size.endswith("mb") and int(size[:-2]) >= 1, size)


def data(server):
    fails(server, "POST", "/_ml/anomaly_detectors/posted/_flush", None, 409, "status_exception", "not open")
    check(post(server, "posted", [{"time": BASE}], status=409)["error"]["type"] == "status_exception", "closed")
    check(server.admin("POST", "/_ml/anomaly_detectors/posted/_open")["opened"] is True, "opened")
    fails(server, "POST", "/_ml/anomaly_detectors/posted/_open", None, 409, "status_exception", "already been opened")
    counts = post(server, "posted", list(records(0, 300)))
    expected = sum(1 for _ in records(0, 300))
    check(counts["input_record_count"] == counts["processed_record_count"] == expected, counts)
    check(counts["job_id"] == "posted" and counts["bucket_count"] == 299, counts)
    counts = post(server, "posted", list(records(300, 310, spike=305)), array=True)
    check(counts["input_record_count"] == sum(1 for _ in records(300, 310, spike=305)), counts)
    late = post(server, "posted", [{"time": BASE}, {"time": "never"}, {}])
    check(late["out_of_order_timestamp_count"] == 1 and late["invalid_date_count"] == 2, late)
    begin = (BASE + 309 * SPAN) * 1000
    post(server, "posted", list(records(309, 310)), params=f"?reset_start={begin}&reset_end={begin + SPAN * 1000}")
    post(server, "posted", [], params=f"?reset_end={begin}")  # of buckets that are closed nothing is taken
    check("reset_end" in post(server, "posted", [], params=f"?reset_start={begin}&reset_end={begin}",
                              status=400)["error"]["reason"], "the end is after the start")
    broken = post(server, "posted", ["no object"], status=400)
    check(broken["error"]["type"] == "parse_exception", broken)
    flushed = server.admin("POST", "/_ml/anomaly_detectors/posted/_flush", {"calc_interim": True})
    check(flushed == {"flushed": True, "last_finalized_bucket_end": (BASE + 309 * SPAN) * 1000}, flushed)
    stats = server.admin("GET", "/_ml/anomaly_detectors/posted/_stats")["jobs"][0]
    check(stats["state"] == "opened" and stats["node"]["name"] == "weir" and stats["open_time"], stats)
    check(stats["data_counts"]["bucket_count"] == 309 and stats["model_size_stats"]["memory_status"] == "ok", stats)
    check(stats["timing_stats"]["bucket_count"] == 309 and stats["forecasts_stats"]["total"] == 0, stats)
    fails(server, "POST", "/_ml/anomaly_detectors/posted/_update",
          {"analysis_limits": {"model_memory_limit": "65mb"}}, 409)
    server.admin("POST", "/_ml/anomaly_detectors/posted/_update", {"description": "while open"})
    check(server.admin("GET", "/_ml/anomaly_detectors/posted/_stats")["jobs"][0]["data_counts"]["bucket_count"] == 309,
          "an update loses nothing")


def results(server):
    path = "/_ml/anomaly_detectors/posted/results"
    spike = (BASE + 305 * SPAN) * 1000
    found = server.admin("GET", f"{path}/records?record_score=50")
    check(found["count"] >= 1 and found["records"][0]["timestamp"] == spike, found)
    record = found["records"][0]
    check(record["result_type"] == "record" and record["actual"] == [400.0] and record["function"] == "count", record)
    buckets = server.admin("GET", f"{path}/buckets?size=3&from=2")
    check(buckets["count"] >= 309 and [b["timestamp"] for b in buckets["buckets"]]
          == [(BASE + k * SPAN) * 1000 for k in (2, 3, 4)], buckets)
    newest = server.admin("POST", f"{path}/buckets", {"desc": True, "exclude_interim": True, "page": {"size": 1}})
    check(newest["buckets"][0]["timestamp"] == (BASE + 308 * SPAN) * 1000, newest)
    worst = server.admin("POST", f"{path}/buckets", {"sort": "anomaly_score", "desc": True, "page": {"size": 1},
                                                     "expand": True})["buckets"][0]
    check(worst["timestamp"] == spike and worst["records"][0]["timestamp"] == spike, worst)
    calm = server.admin("POST", f"{path}/buckets", {"sort": "anomaly_score", "page": {"size": 1}})["buckets"][0]
    check(calm["anomaly_score"] == 0, calm)
    counted = server.admin("GET", f"{path}/buckets?sort=event_count&desc=true&size=1")["buckets"][0]
    check(counted["timestamp"] == spike, counted)
    one = server.admin("GET", f"{path}/buckets/{spike}")
    check(one["count"] == 1 and one["buckets"][0]["timestamp"] == spike, one)
    fails(server, "GET", f"{path}/buckets/{spike + 1}", None, 404, "resource_not_found_exception")
    some = server.admin("GET", f"{path}/buckets?start={spike}&end={spike + 2 * SPAN * 1000}")
    check(some["count"] == 2, "start is in, end is out")
    check(server.admin("GET", f"{path}/buckets?start=2026-01-02T00:00:00Z&end=-1&exclude_interim=true")["count"] == 21,
          "times as text, -1 for none")
    fails(server, "GET", f"{path}/buckets?size=10001", None, 400, "illegal_argument_exception", "cannot be higher")
    fails(server, "GET", f"{path}/buckets?from=-1", None, 400)
    fails(server, "POST", f"{path}/records", {"exclude_intrim": True}, 400, "x_content_parse_exception", "unknown field")
    fails(server, "POST", f"{path}/records", {"page": {"form": 1}}, 400, "x_content_parse_exception", "[form]")
    fails(server, "GET", f"{path}/buckets?start=whenever", None, 400)
    fails(server, "GET", "/_ml/anomaly_detectors/nobody/results/records", None, 404)
    influencers = server.admin("GET", f"{path}/influencers?influencer_score=1&desc=true")
    check(influencers["count"] >= 1 and influencers["influencers"][0]["influencer_field_name"] == "host.name",
          influencers)
    overall = server.admin("GET", f"{path}/overall_buckets?overall_score=50")
    check(overall["count"] >= 1 and overall["overall_buckets"][0]["jobs"][0]["job_id"] == "posted", overall)
    check(server.admin("POST", f"{path}/overall_buckets", {"bucket_span": "1h", "top_n": 1, "start": str(BASE * 1000),
                                                           "end": str((BASE + 3600) * 1000)})["count"] == 1, "1h")
    check(server.admin("GET", f"{path}/categories") == {"count": 0, "categories": []}, "none")
    check(server.admin("POST", f"{path}/categories/1", {}) == {"count": 0, "categories": []}, "none")
    interim = server.admin("GET", f"{path}/buckets?start={(BASE + 309 * SPAN) * 1000}")
    check(interim["count"] == 1 and interim["buckets"][0]["is_interim"], interim)
    flushed = server.admin("POST", "/_ml/anomaly_detectors/posted/_flush",
                           {"advance_time": str((BASE + 310 * SPAN) * 1000)})
    check(flushed["last_finalized_bucket_end"] == (BASE + 310 * SPAN) * 1000, flushed)
    final = server.admin("GET", f"{path}/buckets?start={(BASE + 309 * SPAN) * 1000}")
    check(final["count"] == 1 and not final["buckets"][0]["is_interim"], final)
    check(final["buckets"][0]["event_count"] == 20, f"emptied and filled once more: {final}")


def forecasts(server):
    path = "/_ml/anomaly_detectors/posted/_forecast"
    made = server.admin("POST", path, {"duration": "1h"})
    check(made["acknowledged"] and made["forecast_id"], made)
    server.admin("POST", path + "?duration=2h&expires_in=1d&max_model_memory=30mb")
    fails(server, "POST", path, {"duration": "soon"}, 400)
    fails(server, "POST", path, {"duration": "1s"}, 400, says="at least the bucket span")
    stats = server.admin("GET", "/_ml/anomaly_detectors/posted/_stats")["jobs"][0]["forecasts_stats"]
    check(stats["total"] == 2 and stats["forecasted_jobs"] == 1 and stats["status"] == {"finished": 2}
          and stats["records"]["max"] == 24, stats)
    check(server.admin("DELETE", f"{path}/{made['forecast_id']}") == {"acknowledged": True}, "one")
    fails(server, "DELETE", f"{path}/{made['forecast_id']}", None, 404)
    check(server.admin("DELETE", path) == {"acknowledged": True}, "all")
    fails(server, "DELETE", f"{path}?allow_no_forecasts=false", None, 404)


def snapshots(server):
    path = "/_ml/anomaly_detectors/posted"
    fails(server, "DELETE", path, None, 409, "status_exception", "Cannot delete job [posted] because the job is opened")
    fails(server, "POST", f"{path}/_reset", None, 409)
    check(server.admin("POST", f"{path}/_close", {"timeout": "10s"}) == {"closed": True}, "closed")
    check(server.admin("GET", f"{path}/_stats")["jobs"][0]["state"] == "closed", "closed")
    found = server.admin("GET", f"{path}/model_snapshots?desc=true")
    check(found["count"] >= 1, found)
    first = found["model_snapshots"][0]
    check(first["job_id"] == "posted" and first["retain"] is False and first["snapshot_doc_count"] >= 1, first)
    name = first["snapshot_id"]
    told = server.admin("POST", f"{path}/model_snapshots/{name}/_update", {"description": "good", "retain": True})
    check(told["acknowledged"] and told["model"]["description"] == "good" and told["model"]["retain"], told)
    fails(server, "POST", f"{path}/model_snapshots/none/_update", {"retain": True}, 404, None,
          "No model snapshot with id [none] exists for job [posted]")
    check(server.admin("GET", f"{path}/model_snapshots/{name},none")["count"] == 1, "by id")
    server.admin("POST", f"{path}/_open")
    post(server, "posted", list(records(310, 320)))
    fails(server, "POST", f"{path}/model_snapshots/{name}/_revert", None, 409)
    server.admin("POST", f"{path}/_close")
    current = server.admin("GET", path)["jobs"][0]["model_snapshot_id"]
    check(current != name, "a later one is in use")
    fails(server, "DELETE", f"{path}/model_snapshots/{current}", None, 400)
    back = server.admin("POST", f"{path}/model_snapshots/{name}/_revert", {"delete_intervening_results": True})
    check(back["model"]["snapshot_id"] == name, back)
    last = server.admin("GET", f"{path}/results/buckets?desc=true&size=1")["buckets"][0]["timestamp"]
    check(last == (BASE + 309 * SPAN) * 1000, "later results are gone")
    fails(server, "POST", f"{path}/model_snapshots/{name}/_upgrade", None, 409, "status_exception", "current version")
    check(server.admin("GET", f"{path}/model_snapshots/{name}/_upgrade/_stats")["count"] == 0, "none goes on")
    # To before its first record: it may be posted anew.
    fails(server, "POST", f"{path}/model_snapshots/never/_revert", None, 404)
    back = server.admin("POST", f"{path}/model_snapshots/empty/_revert?delete_intervening_results=true")
    check(back["model"]["snapshot_id"] == "empty" and back["model"]["job_id"] == "posted", back)
    check(server.admin("GET", f"{path}/results/buckets")["count"] == 0, "all results are gone")
    check(server.admin("GET", f"{path}/_stats")["jobs"][0]["data_counts"]["processed_record_count"] == 0, "no counts")
    server.admin("POST", f"{path}/_open")
    check(post(server, "posted", list(records(0, 20)))["processed_record_count"] > 0, "early records are taken")
    server.admin("POST", f"{path}/_close")
    check(server.admin("GET", f"{path}/results/buckets")["count"] > 0, "and judged")


LOGINS = {"analysis_config": {"bucket_span": "5m", "categorization_field_name": "message",
                              "detectors": [{"function": "count", "by_field_name": "mlcategory"},
                                            {"function": "rare", "by_field_name": "mlcategory"}],
                              "influencers": ["mlcategory"]},
          "data_description": {"time_field": "time", "time_format": "epoch"}}


def logins(first, last):
    """Three things that sshd says; the last of them from bucket 80 on."""
    for k in range(first, last):
        for i in range(12):
            yield {"time": BASE + k * SPAN + 20 * i,
                   "message": f"Accepted password for {('root', 'ann', 'bob')[i % 3]} from 10.0.0.{k % 250} port {i}"}
            if k >= 80:
                yield {"time": BASE + k * SPAN + 20 * i, "message": f"Failed password for eve from 10.6.6.{i} port 22"}
        yield {"time": BASE + k * SPAN + 250, "message": f"Connection closed by 10.0.0.{k % 250}"}


def categories(server):
    path = "/_ml/anomaly_detectors/logins"
    wrong = {**LOGINS, "analysis_config": {**LOGINS["analysis_config"], "categorization_filters": ["("]}}
    fails(server, "PUT", path, wrong, 400, None, "is no regular expression")
    fails(server, "POST", "/_ml/anomaly_detectors/_validate", wrong, 400)
    fails(server, "PUT", path, {**COUNT, "analysis_config": {"detectors": [
        {"function": "count", "by_field_name": "mlcategory"}]}}, 400, None, "needs categorization_field_name")
    check(server.admin("POST", "/_ml/anomaly_detectors/_validate/detector",
                       {"function": "rare", "by_field_name": "mlcategory"}) == {"acknowledged": True}, "a detector")
    check(server.admin("POST", "/_ml/anomaly_detectors/_estimate_model_memory", {
        "analysis_config": LOGINS["analysis_config"]})["model_memory_estimate"].endswith("mb"), "an estimate")
    job = server.admin("PUT", path, LOGINS)
    check(job["analysis_config"]["categorization_field_name"] == "message", job)
    changed = server.admin("POST", f"{path}/_update", {"categorization_filters": ["\\[.*?\\]"]})
    check(changed["analysis_config"]["categorization_filters"] == ["\\[.*?\\]"], changed)
    server.admin("POST", f"{path}/_open")
    post(server, "logins", list(logins(0, 60)))
    server.admin("POST", f"{path}/_close")
    first = server.admin("GET", path)["jobs"][0]["model_snapshot_id"]
    server.admin("POST", f"{path}/model_snapshots/{first}/_update", {"retain": True})
    two = server.admin("GET", f"{path}/results/categories")
    check(two["count"] == 2, two)
    accepted = two["categories"][0]
    check(accepted["terms"] == "Accepted password for from port" and accepted["num_matches"] == 720, accepted)
    check(accepted["regex"] == ".*?Accepted.+?password.+?for.+?from.+?port.*", accepted)
    check(len(accepted["examples"]) == 4 and accepted["mlcategory"] == "1" and accepted["category_id"] == 1
          and accepted["max_matching_length"] > 40 and accepted["preferred_to_categories"] == [], accepted)
    server.admin("POST", f"{path}/_open")
    post(server, "logins", list(logins(60, 90)))
    server.admin("POST", f"{path}/_close")
    page = server.admin("POST", f"{path}/results/categories", {"page": {"from": 2, "size": 5}})
    check(page["count"] == 3 and [c["terms"] for c in page["categories"]] == ["Failed password for eve from port"], page)
    check(server.admin("GET", f"{path}/results/categories/2")["categories"][0]["terms"] == "Connection closed by", "2")
    worst = server.admin("GET", f"{path}/results/records?sort=record_score&desc=true")["records"][0]
    check(worst["by_field_name"] == "mlcategory" and worst["mlcategory"] == ["3"]
          and worst["mlcategory_terms"] == ["Failed password for eve from port"], worst)
    sizes = server.admin("GET", f"{path}/_stats")["jobs"][0]["model_size_stats"]
    check(sizes["total_category_count"] == 3 and sizes["categorized_doc_count"] == 90 * 13 + 120
          and sizes["frequent_category_count"] == 3 and sizes["categorization_status"] == "ok", sizes)
    found = server.admin("POST", "/.ml-anomalies-*/_search", {"query": {"bool": {"filter": [
        {"term": {"result_type": "category_definition"}}, {"term": {"job_id": "logins"}},
        {"term": {"category_id": 3}}]}}})
    check(found["hits"]["total"]["value"] == 1
          and found["hits"]["hits"][0]["_source"]["terms"] == "Failed password for eve from port", found)
    # Back to when there were two of them.
    server.admin("POST", f"{path}/model_snapshots/{first}/_revert", {"delete_intervening_results": True})
    check(server.admin("GET", f"{path}/results/categories") == two, "as they were then")
    server.admin("POST", f"{path}/_reset")
    check(server.admin("GET", f"{path}/results/categories") == {"count": 0, "categories": []}, "reset")
    check(server.admin("DELETE", path) == {"acknowledged": True}, "deleted")


def shipped(server, n=600):
    """What the datafeed reads: events that came through the server."""
    for at in range(0, n, 150):
        lines = []
        for k in range(at, at + 150):
            for i in range(5 if k != 500 else 200):
                stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(BASE + k * 60 + i % 60))
                lines += ['{"create":{}}\n', {"@timestamp": stamp, "user": {"name": f"u{i % 2}"}, "size": i}]
        check(not server.bulk("/logs-fed-default/_bulk", lines).json()["errors"], "bulk")


def wait_for(server, feed, state):
    path = f"/_ml/datafeeds/{feed}/_stats"
    check(server.wait(lambda: server.admin("GET", path)["datafeeds"][0]["state"] == state), f"{feed} is {state}")


def datafeeds(server):
    shipped(server)
    config = {"analysis_config": {"bucket_span": "1m", "detectors": [{"function": "high_count"}]},
              "data_description": {"time_field": "@timestamp", "time_format": "epoch_ms"}}
    server.admin("PUT", "/_ml/anomaly_detectors/fed", config)
    fails(server, "PUT", "/_ml/datafeeds/feed-1", {"job_id": "nobody", "indices": ["logs-*"]}, 404)
    fails(server, "PUT", "/_ml/datafeeds/feed-1", {"job_id": "fed"}, 400)
    fails(server, "PUT", "/_ml/datafeeds/feed-1", {"job_id": "fed", "indices": ["x"], "aggs": {"a": {}}}, 400)
    feed = server.admin("PUT", "/_ml/datafeeds/feed-1", {"job_id": "fed", "indices": ["logs-fed-*"],
                                                         "query": {"exists": {"field": "user.name"}}})
    check(feed["datafeed_id"] == "feed-1" and feed["job_id"] == "fed" and feed["scroll_size"] == 1000
          and feed["chunking_config"] == {"mode": "auto"} and feed["delayed_data_check_config"] == {"enabled": True},
          feed)
    fails(server, "PUT", "/_ml/datafeeds/feed-1", {"job_id": "fed", "indices": ["x"]}, 400,
          "resource_already_exists_exception")
    fails(server, "PUT", "/_ml/datafeeds/feed-2", {"job_id": "fed", "indices": ["x"]}, 409, "status_exception")
    check(server.admin("GET", "/_ml/datafeeds/feed-*")["count"] == 1, "patterns")
    fails(server, "GET", "/_ml/datafeeds/feed-9", None, 404, None, "No datafeed with id [feed-9] exists")
    check(server.admin("GET", "/_ml/anomaly_detectors/fed")["jobs"][0]["datafeed_config"]["datafeed_id"] == "feed-1",
          "the job shows it")
    docs = server.admin("GET", "/_ml/datafeeds/feed-1/_preview")
    check(len(docs) == 1000 and docs[0] == {"@timestamp": BASE * 1000}, docs[:2])
    docs = server.admin("POST", "/_ml/datafeeds/_preview", {
        "datafeed_config": {"indices": ["logs-fed-*"]},
        "job_config": {**config, "analysis_config": {"detectors": [{"function": "mean", "field_name": "size",
                                                                    "by_field_name": "user.name"}]}}})
    check(docs[1] == {"@timestamp": (BASE + 1) * 1000, "size": 1, "user.name": "u1"}, docs[:2])
    fails(server, "POST", "/_ml/datafeeds/feed-1/_start", None, 409, None, "because job [fed] is closed")
    server.admin("POST", "/_ml/anomaly_detectors/fed/_open")
    started = server.admin("POST", "/_ml/datafeeds/feed-1/_start",
                           {"start": str(BASE * 1000), "end": str((BASE + 300 * 60) * 1000)})
    check(started["started"] is True, started)
    wait_for(server, "feed-1", "stopped")
    stats = server.admin("GET", "/_ml/anomaly_detectors/fed/_stats")["jobs"][0]
    check(stats["state"] == "closed", "a datafeed with an end closes its job")
    check(stats["data_counts"]["processed_record_count"] == 1500 and stats["data_counts"]["bucket_count"] == 300,
          stats["data_counts"])
    feed = server.admin("POST", "/_ml/datafeeds/feed-1/_update", {"query_delay": "90s", "scroll_size": 50})
    check(feed["query_delay"] == "90s" and feed["scroll_size"] == 50 and feed["indices"] == ["logs-fed-*"], feed)
    server.admin("POST", "/_ml/anomaly_detectors/fed/_open")
    server.admin("POST", "/_ml/datafeeds/feed-1/_start")
    fails(server, "POST", "/_ml/datafeeds/feed-1/_start", None, 409)
    fails(server, "POST", "/_ml/datafeeds/feed-1/_update", {"scroll_size": 60}, 409)
    fails(server, "DELETE", "/_ml/datafeeds/feed-1", None, 409, None, "while its status is started")
    stats = server.admin("GET", "/_ml/datafeeds/feed-1/_stats")["datafeeds"][0]
    check(stats["state"] == "started" and stats["running_state"]["real_time_configured"], stats)
    check(server.wait(lambda: server.admin("GET", "/_ml/datafeeds/_stats")["datafeeds"][0]["running_state"]
                      ["real_time_running"]), "it comes to the present")
    found = server.admin("GET", "/_ml/anomaly_detectors/fed/results/records?record_score=50")
    check([r["timestamp"] for r in found["records"]] == [(BASE + 500 * 60) * 1000], found)
    counts = server.admin("GET", "/_ml/anomaly_detectors/fed/_stats")["jobs"][0]["data_counts"]
    check(counts["processed_record_count"] == 3195, f"each event once: {counts}")
    check(server.admin("POST", "/_ml/datafeeds/_all/_stop") == {"stopped": True}, "stopped")
    check(server.admin("GET", "/_ml/anomaly_detectors/fed/_stats")["jobs"][0]["state"] == "opened", "the job stays open")
    server.stop()
    server.start()
    check(server.admin("GET", "/_ml/anomaly_detectors/fed/_stats")["jobs"][0]["state"] == "opened", "and after a start")
    check(server.admin("DELETE", "/_ml/datafeeds/feed-1") == {"acknowledged": True}, "gone")
    check(server.admin("GET", "/_ml/datafeeds") == {"count": 0, "datafeeds": []}, "gone")
    with_feed = server.admin("PUT", "/_ml/anomaly_detectors/both", {**config, "datafeed_config": {
        "indices": ["logs-fed-*"], "datafeed_id": "feed-both"}})
    check(with_feed["datafeed_config"]["datafeed_id"] == "feed-both", with_feed)
    server.admin("POST", "/_ml/anomaly_detectors/both/_open")
    server.admin("POST", "/_ml/datafeeds/feed-both/_start")
    check(server.admin("POST", "/_ml/datafeeds/feed-both/_stop?close_job=true") == {"stopped": True}, "stopped")
    check(server.admin("GET", "/_ml/anomaly_detectors/both/_stats")["jobs"][0]["state"] == "closed", "closed with it")


def calendars(server):
    path = "/_ml/calendars/off"
    made = server.admin("PUT", path, {"job_ids": ["posted"], "description": "free days"})
    check(made == {"calendar_id": "off", "job_ids": ["posted"], "description": "free days"}, made)
    fails(server, "PUT", path, None, 400, "resource_already_exists_exception")
    fails(server, "GET", "/_ml/calendars/none", None, 404, None, "No calendar with id [none]")
    check(server.admin("POST", "/_ml/calendars", {"page": {"from": 0, "size": 1}})["count"] == 1, "all")
    check(server.admin("PUT", f"{path}/jobs/fed,both")["job_ids"] == ["posted", "fed", "both"], "more jobs")
    check(server.admin("DELETE", f"{path}/jobs/both")["job_ids"] == ["posted", "fed"], "fewer jobs")
    def join(name):  # who changes what somebody else has changed meanwhile is told so, and nothing is lost
        while (answer := server.ask("PUT", f"{path}/jobs/{name}", None, server.basic())).status != 200:
            check(answer.status == 409 and "changed meanwhile" in answer.body, answer.body)

    crowd = [threading.Thread(target=join, args=(f"j{k}",)) for k in range(8)]
    for thread in crowd:
        thread.start()
    for thread in crowd:
        thread.join()
    check(len(server.admin("GET", path)["calendars"][0]["job_ids"]) == 10, "each of them came to it")
    check(server.admin("DELETE", f"{path}/jobs/j*")["job_ids"] == ["posted", "fed"], "patterns")
    events = server.admin("POST", f"{path}/events", {"events": [
        {"description": "one", "start_time": BASE * 1000, "end_time": "2026-01-01T01:00:00Z"},
        {"description": "two", "start_time": (BASE + 7200) * 1000, "end_time": (BASE + 9000) * 1000}]})["events"]
    check(len(events) == 2 and events[0]["end_time"] == (BASE + 3600) * 1000 and events[0]["event_id"], events)
    check(server.admin("GET", f"{path}/events?start={(BASE + 3600) * 1000}")["count"] == 1, "by time")
    check(server.admin("GET", "/_ml/calendars/_all/events?job_id=fed&size=1")["count"] == 2, "by job")
    fails(server, "POST", f"{path}/events", {"events": []}, 400)
    check(server.admin("DELETE", f"{path}/events/{events[0]['event_id']}") == {"acknowledged": True}, "event")
    fails(server, "DELETE", f"{path}/events/{events[0]['event_id']}", None, 404)
    check(server.admin("DELETE", path) == {"acknowledged": True}, "gone")
    fails(server, "DELETE", path, None, 404)


def filters(server):
    path = "/_ml/filters/safe"
    made = server.admin("PUT", path, {"description": "s", "items": ["b", "a*"]})
    check(made == {"filter_id": "safe", "description": "s", "items": ["a*", "b"]}, made)
    fails(server, "PUT", path, {"items": []}, 400, "resource_already_exists_exception")
    made = server.admin("POST", f"{path}/_update", {"add_items": ["c"], "remove_items": ["b"], "description": "t"})
    check(made == {"filter_id": "safe", "description": "t", "items": ["a*", "c"]}, made)
    fails(server, "POST", f"{path}/_update", {"remove_items": ["b"]}, 400)
    check(server.admin("GET", "/_ml/filters/s*")["filters"] == [made], "patterns")
    check(server.admin("GET", "/_ml/filters?from=1")["filters"] == [], "paged")
    scoped = {"analysis_config": {"detectors": [{"function": "count", "by_field_name": "h", "custom_rules": [
        {"actions": ["skip_result"], "scope": {"h": {"filter_id": "safe"}}}]}]}, "data_description": {}}
    server.admin("PUT", "/_ml/anomaly_detectors/scoped", scoped)
    fails(server, "DELETE", path, None, 409, "status_exception", "currently used by jobs [scoped]")
    server.admin("DELETE", "/_ml/anomaly_detectors/scoped")
    check(server.admin("DELETE", path) == {"acknowledged": True}, "gone")
    fails(server, "DELETE", path, None, 404)
    fails(server, "GET", path, None, 404)


def around(server):
    info = server.admin("GET", "/_ml/info")
    check(info["upgrade_mode"] is False and info["defaults"]["datafeeds"]["scroll_size"] == 1000, info)
    memory = server.admin("GET", "/_ml/memory/_stats")
    node = list(memory["nodes"].values())[0]
    check(memory["_nodes"]["total"] == 1 and node["mem"]["ml"]["anomaly_detectors_in_bytes"] > 0, memory)
    check(server.admin("GET", "/_ml/memory/_local/_stats")["_nodes"]["total"] == 1, "by name")
    check(server.admin("DELETE", "/_ml/_delete_expired_data") == {"deleted": True}, "all")
    check(server.admin("DELETE", "/_ml/_delete_expired_data/pos*?timeout=1h") == {"deleted": True}, "some")
    check(server.admin("POST", "/_ml/set_upgrade_mode?enabled=false") == {"acknowledged": True}, "off")


def ends(server):
    check(server.admin("POST", "/_ml/anomaly_detectors/posted/_reset") == {"acknowledged": True}, "reset")
    check(server.admin("GET", "/_ml/anomaly_detectors/posted/results/buckets")["count"] == 0, "nothing is found")
    server.admin("POST", "/_ml/anomaly_detectors/posted/_open")
    server.admin("POST", "/_ml/anomaly_detectors/x*,,/_close")
    check(server.admin("GET", "/_ml/anomaly_detectors/posted/_stats")["jobs"][0]["state"] == "opened",
          "nothing between two commas does not mean all")
    check(server.admin("DELETE", "/_ml/anomaly_detectors/posted?force=true") == {"acknowledged": True}, "by force")
    fails(server, "DELETE", "/_ml/anomaly_detectors/posted", None, 404)
    check(server.admin("POST", "/_ml/anomaly_detectors/_all/_close") == {"closed": True}, "all")
    check("task" in server.admin("DELETE", "/_ml/anomaly_detectors/fed?wait_for_completion=false"), "a task")


with tempfile.TemporaryDirectory() as folder:
    with Server(os.path.join(folder, "data")) as server:
        for part in (jobs, data, results, forecasts, snapshots, categories, datafeeds, calendars, filters, around, ends):
            part(server)
        check(server.stop() == 0, "SIGTERM ends it well")
print("ok")
