#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The package under systemd itself: installed, started, in its sandbox, told of, killed, upgraded, removed and
purged, on a machine of its own. Without the rights for that the unit is at least read by systemd-analyze."""
import json
import os
import re
import shutil
import subprocess
import sys

from weir_e2e import SKIPPED, WEIR, Folder, check
from weir_machine import Machine, Missing

TOP = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
# As `systemd-analyze security` counts: 10 is none at all. What is left is the network, which is what Weir is about.
EXPOSURE = 2.5
PACKAGE = "/root/weir.deb"
ASK = """
import base64, http.client, sys
method, path, who, body = sys.argv[1:]
connection = http.client.HTTPConnection("127.0.0.1", 9280, timeout=60)
headers = {"Content-Type": "application/x-ndjson"}
if who:
    headers["Authorization"] = "Basic " + base64.b64encode(who.encode()).decode()
connection.request(method, path, body=body.encode() or None, headers=headers)
answer = connection.getresponse()
print(answer.status, answer.read().decode())
"""


def package_of(folder):
    done = subprocess.run([os.path.join(TOP, "tools", "deb"), os.path.dirname(WEIR), folder("out")],
                          capture_output=True, text=True, timeout=500)
    check(done.returncode == 0, f"the package is made: {done.stdout} {done.stderr}")
    return done.stdout.strip()


def is_right(package, folder):
    """What can be told without systemd as the first process."""
    root = folder("root")
    subprocess.run(["dpkg-deb", "-x", package, root], check=True)
    # ExecStart is looked for in this machine's files.
    unit = folder("weir.service")
    with open(os.path.join(root, "lib/systemd/system/weir.service")) as f:
        text = f.read()
    with open(unit, "w") as f:
        f.write(text.replace("/usr/bin/weir", os.path.join(root, "usr/bin/weir")))
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", unit], capture_output=True, text=True)
    mine = [line for line in done.stderr.splitlines() if "weir" in line]
    check(not mine, f"systemd finds nothing wrong with the unit: {mine}")


class Weir:
    """The installed daemon on its machine."""

    def __init__(self, machine):
        self.m = machine

    def ask(self, method, path, who="", body=""):
        done = self.m.run(sys.executable, "-c", ASK, method, path, who, body)
        status, _, text = done.stdout.partition(" ")
        return (int(status) if status else 0), text

    def shown(self, name):
        return self.m.need("the unit is shown", "systemctl", "show", "-P", name, "weir").strip()

    def pid(self):
        return int(self.shown("MainPID"))

    def said(self, *more):
        lines = self.m.need("the journal is read", "journalctl", "-u", "weir", "-o", "json", "--no-pager", *more)
        return [json.loads(line) for line in lines.splitlines()]

    def hits(self, who):
        status, body = self.ask("POST", "/logs-machine-default/_count", who)
        check(status == 200, f"events are counted: {status} {body}")
        return json.loads(body)["count"]


def installed(w):
    done = w.m.need("it is installed", "dpkg", "-i", PACKAGE)
    check("weir user password admin" in done, f"the installation says how a password is set: {done}")
    check(w.shown("ActiveState") == "active" and w.shown("UnitFileState") == "enabled", "it runs, and will")
    # Type=notify: whoever has started it may ask at once.
    check(w.ask("GET", "/healthz")[0] == 200, "it answers")
    return done


def sandboxed(w):
    """Its own user, no rights left, the jail closed."""
    status = dict(line.split(":\t", 1) for line in w.m.get(f"/proc/{w.pid()}/status").splitlines() if ":\t" in line)
    user = w.m.need("there is a user", "id", "-u", "weir").strip()
    check(status["Uid"].split() == [user] * 4, f"it runs as its user: {status['Uid']}")
    check(status["CapEff"] == status["CapPrm"] == status["CapAmb"] == "0" * 16, f"its rights are dropped: {status}")
    check(int(status["CapBnd"], 16) in (0, 0x3000), f"none but two could come back: {status['CapBnd']}")
    check(status["NoNewPrivs"] == "1" and status["Seccomp"] == "2", f"the jail is closed: {status}")
    at = w.m.need("the data are there", "stat", "-c", "%U %a", "/var/lib/weir").split()
    check(at == ["weir", "700"], f"nobody else's: {at}")
    text = w.m.need("it is looked at", "systemd-analyze", "security", "--no-pager", "weir")
    exposure = float(re.search(r"exposure level for weir.service: ([0-9.]+)", text)[1])
    check(exposure <= EXPOSURE, f"exposure {exposure}:\n{text}")
    return exposure


def logged(w, installation):
    """Lines with their priorities; no password, neither there nor where apt keeps the terminal."""
    lines = w.said()
    messages = [line["MESSAGE"] for line in lines]
    own = [line for line in lines if line["MESSAGE"].startswith("weir:")]
    check(any("answering on" in m for m in messages), f"it says where it answers: {messages}")
    check(own and all(line["PRIORITY"] in ("3", "4", "6") for line in own), f"lines have priorities: {own}")
    check(not any(re.match(r"<\d>", m) for m in messages), "which are not in the text")
    for text in (*messages, installation):
        check("password, told" not in text and not re.search(r"[A-Za-z0-9_-]{20,}$", text.strip()),
              f"no password is told: {text}")


def works(w, who):
    lines = '{"create":{}}\n{"@timestamp":"2026-01-01T00:00:00Z","message":"kept"}\n' * 100
    status, body = w.ask("POST", "/logs-machine-default/_bulk", who, lines)
    check(status == 200 and not json.loads(body)["errors"], f"events are taken: {status} {body[:300]}")
    check(w.hits(who) == 100, "and found")
    # The query worker has a sandbox of its own inside.
    found = w.m.need("it is asked in SQL", "weir", "sql", "SELECT count(*) AS n FROM events")
    check('"n":100' in found, f"root asks: {found}")


def watches(w):
    """Interfaces are opened with the two capabilities that it has at its start; with a log to follow the first
    process is the monitor, and the engine tells that it has started."""
    config = w.m.get("/etc/weir/weir.toml")
    named = config.replace("#interfaces = []", 'interfaces = ["lo"]').replace("#paths = []", 'paths = ["/srv/logs"]')
    check(named.count("#") == config.count("#") - 2, "the sample names interfaces and paths")
    w.m.put("/etc/weir/weir.toml", named)
    w.m.need("it starts with an interface and a log", "systemctl", "restart", "weir")
    check(any("watching: 1 interfaces, 1 followed paths" in line["MESSAGE"] for line in w.said()), "it watches")
    check(w.shown("ActiveState") == "active", "the engine was heard")
    check(w.ask("GET", "/healthz")[0] == 200, "something passes")


def killed(w, who):
    before = w.pid()
    w.m.need("it is killed", "kill", "-9", str(before))
    w.m.wait("it is started again", lambda: w.shown("ActiveState") == "active" and w.pid() not in (0, before))
    check(w.shown("NRestarts") == "1", "by systemd")
    check(w.hits(who) == 100, "nothing is lost")
    w.m.wait("it sees packets again",
             lambda: re.search(r"^weir_capture_packets_total [1-9]", w.ask("GET", "/metrics", who)[1], re.M))


def misconfigured(w):
    """A start that fails is told at once, with the reason; put right, it starts by itself."""
    right = w.m.get("/etc/weir/weir.toml")
    w.m.put("/etc/weir/weir.toml", right + "\n[server]\nlisten = 5\n")
    check(w.m.run("systemctl", "restart", "weir").returncode != 0, "a wrong configuration does not start")
    last = w.said("-n", "5")
    check(any(line["PRIORITY"] == "3" and "/etc/weir/weir.toml" in line["MESSAGE"] for line in last),
          f"the journal says what is wrong: {[line['MESSAGE'] for line in last]}")
    w.m.put("/etc/weir/weir.toml", right)
    w.m.wait("it starts by itself", lambda: w.shown("ActiveState") == "active")
    seen = [re.search(r"stopped: (\d+) packets", line["MESSAGE"]) for line in w.said()]
    check(any(found and int(found[1]) > 0 for found in seen), "it had seen packets")


def upgraded(w, who):
    before = w.pid()
    done = w.m.need("it is upgraded", "dpkg", "-i", "--force-confold", PACKAGE)
    check("password" not in done, f"an upgrade makes nobody: {done}")
    check(w.pid() not in (0, before) and w.hits(who) == 100, "the new one runs, with the data")
    w.m.need("it is stopped", "systemctl", "stop", "weir")
    check(w.shown("Result") == "success" and w.said("-n", "50")[-1] is not None, "SIGTERM ends it well")
    # Root changes what belongs to the daemon's user while it does not run.
    w.m.need("another password", "weir", "user", "password", "admin", stdin="another horse\n")
    w.m.need("it starts again", "systemctl", "start", "weir")
    check(w.ask("GET", "/api/me", "admin:another horse")[0] == 200, "with the new password")


def removed(w):
    w.m.need("it is removed", "dpkg", "-r", "weir")
    check(w.shown("ActiveState") in ("inactive", "failed"), "it does not run any more")
    check(w.m.run("test", "-e", "/var/lib/weir/state.db").returncode == 0, "its data are kept")
    w.m.need("it is purged", "dpkg", "--purge", "weir")
    for path in ("/var/lib/weir", "/etc/weir", "/lib/systemd/system/weir.service"):
        check(w.m.run("test", "-e", path).returncode != 0, f"{path} is gone")
    check(w.m.run("getent", "passwd", "weir").returncode != 0, "and so is its user")
    check(w.m.run("systemctl", "is-enabled", "weir").stdout.strip() not in ("enabled", "masked"), "systemd forgot it")


def whole_life(machine):
    w = Weir(machine)
    check(machine.run("getent", "passwd", "weir").returncode != 0, "there was none before")
    installation = installed(w)
    exposure = sandboxed(w)
    logged(w, installation)
    machine.need("a password is set", "weir", "user", "password", "admin", stdin="correct horse\n")
    who = "admin:correct horse"
    works(w, who)
    watches(w)
    killed(w, who)
    misconfigured(w)
    upgraded(w, who)
    removed(w)
    print(f"installed, started, killed, upgraded, removed, purged under systemd; exposure {exposure}")


if not all(map(shutil.which, ("dpkg-deb", "dpkg-shlibdeps", "systemd-analyze"))) or "WEIR_SHORT" in os.environ:
    print("skipped: no Debian packages or no systemd here, or little time")
    raise SystemExit(SKIPPED)
with Folder() as folder:
    os.chmod(folder.path, 0o755)
    package = package_of(folder)
    is_right(package, folder)
    try:
        with Machine(folder("machine")) as machine:
            machine.copy(package, PACKAGE)
            if machine.run("dpkg", "--dry-run", "-i", PACKAGE).returncode != 0:
                raise Missing("what the package needs is not installed")
            whole_life(machine)
    except Missing as why:
        print(f"skipped: the unit was read, but not run: {why}")
        raise SystemExit(SKIPPED) from why
