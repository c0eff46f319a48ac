#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What was posted to jobs and acknowledged outlives kill -9: what is found in the end is what a server that ran through finds."""
import http.client
import json
import os
import random
import signal
import tempfile
import threading
import time

from weir_e2e import check
from weir_server import Server

BASE, SPAN, BUCKETS, KILLS = 1767225600, 60, 2000, 6
JOBS = ("one", "two", "three")
CONFIG = {"analysis_config": {"bucket_span": "1m", "detectors": [
    {"function": "count"}, {"function": "sum", "field_name": "bytes", "by_field_name": "host"}], "influencers": ["host"]},
    "data_description": {"time_field": "time", "time_format": "epoch"}}


def records(job):
    rng = random.Random(job)
    for k in range(BUCKETS):
        for _ in range(300 if k in (700, 1500) else rng.randint(5, 9)):
            yield {"time": BASE + k * SPAN + rng.randrange(SPAN), "host": f"h{rng.randrange(4)}",
                   "bytes": rng.randrange(1, 1500) * (40 if k == 1100 else 1)}


def path(job, what=""):
    return f"/_ml/anomaly_detectors/{job}{what}"


def prepare(server):
    for job in JOBS:
        server.admin("PUT", path(job), CONFIG)
        server.admin("POST", path(job, "/_open"))


def post(server, job, docs):
    answer = server.ask("POST", path(job, "/_data"), "".join(json.dumps(d) + "\n" for d in docs),
                        {**server.basic(), "Content-Type": "application/x-ndjson"})
    check(answer.status == 202, f"{job}: {answer.status} {answer.body[:300]}")
    return answer.json()


def counts(server, job):
    return server.admin("GET", path(job, "/_stats"))["jobs"][0]["data_counts"]


def found(server, job):
    """All that clients see of the job, but for the times at which it came."""
    server.admin("POST", path(job, "/_flush"), {"advance_time": str((BASE + BUCKETS * SPAN) * 1000)})
    told = counts(server, job)
    for clock in ("last_data_time", "log_time"):
        told.pop(clock)
    lists = {kind: server.admin("GET", path(job, f"/results/{kind}?size=10000&sort=timestamp"))
             for kind in ("buckets", "records", "influencers")}
    for bucket in lists["buckets"]["buckets"]:
        bucket.pop("processing_time_ms")
    return told, lists


class Poster(threading.Thread):
    """Posts a job's records a few at a time until the server is gone; knows what was acknowledged."""

    def __init__(self, job):
        super().__init__(daemon=True)
        self.job, self.docs, self.done, self.last = job, list(records(job)), 0, 0
        self.rng = random.Random(job + "cut")

    def again(self, server):
        """What was on its way when the server died is there whole or not at all."""
        have = counts(server, self.job)["input_record_count"]
        check(have in (self.done, self.done + self.last),
              f"{self.job}: {self.done} records were acknowledged, {self.last} were on their way, {have} are there")
        self.done = have
        poster = Poster.__new__(Poster)
        poster.__dict__.update({k: v for k, v in self.__dict__.items() if k in ("job", "docs", "done", "rng")})
        threading.Thread.__init__(poster, daemon=True)
        poster.last = 0
        return poster

    def run(self):
        try:
            while self.done < len(self.docs):
                part = self.docs[self.done:self.done + self.rng.choice((1, 10, 100, 1000))]
                self.last = len(part)
                told = post(self.server, self.job, part)
                check(told["input_record_count"] == len(part), told)
                self.done += len(part)
                self.last = 0
        except (OSError, http.client.HTTPException):
            pass


def run_all(server, posters):
    for poster in posters:
        poster.server = server
        poster.start()


with tempfile.TemporaryDirectory() as folder:
    with Server(os.path.join(folder, "whole")) as server:
        prepare(server)
        for job in JOBS:
            docs = list(records(job))
            for at in range(0, len(docs), 4000):
                post(server, job, docs[at:at + 4000])
        expected = {job: found(server, job) for job in JOBS}
    check(expected["one"][1]["records"]["count"] > 0, "the bursts are found")
    rng = random.Random(3)
    with Server(os.path.join(folder, "killed")) as server:
        prepare(server)
        posters = [Poster(job) for job in JOBS]
        for kill in range(KILLS):
            run_all(server, posters)
            time.sleep(0.2 + rng.random() * 0.5)
            server.stop(signal.SIGKILL)
            for poster in posters:
                poster.join(60)
            server.start()
            posters = [poster.again(server) for poster in posters]
            if kill == 2:  # closed and opened, it is saved, and goes on from there
                server.admin("POST", path("two", "/_close"))
                server.admin("POST", path("two", "/_open"))
        run_all(server, posters)
        for poster in posters:
            poster.join(120)
            check(poster.done == len(poster.docs), f"{poster.job} is posted whole")
        for job in JOBS:
            check(found(server, job) == expected[job], f"{job}: what is found is what is found without a crash")
        check(server.stop() == 0, "SIGTERM ends it well")
    with Server(os.path.join(folder, "killed"), password=server.password) as server:
        check(counts(server, "one")["input_record_count"] == len(list(records("one"))), "a clean stop loses nothing")
        server.stop(signal.SIGKILL)
        server.start()
        check(counts(server, "one")["input_record_count"] == len(list(records("one"))), "nor does a kill after it")
print("ok")
