#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The Numenta Anomaly Benchmark's score of `weir detect`.

Each series is one job: a `mean(value)` detector whose bucket span is the file's step, one setting
for all. Points get the first score of their bucket (initial_anomaly_score); nothing looks ahead. The
scoring is NAB's (Lavin and Ahmad 2015): 15 % of a file (at most 750 points) is probation, and a window
that ends in it does not count; in a window only the first detection counts, by its place; a detection
outside costs by its distance after the last window; 0 is what silence earns, 100 what detections at
the left edge of each window would.

A profile's score is that of its best threshold, one for all files, as NAB reports it; beside it are
the scores at 50 and 75, which nobody has chosen after the fact.

    nab.py --data DIR [--weir build/release/weir] [--files] [--page]

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

import page

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
            scores[doc["timestamp"] // 1000] = doc["initial_anomaly_score"]
    return [(t, scores.get(t // step * step, 0)) for t, _ in rows]


def sigmoid(y):
    return 2 / (1 + math.exp(5 * y)) - 1


def spans(points, windows):
    """First and last index of each window that counts."""
    out = []
    for first, last in windows:
        inside = [i for i, (t, _) in enumerate(points) if first <= t <= last]
        if inside and inside[-1] >= probation(points):
            out.append((inside[0], inside[-1]))
    return out


def probation(points):
    return min(int(0.15 * len(points)), 750)


def score_file(points, windows, threshold, profile):
    """What it earns, windows found, false detections."""
    tp, fn, fp = profile
    total = 0
    found, false = set(), 0
    for i in range(probation(points), len(points)):
        if points[i][1] < threshold:
            continue
        window = next((w for w in windows if w[0] <= i <= w[1]), None)
        if window is not None:
            if window not in found:
                found.add(window)
                place = -(window[1] - i + 1) / (window[1] - window[0] + 1)
                total += tp * sigmoid(place) / sigmoid(-1)
            continue
        false += 1
        before = [w for w in windows if w[1] < i]
        past = (i - before[-1][1]) / max(before[-1][1] - before[-1][0], 1) if before else 3
        total += fp * (sigmoid(past) if past < 3 else -1)
    return total - fn * (len(windows) - len(found)), len(found), false


def corpus_score(series, threshold, profile):
    raw = sum(score_file(points, windows, threshold, profile)[0] for points, windows in series)
    count = sum(len(windows) for _, windows in series)
    null = -profile[1] * count
    return 100 * (raw - null) / (profile[0] * count - null)


def main():
    args = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    args.add_argument("--data", type=pathlib.Path, required=True)
    args.add_argument("--weir", default="build/release/weir")
    args.add_argument("--files", action="store_true", help="lines for each file too")
    args.add_argument("--page", action="store_true", help="write the table of docs/quality.md")
    args = args.parse_args()
    labels = json.loads((args.data / "labels/combined_windows.json").read_text())
    series = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, windows in sorted(labels.items()):
            with open(args.data / "data" / name, newline="") as f:
                rows = [(seconds(r["timestamp"]), float(r["value"])) for r in csv.DictReader(f)]
            points = bucket_scores(args.weir, rows, pathlib.Path(folder))
            series[name] = (points, spans(points, [(seconds(a), seconds(b)) for a, b in windows]))
    everything = list(series.values())
    rows = ["| profile | best threshold for all | score there | at 50 | at 75 |",
            "| --- | --- | --- | --- | --- |"]
    for name, profile in PROFILES.items():
        best = max((corpus_score(everything, t, profile), t) for t in range(1, 100))
        at = {t: corpus_score(everything, t, profile) for t in (50, 75)}
        rows.append(f"| {name} | {best[1]} | {best[0]:.1f} | {at[50]:.1f} | {at[75]:.1f} |")
        print(json.dumps({"bench": "quality", "case": f"nab_{name}", "score": round(best[0], 1),
                          "threshold": best[1], "files": len(series),
                          "at_50": round(at[50], 1), "at_75": round(at[75], 1)}))
    if args.files:
        for name, (points, windows) in series.items():
            for t in (50, 75):
                got = score_file(points, windows, t, PROFILES["standard"])
                print(json.dumps({"file": name, "threshold": t, "windows": len(windows),
                                  "found": got[1], "false": got[2], "score": round(got[0], 2)}))
    if args.page:
        page.write("NAB", f"{len(series)} series.\n\n" + "\n".join(rows))


if __name__ == "__main__":
    main()
