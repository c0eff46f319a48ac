#!/usr/bin/env python3
"""Compares flows with Arkime's known session documents.

usage: compare_arkime.py WEIR FOLDER

FOLDER holds NAME.pcap with NAME.test, a list of sessions. A session is compared with the sum of
Weir's events of the same two ends: packets each way, payload bytes each way (client.bytes and
server.bytes), and, where the session has them, DNS names, HTTP URIs, TLS server names, JA3 and JA3S,
and the community id. Prints the differences and ends with one JSON line.
"""
import collections
import json
import os
import subprocess
import sys


def get(e, path, default=None):
    for part in path.split("."):
        if not isinstance(e, dict) or part not in e:
            return default
        e = e[part]
    return e


def listed(v):
    return v if isinstance(v, list) else [] if v is None else [v]


def ends(s, d, transport):
    icmp = "icmp" in transport
    return frozenset((x["ip"], 0 if icmp else x.get("port", 0)) for x in (s, d))


class Conversation:
    def __init__(self):
        self.packets = collections.Counter()
        self.payload = collections.Counter()
        self.began = None
        self.values = collections.defaultdict(set)


def read(weir, capture):
    out = subprocess.run([weir, "read", "--quiet", capture], capture_output=True, timeout=300, check=False)
    found = collections.defaultdict(Conversation)
    for line in out.stdout.decode("utf-8").splitlines():
        e = json.loads(line)
        s, d, transport = e["source"], e["destination"], e["network"]["transport"]
        c = found[ends(s, d, transport)]
        if e["event"]["dataset"] == "network_traffic.flow":
            c.began = c.began or (s["ip"], s.get("port", 0))
            for side, other in (("source", s), ("destination", d)):
                c.packets[(other["ip"], other.get("port", 0))] += e[side]["packets"]
                c.payload[(other["ip"], other.get("port", 0))] += e["weir"]["flow"][side]["payload_bytes"]
        for path in ("dns.question.name", "url.path", "tls.client.server_name", "tls.client.ja3",
                     "tls.server.ja3s", "network.community_id", "user_agent.original"):
            c.values[path].update(map(str, listed(get(e, path))))
    return found


def main():
    weir, folder = sys.argv[1], sys.argv[2]
    total = collections.Counter()
    for root, _, names in sorted(os.walk(folder)):
        for name in sorted(names):
            path = os.path.join(root, name)
            capture = path[:-5] + ".pcap"
            if not name.endswith(".test") or not os.path.exists(capture):
                continue
            sessions = [x["body"] for x in json.load(open(path, encoding="utf-8")).get("sessions3", [])]
            found = read(weir, capture)
            total["captures"] += 1
            merged = {}  # Arkime cuts long sessions into several documents
            for s in sessions:
                transport = {1: "icmp", 58: "icmp"}.get(s.get("ipProtocol"), "")
                if "ip" not in s.get("source", {}):
                    continue
                key = ends(s["source"], s["destination"], transport)
                m = merged.setdefault(key, {"n": collections.Counter(), "docs": []})
                m["docs"].append(s)
                for side, pay in (("source", "client"), ("destination", "server")):
                    end = (s[side]["ip"], 0 if transport else s[side].get("port", 0))
                    m["n"]["packets", end] += s[side]["packets"]
                    m["n"]["payload", end] += get(s, pay + ".bytes", 0)
            for key, m in merged.items():
                total["sessions"] += 1
                c = found.get(key)
                first = m["docs"][0]
                label = [name] + sorted(f"{a}:{p}" for a, p in key)
                if c is None:
                    total["missing"] += 1
                    print(*label, "missing", "ipProtocol", first.get("ipProtocol"))
                    continue
                want = {k: v for k, v in m["n"].items() if v}
                got = {("packets", k): v for k, v in c.packets.items() if v}
                if {k: v for k, v in want.items() if k[0] == "packets"} != got:
                    total["packets_differ"] += 1
                    print(*label, "packets", {k[1][0]: v for k, v in want.items() if k[0] == "packets"}, dict(c.packets))
                else:
                    total["packets_equal"] += 1
                if first.get("ipProtocol") in (6, 17):
                    pay = {k[1]: v for k, v in want.items() if k[0] == "payload"}
                    same = pay == {k: v for k, v in c.payload.items() if v}
                    total["payload_equal" if same else "payload_differ"] += 1
                    if not same:
                        print(*label, "payload", pay, dict(c.payload))
                    began = (first["source"]["ip"], first["source"].get("port", 0)) == c.began
                    total["began_equal" if began else "began_differ"] += 1
                    if not began:
                        print(*label, "began", first["source"], c.began)
                for theirs, ours in (("dns.host", "dns.question.name"), ("http.path", "url.path"),
                                     ("tls.ja3", "tls.client.ja3"), ("tls.ja3s", "tls.server.ja3s"),
                                     ("http.useragent", "user_agent.original"),
                                     ("network.community_id", "network.community_id")):
                    want = {str(v) for s in m["docs"] for v in listed(get(s, theirs))}
                    if theirs == "network.community_id":
                        want = {get(s, "network.community_id") or get(s, "communityId") for s in m["docs"]} - {None}
                    if not want:
                        continue
                    have = c.values[ours]
                    if theirs == "dns.host":
                        want, have = {x.lower() for x in want}, {x.lower() for x in have}
                        same = bool(have & want) or not have - want
                    else:
                        same = want <= have
                    total[f"{theirs} {'equal' if same else 'differ'}"] += 1
                    if not same:
                        print(*label, theirs, sorted(want)[:3], sorted(have)[:3])
    print(json.dumps(dict(total)))


if __name__ == "__main__":
    main()
