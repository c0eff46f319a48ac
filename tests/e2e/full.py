"""A full disk: the daemon says so, waits, and goes on without a hole when there is space again; what a client
was refused meanwhile is nowhere, so that it can be sent again."""
import json
import os
import signal
import subprocess
import sys
import threading
import time

from weir_e2e import SKIPPED, WEIR, Folder, check, weir
from weir_server import Server


def event(i):
    return json.dumps({"@timestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
                       "event": {"category": ["network"], "dataset": "test.flow"},
                       "log": {"offset": i}, "message": os.urandom(60).hex(),
                       "source": {"ip": "10.0.0.1", "bytes": 100}}) + "\n"


def refused_again(disk):
    """Batches are posted until the disk is full, and what is refused again until there is space. Each says how
    much a long flow has carried so far, too."""
    job = {"analysis_config": {"bucket_span": "1h", "detectors": [{"function": "count"}]},
           "data_description": {"time_field": "@timestamp"},
           "datafeed_config": {"datafeed_id": "datafeed-all", "indices": ["*"]}}
    with Server(disk + "/served") as server:
        server.admin("PUT", "/_ml/anomaly_detectors/all", job)
        server.admin("POST", "/_ml/anomaly_detectors/all/_open")
        server.admin("POST", "/_ml/datafeeds/datafeed-all/_start")
        with open(disk + "/more", "wb") as f:
            try:
                f.write(b"x" * (os.statvfs(disk).f_bavail * os.statvfs(disk).f_bsize - 700000))
            except OSError:
                pass
        sent = number = 0
        end = time.time() + 60
        first_refusal = None
        while first_refusal is None or time.time() < first_refusal + 4:
            check(time.time() < end, "the disk is full in the end")
            now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
            flow = {"@timestamp": now, "agent": {"type": "packetbeat", "id": "a"}, "flow": {"id": "long", "final": False},
                    "event": {"dataset": "network_traffic.flow"}, "source": {"bytes": 1000 * (number + 1)}}
            docs = [event(number * 1000 + i) for i in range(999)] + [json.dumps(flow) + "\n"]
            lines = [line for i, doc in enumerate(docs) for line in (
                {"create": {"_index": "logs-full-default", "_id": f"{number}-{i}"}}, doc)]
            answer = server.bulk("/_bulk", lines)
            if answer.status == 200 and not answer.json()["errors"]:
                sent, number = sent + 1000, number + 1
                continue
            check(answer.status in (429, 503, 507, 200), f"a refusal: {answer.status} {answer.body[:300]}")
            if first_refusal is None:
                first_refusal = time.time()
                threading.Timer(3, subprocess.run, [["mount", "-o", "remount,size=64m", disk]]).start()
            time.sleep(0.2)
        check(server.wait(lambda: server.admin("GET", "/_count")["count"] >= sent, 20), "all is found")
        answer = server.admin("POST", "/_search", {"size": 0, "track_total_hits": True, "aggs": {
            "bytes": {"filter": {"term": {"flow.id": "long"}}, "aggs": {"sum": {"sum": {"field": "source.bytes"}}}}}})
        check(answer["hits"]["total"]["value"] == sent, f"each event is there once: {answer['hits']} of {sent}")
        carried = answer["aggregations"]["bytes"]["sum"]["value"]
        check(carried == 1000 * number, f"and each byte: {carried} of {1000 * number}")
        seen = server.admin("GET", "/_ml/anomaly_detectors/all/_stats")["jobs"][0]["data_counts"]
        check(seen["processed_record_count"] == sent, f"for the job too: {seen} of {sent}")


def results_only(disk):
    """Nothing comes in, and what rules write finds no space: told once, healthy in the end."""
    rule = {"rule_id": "often", "name": "often", "description": "d", "type": "query", "query": "a: 1",
            "severity": "low", "risk_score": 1, "interval": "1s", "from": "now-10s"}
    with Server(disk + "/quiet") as server:
        answer = server.admin("POST", "/api/detection_engine/rules", {**rule, "enabled": True}, {"kbn-xsrf": "x"})
        check(answer["enabled"], f"a rule that runs each second: {answer}")
        with open(disk + "/all", "wb", buffering=0) as f:
            try:
                while True:
                    f.write(b"x" * 4096)
            except OSError:
                pass
        end = time.time() + 60
        while server.ask("GET", "/healthz").status == 200:
            check(time.time() < end, "a disk without space is told")
            time.sleep(0.1)
        seen = set()
        for _ in range(60):
            seen.add(server.ask("GET", "/healthz").status)
            time.sleep(0.05)
        check(seen == {503}, f"and stays told: {seen}")
        os.unlink(disk + "/all")
        check(server.wait(lambda: server.ask("GET", "/healthz").status == 200, 20), "with space again it is well")
        said = "".join(server.log)
        check(said.count("results and alerts wait") == 1 and said.count("space on the disk again") == 1,
              "each is said once: " + said)


def followed(folder, disk):
    log = folder("app.ndjson", "")
    daemon = None
    try:
        daemon = subprocess.Popen([WEIR, "serve", "--listen", "", "--data-dir", disk + "/data", "--follow", log],
                                  stderr=open(folder("said"), "wb"))
        time.sleep(2)
        with open(disk + "/ballast", "wb") as f:
            try:
                f.write(b"x" * 2000000)
            except OSError:
                pass
        written = 0
        end = time.time() + 40
        said = ""
        while "disk is full" not in said and time.time() < end:
            with open(log, "a") as f:
                for _ in range(2000):
                    f.write(event(written))
                    written += 1
            time.sleep(0.5)
            said = open(folder("said")).read()
        check("disk is full" in said, f"a full disk is told: {said}")
        check(daemon.poll() is None, f"and does not end the daemon: {said}")
        subprocess.run(["mount", "-o", "remount,size=64m", disk], check=True)
        end = time.time() + 40
        kept = []
        while len(kept) < written and time.time() < end:
            time.sleep(1)
            kept = [e["log"]["offset"] for e in
                    weir("search", "--data-dir", disk + "/data", "event.dataset: test.flow").lines()]
        check(sorted(kept) == list(range(written)),
              f"with space again nothing is missing: {len(kept)} of {written}")
        daemon.send_signal(signal.SIGTERM)
        check(daemon.wait(30) == 0, "a clean stop: " + open(folder("said")).read())
    finally:
        if daemon is not None and daemon.poll() is None:
            daemon.kill()
            daemon.wait()


if os.geteuid() != 0:
    sys.exit(SKIPPED)
with Folder() as folder:
    disk = folder("disk")
    os.mkdir(disk)
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m", "weir", disk], capture_output=True).returncode != 0:
        sys.exit(SKIPPED)
    try:
        followed(folder, disk)
        subprocess.run(["mount", "-o", "remount,size=16m", disk], check=True)
        refused_again(disk)
        subprocess.run(["mount", "-o", "remount,size=96m", disk], check=True)
        results_only(disk)
    finally:
        subprocess.run(["umount", "-l", disk], capture_output=True)
