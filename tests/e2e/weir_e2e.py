"""What the end-to-end tests share: running weir, making inputs, saying what did not hold."""
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time

WEIR = os.path.abspath(sys.argv[1]) if len(sys.argv) > 1 else "build/dev/weir"
SKIPPED = 77


class Run:
    def __init__(self, done):
        self.status, self.out, self.err = done.returncode, done.stdout, done.stderr

    def lines(self):
        return [json.loads(line) for line in self.out.splitlines()]


def weir(*args, stdin=None, timeout=300, env=None, text=True):
    # Who runs the tests may have a terminal of any width.
    done = subprocess.run([WEIR, *map(str, args)], input=stdin, capture_output=True, text=text,
                          timeout=timeout, env={**os.environ, "COLUMNS": "", **(env or {})})
    return Run(done)


def check(condition, what, run=None):
    if not condition:
        if run is not None:
            print(run.out[-2000:], run.err[-2000:], sep="\n--- stderr\n", file=sys.stderr)
        raise SystemExit(f"FAILED: {what}")


def engine_of(daemon):
    """The process that does the work: the child of the monitor where there is one."""
    try:
        with open(f"/proc/{daemon.pid}/task/{daemon.pid}/children") as f:
            children = f.read().split()
    except OSError:
        children = []
    for child in map(int, children):
        try:
            if os.path.samefile(f"/proc/{child}/exe", f"/proc/{daemon.pid}/exe"):
                with open(f"/proc/{child}/comm") as f:
                    if "courier" in f.read():
                        continue
                with open(f"/proc/{child}/cmdline") as f:
                    if "--query-worker" not in f.read():
                        return child
        except OSError:
            continue  # it ended meanwhile
    return daemon.pid


def has_ended(pid):
    """Gone, or a zombie of which no thread is left to hold its files and sockets open."""
    try:
        with open(f"/proc/{pid}/stat") as f:
            state = f.read().rpartition(")")[2].split()[0]
        return state in "ZX" and len(os.listdir(f"/proc/{pid}/task")) == 1
    except (FileNotFoundError, ProcessLookupError):
        return True


def kill_daemon(daemon):
    """As kill -9 does, and waits until the engine is gone too."""
    engine = engine_of(daemon)
    daemon.kill()
    daemon.wait()
    end = time.time() + 10
    while engine != daemon.pid and not has_ended(engine):
        check(time.time() < end, "the engine ends with its monitor")
        time.sleep(0.01)


class Folder:
    """A temporary folder that goes away."""

    def __enter__(self):
        self.path = tempfile.mkdtemp(prefix="weir-e2e-")
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.path, ignore_errors=True)

    def __call__(self, name, content=None):
        path = os.path.join(self.path, name)
        if content is not None:
            with open(path, "wb" if isinstance(content, bytes) else "w") as f:
                f.write(content)
        return path


# What the normaliser leaves out: the fields that the design excepts from "the same bytes out".
EXCEPTED = ("event.ingested", "event.created", "agent.ephemeral_id")


def normalise(document):
    return json.dumps({k: v for k, v in document.items()
                       if k not in EXCEPTED and ".execution." not in k}, sort_keys=True)


START = 1700006400  # 2023-11-15T00:00:00Z

CONN_FIELDS = ("ts uid id.orig_h id.orig_p id.resp_h id.resp_p proto service duration orig_bytes "
               "resp_bytes conn_state local_orig local_resp missed_bytes history orig_pkts "
               "orig_ip_bytes resp_pkts resp_ip_bytes tunnel_parents").split()
CONN_TYPES = ("time string addr port addr port enum string interval count count string bool bool "
              "count string count count count count set[string]").split()


def conn(rows):
    """A Zeek conn.log of rows (time, source, destination, port, bytes out, bytes in) and, where it is
    not that of an answered connection, the state: S0 (no answer) or REJ (refused)."""
    out = ["#separator \\x09", "#set_separator\t,", "#empty_field\t(empty)", "#unset_field\t-",
           "#path\tconn", "#fields\t" + "\t".join(CONN_FIELDS), "#types\t" + "\t".join(CONN_TYPES)]
    for i, (time, source, target, port, sent, got, *state) in enumerate(rows):
        head = [f"{time:.6f}", f"C{i:08x}{int(time)}", source, str(20000 + i % 40000), target,
                str(port), "tcp", "-"]
        if state:
            refused = state[0] == "REJ"
            out.append("\t".join(head + ["0.001000" if refused else "-", "0", "0", state[0], "T", "F",
                                         "0", "Sr" if refused else "S", "1", "44",
                                         "1" if refused else "0", "40" if refused else "0",
                                         "(empty)"]))
            continue
        out.append("\t".join(head + ["1.500000", str(sent), str(got), "SF", "T", "F", "0", "ShADadFf",
                                     str(sent // 1400 + 4), str(sent + 40 * (sent // 1400 + 4)),
                                     str(got // 1400 + 4), str(got + 40 * (got // 1400 + 4)),
                                     "(empty)"]))
    return "\n".join(out) + "\n"


def office(hours, seed=1, per_hour=240):
    """Ordinary connections of a small office: twenty hosts, a few services."""
    rng = random.Random(seed)
    hosts = [f"10.1.0.{i}" for i in range(10, 30)]
    servers = [f"93.184.{i}.{i * 3 % 250 + 1}" for i in range(1, 60)]
    rows = []
    for hour in range(hours):
        for _ in range(int(rng.gauss(per_hour, per_hour ** 0.5))):
            port = rng.choices([443, 80, 993, 22, 8080], [70, 15, 8, 4, 3])[0]
            rows.append((START + hour * 3600 + rng.random() * 3600, rng.choice(hosts),
                         rng.choice(servers), port, int(rng.lognormvariate(8, 1)),
                         int(rng.lognormvariate(9.5, 1.2))))
    return sorted(rows)


def upload(hour, megabytes=60):
    """A host sends much to an address and port that nobody used before."""
    return [(START + hour * 3600 + 60 * i, "10.1.0.17", "185.220.101.77", 4447,
             megabytes * 1000000 // 10, 30000) for i in range(10)]


def flood(hour, per_minute=120, minutes=30):
    return [(START + hour * 3600 + i * 60 / per_minute, f"10.1.0.{10 + i % 20}", "93.184.7.22", 443,
             300, 300) for i in range(per_minute * minutes)]
