#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The server as strangers, people and shippers meet it: who may what, what is refused, what is kept."""
import gzip
import http.client
import json
import os
import re
import signal
import socket
import tempfile
import time

from weir_e2e import check, weir
from weir_server import Server


def routes(server):
    """Every route of the table with parts filled in, and the right it needs."""
    table = server.admin("GET", "/api/openapi.json")
    for path, methods in table["paths"].items():
        for method, what in methods.items():
            filled = re.sub(r"\{[^}]*\}", "x", path)
            yield method.upper(), filled, what["x-weir-right"], what.get("security") == []


def strangers(server):
    count = 0
    for method, path, _, is_open in routes(server):
        for headers in ({}, {"Authorization": "Basic c3RyYW5nZXI6d2hhdGV2ZXI="}, {"Authorization": "ApiKey eDp5"},
                        {"Authorization": "Bearer x"}, {"Cookie": "weir_session=forged"}):
            if "Basic" in headers.get("Authorization", "") and count > 40:
                continue  # guessing passwords is slow, on purpose, and soon made to wait
            answer = server.ask(method, path, headers=headers)
            if is_open:
                check(answer.status not in (401, 403) or path == "/api/login", f"{method} {path} is open to all")
            else:
                check(answer.status in (401, 429), f"{method} {path} refuses {headers}: {answer.status}")
                check("weir_session" not in str(answer.headers), "no cookie for strangers")
            count += 1
    check(count > 100, f"the table was walked: {count}")
    check(server.ask("GET", "/nowhere").status == 401, "strangers do not learn what is not there")
    check(server.ask("GET", "/nowhere", headers=server.basic()).status == 404, "what is not there is 404")


RIGHTS = {"viewer": {"to ask at all", "to read"},
          "analyst": {"to ask at all", "to read", "to change alerts and exceptions"},
          "shipper": {"to ask at all", "to write events"}}


def roles(server):
    for role, rights in RIGHTS.items():
        key = server.admin("POST", "/api/keys", {"name": role, "role": role})
        import base64
        header = {"Authorization": "ApiKey " + base64.b64encode(f"{key['id']}:{key['api_key']}".encode()).decode()}
        for method, path, right, is_open in routes(server):
            if is_open or path in ("/api/live", "/api/me/password", "/api/logout"):
                continue
            answer = server.ask(method, path, headers=header)
            check((answer.status == 403) == (right not in rights), f"{role} at {method} {path}: {answer.status}")
        server.admin("DELETE", f"/api/keys/{key['id']}")
        check(server.ask("GET", "/", headers=header).status == 401, "an invalidated key is refused")


def sessions(server):
    answer = server.ask("POST", "/api/login", {"name": "admin", "password": server.password})
    check(answer.status == 200, f"log-in: {answer.body}")
    cookie = answer.headers["Set-Cookie"]
    check("HttpOnly" in cookie and "SameSite=Strict" in cookie, f"the cookie is guarded: {cookie}")
    jar, csrf = {"Cookie": cookie.split(";")[0]}, answer.json()["csrf"]
    check(server.ask("GET", "/api/me", headers=jar).json()["role"] == "admin", "the session is known")
    user = {"name": "eva", "password": "correct horse", "role": "viewer"}
    check(server.ask("POST", "/api/users", user, jar).status == 403, "a change without the token is refused")
    evil = {**jar, "X-Weir-Csrf": csrf, "Origin": "https://evil.example"}
    check(server.ask("POST", "/api/users", user, evil).status == 403, "another site's request is refused")
    forged = {**jar, "X-Weir-Csrf": csrf[:-1] + ("A" if csrf[-1] != "A" else "B")}
    check(server.ask("POST", "/api/users", user, forged).status == 403, "a forged token is refused")
    good = {**jar, "X-Weir-Csrf": csrf, "Origin": f"http://127.0.0.1:{server.port}"}
    check(server.ask("POST", "/api/users", user, good).status == 200, "with the token it is done")
    stolen = {"Cookie": jar["Cookie"][:-1] + ("A" if jar["Cookie"][-1] != "A" else "B")}
    check(server.ask("GET", "/api/me", headers=stolen).status == 401, "a forged session is refused")
    check(server.ask("POST", "/api/logout", headers=good).status == 200, "log-out")
    check(server.ask("GET", "/api/me", headers=jar).status == 401, "the session has ended")


