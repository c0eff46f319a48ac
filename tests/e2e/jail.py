"""The daemon in its jail: started as root it becomes another user and keeps nothing, captures from a
network namespace, follows logs that only root may read (renewed ones too), seals through the query
worker, answers through its socket; each process ends with the other."""
import json
import os
import pwd
import signal
import subprocess
import sys
import time

from weir_e2e import SKIPPED, WEIR, Folder, check, engine_of, kill_daemon, weir

SEAL = 75  # seconds: the keeper looks once a minute


def ip(*args):
    subprocess.run(["ip", *args], check=True, capture_output=True)


def status(pid):
    with open(f"/proc/{pid}/status") as f:
        return dict(line.rstrip("\n").split(":\t", 1) for line in f if ":\t" in line)


def event(i):
    return json.dumps({"@timestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
                       "event": {"category": ["network"], "dataset": "test.flow"},
                       "log": {"offset": i}, "source": {"ip": "10.0.0.1", "bytes": 100},
                       "destination": {"ip": "8.8.8.8", "port": 53}}) + "\n"


def add(path, numbers):
    fresh = not os.path.exists(path)
    with open(path, "a") as f:
        f.writelines(event(i) for i in numbers)
    if fresh:
        os.chmod(path, 0o600)


def read_until(stream, word, seconds=30):
    lines, end = [], time.time() + seconds
    while time.time() < end:
        line = stream.readline().decode()
        lines.append(line)
        if word in line or not line:
            break
    return "".join(lines)


def offsets(data):
    run = weir("search", "--data-dir", data, "event.dataset: test.flow")
    check(run.status == 0, "search answers", run)
    return sorted(e["log"]["offset"] for e in run.lines())


def wait_for(what, seconds, condition):
    end = time.time() + seconds
    while not condition():
        check(time.time() < end, what)
        time.sleep(0.5)


# A user that is not there, and becoming one without the right to.
with Folder() as folder:
    conf = folder("weir.toml", 'user = "no-such-user"\n')
    run = weir("serve", "--listen", "", "--config", conf, "--data-dir", folder("d"), timeout=30)
    check(run.status != 0 and "no-such-user" in run.err, "an unknown user is said", run)

if os.geteuid() != 0:
    sys.exit(SKIPPED)
nobody = pwd.getpwnam("nobody")
tag = f"j{os.getpid() % 10000}"
space = f"{tag}space"
try:
    ip("netns", "add", space)
except (OSError, subprocess.CalledProcessError):
    sys.exit(SKIPPED)
