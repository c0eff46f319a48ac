#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""An _id that its sender gave is there once: whoever repeats a request is told so, at once, in
another request at the same time, after a restart, a kill -9 and a restore."""
import http.client
import json
import os
import random
import re
import signal
import tempfile
import threading
import time

from weir_e2e import check, weir
from weir_server import Server

KILLS = 5
INDEX = "logs-ids.test-default"


def lines(action, ids, text="one", index=INDEX):
    for name in ids:
        yield {action: {"_index": index, "_id": name}}
        yield {"@timestamp": "2026-01-01T00:00:00Z", "message": text, "labels": {"n": name}}


def items(answer):
    check(answer.status == 200, f"a bulk is taken: {answer.status} {answer.body[:300]}")
    return [next(iter(item.values())) for item in answer.json()["items"]]


def statuses(answer):
    return [item["status"] for item in items(answer)]


def all_known(server, names, when):
    for i in range(0, len(names), 5000):
        told = set(statuses(server.bulk("/_bulk", lines("create", names[i:i + 5000]))))
        check(told == {409}, f"all are known {when}: {told}")


def found(server, index=INDEX):
    """The _ids that are kept, each as often as it is."""
    names, after = [], None
    while True:
        body = {"size": 5000, "sort": ["_shard_doc"], "_source": False}
        if after is not None:
            body["search_after"] = after
        hits = server.admin("POST", f"/{index}/_search?ignore_unavailable=true", body)["hits"]["hits"]
        if not hits:
            return names
        names += [hit["_id"] for hit in hits]
        after = hits[-1]["sort"]


def once(server, expected, what):
    names = found(server)
    check(len(names) == len(set(names)), f"{what}: nothing is there twice")
    check(set(names) == set(expected), f"{what}: {len(names)} are there, not {len(set(expected))}")


def measure(server, name):
    text = server.ask("GET", "/metrics", headers=server.basic()).body
    return float(re.search(rf"^{name} (\S+)$", text, re.M)[1])


def conflicts(server):
    check(statuses(server.bulk("/_bulk", lines("create", ["a", "b"]))) == [201, 201], "both are new")
    answer = server.bulk("/_bulk", lines("create", ["a", "c", "c", "b"]))
    check(answer.json()["errors"] is True, "a conflict is an error of the request")
    check(statuses(answer) == [409, 201, 409, 409], "what is there is a conflict, in one request too")
    first = items(answer)[0]
    check(first["_id"] == "a" and first["error"] == {
        "type": "version_conflict_engine_exception",
        "reason": "[a]: version conflict, document already exists (current version [1])",
        "index_uuid": "_na_", "shard": "0", "index": INDEX}, f"as Elasticsearch says it: {first}")
    check(statuses(server.bulk("/_bulk", lines("create", ["a"], index="logs-ids.other-default"))) == [201],
          "an _id is of its index")
    events = measure(server, "weir_engine_events_total")
    refused = measure(server, "weir_store_refused_total")
    for path in (f"/{INDEX}/_create/a", f"/{INDEX}/_doc/a?op_type=create"):
        body = server.admin("PUT", path, {"message": "x"}, status=409)
        check(body["error"]["type"] == "version_conflict_engine_exception", f"{path}: {body}")
    server.admin("PUT", f"/{INDEX}/_doc/a?op_type=upsert", {"message": "x"}, status=400)
    check(measure(server, "weir_engine_events_total") == events, "jobs and rules get no repeat")
    check(measure(server, "weir_store_refused_total") == refused, "a repeat is no fault")
    check(measure(server, "weir_store_repeated_total") >= 5 and measure(server, "weir_store_ids") >= 4,
          "they are counted")
    check(server.admin("PUT", f"/{INDEX}/_create/d", {"message": "x"}, status=201)["_version"] == 1, "d is new")
    once(server, "abcd", "conflicts")


def versions(server):
    """`index`: the same document again is there already; another is one more event, and the newest."""
    index = "logs-ids.versions-default"
    old = {"@timestamp": "2026-01-02T00:00:00Z", "message": "old"}
    new = {"@timestamp": "2026-01-01T00:00:00Z", "message": "new"}

    def put(document, status):
        return server.admin("PUT", f"/{index}/_doc/v", document, status=status)

    made = put(old, 201)
    again = put(old, 200)
    check((again["result"], again["_version"], again["_seq_no"]) == ("updated", 1, made["_seq_no"]),
          f"the same again: {again}")
    other = put(new, 200)
    check((other["result"], other["_version"]) == ("updated", 2), f"another: {other}")
    for document, version in ((old, 1), (new, 2), (old, 1)):
        check(put(document, 200)["_version"] == version, "each document is there once")
    got = server.admin("GET", f"/{index}/_doc/v")
    check(got["_source"]["message"] == "new", f"the one that came last, whatever its time: {got}")
    hits = server.admin("POST", f"/{index}/_search", {"query": {"ids": {"values": ["v"]}}})["hits"]["hits"]
    check([h["_source"]["message"] for h in sorted(hits, key=lambda h: h["_source"]["@timestamp"])] == ["new", "old"],
          "a search finds both")
    whole = [*lines("index", ["w"], "one", index), *lines("index", ["w"], "two", index)]
    check(statuses(server.bulk("/_bulk", whole)) == [201, 200], "two of one name in a request")
    check(statuses(server.bulk("/_bulk", whole)) == [200, 200], "and again")
    check(len(found(server, index)) == 4, "each of them once")
    body = server.admin("PUT", f"/{index}/_create/w", {}, status=409)
    check("(current version [2])" in body["error"]["reason"], f"the version that is there: {body}")


def together(server):
    """Many say the same at the same time: one of them is told that it is new."""
    names, answers = [f"t{i}" for i in range(3000)], []
    threads = [threading.Thread(target=lambda: answers.append(server.bulk("/_bulk", lines("create", names))))
               for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    won = [sum(column) for column in zip(*([s == 201 for s in statuses(a)] for a in answers))]
    check(won == [1] * len(names), "each is new for one")
    check(all(s in (201, 409) for a in answers for s in statuses(a)), "and there for the others")
    return names


def killed(server, expected):
    """A client that repeats its whole request until it is answered, and a server that dies."""
    rng = random.Random(9)
    expected = list(expected)
    number = 0
    for _ in range(KILLS):
        done = threading.Event()

        def write():
            nonlocal number
            while not done.is_set():
                names = [f"k{number + i}" for i in range(400)]
                while True:
                    try:
                        told = statuses(server.bulk("/_bulk", lines("create", names)))
                        break
                    except (OSError, http.client.HTTPException):
                        if done.wait(0.05):
                            return  # unanswered: sent again by the next one
                check(all(s in (201, 409) for s in told), "new, or there already")
                expected.extend(names)
                number += len(names)
                time.sleep(0.02)

        writer = threading.Thread(target=write)
        writer.start()
        time.sleep(1 + rng.random())
        server.daemon.send_signal(signal.SIGKILL)
        server.daemon.wait()
        done.set()
        writer.join()
        server.start()
    names = [f"k{number + i}" for i in range(400)]
    check(all(s in (201, 409) for s in statuses(server.bulk("/_bulk", lines("create", names)))), "goes on")
    expected.extend(names)
    check(number > 400, "something was written between kills")
    once(server, expected, "after kills")
    all_known(server, expected, "after kills")
    return expected


with tempfile.TemporaryDirectory() as folder:
    data = os.path.join(folder, "data")
    with Server(data) as server:
        conflicts(server)
        versions(server)
        names = [*"abcd", *together(server)]
        server.stop()
        server.start()
        all_known(server, names, "after a restart")
        names = killed(server, names)
        copy = os.path.join(folder, "copy.tar")
        run = weir("backup", "--data-dir", data, copy)
        check(run.status == 0, "a backup is made", run)
    restored = os.path.join(folder, "restored")
    run = weir("restore", "--data-dir", restored, copy)
    check(run.status == 0, "and restored", run)
    with Server(restored, password=server.password) as other:
        all_known(other, names, "after a restore")
        check(statuses(other.bulk("/_bulk", lines("create", ["new"]))) == [201], "and what is new is taken")
    print(json.dumps({"events": len(names)}))
