#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Real data with labels, as its publishers lay it out: what is found, what is false.

    real.py --data DIR [--weir build/release/weir] [--page]

DIR may hold any of these; what is not there is left out and named.

- opensearch-ad: the synthetic series of OpenSearch's anomaly detection (a value a minute, two
  features, four labelled windows): one job, `mean` of each feature, buckets of a minute.
- stratosphere-testing/008-zeek-mixed: Zeek's log of a PC's 28 hours, each connection labelled: the
  package `scans`; an alert is right when a connection of its source is labelled malicious.

The Numenta Anomaly Benchmark has nab.py; what packages find in captures is in their READMEs.
"""
import argparse
import datetime
import json
import pathlib
import subprocess
import tempfile

import page

OPENSEARCH = "opensearch-ad/src/test/resources/org/opensearch/ad/e2e/data"
STRATOSPHERE = "stratosphere-testing/008-zeek-mixed/data/conn.log.labeled"


def seconds(text):
    return int(datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp())


def lines(command):
    out = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return [json.loads(line) for line in out.splitlines()]


def opensearch(weir, folder, scratch):
    rows = json.loads((folder / "synthetic.data").read_text())
    windows = [tuple(map(seconds, w)) for w in json.loads((folder / "synthetic.label").read_text())]
    features = [name for name in rows[0] if name != "timestamp"]
    job = {"job_id": "real", "data_description": {"time_field": "time"},
           "analysis_config": {"bucket_span": "60s", "detectors": [
               {"function": "mean", "field_name": name} for name in features]}}
    (scratch / "job.json").write_text(json.dumps(job))
    (scratch / "in.csv").write_text(",".join(["time", *features]) + "\n" + "".join(
        ",".join([str(seconds(r["timestamp"])), *(str(r[f]) for f in features)]) + "\n"
        for r in rows))
    found = {50: {}, 75: {}}
    false = {50: 0, 75: 0}
    buckets = 0
    for doc in lines([weir, "detect", "--quiet", "--format", "csv", "--job",
                      str(scratch / "job.json"), str(scratch / "in.csv")]):
        if doc["result_type"] != "bucket":
            continue
        at = doc["timestamp"] // 1000
        window = next((w for w in windows if w[0] <= at <= w[1]), None)
        after = any(0 < at - w[1] <= 12 * 60 for w in windows)
        buckets += window is None and not after
        for bound in (50, 75):
            if doc["initial_anomaly_score"] < bound:
                continue
            if window is not None:
                found[bound].setdefault(window, (at - window[0]) // 60)
            elif not after:
                false[bound] += 1
    return [{"case": "opensearch_synthetic", "score": bound, "anomalies": len(windows),
             "found": len(found[bound]), "false": false[bound],
             "of": f"{buckets} buckets",
             "delay_minutes": sorted(found[bound].values())} for bound in (50, 75)]


def stratosphere(weir, path):
    guilty, all_of = set(), set()
    fields = []
    for line in path.read_text().splitlines():
        cells = line.split("\t")
        if line.startswith("#fields"):
            fields = cells[1:]
        if line.startswith("#"):
            continue
        row = dict(zip(fields, cells))
        all_of.add(row["id.orig_h"])
        if row["label"] == "Malicious":
            guilty.add(row["id.orig_h"])
    named = set()
    for alert in lines([weir, "replay", "--quiet", "--package", "scans", str(path)]):
        source = alert.get("source.ip", [])
        named |= {source} if isinstance(source, str) else set(source)
    return [{"case": "stratosphere_008_scans", "score": 75, "anomalies": len(guilty),
             "found": len(named & guilty), "false": len(named - guilty),
             "of": f"{len(all_of)} sources"}]


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=pathlib.Path, required=True)
    parser.add_argument("--weir", default="build/release/weir")
    parser.add_argument("--page", action="store_true", help="write the table of docs/quality.md")
    args = parser.parse_args()
    cases = []
    with tempfile.TemporaryDirectory() as scratch:
        if (args.data / OPENSEARCH).is_dir():
            cases += opensearch(args.weir, args.data / OPENSEARCH, pathlib.Path(scratch))
        else:
            print(f"real.py: {OPENSEARCH} is not there")
        if (args.data / STRATOSPHERE).is_file():
            cases += stratosphere(args.weir, args.data / STRATOSPHERE)
        else:
            print(f"real.py: {STRATOSPHERE} is not there")
    rows = ["| case | at | anomalies | found | false |", "| --- | --- | --- | --- | --- |"]
    for case in cases:
        print(json.dumps({"bench": "quality", **case}))
        rows.append(f"| {case['case']} | {case['score']} | {case['anomalies']} | {case['found']} | "
                    f"{case['false']} of {case['of']} |")
    if args.page and cases:
        page.write("real data", "\n".join(rows))


if __name__ == "__main__":
    main()
