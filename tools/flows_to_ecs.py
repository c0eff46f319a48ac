#!/usr/bin/env python3
"""Writes flows of other sensors as ECS documents: flows_to_ecs.py [--by SECONDS] FILE... > OUT.ndjson

Reads Argus flows as text (first line: the names of the columns, separated by commas or tabs) and the flow events of
Suricata's EVE. A column that is not there becomes no field. --by moves the times.
"""
import argparse
import datetime
import ipaddress
import json
import sys

UTC = datetime.timezone.utc


def address(text):
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        return None


def port(text):
    try:
        return int(text, 0)
    except ValueError:
        return None


def document(time, transport, ends, duration):
    """ends: (address, port, packets, bytes) of the source and of the destination; None is left out."""
    sides = [{k: v for k, v in zip(("ip", "port", "packets", "bytes"), end) if v is not None} for end in ends]
    if "ip" not in sides[0] or "ip" not in sides[1]:
        return None
    return time, {
        "event": {"kind": "event", "category": ["network"], "action": "network_flow", "duration": int(duration * 1e9)},
        "network": {"transport": transport}, "source": sides[0], "destination": sides[1],
    }


def argus(lines):
    separator = "\t" if "\t" in lines[0] else ","
    names = lines[0].rstrip("\n").split(separator)
    for line in lines[1:]:
        row = dict(zip(names, line.rstrip("\n").split(separator)))
        time = datetime.datetime.strptime(row["StartTime"], "%Y/%m/%d %H:%M:%S.%f").replace(tzinfo=UTC)
        packets, sent = int(row["TotPkts"] or 0), int(row["TotBytes"] or 0)
        by_source = int(row.get("SrcPkts") or 0), int(row.get("SrcBytes") or 0)
        icmp = "icmp" in row["Proto"]  # ports are type and code there
        ends = ((address(row["SrcAddr"]), None if icmp else port(row["Sport"]), *by_source),
                (address(row["DstAddr"]), None if icmp else port(row["Dport"]), packets - by_source[0],
                 sent - by_source[1]))
        yield document(time.timestamp(), row["Proto"], ends, float(row["Dur"] or 0))


def eve(lines):
    for line in lines:
        event = json.loads(line)
        if event.get("event_type") != "flow":
            continue
        flow = event["flow"]
        start, end = (datetime.datetime.strptime(flow[k], "%Y-%m-%dT%H:%M:%S.%f%z").timestamp()
                      for k in ("start", "end"))
        ends = ((address(event["src_ip"]), event.get("src_port"), flow["pkts_toserver"], flow["bytes_toserver"]),
                (address(event["dest_ip"]), event.get("dest_port"), flow["pkts_toclient"], flow["bytes_toclient"]))
        yield document(start, event["proto"].lower(), ends, end - start)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="+")
    parser.add_argument("--by", type=float, default=0)
    args = parser.parse_args()
    found = []
    for name in args.files:
        with open(name, encoding="utf-8", errors="replace") as f:
            lines = f.readlines()
        if lines:
            found += filter(None, (eve if lines[0].startswith("{") else argus)(lines))
    for time, doc in sorted(found, key=lambda one: one[0]):
        doc["@timestamp"] = datetime.datetime.fromtimestamp(time + args.by, UTC).isoformat()
        sys.stdout.write(json.dumps(doc) + "\n")


if __name__ == "__main__":
    main()
