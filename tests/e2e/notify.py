"""Alerts told to people: webhook, mail and syslog, servers that fail, hang or lie, a crash between."""
import base64
import email
import email.policy
import http.server
import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time

from weir_e2e import check, weir
from weir_server import Server


class Hook:
    """Answers what it is told to, and keeps what came."""

    def __init__(self, tls=None, port=0):
        self.requests, self.status, self.hang = [], 200, False
        hook = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
                hook.requests.append((self.command, self.path, dict(self.headers), body))
                while hook.hang:
                    time.sleep(0.1)
                self.send_response(hook.status)
                if hook.status in (301, 302, 307):
                    self.send_header("Location", "http://127.0.0.1:1/elsewhere")
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"ok")

            do_PUT = do_POST

            def log_message(self, *args):
                pass

        class Quiet(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *args):
                pass

        self.server = Quiet(("127.0.0.1", port), Handler)
        if tls is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*tls)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def bodies(self):
        return [json.loads(r[3]) for r in list(self.requests)]


class Mailbox:
    """The least of SMTP, with STARTTLS and AUTH when a certificate is given."""

    def __init__(self, tls=None):
        self.mails, self.logins, self.in_clear = [], [], 0
        self.tls = tls
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            connection, _ = self.socket.accept()
            threading.Thread(target=self.talk, args=(connection,), daemon=True).start()

    def talk(self, connection):
        try:
            self.speak(connection)
        except OSError:
            pass

    def speak(self, connection):
        secure = False
        f = connection.makefile("rwb", buffering=0)
        to = []
        f.write(b"220 mail.test ESMTP\r\n")
        while line := f.readline():
            word = line.split()[0].upper().decode() if line.split() else ""
            if word == "EHLO":
                extra = b"" if self.tls is None else (b"250-AUTH PLAIN\r\n" if secure else b"250-STARTTLS\r\n")
                f.write(b"250-mail.test\r\n" + extra + b"250 8BITMIME\r\n")
            elif word == "STARTTLS":
                f.write(b"220 go on\r\n")
                context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                context.load_cert_chain(*self.tls)
                connection = context.wrap_socket(connection, server_side=True)
                f, secure = connection.makefile("rwb", buffering=0), True
            elif word == "AUTH":
                parts = line.split()
                if len(parts) < 3:
                    f.write(b"334 \r\n")
                    parts.append(f.readline().strip())
                self.in_clear += not secure
                self.logins.append(base64.b64decode(parts[2]).split(b"\0")[1:])
                f.write(b"235 welcome\r\n")
            elif word == "RCPT":
                to.append(line.decode().split("<")[1].split(">")[0])
                f.write(b"250 yes\r\n")
            elif word == "DATA":
                f.write(b"354 go\r\n")
                body = b""
                while (line := f.readline()) != b".\r\n":
                    body += line
                self.mails.append((to, email.message_from_bytes(body, policy=email.policy.default)))
                to = []
                f.write(b"250 kept\r\n")
            elif word == "QUIT":
                f.write(b"221 bye\r\n")
                return
            else:
                f.write(b"250 yes\r\n")


def rule(name, connector, params, summary=False, more=None, kql=None):
    action = {"action_type_id": connector[0], "id": connector[1], "group": "default", "params": params,
              "uuid": f"{name}-action",
              "frequency": {"summary": summary, "notifyWhen": "onActiveAlert", "throttle": None, **(more or {})}}
    if kql:
        action["alerts_filter"] = {"query": {"kql": kql, "filters": []}}
    return {"rule_id": name, "name": f"Rule \"{name}\"", "description": "d", "type": "query", "language": "kuery",
            "query": f"message: {name}", "index": ["logs-*"], "risk_score": 47, "severity": "medium",
            "interval": "1s", "from": "now-1h", "enabled": True, "actions": [action], "tags": ["a", "b"]}


def make_rules(data, rules, folder):
    path = os.path.join(folder, "rules.ndjson")
    with open(path, "w") as f:
        for r in rules:
            f.write(json.dumps(r) + "\n")
    done = weir("rule", "import", path, "--data-dir", data)
    check(done.status == 0, "rules are imported", done)
    check("not yet carried out" not in done.err, "actions are not warned of", done)


