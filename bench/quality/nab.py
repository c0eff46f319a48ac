#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The Numenta Anomaly Benchmark's score of `weir detect`.

Each series is one job: a `mean(value)` detector whose bucket span is the file's step, one setting
for all. Points get the first score of their bucket; nothing looks ahead. The scoring is NAB's: 15 %
of a file (at most 750 points) is probation, in a window only the first detection counts, by its
place; a detection outside costs by its distance after the last window; one threshold for all.

    nab.py --data DIR [--weir build/release/weir] [--files]

DIR holds data/ and labels/combined_windows.json as NAB lays them out.
"""
import argparse
import collections
import csv
import datetime
import json
import math
import pathlib
import subprocess
import tempfile

PROFILES = {"standard": (1, 1, 0.11), "reward_low_FP": (1, 1, 0.22), "reward_low_FN": (1, 2, 0.11)}


def seconds(text):
    t = datetime.datetime.strptime(text[:19], "%Y-%m-%d %H:%M:%S")
    return int(t.replace(tzinfo=datetime.timezone.utc).timestamp())


def bucket_scores(weir, rows, folder):
    """[(time, score)] of each point."""
    steps = collections.Counter(b[0] - a[0] for a, b in zip(rows, rows[1:]))
    step = steps.most_common(1)[0][0]
    job = {"job_id": "nab", "data_description": {"time_field": "time"},
           "analysis_config": {"bucket_span": f"{step}s",
                               "detectors": [{"function": "mean", "field_name": "value"}]}}
    (folder / "job.json").write_text(json.dumps(job))
    lines = ["time,value"] + [f"{t},{v}" for t, v in sorted(rows)]
    (folder / "in.csv").write_text("\n".join(lines) + "\n")
    out = subprocess.run([weir, "detect", "--quiet", "--format", "csv", "--job",
                          str(folder / "job.json"), str(folder / "in.csv")],
                         capture_output=True, text=True, check=True).stdout
    scores = {}
    for line in out.splitlines():
        doc = json.loads(line)
        if doc["result_type"] == "bucket":
            scores[doc["timestamp"] // 1000] = doc["anomaly_score"]
    return [(t, scores.get(t // step * step, 0)) for t, _ in rows]


def sigmoid(y):
    return 2 / (1 + math.exp(5 * y)) - 1


def score_file(points, windows, threshold, profile):
    tp, fn, fp = profile
    probation = min(int(0.15 * len(points)), 750)
    spans = []
    for first, last in windows:
        inside = [i for i, (t, _) in enumerate(points) if first <= t <= last]
        if inside:
            spans.append((inside[0], inside[-1]))
    total = 0
    found = set()
    for i in range(probation, len(points)):
        if points[i][1] < threshold:
            continue
        span = next((s for s in spans if s[0] <= i <= s[1]), None)
        if span is not None:
            if span not in found:
                found.add(span)
                total += tp * sigmoid(-(span[1] - i + 1) / (span[1] - span[0] + 1)) / sigmoid(-1)
            continue
        before = [s for s in spans if s[1] < i]
        if not before:
            total -= fp
            continue
        last = before[-1]
        y = (i - last[1]) / (last[1] - last[0] + 1)
        total += fp * (sigmoid(y) if y < 3 else -1)
    return total - fn * (len(spans) - len(found)), len(found), len(spans)


def corpus_score(series, threshold, profile):
    raw = sum(score_file(points, windows, threshold, profile)[0] for points, windows in series)
    count = sum(score_file(points, windows, 101, profile)[2] for points, windows in series)
    null = -profile[1] * count
    return 100 * (raw - null) / (profile[0] * count - null)


def main():
    args = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    args.add_argument("--data", type=pathlib.Path, required=True)
    args.add_argument("--weir", default="build/release/weir")
    args.add_argument("--files", action="store_true", help="a line for each file too")
    args = args.parse_args()
    labels = json.loads((args.data / "labels/combined_windows.json").read_text())
    series = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, windows in sorted(labels.items()):
            with open(args.data / "data" / name, newline="") as f:
                rows = [(seconds(r["timestamp"]), float(r["value"])) for r in csv.DictReader(f)]
            points = bucket_scores(args.weir, rows, pathlib.Path(folder))
            series[name] = (points, [(seconds(a), seconds(b)) for a, b in windows])
    everything = list(series.values())
    for name, profile in PROFILES.items():
        best = max((corpus_score(everything, t, profile), t) for t in range(5, 100))
        print(json.dumps({"bench": "quality", "case": f"nab_{name}", "score": round(best[0], 1),
                          "threshold": best[1], "files": len(series),
                          "at_75": round(corpus_score(everything, 75, profile), 1)}))
    if args.files:
        for name, (points, windows) in series.items():
            got = score_file(points, windows, 56, PROFILES["standard"])
            print(json.dumps({"file": name, "windows": got[2], "found": got[1],
                              "score": round(got[0], 2)}))


if __name__ == "__main__":
    main()
