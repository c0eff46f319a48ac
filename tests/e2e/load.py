#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A mixed load: shippers, searches, listeners and a capture at once, with bounded memory and no
error; a kill -9 in the middle loses nothing that was acknowledged. `load.py WEIR SECONDS` runs longer than the tests do."""
import http.client
import json
import os
import random
import sys
import tempfile
import threading
import time

from weir_e2e import WEIR, check, weir
from weir_server import Server

SECONDS = float(sys.argv[2]) if len(sys.argv) > 2 else 15
SHIPPERS, SEARCHERS, LISTENERS, BATCH = 3, 2, 20, 500
RESIDENT_MB = 400


class Load:
    def __init__(self, server, data):
        self.server, self.data = server, data
        self.stop = threading.Event()
        self.calm = threading.Event()  # nobody asks while the server is down
        self.calm.set()
        self.lock = threading.Lock()
        self.acknowledged, self.refused, self.searches, self.heard = 0, 0, 0, 0
        self.errors, self.resident = [], 0

    def fail(self, what):
        with self.lock:
            self.errors.append(what)

    def ship(self, number):
        rng = random.Random(number)
        sent = 0
        while not self.stop.is_set():
            self.calm.wait()
            now = time.time()
            lines = []
            for i in range(BATCH):
                at = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now)) + f".{int(now * 1000) % 1000:03d}Z"
                lines += ['{"create":{}}\n',
                          {"@timestamp": at, "message": f"{number}-{sent}-{i}", "event": {"category": ["network"]},
                           "source": {"ip": f"10.0.{number}.{rng.randrange(250)}", "bytes": rng.randrange(10 ** 6)},
                           "destination": {"ip": f"93.184.216.{rng.randrange(250)}", "port": rng.choice([53, 80, 443])}}]
            try:
                answer = self.server.bulk("/logs-load-default/_bulk", lines)
            except (OSError, http.client.HTTPException) as error:
                if self.calm.is_set() and not self.stop.is_set():
                    self.fail(f"shipper: {error!r}")
                continue
            if answer.status == 429:
                with self.lock:
                    self.refused += 1
                time.sleep(0.2)
            elif answer.status == 200:
                done = sum(item["create"]["status"] == 201 for item in answer.json()["items"])
                with self.lock:
                    self.acknowledged += done
                sent += 1
            elif self.calm.is_set():
                self.fail(f"shipper: {answer.status} {answer.body[:200]}")

    def search(self, number):
        while not self.stop.is_set():
            self.calm.wait()
            run = weir("search", "--data-dir", self.data, "--limit", 100, "destination.port: 443 and source.bytes > 999000",
                       timeout=120)
            if run.status != 0 and self.calm.is_set() and not self.stop.is_set():
                self.fail(f"search: {run.status} {run.err[:200]}")
            with self.lock:
                self.searches += 1
            try:
                self.server.ask("GET", "/metrics", headers=self.server.basic())
            except (OSError, http.client.HTTPException) as error:
                if self.calm.is_set() and not self.stop.is_set():
                    self.fail(f"metrics: {error!r}")
            time.sleep(0.2)

    def listen(self, number):
        while not self.stop.is_set():
            self.calm.wait()
            try:
                connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=5)
                connection.request("GET", "/api/live", headers=self.server.basic())
                answer = connection.getresponse()
                if answer.status != 200:
                    self.fail(f"live: {answer.status}")
                end = time.monotonic() + random.uniform(1, 5)
                while time.monotonic() < end and not self.stop.is_set():
                    try:
                        if answer.read1(1000):
                            with self.lock:
                                self.heard += 1
                        else:
                            break
                    except TimeoutError:
                        break
                connection.close()
            except (OSError, http.client.HTTPException):
                time.sleep(0.2)  # it is being killed

    def watch(self):
        while not self.stop.is_set():
            try:
                with open(f"/proc/{self.server.daemon.pid}/status") as f:
                    text = f.read()
                self.resident = max(self.resident, int(text.split("VmRSS:")[1].split()[0]) // 1024)
            except (OSError, IndexError, AttributeError):
                pass
            time.sleep(0.2)


def count(data):
    rows = weir("sql", "--data-dir", data, "SELECT count(*) AS n FROM events WHERE \"data_stream.dataset\" = 'load'",
                timeout=300).lines()
    return rows[0]["n"]


with tempfile.TemporaryDirectory() as folder:
    data = os.path.join(folder, "data")
    interface = ["--interface", "lo"] if os.geteuid() == 0 else []
    with Server(data, *interface) as server:
        load = Load(server, data)
        threads = [threading.Thread(target=load.ship, args=(i,)) for i in range(SHIPPERS)]
        threads += [threading.Thread(target=load.search, args=(i,)) for i in range(SEARCHERS)]
        threads += [threading.Thread(target=load.listen, args=(i,)) for i in range(LISTENERS)]
        threads += [threading.Thread(target=load.watch)]
        for thread in threads:
            thread.start()
        time.sleep(SECONDS / 2)
        load.calm.clear()
        server.stop(9)
        server.start()
        load.calm.set()
        time.sleep(SECONDS / 2)
        load.stop.set()
        for thread in threads:
            thread.join(timeout=120)
        kept = count(data)
        print(json.dumps({"seconds": SECONDS, "acknowledged": load.acknowledged, "kept": kept, "refused": load.refused,
                          "searches": load.searches, "resident_mb": load.resident, "errors": len(load.errors)}))
        check(not load.errors, f"no error: {load.errors[:3]}")
        check(load.acknowledged > 0 and load.searches > 0, "something was done")
        check(kept >= load.acknowledged, f"nothing acknowledged is lost: {kept} of {load.acknowledged}")
        # The sanitizer keeps what was freed: that says nothing of the program.
        sanitized = b"__asan_init" in open(WEIR, "rb").read()
        check(sanitized or load.resident < RESIDENT_MB, f"memory is bounded: {load.resident} MB")
        check(server.stop() == 0, "and it ends well")
print("ok")