def event(server, message, **more):
    now = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime())
    doc = {"@timestamp": now + "Z", "message": message, "source": {"ip": "10.0.0.5"}, **more}
    answer = server.bulk("/logs-test-default/_bulk", [{"create": {}}, doc])
    check(answer.status == 200 and not answer.json()["errors"], "an event is taken: " + answer.body[:300])


def connector(server, id, type, config, secrets=None):
    body = {"name": id, "connector_type_id": type, "config": config, "secrets": secrets or {}}
    return server.admin("POST", f"/api/actions/connector/{id}", body)


def objects(server, hook, data):
    """Connectors as objects: made, shown without secrets, changed, refused, removed."""
    made = connector(server, "hook", ".webhook", {"url": f"http://127.0.0.1:{hook.port}/a", "hasAuth": True,
                                                  "headers": {"X-One": "1"}},
                     {"user": "u", "password": "pa55"})
    check(made["id"] == "hook" and made["connector_type_id"] == ".webhook" and not made["is_missing_secrets"],
          f"a connector is made: {made}")
    everything = json.dumps(server.admin("GET", "/api/actions/connectors")) + \
        json.dumps(server.admin("GET", "/api/actions/connector/hook")) + \
        weir("connector", "list", "--data-dir", data).out
    check("hook" in everything and "pa55" not in everything, "secrets are not shown")
    server.admin("PUT", "/api/actions/connector/hook",
                 {"name": "renamed", "config": {"url": f"http://127.0.0.1:{hook.port}/b", "hasAuth": True}})
    for body in ({"name": "x", "connector_type_id": ".nothing", "config": {}},
                 {"name": "x", "connector_type_id": ".webhook", "config": {"url": "ftp://x"}},
                 {"name": "x", "connector_type_id": ".webhook", "config": {"url": "http://x", "wrong": 1}},
                 {"name": "x", "connector_type_id": ".email", "config": {"from": "a@b"}}):
        server.admin("POST", "/api/actions/connector", body, status=400)
    server.admin("POST", "/api/actions/connector/hook", {"name": "x", "connector_type_id": ".webhook",
                                                         "config": {"url": "http://x"}}, status=409)
    server.admin("GET", "/api/actions/connector/none", status=404)
    answer = server.admin("POST", "/api/actions/connector/hook/_execute", {"params": {"body": "{\"a\": 1}"}})
    check(answer["status"] == "ok", f"a message is sent by hand: {answer}")
    method, path, headers, body = hook.requests.pop()
    check((method, path, body) == ("POST", "/b", '{"a": 1}'), "the changed connector was used")
    check(headers["Authorization"] == "Basic " + base64.b64encode(b"u:pa55").decode(),
          "it kept its secrets when it was changed without any")
    hook.status = 302
    answer = server.admin("POST", "/api/actions/connector/hook/_execute", {"params": {"body": "{}"}})
    check(answer["status"] == "error" and "302" in answer["service_message"], f"no redirect is followed: {answer}")
    hook.status = 200
    hook.requests.clear()
    done = weir("connector", "test", "hook", "--data-dir", data)
    check(done.status == 0 and '"ok"' in done.out and len(hook.requests) == 1, "connector test", done)
    hook.requests.clear()


def certificates(folder):
    """A certificate for 127.0.0.1 and one for another name, both signed by themselves."""
    out = []
    for name, alternative in (("right", "IP:127.0.0.1"), ("wrong", "DNS:elsewhere.test")):
        crt, key = (os.path.join(folder, f"{name}.{kind}") for kind in ("crt", "key"))
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-keyout", key,
                        "-out", crt, "-subj", f"/CN={name}", "-addext", f"subjectAltName={alternative}"],
                       check=True, capture_output=True)
        out.append((crt, key))
    return out