def guessing(server):
    for _ in range(5):
        check(server.ask("POST", "/api/login", {"name": "eva", "password": "wrong"}).status == 401, "wrong")
    answer = server.ask("POST", "/api/login", {"name": "eva", "password": "correct horse"})
    check(answer.status == 429 and int(answer.headers["Retry-After"]) >= 1, f"guessing waits: {answer.status}")
    time.sleep(2)
    check(server.ask("POST", "/api/login", {"name": "eva", "password": "correct horse"}).status == 200, "then not")


def raw(server, data, timeout=10):
    """Bytes on a connection, and what comes back until it is closed."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=timeout) as s:
        s.sendall(data)
        out = b""
        try:
            while chunk := s.recv(65536):
                out += chunk
        except (ConnectionResetError, TimeoutError):
            pass
        return out


def hostile(server):
    for path in ("/../etc/passwd", "/a/../../b", "/%2e%2e/%2e%2e/etc/passwd", "/..%2f..%2fetc/passwd", "/a//b",
                 "/%00", "/%ff", "/%c0%ae"):
        answer = raw(server, f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        check(answer.split()[1] in (b"400", b"401"), f"{path}: {answer[:60]}")
        check(b"root:" not in answer, "no file of the system")
    auth = "\r\n".join(f"{k}: {v}" for k, v in server.basic().items())
    head = f"POST /_bulk HTTP/1.1\r\nHost: x\r\n{auth}\r\nContent-Type: application/x-ndjson\r\n"
    answer = raw(server, f"{head}Content-Length: 999999999999\r\n\r\n".encode())
    check(answer.split()[1] == b"413", f"a body that says it is too large is not read: {answer[:60]}")
    answer = raw(server, b"POST /_bulk HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n")
    check(answer.split()[1] == b"401", f"a stranger's body is not waited for: {answer[:60]}")
    bomb = gzip.compress(b" " * (200 << 20), 9)
    answer = server.ask("POST", "/_bulk", bomb, {**server.basic(), "Content-Encoding": "gzip",
                                                 "Content-Type": "application/x-ndjson"})
    check(answer.status == 413, f"what unpacks to too much is refused: {answer.status}")
    check(server.ask("GET", "/?nothing=1", headers=server.basic()).status == 400, "unknown parameters are refused")
    check(server.ask("GET", "/" + "a" * 20000, headers=server.basic()).status in (414, 431), "long paths are refused")
    check(server.ask("PATCH", "/_bulk", headers=server.basic()).status == 405, "methods are checked")
    check(server.ask("GET", "/healthz").json() == {"status": "ok"}, "and it is well")


def writing(server, folder):
    lines = []
    for i in range(1000):
        lines += ['{"create":{}}\n', {"@timestamp": f"2026-01-01T00:{i // 60 % 60:02d}:{i % 60:02d}Z",
                                      "event": {"dataset": "own"}, "message": f"m{i}"}]
    answer = server.bulk("/logs-own-default/_bulk", lines)
    check(answer.status == 200 and not answer.json()["errors"], f"bulk: {answer.body[:300]}")
    check(len(answer.json()["items"]) == 1000, "one item each")
    body = gzip.compress("".join(x if isinstance(x, str) else json.dumps(x) + "\n" for x in lines).encode())
    answer = server.ask("POST", "/packetbeat-8.19.0/_bulk?filter_path=errors,items.*.status", body,
                        {**server.basic(), "Content-Encoding": "gzip", "Content-Type": "application/x-ndjson"})
    check(answer.status == 200 and answer.json()["items"][0] == {"create": {"status": 201}}, f"gzip: {answer.body[:200]}")
    found = weir("search", "--data-dir", folder, '_index: "packetbeat-8.19.0"').lines()
    check(len(found) == 1000, f"what was sent is found by its index: {len(found)}")
    metrics = server.ask("GET", "/metrics", headers=server.basic()).body
    check("weir_intake_events_total 2000\n" in metrics, "measures count it")
    check(server.ask("GET", "/healthz", headers={"Accept-Encoding": "gzip"}).status == 200, "healthy")


def live(server):
    """A stream that stays open, with its head at once; a second one goes on from a number."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    connection.request("GET", "/api/live", headers=server.basic())
    answer = connection.getresponse()
    check(answer.status == 200 and answer.headers["Content-Type"].startswith("text/event-stream"), "a stream begins")
    metrics = server.ask("GET", "/metrics", headers=server.basic()).body
    check("weir_live_listeners 1\n" in metrics, "and is counted")
    job = {"job_id": "heard", "analysis_config": {"bucket_span": "1m", "detectors": [{"function": "count"}]},
           "data_description": {"time_field": "@timestamp"}}
    check(weir("job", "create", "-", "--data-dir", server.data, stdin=json.dumps(job)).status == 0, "a job is made")
    heard = {}
    number = None
    while not {"status", "changed"} <= heard.keys():
        line = answer.fp.readline().decode().strip()
        if line.startswith("id:"):
            number = int(line[3:])
        elif line.startswith("event:"):
            name = line[6:].strip()
        elif line.startswith("data:"):
            heard[name] = (number, json.loads(line[5:]))
    check(heard["status"][1]["events"] >= 2000, f"the status is told: {heard['status']}")
    check(heard["changed"][1] == {"command": "job", "verb": "create", "id": ""}, f"changes too: {heard['changed']}")
    connection.close()
    # Who comes back goes on behind the last event it had.
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    connection.request("GET", "/api/live", headers={**server.basic(), "Last-Event-ID": str(number - 1)})
    answer = connection.getresponse()
    again = next(line for line in answer.fp if line.startswith(b"id:"))
    check(int(again[3:]) == number, f"it goes on: {again} after {number - 1}")
    connection.close()
    check(server.wait(lambda: "weir_live_listeners 0\n" in server.ask("GET", "/metrics", headers=server.basic()).body),
          "and its end is seen")


