"""The clock was days ahead for a while: what stood at that time goes on from the right one, at once."""
import sqlite3
import struct
import time

from weir_e2e import Folder, check
from weir_server import Server

AHEAD = 3 * 86400 * 10**9
RULE = {"rule_id": "q", "name": "Search", "type": "query", "query": "user.name: nobody", "index": ["logs-*"],
        "description": "d", "interval": "10s", "from": "now-1m", "risk_score": 21, "severity": "low"}


def alerts(server):
    body = {"query": {"term": {"kibana.alert.rule.rule_id": "q"}}}
    return server.admin("POST", "/api/detection_engine/signals/search", body)["hits"]["hits"]


def runs(data):
    with sqlite3.connect(data + "/state.db") as db:
        return [row[0] / 1e9 for row in db.execute("SELECT time FROM run ORDER BY time DESC")]


with Folder() as folder:
    data = folder("data")
    with Server(data) as server:
        server.admin("POST", "/api/detection_engine/rules", RULE)
        check(server.wait(lambda: runs(data), 30), "it runs")
    # As after such days: what is kept lies ahead.
    with sqlite3.connect(data + "/state.db") as db:
        (engine,), = db.execute("SELECT value FROM meta WHERE name = 'engine_time'")
        db.execute("UPDATE meta SET value = ? WHERE name = 'engine_time'",
                   (struct.pack("<q", struct.unpack("<q", engine)[0] + AHEAD),))
        for change in ("UPDATE rule SET last_run = last_run + ?", "UPDATE run SET time = time + ?"):
            check(db.execute(change, (AHEAD,)).rowcount > 0, "there is something to change")
    begun = time.time()
    with Server(data, password=server.password) as server:
        at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        server.admin("POST", "/logs-x-default/_doc", {"@timestamp": at, "user": {"name": "nobody"}}, status=201)
        check(server.wait(lambda: alerts(server), 40), "the rule runs by the right clock: " + "".join(server.log))
        check(len(alerts(server)) == 1, "and tells once")
        check(any("the clock was set back" in line for line in server.log), "which is said: " + "".join(server.log))
        check(begun - 20 < runs(data)[0] < time.time() + 1, "no run of the wrong time is left")
