#!/usr/bin/env python3
"""Compares flows with nDPI's known answers.

usage: compare_ndpi.py WEIR FOLDER [NAME-PART]

FOLDER holds captures and, for each, ndpiReader's output NAME.out in a sibling folder `result`. A
line of it names both ends and the packets and bytes each of them sent, of the whole file; bytes are
those of frames, Weir's are those of IP packets, so that each packet may be larger by a link header
(and short frames by their padding). Prints the shares that agree and each difference, and ends with
one JSON line.
"""
import collections
import ipaddress
import json
import os
import re
import subprocess
import sys

LINE = re.compile(
    r"^\t\d+\t(\S+) (?:\[?([^\s\]]+?)\]?):(\d+) <?-> (?:\[?([^\s\]]+?)\]?):(\d+) .*?"
    r"\[(\d+) pkts/(\d+) bytes (?:<->|->) (\d+) pkts/(\d+) bytes\]"
)
LINK_MIN, LINK_MAX, FRAME_MIN = 0, 64, 60


def ndpi_flows(path):
    flows = collections.defaultdict(lambda: [0, 0])
    conversations = set()
    for line in open(path, encoding="utf-8", errors="replace"):
        m = LINE.match(line)
        if not m:
            continue
        proto, a, pa, b, pb, n1, b1, n2, b2 = m.groups()
        proto = {"ICMPV6": "ipv6-icmp", "ICMP": "icmp"}.get(proto, proto.lower())
        a, b = str(ipaddress.ip_address(a)), str(ipaddress.ip_address(b))
        if "icmp" in proto:
            pa = pb = "0"
        conversations.add((proto, frozenset([(a, pa), (b, pb)])))
        for src, dst, n, size in (((a, pa), (b, pb), n1, b1), ((b, pb), (a, pa), n2, b2)):
            flows[(proto, src, dst)][0] += int(n)
            flows[(proto, src, dst)][1] += int(size)
    return flows, conversations


def weir_flows(weir, capture):
    out = subprocess.run([weir, "read", "--quiet", capture], capture_output=True, text=True,
                         timeout=300, check=False)
    flows = collections.defaultdict(lambda: [0, 0])
    for line in out.stdout.splitlines():
        e = json.loads(line)
        if e["event"]["dataset"] != "network_traffic.flow":
            continue
        s, d, proto = e["source"], e["destination"], e["network"]["transport"]
        a = (s["ip"], str(s.get("port", 0)))
        b = (d["ip"], str(d.get("port", 0)))
        for src, dst, side in ((a, b, s), (b, a, d)):
            flows[(proto, src, dst)][0] += side["packets"]
            flows[(proto, src, dst)][1] += side["bytes"]
    return flows


def bytes_agree(packets, frame_bytes, ip_bytes):
    more = frame_bytes - ip_bytes
    return packets * LINK_MIN <= more <= packets * LINK_MAX or frame_bytes <= packets * FRAME_MIN


def main():
    weir, folder = sys.argv[1], sys.argv[2]
    part = sys.argv[3] if len(sys.argv) > 3 else ""
    total = collections.Counter()
    for root, _, names in sorted(os.walk(folder)):
        for name in sorted(names):
            answer = os.path.join(os.path.dirname(root), "result", name + ".out")
            if part not in name or not os.path.exists(answer):
                continue
            truth, conversations = ndpi_flows(answer)
            ours = weir_flows(weir, os.path.join(root, name))
            total["captures"] += 1
            wrong = []
            for proto, ends in conversations:
                pair = sorted(ends) * (3 - len(ends))
                total["flows"] += 1
                verdict = "equal"
                for src, dst in ((pair[0], pair[1]), (pair[1], pair[0])):
                    want, got = truth[(proto, src, dst)], ours.get((proto, src, dst))
                    if got is None and want[0] == 0:
                        continue
                    if got is None:
                        verdict = "missing"
                    elif got[0] != want[0]:
                        verdict = "packets"
                    elif not bytes_agree(want[0], want[1], got[1]):
                        verdict = "bytes"
                    if verdict != "equal":
                        wrong.append((verdict, proto, src, dst, want, got))
                        break
                total[verdict] += 1
            if not wrong:
                total["captures_equal"] += 1
            for w in wrong[:4]:
                print(name, *w)
            if len(wrong) > 4:
                print(name, f"… and {len(wrong) - 4} more")
    print(json.dumps(dict(total)))


if __name__ == "__main__":
    main()