def tls(server, right, wrong):
    for pair, config, good in ((right, {}, False), (right, {"ca": open(right[0]).read()}, True),
                               (wrong, {"ca": open(wrong[0]).read()}, False),
                               (wrong, {"ca": open(wrong[0]).read(), "verificationMode": "certificate"}, True),
                               (wrong, {"verificationMode": "none"}, True)):
        hook = Hook(pair)
        connector(server, "tls", ".webhook", {"url": f"https://127.0.0.1:{hook.port}/", **config})
        answer = server.admin("POST", "/api/actions/connector/tls/_execute", {"params": {"body": "{}"}})
        check((answer["status"] == "ok") == good and len(hook.requests) == (1 if good else 0),
              f"TLS with {pair[0]} and {list(config)}: {answer}")
        server.admin("DELETE", "/api/actions/connector/tls", status=204)


def mail(server, box, ca):
    connector(server, "mail", ".email", {"from": "weir@example.org", "host": "127.0.0.1", "port": box.port,
                                         "hasAuth": True, "ca": ca}, {"user": "me", "password": "s3cret"})
    params = {"to": ["a@example.org"], "cc": ["b@example.org"], "bcc": ["c@example.org"],
              "subject": "Grüße", "message": "Zeile\n.\nEnde"}
    answer = server.admin("POST", "/api/actions/connector/mail/_execute", {"params": params})
    check(answer["status"] == "ok", f"a mail is sent: {answer}")
    to, mail = box.mails.pop()
    check(to == ["a@example.org", "b@example.org", "c@example.org"] and mail["Bcc"] is None, f"recipients: {to}")
    check(mail["Subject"] == "Grüße" and mail.get_content() == "Zeile\n.\nEnde" and mail["Cc"] == "b@example.org",
          f"the mail: {mail}")
    check(box.logins == [[b"me", b"s3cret"]] and box.in_clear == 0, "the log-in went by TLS")
    plain = Mailbox()
    connector(server, "plain", ".email", {"from": "weir@example.org", "host": "127.0.0.1", "port": plain.port,
                                          "hasAuth": True}, {"user": "me", "password": "s3cret"})
    answer = server.admin("POST", "/api/actions/connector/plain/_execute", {"params": params})
    check(answer["status"] == "error" and not plain.mails and not plain.logins,
          f"no password goes where there is no TLS: {answer}")


def syslog(server, right):
    udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    udp.bind(("127.0.0.1", 0))
    udp.settimeout(20)
    connector(server, "udp", ".syslog", {"transport": "udp", "host": "127.0.0.1", "port": udp.getsockname()[1]})
    params = {"message": "hello", "severity": "critical"}
    check(server.admin("POST", "/api/actions/connector/udp/_execute", {"params": params})["status"] == "ok", "udp")
    line = udp.recv(9000).decode()
    check(line.startswith("<130>1 20") and line.endswith("hello"), f"a line by UDP: {line!r}")
    for transport in ("tcp", "tls"):
        listener = socket.create_server(("127.0.0.1", 0))
        got = []

        def accept():
            connection, _ = listener.accept()
            if transport == "tls":
                context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                context.load_cert_chain(*right)
                connection = context.wrap_socket(connection, server_side=True)
            got.append(connection.recv(9000).decode())

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        connector(server, transport, ".syslog", {"transport": transport, "host": "127.0.0.1",
                                                 "port": listener.getsockname()[1], "ca": open(right[0]).read()})
        answer = server.admin("POST", f"/api/actions/connector/{transport}/_execute", {"params": params})
        check(answer["status"] == "ok", f"{transport}: {answer}")
        thread.join(20)
        length, _, rest = got[0].partition(" ")
        check(int(length) == len(rest.encode()) and rest.startswith("<130>1 "), f"{transport}: {got}")


