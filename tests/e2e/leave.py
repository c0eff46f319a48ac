"""Who leaves before the answer: a query that nobody waits for any more ends at once, with and
without a daemon, and no worker stays behind."""
import os
import signal
import subprocess
import time

from weir_e2e import WEIR, Folder, check, weir

# Would run for many minutes.
LONG = "SELECT sum(a.range * b.range) FROM range(10000000) a, range(1000000) b"


def workers(owner):
    """The query workers that a process has started."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cmdline") as f:
                command = f.read()
            with open(f"/proc/{pid}/stat") as f:
                parent = int(f.read().rpartition(")")[2].split()[1])
        except OSError:
            continue  # it ended meanwhile
        if "--query-worker" in command and parent == owner:
            found.append(int(pid))
    return found


def until(what, condition, seconds):
    end = time.time() + seconds
    while not condition():
        check(time.time() < end, what)
        time.sleep(0.02)


def start(*args):
    return subprocess.Popen([WEIR, *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def ask_long(data, daemon=None):
    """A client whose query is at work, in a worker of the daemon or of its own."""
    client = start("sql", LONG, "--data-dir", data)
    owner = (daemon or client).pid
    until("the query is at work", lambda: workers(owner), 20)
    time.sleep(1)
    check(client.poll() is None, "the query takes long")
    return client


def leave(daemon, data, how):
    client = ask_long(data, daemon)
    client.send_signal(how)
    client.wait()
    until(f"the query of a client that {how.name} ended is ended", lambda: not workers(daemon.pid), 2)
    run = weir("sql", "SELECT 42 AS answer", "--data-dir", data)
    check(run.out == '{"answer":42}\n', "and the next one is answered", run)


with Folder() as folder:
    data = folder("data")
    daemon = start("serve", "--listen", "", "--data-dir", data)
    try:
        until("the socket is there", lambda: os.path.exists(data + "/control.sock"), 60)
        leave(daemon, data, signal.SIGINT)
        leave(daemon, data, signal.SIGKILL)
        client = ask_long(data, daemon)
        stopped = time.time()
        daemon.send_signal(signal.SIGTERM)
        _, said = daemon.communicate(timeout=60)
        check(time.time() - stopped < 5, "a query does not delay the daemon's stop")
        check(daemon.returncode == 0, f"which is clean: {said}")
        _, told = client.communicate(timeout=10)
        check(client.returncode == 1 and "stopped before" in told, f"and the client is told: {told}")
    finally:
        daemon.kill()
        daemon.wait()
    client = ask_long(data)
    left = workers(client.pid)
    stopped = time.time()
    client.send_signal(signal.SIGINT)
    _, told = client.communicate(timeout=60)
    check(time.time() - stopped < 3, "without a daemon, too, a query ends at once")
    check(client.returncode == 1, f"as one that failed: {told}")
    until("and its worker with it", lambda: not any(os.path.exists(f"/proc/{pid}") for pid in left), 2)
