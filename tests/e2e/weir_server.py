"""A server for a test: weir serve on a port of its own, and requests to it."""
import base64
import http.client
import json
import re
import signal
import subprocess
import threading
import time

from weir_e2e import WEIR, check


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def json(self):
        return json.loads(self.body)


class Server:
    """Started on a data directory; `with` stops it. The admin's password is known after the first start."""

    def __init__(self, data, *args, password=None):
        self.data, self.args, self.password = data, args, password
        self.daemon, self.port, self.log = None, None, []

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *exc):
        self.stop()

    def start(self):
        self.daemon = subprocess.Popen([WEIR, "serve", "--listen", "127.0.0.1:0", "--data-dir", self.data,
                                        *self.args], stderr=subprocess.PIPE, text=True)
        self.log, self.port = [], None
        for line in self.daemon.stderr:
            self.log.append(line)
            told = re.search(r"only now, is (\S+)", line)
            if told:
                self.password = told[1]
            at = re.search(r"answering on https?://[^ ]*:(\d+)$", line.strip())
            if at:
                self.port = int(at[1])
                break
        check(self.port is not None, "the server says where it answers: " + "".join(self.log))
        # What it says later must not fill the pipe.
        threading.Thread(target=self._drain, args=(self.daemon,), daemon=True).start()

    def _drain(self, daemon):
        for line in daemon.stderr:
            self.log.append(line)

    def stop(self, how=signal.SIGTERM):
        if self.daemon is not None:
            self.daemon.send_signal(how)
            status = self.daemon.wait(timeout=60)
            self.daemon = None
            return status
        return None

    def basic(self, name="admin", password=None):
        pair = f"{name}:{password or self.password}".encode()
        return {"Authorization": "Basic " + base64.b64encode(pair).decode()}

    def ask(self, method, path, body=None, headers=None, timeout=60):
        """A request as it is: no credentials but those in the headers."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        headers = dict(headers or {})
        if isinstance(body, (dict, list)):
            body = json.dumps(body)
            headers.setdefault("Content-Type", "application/json")
        try:
            connection.request(method, path, body=body, headers=headers)
            answer = connection.getresponse()
            return Answer(answer.status, answer.headers, answer.read().decode())
        finally:
            connection.close()

    def admin(self, method, path, body=None, headers=None, status=200):
        """As the admin; checks the status and gives the JSON that came."""
        answer = self.ask(method, path, body, {**self.basic(), **(headers or {})})
        check(answer.status == status, f"{method} {path}: {answer.status} {answer.body[:500]}")
        return answer.json() if answer.body else None

    def bulk(self, path, lines, headers=None):
        body = "".join(line if isinstance(line, str) else json.dumps(line) + "\n" for line in lines)
        return self.ask("POST", path, body, {"Content-Type": "application/x-ndjson",
                                             **(headers or self.basic())})

    def wait(self, what, seconds=60):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if what():
                return True
            time.sleep(0.1)
        return False
