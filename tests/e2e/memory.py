"""A million series under model_memory_limit: the process stays below it plus what the program itself takes, measured
from outside; it says what gave way, and goes on judging the series it knows. With --full as second argument all
limits are tried on all kinds of jobs."""
import json
import os
import random
import subprocess
import sys

from weir_e2e import SKIPPED, WEIR, Folder, check

MB = 1 << 20
# The program, its threads and buffers, and what closing a bucket takes: docs/method/memory.md.
PROGRAM = 24 * MB
FULL = "--full" in sys.argv

JOBS = {
    "partition": ([{"function": "count", "partition_field_name": "a"}], []),
    "by": ([{"function": "mean", "field_name": "v", "by_field_name": "a"}], []),
    "over": ([{"function": "sum", "field_name": "v", "over_field_name": "a"}], []),
    "rare": ([{"function": "rare", "by_field_name": "a"}], []),
    "rare_partition": ([{"function": "rare", "by_field_name": "b", "partition_field_name": "a"}], []),
    "rare_over": ([{"function": "rare", "by_field_name": "a", "over_field_name": "b"}], []),
    "freq_rare": ([{"function": "freq_rare", "by_field_name": "b", "over_field_name": "a"}], []),
    "influencers": ([{"function": "count", "partition_field_name": "a"}, {"function": "count"}], ["a", "b"]),
    "strings": ([{"function": "distinct_count", "field_name": "a"},
                 {"function": "info_content", "field_name": "a", "partition_field_name": "v"}], ["b", "a"]),
    "many": ([{"function": "median", "field_name": "v", "partition_field_name": "b"},
              {"function": "varp", "field_name": "v", "partition_field_name": "a"},
              {"function": "metric", "field_name": "v", "by_field_name": "a"}], []),
    "time": ([{"function": "time_of_day", "by_field_name": "a"}], []),
}


def write_table(path, buckets, values=1_000_000):
    draw = random.Random(buckets)
    step = 3600 * buckets / values
    with open(path, "w") as f:
        f.write("time,a,b,v\n")
        for i in range(values):
            f.write(f"{int(i * step)},host-{i:07d}.example.org,{draw.randrange(50000)},{draw.randrange(1000)}\n")


def write_waves(path):
    """Two hundred hosts for a hundred hours, with floods of new ones; at last one host does what it never did."""
    draw = random.Random(5)
    with open(path, "w") as f:
        f.write("time,a,b,v\n")
        for hour in range(100):
            flood = 200 if hour in (20, 40, 60, 80) else 0
            for k in range(1200):
                t = hour * 3600 + k * 3
                f.write(f"{t},known-{draw.randrange(200)},{draw.randrange(20)},{draw.randrange(1000)}\n")
                if hour == 90:
                    f.write(f"{t},known-7,3,5\n" * 3)
                for i in range(flood):
                    f.write(f"{t},flood-{hour}-{k}-{i},{draw.randrange(50000)},1\n")


def run(folder, name, limit, table):
    """The results, and the most memory that the process had: counted from what this one has, which stays small."""
    detectors, influencers = JOBS[name]
    job = {"job_id": name, "analysis_limits": {"model_memory_limit": limit},
           "analysis_config": {"bucket_span": "1h", "detectors": detectors, "influencers": influencers},
           "data_description": {"time_field": "time", "time_format": "epoch"}}
    path = f"{folder}/{name}.json"
    with open(path, "w") as f:
        json.dump(job, f)
    with open(f"{folder}/out", "w") as out:
        child = subprocess.Popen([WEIR, "detect", "--quiet", "--job", path, "--format", "csv", table], stdout=out)
        _, status, used = os.wait4(child.pid, 0)
    check(os.waitstatus_to_exitcode(status) == 0, f"{name} with {limit} ends well")
    with open(f"{folder}/out") as f:
        return [json.loads(line) for line in f], used.ru_maxrss * 1024


def bounded(folder, name, limit, table):
    docs, peak = run(folder, name, f"{limit}mb", table)
    size = docs[-1]
    room = limit * MB + PROGRAM - peak
    print(f"{name:16} {limit:4} MB  resident {peak / MB:6.1f} MB  room {room / MB:5.1f} MB  "
          f"{size['memory_status']}  refused {size['bucket_allocation_failures_count']}")
    check(room >= 0, f"{name} stays below {limit} MB and the program's own share: {peak / MB:.1f} MB")
    check(size["model_bytes"] <= limit * MB, f"{name}: what is counted stays below {limit} MB")
    check((size["memory_status"] == "hard_limit") <= (size["bucket_allocation_failures_count"] > 0),
          f"{name}: what was refused is counted")
    return docs


with Folder() as made:
    folder = made.path
    empty = f"{folder}/empty.csv"
    with open(empty, "w") as f:
        f.write("time,a,b,v\n0,x,1,1\n")
    if run(folder, "partition", "16mb", empty)[1] > PROGRAM:
        print("this build has memory of its own: nothing to measure")
        sys.exit(SKIPPED)
    one, ten = f"{folder}/one.csv", f"{folder}/ten.csv"
    write_table(ten, 10)
    for name in JOBS:
        docs = bounded(folder, name, 16, ten)
        if name in ("partition", "over", "influencers"):
            check(docs[-1]["memory_status"] == "hard_limit", f"{name}: says that memory was short")
    bounded(folder, "over", 256, ten)
    write_table(one, 1)
    for limit in (1, 64, 256) if FULL else ():
        for name in JOBS:
            for table in (one, ten):
                bounded(folder, name, limit, table)
    bounded(folder, "rare_over", 1, one)
    waves = f"{folder}/waves.csv"
    write_waves(waves)
    docs = bounded(folder, "influencers", 16, waves)
    found = [d for d in docs if d["result_type"] == "record" and d.get("partition_field_value") == "known-7"
             and d["timestamp"] == 90 * 3600 * 1000]
    check(found and found[0]["initial_record_score"] > 75, "a known series is judged as before after four floods")