processes = []
try:
    ip("-n", space, "link", "add", f"{tag}a", "type", "veth", "peer", "name", f"{tag}b")
    ip("-n", space, "addr", "add", "10.78.0.1/24", "dev", f"{tag}a")
    ip("-n", space, "neigh", "add", "10.78.0.2", "lladdr", "02:00:00:00:00:01", "dev", f"{tag}a")
    for end in "ab":
        ip("-n", space, "link", "set", f"{tag}{end}", "up")
    with Folder() as folder:
        os.chmod(folder.path, 0o711)
        data, log, logs = folder("data"), folder("app.ndjson"), folder("logs")
        later = folder("later")
        os.mkdir(logs, 0o700)
        run = weir("rule", "list", "--data-dir", data)  # as root: its files become the user's
        add(log, range(100))
        add(logs + "/one.ndjson", range(1000, 1100))
        conf = folder("weir.toml", f'data_dir = "{data}"\nuser = "nobody"\n'
                      f'packages = ["security_network"]\n[capture]\ninterfaces = ["{tag}b"]\n'
                      f'[follow]\npaths = ["{log}", "{logs}", "{later}"]\n')
        daemon = subprocess.Popen(["ip", "netns", "exec", space, WEIR, "serve", "--listen", "", "--config", conf],
                                  stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        processes.append(daemon)
        begun = time.time()
        said = read_until(daemon.stderr, "watching")
        check("jailed: " in said and "no new privileges" in said, f"what is in force is said: {said}")
        engine = engine_of(daemon)
        check(engine != daemon.pid, "the engine is a process of its own")
        s = status(engine)
        check(s["Uid"].split() == [str(nobody.pw_uid)] * 4, f"another user: {s['Uid']}")
        check(s["Gid"].split() == [str(nobody.pw_gid)] * 4, f"another group: {s['Gid']}")
        check(s["NoNewPrivs"] == "1" and s["Seccomp"] == "2", "no new privileges, and seccomp")
        for name in ("CapEff", "CapPrm", "CapInh", "CapBnd", "CapAmb"):
            check(int(s[name], 16) == 0, f"no capabilities: {name} {s[name]}")
        s = status(daemon.pid)
        check(s["NoNewPrivs"] == "1" and s["Seccomp"] == "2", "the monitor too")
        check(int(s["CapEff"], 16) == 1 << 2 | 1 << 5, f"which only reads and signals: {s['CapEff']}")

        # Packets, logs of root, logs renewed while it runs.
        send = ("import socket,time\ns=socket.socket(socket.AF_INET,socket.SOCK_DGRAM)\n"
                "for i in range(20): s.sendto(b'x'*100,('10.78.0.2',4000)); time.sleep(0.05)\n")
        subprocess.run(["ip", "netns", "exec", space, sys.executable, "-c", send], check=True)
        want = [*range(100), *range(1000, 1100)]
        wait_for("logs that only root may read are followed", 20, lambda: offsets(data) == want)
        os.rename(log, log + ".1")
        add(log, range(100, 200))
        os.rename(logs + "/one.ndjson", logs + "/one.old.ndjson")
        add(logs + "/one.ndjson", range(1100, 1200))
        want = [*range(200), *range(1000, 1200)]
        wait_for("also when they are renewed", 20, lambda: offsets(data) == want)
        os.mkdir(later, 0o700)
        add(later + "/two.ndjson", range(2000, 2100))
        want += range(2000, 2100)
        wait_for("also in a folder that comes later", 20, lambda: offsets(data) == want)
        run = weir("package", "install", "network_traffic", "--data-dir", data)
        check(run.status == 0, "commands are answered", run)

        # The keeper seals once a minute, through the worker.
        while time.time() - begun < SEAL:
            time.sleep(1)
        run = weir("status", "--data-dir", data)
        check("daemon       runs" in run.out and " sealed in " in run.out, "events are sealed", run)
        run = weir("sql", "--data-dir", data, "select count(*) c from events")
        check(run.status == 0 and run.lines()[0]["c"] >= 400, "SQL is answered", run)
        check(offsets(data) == want, "sealed events are found")
        add(log, range(200, 210))
        wait_for("following goes on", 20, lambda: offsets(data) == [*range(210), *want[200:]])
        run = weir("search", "--data-dir", data, "event.dataset: network_traffic.flow")
        check(any(e["destination"].get("port") == 4000 for e in run.lines()), "packets were seen", run)
        for base, folders, files in os.walk(data):
            for name in (base, *(os.path.join(base, f) for f in files)):
                check(os.lstat(name).st_uid == nobody.pw_uid, f"{name} is the user's")
        daemon.send_signal(signal.SIGTERM)
        _, rest = daemon.communicate(timeout=60)
        check(daemon.returncode == 0 and b"stopped:" in rest, "a clean stop")
        check(not os.path.exists(f"/proc/{engine}"), "of both processes")

        # The engine killed: the monitor says so and ends. The monitor killed: the engine ends.
        for victim in ("engine", "monitor"):
            daemon = subprocess.Popen([WEIR, "serve", "--listen", "", "--data-dir", data, "--follow", log],
                                      stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
            processes.append(daemon)
            said = read_until(daemon.stderr, "watching")
            check("jailed: user 0," in said, f"root without a user stays root: {said}")
            engine = engine_of(daemon)
            check(int(status(engine)["CapEff"], 16) & ~(1 << 0 | 1 << 1 | 1 << 2) == 0,
                  "with nothing but access to files")
            if victim == "engine":
                os.kill(engine, signal.SIGKILL)
                _, rest = daemon.communicate(timeout=30)
                check(daemon.returncode == 128 + 9 and b"signal 9" in rest, f"the end is told: {rest}")
            else:
                kill_daemon(daemon)
        check(len(offsets(data)) >= 410, "nothing is lost")
finally:
    for process in processes:
        process.kill()
    subprocess.run(["ip", "netns", "del", space], capture_output=True)
