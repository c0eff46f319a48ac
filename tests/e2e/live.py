"""Live: two hosts in network namespaces, weir between them, real HTTP, DNS and bulk traffic; a copy
of the port job at a bucket span of one minute; the upload's alert comes when its bucket is final."""
import glob
import json
import os
import signal
import subprocess
import sys
import time

from weir_e2e import SKIPPED, WEIR, Folder, check, weir

LEARN_MINUTES = 6
HOME, FAR = "10.77.0.1", "45.77.12.2"
SERVERS = r"""
import http.server, socket, socketserver, struct, threading
class Quiet(http.server.SimpleHTTPRequestHandler):
    def do_GET(self):
        body = b'x' * 4000
        self.send_response(200); self.send_header('Content-Length', str(len(body))); self.end_headers()
        self.wfile.write(body)
    def log_message(self, *a): pass
class Sink(socketserver.BaseRequestHandler):
    def handle(self):
        while self.request.recv(1 << 16): pass
class Reuse(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
def dns():
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind(('0.0.0.0', 53))
    while True:
        q, a = s.recvfrom(2000)
        s.sendto(q[:2] + b'\x81\x80' + q[4:6] + b'\x00\x01\x00\x00\x00\x00' + q[12:] +
                 b'\xc0\x0c\x00\x01\x00\x01\x00\x00\x00\x3c\x00\x04\x2d\x4d\x0c\x02', a)
threading.Thread(target=dns, daemon=True).start()
for port in (80, 8080, 9001): threading.Thread(target=Reuse(('0.0.0.0', port), Quiet).serve_forever, daemon=True).start()
Reuse(('0.0.0.0', 4447), Sink).serve_forever()
"""
CLIENT = r"""
import random, socket, struct, time, urllib.request
rng = random.Random(1)
while True:
    port = rng.choice((80, 80, 80, 8080, 9001))
    try: urllib.request.urlopen(f'http://45.77.12.2:{port}/', data=None, timeout=5).read()
    except OSError: pass
    name = f'host{rng.randrange(30)}.example.com'
    q = struct.pack('>HHHHHH', rng.randrange(65536), 0x100, 1, 0, 0, 0) + b''.join(
        bytes([len(p)]) + p.encode() for p in name.split('.')) + b'\0\0\1\0\1'
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.settimeout(2); s.sendto(q, ('45.77.12.2', 53))
    try: s.recv(2000)
    except OSError: pass
    s.close(); time.sleep(0.3 + rng.random() * 0.4)
"""
UPLOAD = r"""
import socket
s = socket.create_connection(('45.77.12.2', 4447)); s.sendall(b'y' * 40000000); s.close()
"""


def ip(*args):
    subprocess.run(["ip", *args], check=True, capture_output=True)


def inside(space, *command, **more):
    return subprocess.Popen(["ip", "netns", "exec", space, *command], stdout=subprocess.DEVNULL,
                            stderr=more.pop("stderr", subprocess.DEVNULL), **more)


if os.geteuid() != 0 or os.environ.get("WEIR_SHORT"):
    sys.exit(SKIPPED)
tag = f"w{os.getpid() % 10000}"
spaces = {name: f"{tag}{name}" for name in ("home", "far", "mid")}
try:
    ip("netns", "add", spaces["mid"])
except (OSError, subprocess.CalledProcessError):
    sys.exit(SKIPPED)
processes = []
try:
    for name in ("home", "far"):
        ip("netns", "add", spaces[name])
        ip("link", "add", f"{tag}{name[0]}", "netns", spaces["mid"], "type", "veth", "peer", "name",
           "eth0", "netns", spaces[name])
    ip("-n", spaces["mid"], "link", "add", "br0", "type", "bridge")
    for name in ("home", "far"):
        ip("-n", spaces["mid"], "link", "set", f"{tag}{name[0]}", "master", "br0", "up")
    ip("-n", spaces["mid"], "link", "set", "br0", "up")
    for name, own, other in (("home", HOME, FAR), ("far", FAR, HOME)):
        ip("-n", spaces[name], "addr", "add", f"{own}/32", "dev", "eth0")
        ip("-n", spaces[name], "link", "set", "eth0", "up")
        ip("-n", spaces[name], "route", "add", f"{other}/32", "dev", "eth0")
    with Folder() as folder:
        root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
        job = json.load(open(f"{root}/packages/ded/ml/ded_high_sent_bytes_destination_port.json"))
        feed = json.load(open(
            f"{root}/packages/ded/ml/datafeed_ded_high_sent_bytes_destination_port.json"))
        job.update(job_id="ded_high_sent_bytes_destination_port")
        job["analysis_config"]["bucket_span"] = "1m"
        feed.update(job_id=job["job_id"], indices=["logs-*"], query_delay="3s",
                    datafeed_id="datafeed-" + job["job_id"])
        data = folder("data")
        for args in (("job", "create", folder("job.json", json.dumps(job)), "--datafeed",
                      folder("feed.json", json.dumps(feed))),
                     ("rule", "import", *[p for p in glob.glob(f"{root}/packages/ded/rules/*.toml")
                                          if "port" in p])):
            run = weir(*args, "--data-dir", data)
            check(run.status == 0, " ".join(args[:2]), run)
        processes.append(inside(spaces["far"], sys.executable, "-c", SERVERS))
        time.sleep(1)
        daemon = inside(spaces["mid"], WEIR, "serve", "--listen", "", "--data-dir", data, "--interface",
                        f"{tag}h", "--home", "10.0.0.0/8", stderr=subprocess.PIPE)
        processes.append(daemon)
        processes.append(inside(spaces["home"], sys.executable, "-c", CLIENT))
        time.sleep(LEARN_MINUTES * 60)
        check(weir("alerts", "--data-dir", data).lines() == [], "ordinary traffic is silent")
        begun = time.time()
        inside(spaces["home"], sys.executable, "-c", UPLOAD).wait(60)
        alerts = []
        while not alerts and time.time() - begun < 150:
            time.sleep(2)
            alerts = weir("alerts", "--data-dir", data).lines()
        run = weir("status", "--data-dir", data)
        check(alerts, "the upload raises an alert", run)
        delay = time.time() - begun
        alert = alerts[0]
        check(alert["destination.port"] == ["4447"], "for its port")
        check(HOME in alert.get("source.ip", []), "and its source")
        bucket = alert["timestamp"] / 1000
        check(time.time() - (bucket + 60) < 20, "as soon as its bucket is final")
        events = weir("search", "--data-dir", data, "event.dataset: network_traffic.*").lines()
        kinds = {e["event"]["dataset"] for e in events}
        check({"network_traffic.flow", "network_traffic.dns", "network_traffic.http"} <= kinds,
              f"flows, DNS and HTTP were seen: {kinds}")
        daemon.send_signal(signal.SIGTERM)
        _, said = daemon.communicate(timeout=60)
        check(daemon.returncode == 0, "a clean stop")
        print(f"alert {delay:.0f} s after the upload began; {len(events)} events; {alert['kibana.alert.reason']}")
        print(said.decode()[-300:])
finally:
    for process in processes:
        process.kill()
    for name in spaces.values():
        subprocess.run(["ip", "netns", "del", name], capture_output=True)
