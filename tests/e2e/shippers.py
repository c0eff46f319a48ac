#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""rsyslog's omelasticsearch and syslog-ng's elasticsearch-http ship into a server, as Debian packs them."""
import os
import socket
import subprocess
import sys
import tempfile

from weir_e2e import SKIPPED, check, weir
from weir_server import Server

ROOT = os.path.abspath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "third_party", "shippers"))
LIB = ROOT + "/usr/lib/x86_64-linux-gnu"
NG = ROOT + "/usr/lib/syslog-ng"
LINES = 500

if not os.path.isdir(LIB + "/rsyslog"):
    print("tools/setup fetches the shippers", file=sys.stderr)
    sys.exit(SKIPPED)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def rsyslog(server, folder, port, key):
    conf = f"""
module(load="{LIB}/rsyslog/omelasticsearch.so")
module(load="{LIB}/rsyslog/imtcp.so")
template(name="ecs" type="list" option.jsonf="on") {{
  property(outname="@timestamp" name="timereported" dateFormat="rfc3339" format="jsonf")
  property(outname="message" name="msg" format="jsonf")
  property(outname="host.name" name="hostname" format="jsonf")
}}
input(type="imtcp" port="{port}" address="127.0.0.1")
action(type="omelasticsearch" server="127.0.0.1" serverport="{server.port}" template="ecs"
       searchIndex="logs-rsyslog-default" searchType="" bulkmode="on" maxbytes="100k"
       uid="{key['name']}" pwd="{key['password']}" errorfile="{folder}/rsyslog.err")
"""
    return ["usr/sbin/rsyslogd", "-n", "-i", folder + "/rsyslog.pid", "-M", LIB + "/rsyslog"], conf, LIB


def syslog_ng(server, folder, port, key):
    conf = f"""@version: 3.38
@module http
@include "{ROOT}/usr/share/syslog-ng/include/scl/elasticsearch/elastic-http.conf"
options {{ keep-hostname(yes); }};
source s {{ network(ip("127.0.0.1") port({port}) transport("tcp")); }};
destination d {{ elasticsearch-http(url("http://127.0.0.1:{server.port}/_bulk") index("logs-syslog_ng-default")
  type("") user("{key['name']}") password("{key['password']}") batch-lines(100) batch-timeout(500)
  template("$(format-json --scope none @timestamp=${{ISODATE}} message=${{MESSAGE}} host.name=${{HOST}})")); }};
log {{ source(s); destination(d); }};
"""
    return (["usr/sbin/syslog-ng", "-F", "--no-caps", "-e", f"--persist-file={folder}/ng.persist",
             f"--control={folder}/ng.ctl", f"--pidfile={folder}/ng.pid", f"--module-path={NG}/3.38"], conf,
            f"{LIB}:{NG}")


def send(port):
    with socket.create_connection(("127.0.0.1", port), timeout=10) as s:
        for i in range(LINES):
            s.sendall(f"<13>Nov 22 09:{i // 60 % 60:02d}:{i % 60:02d} gate app: line {i} \"quoted\"\n".encode())


def ship(server, folder, data, key, name, dataset, make):
    port = free_port()
    command, conf, libraries = make(server, folder, port, key)
    path = f"{folder}/{name}.conf"
    with open(path, "w") as f:
        f.write(conf)
    env = {**os.environ, "LD_LIBRARY_PATH": libraries}
    log = open(f"{folder}/{name}.log", "w+")
    shipper = subprocess.Popen([f"{ROOT}/{command[0]}", *command[1:], "-f", path], env=env, stdout=log, stderr=log)
    try:
        def sent():
            try:
                send(port)
                return True
            except ConnectionRefusedError:
                return False
        check(server.wait(sent, 20), f"{name} listens: {open(log.name).read()}")
        query = f"data_stream.dataset: {dataset}"
        check(server.wait(lambda: len(weir("search", "--data-dir", data, query).lines()) >= LINES, 30),
              f"{name} has shipped: {len(weir('search', '--data-dir', data, query).lines())} of {LINES}: "
              f"{open(log.name).read()}")
        events = weir("search", "--data-dir", data, query).lines()
        check(len(events) == LINES, f"each line once: {len(events)}")
        check(all(e["host"]["name"] == "gate" and '"quoted"' in e["message"] for e in events), f"whole: {events[0]}")
    finally:
        shipper.terminate()
        shipper.wait(timeout=20)
        log.close()


with tempfile.TemporaryDirectory() as folder:
    data = os.path.join(folder, "data")
    with Server(data) as server:
        # Both know names and passwords, not keys.
        key = {"name": "admin", "password": server.password}
        ship(server, folder, data, key, "rsyslog", "rsyslog", rsyslog)
        ship(server, folder, data, key, "syslog-ng", "syslog_ng", syslog_ng)
print("ok")
