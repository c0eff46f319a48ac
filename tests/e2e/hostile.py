#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Small requests of people who may ask, made to cost much: each has a bound, and others are served meanwhile."""
import http.client
import json
import re
import socket
import threading
import time

from weir_e2e import WEIR, Folder, check, engine_of
from weir_server import Server


def key(server, role, name=None):
    made = server.admin("POST", "/api/keys", {"name": name or role, "role": role})
    return {"Authorization": "ApiKey " + made["encoded"]}


def peak(server):
    """The most memory that the engine ever had, in MiB."""
    with open(f"/proc/{engine_of(server.daemon)}/status") as f:
        return next(int(line.split()[1]) >> 10 for line in f if line.startswith("VmHWM"))


def many(server, n, method, path, headers):
    """The same request n times at once; how long /healthz takes meanwhile, and the statuses."""
    seen = []

    def ask():
        seen.append(server.ask(method, path, headers=headers).status)

    threads = [threading.Thread(target=ask) for _ in range(n)]
    for t in threads:
        t.start()
    times = []
    while any(t.is_alive() for t in threads):
        begun = time.monotonic()
        check(server.ask("GET", "/healthz").status == 200, "it is well")
        times.append(time.monotonic() - begun)
        time.sleep(0.02)
    return times, seen


def expressions(server, viewer):
    """Each is fine, and all of them would take minutes."""
    dear = [{"regexp": {"process.name": {"value": f"(.*a.{{9}}){i}"}}} for i in range(4000)]
    choice = {f"a{i}": {"terms": {"field": "process.name", "include": f"(.*a.{{9}}){i}"}} for i in range(900)}
    cases = {f"a{i}": {"filters": {"filters": dear[20 * i:20 * i + 20]}} for i in range(200)}
    for what, body in (("a query", {"query": {"bool": {"should": dear}}}), ("terms", {"aggs": choice}),
                       ("filters", {"aggs": cases}),
                       ("a query string", {"query": {"query_string": {
                           "query": " OR ".join(f"process.name:/(.*a.{{9}}){i}/" for i in range(3000))}}})):
        begun = time.monotonic()
        answer = server.ask("POST", "/logs-*/_search", body, viewer)
        check(answer.status in (400, 429) and "complex" in answer.body, f"{what}: {answer.status} {answer.body[:200]}")
        check(time.monotonic() - begun < 10, f"{what}: refused at once: {time.monotonic() - begun:.1f} s")


def clauses(server, viewer):
    wild = [{"wildcard": {"message": f"*x{i}*"}} for i in range(4097)]
    for what, body in (("a query", {"query": {"bool": {"should": wild}}}),
                       ("filters", {"aggs": {f"a{i}": {"filters": {"filters": wild[500 * i:500 * i + 500]}}
                                             for i in range(9)}}),
                       ("dates", {"query": {"terms": {"@timestamp": [f"2026-01-01T00:00:00.{i:06d}Z"
                                                                     for i in range(5000)]}}}),
                       ("words", {"query": {"match": {"message": {
                           "query": " ".join(f"w{i}" for i in range(5000)), "operator": "and"}}}})):
        answer = server.ask("POST", "/logs-*/_search", body, viewer)
        check(answer.status == 400 and "clauses" in answer.body, f"{what}: {answer.status} {answer.body[:200]}")
    answer = server.ask("POST", "/logs-*/_search", {"query": {"bool": {"should": wild[:4096]}}}, viewer)
    check(answer.status == 200, f"as many as that are answered: {answer.status} {answer.body[:200]}")


def upload(server, analyst, path, name, text):
    body = f'--b\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n{text}\r\n--b--\r\n'
    answer = server.ask("POST", path, body, {**analyst, "Content-Type": "multipart/form-data; boundary=b"})
    check(answer.status == 200, f"{path}: {answer.status} {answer.body[:200]}")


def exceptions(server, analyst, name, n):
    lines = [{"list_id": name, "name": "e", "description": "d", "type": "detection", "namespace_type": "single"}]
    lines += [{"list_id": name, "item_id": f"{name}{i}", "name": "n", "description": "d", "type": "simple",
               "namespace_type": "single", "entries": [{"field": "message", "operator": "included",
                                                        "type": "wildcard", "value": f"*v{i}*"}]} for i in range(n)]
    upload(server, analyst, "/api/exception_lists/_import", "e.ndjson", "\n".join(json.dumps(line) for line in lines))


def lists(server, viewer, analyst):
    """Long lists, asked for by many at once: /healthz does not wait for them, and memory is for texts only."""
    upload(server, analyst, "/api/lists/items/_import?type=keyword", "l", "\n".join(f"value-{i}" for i in range(200000)))
    # A sanitizer is ten times as slow: it looks for faults with a tenth of the work, and times are none of the program.
    with open(WEIR, "rb") as program:
        sanitized = b"__asan_init" in program.read()
    exceptions(server, analyst, "e", 2000 if sanitized else 20000)
    page = 50 if sanitized else 500
    before = peak(server)
    for path in ("/api/lists/items/_find?list_id=l&per_page=20&page=9000", "/api/lists/items?list_id=l&value=value-9",
                 f"/api/exception_lists/items/_find?list_id=e&page={page}",
                 f"/api/exception_lists/items/_find?list_id=e&page={page}&sort_field=name&search=v1",
                 "/api/exception_lists/items?item_id=e77"):
        times, seen = many(server, 30, "GET", path, viewer)
        check(set(seen) == {200} and len(seen) == 30, f"{path}: {seen}")
        check(sanitized or max(times) < 2, f"{path}: who asks for its health waits {max(times):.2f} s")
    grown = peak(server) - before
    check(sanitized or grown < 300, f"thirty who look at 20,000 items take {grown} MiB")


