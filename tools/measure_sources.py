#!/usr/bin/env python3
"""What labels say about alerts: measure_sources.py --labels LOG [--labels LOG]... ALERTS.ndjson

LOG is a Zeek conn.log in tab-separated form with a column "label"; ALERTS are what `weir replay` prints. Of each
alert with --score or more: when, which rule, which sources, and the labels of the connections of its time, sources
and destinations. At the end precision (named sources with a connection whose label begins with --attack) and recall
(scanners that are named: attackers with --flows unanswered connections within --minutes).
"""
import argparse
import collections
import datetime
import json

UNANSWERED = {"S0", "REJ", "RSTOS0", "SH"}


def connections(path):
    """Rows of a log as dictionaries; the line #fields names the columns."""
    names = []
    with open(path, encoding="utf-8", errors="replace") as f:
        for line in f:
            row = line.rstrip("\n").split("\t")
            if row[0] == "#fields":
                names = row[1:]
            elif not line.startswith("#"):
                yield dict(zip(names, row)) | {"ts": float(row[names.index("ts")])}


def seconds(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def scanners(rows, attack, flows, span):
    """Attackers with as many unanswered connections within as many seconds."""
    times = collections.defaultdict(list)
    for row in rows:
        if row["label"].startswith(attack) and row["conn_state"] in UNANSWERED:
            times[row["id.orig_h"]].append(row["ts"])
    return {source for source, at in times.items()
            if any(late - early < span for early, late in zip(sorted(at), sorted(at)[flows - 1:]))}


def evidence(alert, rows):
    """Labels of the connections that the alert is about."""
    begin, end = seconds(alert["weir.alert.from"]), seconds(alert["weir.alert.to"])
    ends = [set(alert.get(f, [])) for f in ("source.ip", "destination.ip", "weir.peer.ip")]
    found = collections.Counter()
    for row in rows:
        pair = {row["id.orig_h"], row["id.resp_h"]}
        if begin <= row["ts"] < end and all(not some or some & pair for some in ends):
            found[f"{row['label']} {row.get('detailedlabel', '')}".strip()] += 1
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("alerts")
    parser.add_argument("--labels", action="append", required=True)
    parser.add_argument("--attack", default="Malicious")
    parser.add_argument("--score", type=float, default=75)
    parser.add_argument("--flows", type=int, default=20)
    parser.add_argument("--minutes", type=float, default=5)
    args = parser.parse_args()

    rows = [row for path in args.labels for row in connections(path)]
    attackers = {row["id.orig_h"] for row in rows if row["label"].startswith(args.attack)}
    scanning = scanners(rows, args.attack, args.flows, args.minutes * 60)
    named = set()
    with open(args.alerts, encoding="utf-8") as f:
        for alert in map(json.loads, f):
            if alert["weir.alert.score"] < args.score:
                continue
            sources = alert.get("source.ip", [])
            named |= set(sources)
            said = ", ".join(f"{n} {label}" for label, n in evidence(alert, rows).most_common()) or "nothing"
            print(f"{alert['weir.alert.from'][:16]}  {alert['weir.alert.score']:3.0f}  "
                  f"{alert['kibana.alert.rule.name']}  from {', '.join(sources) or '-'}: {said}")
    right = named & attackers
    print(f"named {len(named)} sources, {len(right)} of them attackers:",
          f"precision {len(right) / len(named):.2f}" if named else "precision not defined")
    print(f"{len(scanning)} scanners, {len(scanning & named)} of them named:",
          f"recall {len(scanning & named) / len(scanning):.2f}" if scanning else "recall not defined")
    print(f"{len(attackers)} attackers in all; named without a label: {', '.join(sorted(named - attackers)) or 'none'}")


if __name__ == "__main__":
    main()
