#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How often the values of labelled series lie in the band that was foretold for them.

Each series of the Numenta Anomaly Benchmark is one job with a `mean(value)` detector whose bucket span is the
file's step. It is cut where 50, 60, 70 and 80 % of its time are over; `weir detect --forecast 2d` foretells what
follows, anomalies and all. Prints the share inside the band of 95 % within the first hour, the rest of the first
day, and the second day.

    ahead.py --data DIR [--weir build/release/weir] [--files]

DIR holds data/ as NAB lays it out.
"""
import argparse
import collections
import csv
import json
import pathlib
import subprocess
import tempfile

import nab

CUTS = (0.5, 0.6, 0.7, 0.8)
SPANS = (("1 hour", 3600), ("1 day", 86400), ("2 days", 2 * 86400))


def foretold(weir, rows, step, folder):
    """{start of a bucket: (lower, upper)} of the two days after the rows."""
    job = {"job_id": "ahead", "data_description": {"time_field": "time"},
           "analysis_config": {"bucket_span": f"{step}s",
                               "detectors": [{"function": "mean", "field_name": "value"}]}}
    (folder / "job.json").write_text(json.dumps(job))
    (folder / "in.csv").write_text("time,value\n" + "".join(f"{t},{v}\n" for t, v in rows))
    out = subprocess.run([weir, "detect", "--quiet", "--format", "csv", "--forecast", "2d", "--job",
                          str(folder / "job.json"), str(folder / "in.csv")],
                         capture_output=True, text=True, check=True).stdout
    lines = [json.loads(line) for line in out.splitlines() if '"model_forecast"' in line]
    return {r["timestamp"] // 1000: (r["forecast_lower"], r["forecast_upper"]) for r in lines}


def read(path):
    with open(path, newline="", encoding="utf-8") as f:
        return sorted((nab.seconds(r["timestamp"]), float(r["value"])) for r in csv.DictReader(f))


def look(weir, rows, folder, tally):
    steps = collections.Counter(b[0] - a[0] for a, b in zip(rows, rows[1:]))
    step = steps.most_common(1)[0][0]
    for cut in CUTS:
        at = rows[0][0] + int((rows[-1][0] - rows[0][0]) * cut) // step * step
        band = foretold(weir, [r for r in rows if r[0] < at], step, folder)
        if not band:
            continue
        first = min(band)
        for t, v in rows:
            bounds = band.get(t - t % step)
            if bounds is None:
                continue
            name = next(name for name, span in SPANS if t < first + span)
            tally[name][0] += bounds[0] <= v <= bounds[1]
            tally[name][1] += 1


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True, type=pathlib.Path)
    parser.add_argument("--weir", default="build/release/weir")
    parser.add_argument("--files", action="store_true", help="also each file")
    args = parser.parse_args()
    whole = {name: [0, 0] for name, _ in SPANS}
    with tempfile.TemporaryDirectory() as folder:
        for path in sorted((args.data / "data").rglob("*.csv")):
            tally = {name: [0, 0] for name, _ in SPANS}
            look(args.weir, read(path), pathlib.Path(folder), tally)
            for name, (inside, n) in tally.items():
                whole[name][0] += inside
                whole[name][1] += n
                if args.files and n > 0:
                    print(f"{path.name:40} {name:8} {inside / n:.3f} of {n}")
    for name, (inside, n) in whole.items():
        print(f"{'all':40} {name:8} {inside / max(n, 1):.3f} of {n}")


if __name__ == "__main__":
    main()
