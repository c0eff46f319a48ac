#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the quality bench, prints its table, and compares it with recorded floors.

    quality.py                       the long form, some minutes
    quality.py --short --check       what every check of a change runs, under a minute
    quality.py --held-out --seed 7   the same families with other shapes, parameters and draws
    quality.py --short --raise-floors       records what has become better, and nothing else
    quality.py --short --write-floors [FAMILY...]
    quality.py --write-page          docs/quality.md's tables: the long form, the held-out one, the list

What the families are and what the figures mean: docs/quality.md.
"""
import argparse
import concurrent.futures
import json
import math
import os
import pathlib
import subprocess
import sys

import page

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
FLOORS = HERE / "floors.json"
LONG = ["--buckets", "1000000", "--every", "5000"]
SHORT = ["--buckets", "60000", "--every", "1000"]

# What a family should reach: key, is it a ceiling, bound.
AIMS = [("false_75", True, 1.0), ("plain_75", False, 0.95), ("weak_50", False, 0.7),
        ("new_50", False, 0.95), ("largest_75", True, 0),
        ("leak_50", False, 0.7), ("outage_75", False, 0.95), ("after_75", True, 1.0),
        ("adoption_p90", True, 24.0), ("first", False, 0.95)]
NEVER = 10 ** 6


def figures(line):
    """{key: (figure, number it is a share of or 0)} of one JSON line."""
    out = {f"false_{at}": (line["false_per_10k"][at], line["series_buckets"])
           for at in ("25", "50", "75")}
    for kind, at in (("plain", "75"), ("weak", "50"), ("new", "50"), ("leak", "50"), ("outage", "75"),
                     ("change", "50")):
        if kind in line:
            out[f"{kind}_{at}"] = (line[kind][f"at_{at}"], line[kind]["n"])
    if "after_75_per_10k" in line:
        out["after_75"] = (line["after_75_per_10k"], line["after"])
    if "first_of_bucket" in line and "new" in line:
        out["first"] = (line["first_of_bucket"], line["new"]["n"])
    if "always_largest_75" in line:
        out["largest_75"] = (line["always_largest_75"], 0)
    if "adoption_hours" in line:
        p90 = line["adoption_hours"]["p90"]
        out["adoption_p90"] = (NEVER if p90 is None else p90, 0)
    return out


def missed(line):
    """The aims a family does not reach."""
    got = figures(line)
    return [key for key, ceiling, bound in AIMS
            if key in got and (got[key][0] > bound if ceiling else got[key][0] < bound)]


def floor(key, figure, n):
    """A bound that chance alone does not cross: two standard errors, and one case, further."""
    if key == "adoption_p90":
        return round(1.25 * figure + 2, 1)
    if key == "largest_75":
        return figure
    if not key.startswith(("false", "after")):
        near = (figure * n + 1) / (n + 2)  # a figure of 1 has an error too
        return round(max(0, figure - 2 * math.sqrt(near * (1 - near) / n) - 1 / n), 3)
    count = figure * n / 1e4
    return round((count + 2 * math.sqrt(count) + 2) * 1e4 / n, 3)


CEILINGS = ("false", "after", "adoption", "largest")


def new_floors(lines, old, only_better):
    floors = dict(old)
    for line in lines:
        was = old.get(line["family"], {})
        now = {key: floor(key, *value) for key, value in figures(line).items() if value[0] < NEVER}
        if only_better:
            for key in set(was) & set(now):
                now[key] = (min if key.startswith(CEILINGS) else max)(was[key], now[key])
            now = {**was, **now}
        floors[line["family"]] = now
    return floors


def worse(lines, floors):
    """Sentences about what is worse than its floor."""
    out = []
    by_name = {line["family"]: figures(line) for line in lines}
    for name, bounds in floors.items():
        for key, bound in bounds.items():
            ceiling = key.startswith(CEILINGS)
            got = by_name.get(name, {}).get(key)
            if got is None:
                out.append(f"{name}: {key} is missing")
            elif got[0] > bound if ceiling else got[0] < bound:
                out.append(f"{name}: {key} is {got[0]:g}, recorded: at "
                           f"{'most' if ceiling else 'least'} {bound:g}")
    return out


def share(line, kind, at):
    return f"{line[kind][f'at_{at}']:.2f} of {line[kind]['n']}" if kind in line else ""


def span(pair):
    return "/".join("never" if v is None else f"{v:g}" for v in (pair["median"], pair["p90"]))


def table(lines):
    """Markdown."""
    head = ["family", "series-buckets", "false for 10,000 at 25, 50, 75", "plain at 75",
            "weak at 50", "others at 50, 75", "precision at 75", "delay", "after", "adopted, hours", "misses"]
    rows = [head, ["---"] * len(head)]
    for line in lines:
        per = line["false_per_10k"]
        lasting = next((k for k in ("new", "leak", "outage", "change") if k in line), None)
        both = ""
        if lasting is not None:
            got = line[lasting]
            both = f"{lasting} {got['at_50']:.2f}, {got['at_75']:.2f} of {got['n']}"
        if "first_of_bucket" in line:
            both += f"; first {line['first_of_bucket']:.2f}"
        rows.append([
            line["family"], f"{line['series_buckets']:,}",
            f"{per['25']:.1f}, {per['50']:.2f}, {per['75']:.3f}",
            share(line, "plain", 75), share(line, "weak", 50), both,
            f"{line['precision_75']:.2f}" if "precision_75" in line else "",
            span(line["delay_buckets"]) if "delay_buckets" in line else "",
            f"{line['after_75_per_10k']:.1f}" if "after_75_per_10k" in line else "",
            span(line["adoption_hours"]) if "adoption_hours" in line else "",
            ", ".join(missed(line))])
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def families(bench):
    """{name: what it is}."""
    out = subprocess.run([bench, "--list"], capture_output=True, text=True, check=True).stdout
    return dict(line.split("\t") for line in out.splitlines())


def measure(args, options):
    """JSON lines of the families, in the bench's order."""
    names = list(families(args.bench))
    unknown = set(args.families) - set(names)
    if unknown:
        sys.exit(f"quality.py: no such family: {', '.join(sorted(unknown))}")
    names = [name for name in names if not args.families or name in args.families]

    def one(name):
        out = subprocess.run([args.bench, *options, name], stdout=subprocess.PIPE, text=True,
                             check=True).stdout
        return [json.loads(line) for line in out.splitlines()]

    lines = []
    with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
        for got in pool.map(one, names):
            for line in got:
                print(json.dumps(line), flush=True)
            lines += got
    return lines


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bench", default=str(ROOT / "build/release/bench/quality/quality"))
    parser.add_argument("--short", action="store_true", help="a twentieth of the work")
    parser.add_argument("--held-out", action="store_true", help="other shapes and parameters")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=1, help="families at once")
    parser.add_argument("--check", action="store_true", help="fail when below floors.json")
    parser.add_argument("--raise-floors", action="store_true")
    parser.add_argument("--write-floors", action="store_true")
    parser.add_argument("--write-page", action="store_true")
    parser.add_argument("--verbose", action="store_true", help="each false record and each miss")
    parser.add_argument("families", nargs="*")
    args = parser.parse_args()
    options = (SHORT if args.short else LONG) + ["--seed", str(args.seed)]
    options += ["--verbose"] if args.verbose else []
    lines = measure(args, options + (["--held-out"] if args.held_out else []))
    print(table(lines))
    if args.write_page:
        page.write("generated families", table(lines))
        page.write("held-out families", table(measure(args, options + ["--held-out"])))
        page.write("families", "| family | what |\n| --- | --- |\n" + "\n".join(
            f"| {name} | {what} |" for name, what in families(args.bench).items()))
    if args.write_floors or args.raise_floors:
        old = json.loads(FLOORS.read_text()) if args.families or args.raise_floors else {}
        floors = new_floors(lines, old, args.raise_floors)
        FLOORS.write_text(json.dumps(floors, indent=1) + "\n")
    if args.check:
        floors = json.loads(FLOORS.read_text())
        if args.families:
            floors = {name: floors[name] for name in args.families if name in floors}
        bad = worse(lines, floors)
        for sentence in bad:
            print(sentence)
        print(f"{len(lines)} families, {len(bad)} figures below their floors")
        sys.exit(1 if bad else 0)


if __name__ == "__main__":
    os.environ["LC_ALL"] = "C"
    main()
