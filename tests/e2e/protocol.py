#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""HTTP as hostile, old and impatient clients speak it, and who waits for whom."""
import http.client
import json
import os
import re
import socket
import ssl
import threading
import time

from weir_e2e import Folder, check
from weir_server import Server

SECURITY = (b"X-Content-Type-Options: nosniff", b"X-Frame-Options: DENY", b"Content-Security-Policy: default-src 'none'",
            b"Cache-Control: no-store", b"Referrer-Policy: no-referrer")


def connect(server, source="127.0.0.1"):
    return socket.create_connection(("127.0.0.1", server.port), timeout=20, source_address=(source, 0))


def rest(s):
    """What comes until the connection ends."""
    out = b""
    try:
        while chunk := s.recv(65536):
            out += chunk
    except ConnectionResetError:
        pass
    return out


def raw(server, data, shut=False):
    if isinstance(data, str):
        data = data.encode()
    with connect(server) as s:
        try:
            s.sendall(data)
            if shut:
                s.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # it was answered before all was sent
        return rest(s)


def statuses(answer):
    return [int(x) for x in re.findall(rb"HTTP/1\.[01] (\d+) ", answer)]


def heads(server):
    """What can be read in two ways is refused, once, and the connection is closed: what follows is no request."""
    basic = server.basic()["Authorization"]
    bulk = f"POST /_bulk HTTP/1.1\r\nHost: x\r\nAuthorization: {basic}\r\nContent-Type: application/x-ndjson\r\n"
    get = "GET /healthz HTTP/1.1\r\n"
    smuggled = "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
    for what, request, expected in (
            ("two lengths", bulk + "Content-Length: 5\r\nContent-Length: 6\r\n\r\n", 400),
            ("the same length twice", bulk + "Content-Length: 5\r\nContent-Length: 5\r\n\r\n", 400),
            ("a length and chunks", bulk + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
            ("chunks and a length", bulk + "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n", 400),
            ("a length with a sign", bulk + "Content-Length: +5\r\n\r\n", 400),
            ("a negative length", bulk + "Content-Length: -5\r\n\r\n", 400),
            ("a list of lengths", bulk + "Content-Length: 5, 5\r\n\r\n", 400),
            ("a length beyond all", bulk + "Content-Length: 18446744073709551617\r\n\r\n", (400, 413)),
            ("another coding", bulk + "Transfer-Encoding: gzip, chunked\r\n\r\n", 501),
            ("chunked twice", bulk + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
            ("chunked in disguise", bulk + "Transfer-Encoding: \x0bchunked\r\n\r\n", (400, 501)),
            ("a chunk that is no number", bulk + "Transfer-Encoding: chunked\r\n\r\nzz\r\n", 400),
            ("a chunk beyond all", bulk + "Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n", (400, 413)),
            ("no host", get + "\r\n", 400),
            ("two hosts", get + "Host: a\r\nHost: b\r\n\r\n", 400),
            ("a name with a space", get + "Host: x\r\nA b: c\r\n\r\n", 400),
            ("a space before the colon", get + "Host: x\r\nContent-Length : 5\r\n\r\n", 400),
            ("a line without a colon", get + "Host: x\r\nnothing\r\n\r\n", 400),
            ("NUL in the target", "GET /heal\x00thz HTTP/1.1\r\nHost: x\r\n\r\n", 400),
            ("a method that is no word", "G@T /healthz HTTP/1.1\r\nHost: x\r\n\r\n", 400),
            ("many headers", get + "Host: x\r\n" + "".join(f"A{i}: b\r\n" for i in range(150)) + "\r\n", 431),
            ("large headers", get + "Host: x\r\n" + f"A: {'b' * 33000}\r\n\r\n", 431),
            ("a long target", f"GET /{'a' * 9000} HTTP/1.1\r\nHost: x\r\n\r\n", 414)):
        answer = raw(server, request + smuggled, shut=True)
        expected = expected if isinstance(expected, tuple) else (expected,)
        check(statuses(answer) and set(statuses(answer)) <= set(expected), f"{what}: {answer[:300]}")
        # What the library refuses by itself is a constant text.
        check(b"<html>" in answer or all(h in answer for h in SECURITY), f"{what}: all headers are there: {answer}")


def targets(server):
    for target, status in (("http://anywhere/healthz", 200), ("HTTP://anywhere:80/healthz", 200), ("/healthz?", 200),
                           ("/%68ealthz", 200), ("/healthz/", 401), ("/healthz%2F", 401), ("//healthz", 400),
                           ("/a/../healthz", 400), ("/%2e%2e/healthz", 400), ("/..%2Fhealthz", 400), ("/healthz%00", 400),
                           ("/healthz%", 400), ("/%ff", 400), ("/%c0%af", 400), ("*", 400), ("healthz", 400),
                           ("http://anywhere", 400), ("/healthz#x", 400), ("anywhere:443", 400)):
        answer = raw(server, f"GET {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        check(statuses(answer) == [status], f"{target}: {answer[:200]}")
    # A slash that was sent as %2F is part of a name.
    found = server.ask("POST", "/%3Clogs-x-%7Bnow%2Fd%7D%3E/_count", headers=server.basic())
    check(re.search(r"no such index \[logs-x-\d{4}\.\d\d\.\d\d\]", found.body), f"it is one segment: {found.body}")


def versions(server):
    answer = raw(server, "GET /healthz HTTP/1.0\r\n\r\n")
    check(statuses(answer) == [200] and answer.endswith(b'{"status":"ok"}'), f"HTTP/1.0 without a host: {answer}")
    with connect(server) as s:
        for _ in range(2):
            s.sendall(b"GET /healthz HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
            check(b"200" in s.recv(65536), "HTTP/1.0 that stays")
    for request in ("GET /healthz\r\n\r\n", "GET /healthz HTTP/2.0\r\nHost: x\r\n\r\n", "GET /healthz HTTP/9.9\r\nHost: x\r\n\r\n",
                    "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "GET /healthz HTTX/1.1\r\nHost: x\r\n\r\n"):
        answer = raw(server, request, shut=True)
        check(not answer or statuses(answer)[0] in (400, 505), f"{request!r}: {answer[:200]}")
    get, head = (server.ask(method, "/healthz") for method in ("GET", "HEAD"))
    check(head.status == 200 and head.body == "" and head.headers["Content-Length"] == str(len(get.body)),
          "HEAD is GET without the body")
    check({k for k, _ in head.headers.items()} == {k for k, _ in get.headers.items()}, "with the same headers")
    answer = raw(server, "OPTIONS /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    check(statuses(answer) in ([204], [401]), f"OPTIONS: {answer[:200]}")
    answer = raw(server, "TRACE /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\nCookie: secret\r\n\r\n")
    check(statuses(answer)[0] in (401, 405) and b"secret" not in answer, f"TRACE gives nothing back: {answer[:300]}")


def bodies(server):
    basic = server.basic()["Authorization"]
    head = f"POST /logs-b-default/_bulk HTTP/1.1\r\nHost: x\r\nAuthorization: {basic}\r\nContent-Type: application/x-ndjson\r\n"
    body = '{"create":{}}\n{"message":"m"}\n'
    pieces = "".join(f"{1:x};x=y\r\n{c}\r\n" for c in body) + "0\r\nA-Trailer: b\r\n\r\n"
    answer = raw(server, head + "Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n" + pieces)
    check(statuses(answer) == [200] and b'"errors":false' in answer, f"chunks of a byte, extensions, a trailer: {answer[-300:]}")
    with connect(server) as s:
        s.sendall((head + f"Connection: close\r\nExpect: 100-continue\r\nContent-Length: {len(body)}\r\n\r\n").encode())
        check(s.recv(100).startswith(b"HTTP/1.1 100 "), "who asks first is told to go on")
        s.sendall(body.encode())
        check(statuses(rest(s)) == [200], "and answered")
    answer = raw(server, f"POST /_bulk HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: {len(body)}\r\n\r\n")
    check(statuses(answer) == [401], f"a stranger is not told to go on: {answer[:200]}")
    request = head + f"Content-Length: {len(body)}\r\n\r\n" + body
    last = "GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    answer = raw(server, request * 5 + "HEAD /healthz HTTP/1.1\r\nHost: x\r\n\r\n" + last)
    check(statuses(answer) == [200] * 7 and answer.endswith(b'{"status":"ok"}'), f"seven at once: {statuses(answer)}")
    # Whoever is refused while it sends gets its answer all the same.
    large = b"x" * (30 << 20)
    answer = raw(server, b"POST /_bulk HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(large) + large)
    check(statuses(answer) == [401], f"a stranger with a large body: {answer[:100]}")
    check(server.ask("GET", "/healthz").status == 200, "and it is well")


def beyond_the_buffer(server):
    """Heads that libmicrohttpd itself refuses: a plain answer without anything in it, and the end."""
    for request in (f"GET /healthz HTTP/1.1\r\nHost: x\r\nA: {'b' * 200000}\r\n\r\n",
                    f"GET /{'a' * 200000} HTTP/1.1\r\nHost: x\r\n\r\n",
                    "GET /healthz HTTP/1.1\r\nHost: x\r\n" + "A: b\r\n" * 40000 + "\r\n"):
        answer = raw(server, request)
        check(not answer or statuses(answer)[0] in (413, 414, 431), f"larger than the buffer: {answer[:300]}")
        check(len(answer) < 2000 and b"aaaa" not in answer and b"bbbb" not in answer, "nothing of it comes back")
    check(server.ask("GET", "/healthz").status == 200, "and it is well")


def crowds(server):
    """One address has 64 connections; others are served meanwhile."""
    crowd = [connect(server) for _ in range(64)]
    with connect(server) as s:
        check(rest(s) == b"", "one more is closed")
    with connect(server, "127.0.0.2") as s:
        s.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        check(statuses(rest(s)) == [200], "another address is served")
    for s in crowd:
        s.close()
    def asked():
        try:
            return server.ask("GET", "/healthz").status == 200
        except (OSError, http.client.HTTPException):
            return False
    check(server.wait(asked), "then the first again")


def tls(folder):
    """Each on the other's port."""
    conf = folder("tls.toml", '[server]\ntls = "on"\n')
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with Server(folder("secure"), "--config", conf) as server:
        answer = raw(server, "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n", shut=True)
        check(b"HTTP/1" not in answer, f"plain words on a TLS port: {answer[:100]}")
        with connect(server) as s, context.wrap_socket(s) as t:
            t.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            answer = rest(t)
        check(statuses(answer) == [200] and b"Strict-Transport-Security" in answer, f"TLS on a TLS port: {answer}")
    with Server(folder("plain")) as server, connect(server) as s:
        try:
            context.wrap_socket(s)
            check(False, "no TLS on a plain port")
        except (ssl.SSLError, OSError):
            pass
        check(server.ask("GET", "/healthz").status == 200, "and it is well")


HITS = {"size": 0, "aggs": {"a": {"terms": {"field": "host.name", "size": 100}, "aggs": {
    "b": {"terms": {"field": "user.name", "size": 100}, "aggs": {
        "c": {"cardinality": {"field": "message.keyword"}}, "d": {"percentiles": {"field": "event.duration"}}}}}}}}


def fill(server, events=40000):
    for begin in range(0, events, 10000):
        lines = []
        for i in range(begin, begin + 10000):
            lines += ['{"create":{}}\n', {"@timestamp": f"2026-01-01T{i // 3600 % 24:02d}:{i // 60 % 60:02d}:{i % 60:02d}Z",
                                          "host": {"name": f"h{i % 50}"}, "user": {"name": f"u{i % 70}"},
                                          "event": {"duration": i * 7919 % 100003}, "message": f"m{i}"}]
        answer = server.bulk("/logs-much-default/_bulk", lines)
        check(answer.status == 200 and not answer.json()["errors"], f"filled: {answer.body[:200]}")


def waiting(server, lane, what="running"):
    text = server.ask("GET", "/metrics", headers=server.basic()).body
    return int(re.search(rf'^weir_http_{what}{{lane="{lane}"}} (\d+)$', text, re.M)[1])


def lanes(server):
    """Slow searches, more than there are threads: what is short goes on, and so does writing."""
    fill(server)
    body = ("{}\n" + json.dumps(HITS) + "\n") * 200
    head = (f"POST /logs-*/_msearch HTTP/1.1\r\nHost: x\r\nAuthorization: {server.basic()['Authorization']}\r\n"
            f"Content-Type: application/x-ndjson\r\nContent-Length: {len(body)}\r\n\r\n")
    slow = []
    for _ in range(40):
        slow.append(connect(server))
        slow[-1].sendall((head + body).encode())
    check(server.wait(lambda: waiting(server, "long") == 7 and waiting(server, "long", "waiting") == 33),
          "seven are worked on, the others wait: the last thread is for somebody else")
    times, wrote = [], []
    for i in range(20):
        begun = time.monotonic()
        check(server.ask("GET", "/healthz").status == 200, "it is well")
        times.append(time.monotonic() - begun)
        begun = time.monotonic()
        answer = server.bulk("/logs-meanwhile-default/_bulk", ['{"create":{}}\n', {"message": f"m{i}"}])
        check(answer.status == 200 and not answer.json()["errors"], f"writing goes on: {answer.status}")
        wrote.append(time.monotonic() - begun)
    check(server.ask("POST", "/api/login", {"name": "admin", "password": server.password}).status == 200, "log-in")
    check(waiting(server, "long") == 7, "the searches are still there")
    check(sorted(times)[len(times) // 2] < 0.1, f"who asks for its health has it within 100 ms: {times}")
    for s in slow:
        s.close()
    begun = time.monotonic()
    check(server.wait(lambda: waiting(server, "long") == 0 and waiting(server, "long", "waiting") == 0, 10),
          "clients that hang up give their threads back")
    print(f"healthz {max(times) * 1000:.0f} ms, bulk {max(wrote) * 1000:.0f} ms at most beside slow searches; "
          f"{time.monotonic() - begun:.1f} s until 40 that hung up were gone")
    found = server.ask("POST", "/logs-meanwhile-default/_count", headers=server.basic())
    check(found.json()["count"] == 20, f"all is there: {found.body}")


def guesses(server):
    """Passwords are hashed one at a time: those who guess wait for each other, and nobody else for them."""
    seen, times = [], []

    def guess(i):
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60, source_address=(f"127.0.0.{2 + i % 4}", 0))
        if i % 2:
            connection.request("POST", "/api/login", json.dumps({"name": f"n{i}", "password": "wrong"}),
                               {"Content-Type": "application/json"})
        else:
            connection.request("GET", "/_search", headers=server.basic(f"n{i}", "wrong"))
        seen.append(connection.getresponse().status)

    threads = [threading.Thread(target=guess, args=(i,)) for i in range(60)]
    for t in threads:
        t.start()
    while any(t.is_alive() for t in threads):
        begun = time.monotonic()
        check(server.ask("GET", "/healthz").status == 200, "it is well")
        times.append(time.monotonic() - begun)
        time.sleep(0.02)
    check(len(seen) == 60 and set(seen) <= {401, 429}, f"all are refused: {seen}")
    check(sorted(times)[len(times) // 2] < 0.1 and max(times) < 2, f"nobody else waits: {max(times)}")


def too_many(server):
    """The queue of long ones has an end for one user, and says so; there is place for another."""
    body = ("{}\n" + json.dumps(HITS) + "\n") * 200
    head = {**server.basic(), "Content-Type": "application/x-ndjson"}
    slow, seen = [], []

    def ask(source):
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60, source_address=(source, 0))
        slow.append(connection)
        try:
            connection.request("POST", "/logs-*/_msearch", body, head)
            answer = connection.getresponse()
            seen.append((answer.status, answer.headers.get("Retry-After"), answer.read()))
        except (OSError, http.client.HTTPException):
            pass

    threads = [threading.Thread(target=ask, args=(f"127.0.0.{2 + i // 60}",), daemon=True) for i in range(300)]
    for t in threads:
        t.start()
    check(server.wait(lambda: len(seen) >= 300 - 8 - 128), f"those beyond half of it are refused: {len(seen)}")
    before = waiting(server, "long", "waiting")
    other = server.admin("POST", "/api/keys", {"name": "other", "role": "viewer"})["encoded"]
    threading.Thread(target=lambda: seen.append((server.ask("GET", "/logs-*/_count", None,
                     {"Authorization": f"ApiKey {other}"}).status, "other", b"")), daemon=True).start()
    check(server.wait(lambda: waiting(server, "long", "waiting") > before or any(s[1] == "other" for s in seen)),
          "another user has a place")
    refused = [s for s in seen if s[0] == 429]
    check(refused and all(retry == "1" and b"es_rejected_execution_exception" in text for _, retry, text in refused),
          f"with words: {seen[:2]}")
    check(server.ask("GET", "/healthz").status == 200, "and it is well")
    for connection in slow:
        if connection.sock is not None:
            connection.sock.shutdown(socket.SHUT_RDWR)
    check(server.wait(lambda: waiting(server, "long") == 0 and waiting(server, "long", "waiting") == 0, 30), "all gone")


with Folder() as folder:
    with Server(folder("data")) as server:
        heads(server)
        targets(server)
        versions(server)
        bodies(server)
        beyond_the_buffer(server)
        crowds(server)
        guesses(server)
        lanes(server)
        too_many(server)
        check(server.stop() == 0, "it ends well")
    tls(folder)
print("ok")