def main():
    with tempfile.TemporaryDirectory() as folder:
        data = os.path.join(folder, "data")
        right, wrong = certificates(folder)
        hook, broken, hanging, box = Hook(), Hook(), Hook(), Mailbox(right)
        broken.status, hanging.hang = 503, True
        with Server(data, "--config", conf(folder, '"*", "127.0.0.1"')) as server:
            objects(server, hook, data)
            tls(server, right, wrong)
            mail(server, box, open(right[0]).read())
            syslog(server, right)
            for name, h in (("broken", broken), ("hanging", hanging)):
                connector(server, name, ".webhook", {"url": f"http://127.0.0.1:{h.port}/"})
            body = '{"rule": "{{rule.name}}", "ip": "{{#context.alerts}}{{source.ip}}{{/context.alerts}}", ' \
                   '"n": {{state.signals_count}}, "id": "{{alert.id}}"}'
            several = '{"n": {{alerts.new.count}}, "ids": [{{#alerts.new.data}}"{{_id}}",{{/alerts.new.data}}0]}'
            make_rules(data, [rule("each", (".webhook", "hook"), {"body": body}),
                              rule("hung", (".webhook", "hanging"), {"body": "{}"}),
                              rule("fails", (".webhook", "broken"), {"body": '{"m": "{{context.rule.name}}"}'}),
                              rule("some", (".webhook", "hook"), {"body": '{"some": true}'},
                                   kql="source.ip: 10.0.0.9"),
                              rule("missing", (".webhook", "nowhere"), {"body": "{}"}),
                              rule("rare", (".webhook", "hook"), {"body": several}, summary=True,
                                   more={"notifyWhen": "onThrottleInterval", "throttle": "6s"}),
                              rule("post", (".email", "mail"), {"to": ["a@example.org"],
                                                                "subject": "{{rule.name}}",
                                                                "message": "{{alerts.new.count}} new"},
                                   summary=True)], folder)
            event(server, "hung")
            check(server.wait(lambda: hanging.requests), "the hanging server was asked")
            for message in ("each", "fails", "post", "some", "missing"):
                event(server, message)
            check(server.wait(lambda: hook.requests and box.mails), "told while another server hangs")
            first = hook.bodies()[0]
            check(first["rule"] == 'Rule "each"' and first["ip"] == "10.0.0.5" and first["n"] == 1 and first["id"],
                  f"what was told: {first}")
            mailed = box.mails[0][1]
            check(mailed["Subject"] == 'Rule "post"' and mailed.get_content().strip() == "1 new", f"mail: {mailed}")
            event(server, "some", **{"source": {"ip": "10.0.0.9"}})
            check(server.wait(lambda: {"some": True} in hook.bodies()), "the filter lets one through")
            check(hook.bodies().count({"some": True}) == 1, "and only that one")
            # A summary at once, then none for six seconds, then all that waited.
            hook.requests.clear()
            event(server, "rare")
            check(server.wait(lambda: hook.requests), "the first summary")
            event(server, "rare")
            time.sleep(2)
            event(server, "rare")
            check(server.wait(lambda: len(hook.requests) > 1), "the second summary")
            check([b["n"] for b in hook.bodies()] == [1, 2] and len(set(hook.bodies()[1]["ids"])) == 3,
                  f"summaries: {hook.bodies()}")
            check(server.wait(lambda: len(broken.requests) >= 1), "the broken server was asked")
            measures = server.ask("GET", "/metrics", headers=server.basic()).body
            check("weir_notify_waiting" in measures and "weir_notify_failed_total 0" not in measures,
                  "failures are counted")
            check(server.wait(lambda: "'nowhere', which is not there" in "".join(server.log)),
                  "a missing connector is told")
            server.stop(signal.SIGKILL)
            tried = len(broken.requests)
            broken.status = 200
            server.start()
            check(server.wait(lambda: len(broken.requests) > tried), "after a crash it is tried again")
            check(json.loads(broken.requests[-1][3]) == {"m": 'Rule "fails"'}, "the same message")
            hanging.hang = False
            log = "".join(server.log)
            check("pa55" not in log and "s3cret" not in log, "no secret is logged")
        with Server(data, "--config", conf(folder, '"*.example.org"'), password=server.password) as server:
            answer = server.admin("POST", "/api/actions/connector/hook/_execute", {"params": {"body": "{}"}})
            check(answer["status"] == "error" and "notify.hosts" in answer["service_message"],
                  f"hosts that are not named are not reached: {answer}")
    print("notifications: ok", file=sys.stderr)


def conf(folder, hosts):
    path = os.path.join(folder, "weir.toml")
    with open(path, "w") as f:
        f.write(f"[notify]\nhosts = [{hosts}]\n")
    return path


if __name__ == "__main__":
    main()