def killed(server, folder):
    """Nothing that was acknowledged is lost."""
    acknowledged = 0
    for i in range(20):
        lines = []
        for k in range(100):
            lines += ['{"create":{}}\n', {"@timestamp": "2026-01-02T00:00:00Z", "message": f"k{i}-{k}"}]
        answer = server.bulk("/logs-killed-default/_bulk", lines)
        acknowledged += sum(item["create"]["status"] == 201 for item in answer.json()["items"])
    server.stop(signal.SIGKILL)
    server.start()
    found = weir("search", "--data-dir", folder, "data_stream.dataset: killed").lines()
    check(len(found) == acknowledged == 2000, f"after kill -9: {len(found)} of {acknowledged}")


with tempfile.TemporaryDirectory() as folder:
    data = os.path.join(folder, "data")
    log = os.path.join(folder, "access.log")
    conf = os.path.join(folder, "weir.toml")
    with open(conf, "w") as f:
        f.write(f'[server]\naccess_log = "{log}"\n')
    with Server(data, "--config", conf) as server:
        check(server.password, "the first start tells a password")
        strangers(server)
        roles(server)
        sessions(server)
        guessing(server)
        hostile(server)
        writing(server, data)
        live(server)
        killed(server, data)
        password = server.password
        check(not any(password in line for line in server.log), "the second start tells none")
        check(server.stop() == 0, "SIGTERM ends it well")
    with open(log) as f:
        access = [json.loads(line) for line in f]
    check(len(access) > 300 and all(line["event.dataset"] == "weir.access" for line in access), "an access log is kept")
    check(not any(password in line for line in open(log)), "without passwords")
    for name in ("state.db", "state.db-wal"):
        path = os.path.join(data, name)
        if os.path.exists(path):
            check(password.encode() not in open(path, "rb").read(), f"{name} holds no password")
print("ok")
