#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A datafeed with aggregations beside events that come: whatever happens to the daemon, each bucket has
counted what is stored, once."""
import os
import random
import signal
import tempfile
import threading
import time

from weir_e2e import check
from weir_server import Server

SPAN = 4
JOB, FEED = "/_ml/anomaly_detectors/rows", "/_ml/datafeeds/datafeed-rows"
HOSTS = ("a", "b", "c")


class Sender:
    """Events of now, some at a time, until it is stopped."""

    def __init__(self, server):
        self.server, self.going, self.sent = server, True, 0
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self):
        rng = random.Random(7)
        while self.going:
            lines = []
            for _ in range(rng.randrange(1, 6)):
                self.sent += 1
                lines += [{"create": {"_id": f"e{self.sent}"}},
                          {"@timestamp": int(time.time() * 1000), "host": {"name": rng.choice(HOSTS)},
                           "source": {"bytes": rng.randrange(1, 100)}}]
            try:
                self.server.bulk("/logs-rows-default/_bulk", lines)
            except OSError:
                pass  # the daemon is away: what comes next has a new time
            time.sleep(0.05)

    def stop(self):
        self.going = False
        self.thread.join(timeout=60)


def counted(server):
    """Of each bucket of the job, by its start in milliseconds: how many events."""
    found = server.admin("GET", f"{JOB}/results/buckets?size=1000&exclude_interim=true")
    return {b["timestamp"]: b["event_count"] for b in found["buckets"]}


def stored(server):
    found = server.admin("POST", "/logs-rows-default/_search", {"size": 0, "aggs": {"b": {
        "date_histogram": {"field": "@timestamp", "fixed_interval": f"{SPAN}s"}}}})
    return {b["key"]: b["doc_count"] for b in found["aggregations"]["b"]["buckets"]}


def compare(server, until):
    """Waits for the bucket that begins then; every earlier one is as the store has it."""
    check(server.wait(lambda: until in counted(server)), f"the bucket {until} is final: {sorted(counted(server))}")
    have, want = counted(server), stored(server)
    wrong = {t: (have.get(t), n) for t, n in want.items() if t <= until and have.get(t) != n}
    check(not wrong, f"buckets and what is stored (counted, stored): {wrong}")
    return len([t for t in want if t <= until])


def bucket_of_now():
    return int(time.time()) // SPAN * SPAN * 1000


with tempfile.TemporaryDirectory() as folder, Server(os.path.join(folder, "data")) as server:
    server.admin("PUT", JOB, {
        "analysis_config": {"bucket_span": f"{SPAN}s", "summary_count_field_name": "doc_count", "detectors": [
            {"function": "count"}, {"function": "sum", "field_name": "bytes", "partition_field_name": "host"}]},
        "data_description": {"time_field": "@timestamp", "time_format": "epoch_ms"}})
    server.admin("PUT", FEED, {
        "job_id": "rows", "indices": ["logs-rows-*"], "query_delay": "5s", "frequency": "2s", "aggs": {
            "buckets": {"date_histogram": {"field": "@timestamp", "fixed_interval": "1s"}, "aggs": {
                "@timestamp": {"max": {"field": "@timestamp"}},
                "host": {"terms": {"field": "host.name"}, "aggs": {
                    "bytes": {"sum": {"field": "source.bytes"}}}}}}}})
    sender = Sender(server)
    check(server.wait(lambda: sender.sent > 40), "events come")
    server.admin("POST", f"{JOB}/_open")
    server.admin("POST", f"{FEED}/_start")
    time.sleep(SPAN)
    n = compare(server, bucket_of_now())
    stats = server.admin("GET", f"{FEED}/_stats")["datafeeds"][0]
    check(stats["timing_stats"]["search_count"] >= n, f"searches are counted: {stats}")

    # Stopped and started in the middle of an interval.
    server.admin("POST", f"{FEED}/_stop")
    time.sleep(1.3)
    server.admin("POST", f"{FEED}/_start")
    compare(server, bucket_of_now())

    # The daemon is killed; what is known comes from the last save and the stored events.
    at = bucket_of_now()
    server.stop(signal.SIGKILL)
    server.start()
    compare(server, bucket_of_now())
    check(bucket_of_now() > at, "time went on")

    # Upgrade mode: jobs stand still, also across a start, and make up for it.
    check(server.admin("POST", "/_ml/set_upgrade_mode?enabled=true") == {"acknowledged": True}, "on")
    check(server.admin("GET", "/_ml/info")["upgrade_mode"] is True, "it is on")
    before = counted(server)
    refused = server.admin("POST", f"{FEED}/_stop", status=429)
    check(refused["error"]["type"] == "status_exception" and "upgrade mode" in refused["error"]["reason"], f"{refused}")
    server.admin("POST", f"{JOB}/_close", status=429)
    server.admin("PUT", "/_ml/anomaly_detectors/other", {
        "analysis_config": {"detectors": [{"function": "count"}]}, "data_description": {}}, status=429)
    job = server.admin("GET", f"{JOB}/_stats")["jobs"][0]
    check(job["state"] == "opened" and "upgrade mode" in job["assignment_explanation"] and "node" not in job, f"{job}")
    feed = server.admin("GET", f"{FEED}/_stats")["datafeeds"][0]
    check(feed["state"] == "started" and feed["running_state"]["real_time_running"] is False, f"{feed}")
    server.stop()
    server.start()
    check(server.admin("GET", "/_ml/info")["upgrade_mode"] is True, "it is on still")
    time.sleep(2 * SPAN)
    check(sum("upgrade mode is on" in line for line in server.log) == 1, "which the start says: " + "".join(server.log))
    check(counted(server) == before, "nothing is written")
    server.admin("POST", "/_ml/set_upgrade_mode?enabled=false")
    n = compare(server, bucket_of_now())
    sender.stop()

    # A job that begins anew finds the same in what is stored.
    server.admin("POST", f"{JOB}/_close")
    whole = counted(server)
    server.admin("POST", f"{JOB}/_reset")
    server.admin("POST", f"{JOB}/_open")
    server.admin("POST", f"{FEED}/_start", {"end": max(whole) + SPAN * 1000})
    check(server.wait(lambda: server.admin("GET", f"{JOB}/_stats")["jobs"][0]["state"] == "closed"), "it ends")
    again = counted(server)
    check({t: c for t, c in again.items() if t in whole} == whole, "the past again")
    print("ok", n, "buckets")