def waiting(server, what):
    text = server.ask("GET", "/metrics", headers=server.basic()).body
    return int(re.search(rf'^weir_http_{what}{{lane="long"}} (\d+)$', text, re.M)[1])


def previews(server, analyst):
    """A rule's rehearsal over many events and 3,000 exceptions ends when its client has left."""
    exceptions(server, analyst, "p", 3000)
    for begin in range(0, 40000, 10000):
        lines = []
        for i in range(begin, begin + 10000):
            lines += ['{"create":{}}\n', {"@timestamp": f"2026-01-01T{i // 3600:02d}:{i // 60 % 60:02d}:{i % 60:02d}Z",
                                          "message": f"m{i} " + "a" * 200}]
        check(server.bulk("/logs-rehearsed-default/_bulk", lines).status == 200, "filled")
    rule = {"type": "query", "name": "p", "description": "d", "risk_score": 1, "severity": "low", "language": "kuery",
            "query": "message:*", "index": ["logs-rehearsed-*"], "interval": "5m", "from": "now-1d", "rule_id": "r",
            "invocationCount": 1, "timeframeEnd": "2026-01-01T23:00:00Z",
            "exceptions_list": [{"id": "p", "list_id": "p", "type": "detection", "namespace_type": "single"}]}
    body = json.dumps(rule)
    head = "".join(f"{k}: {v}\r\n" for k, v in analyst.items())
    crowd = [socket.create_connection(("127.0.0.1", server.port), timeout=20) for _ in range(4)]
    for s in crowd:
        s.sendall((f"POST /api/detection_engine/rules/preview HTTP/1.1\r\nHost: x\r\n{head}kbn-xsrf: 1\r\n"
                   f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}").encode())
    check(server.wait(lambda: waiting(server, "running") == 4), "they are worked on")
    for s in crowd:
        s.close()
    begun = time.monotonic()
    check(server.wait(lambda: waiting(server, "running") == 0, 15), "who leaves gives back the thread")
    print(f"four rehearsals ended after {time.monotonic() - begun:.1f} s")


def hoarding(server):
    """Bodies that do not end fill one key's half of the memory for them: others write, and it is well."""
    head = ("POST /_bulk HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n"
            f"Authorization: {key(server, 'shipper')['Authorization']}\r\n\r\n").encode()
    crowd = [socket.create_connection(("127.0.0.1", server.port), timeout=20) for _ in range(40)]

    def send(s):
        try:
            s.sendall(head)
            for _ in range(40):
                s.sendall(b"100000\r\n" + b"x" * 0x100000 + b"\r\n")
        except OSError:
            pass  # refused meanwhile

    threads = [threading.Thread(target=send, args=(s,)) for s in crowd]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    text = server.ask("GET", "/metrics", headers=server.basic()).body
    refused = int(re.search(r'^weir_http_refused_total{reason="busy"} (\d+)$', text, re.M)[1])
    check(refused > 0, "there was an end to it")
    other = key(server, "shipper", "other")
    lines = ['{"create":{}}\n', {"message": "m" * 1000}] * 5000
    for _ in range(5):
        answer = server.bulk("/logs-other-default/_bulk", lines, other)
        check(answer.status == 200 and not answer.json()["errors"], f"another writes: {answer.status} {answer.body[:200]}")
        check(server.ask("GET", "/healthz").status == 200, "it is well")
    for s in crowd:
        s.close()


def full(server):
    """All connections are taken by clients that ask nothing: soon there is place again."""
    crowd = []
    for i in range(1100):
        try:
            crowd.append(socket.create_connection(("127.0.0.1", server.port), timeout=20,
                                                  source_address=(f"127.0.1.{1 + i // 60}", 0)))
            crowd[-1].send(b"GET /")
        except OSError:
            pass
    check(len(crowd) > 900, f"many are taken: {len(crowd)}")

    def asked():
        try:
            return server.ask("GET", "/healthz").status == 200
        except (OSError, http.client.HTTPException):
            return False

    begun = time.monotonic()
    check(server.wait(asked, 10), "there is place")
    print(f"place again after {time.monotonic() - begun:.1f} s")
    for s in crowd:
        s.close()


with Folder() as folder:
    with Server(folder("data")) as server:
        viewer, analyst = key(server, "viewer"), key(server, "analyst")
        expressions(server, viewer)
        clauses(server, viewer)
        lists(server, viewer, analyst)
        previews(server, analyst)
        hoarding(server)
        full(server)
        check(server.stop() == 0, "it ends well")
print("ok")
