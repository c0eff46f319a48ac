"""The public jobs of tests/data/jobs and those of our packages: no key is refused or unknown, the events they
are about match and no others, and an anomaly of the kind each looks for makes a record of its series."""
import json
import os

from job_events import Plan, shown
from weir_e2e import Folder, check, weir

TESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PUBLIC = os.path.join(TESTS, "data", "jobs")
PACKAGES = os.path.join(os.path.dirname(TESTS), "packages")
AGENT = "packetbeat"


def documents(plan):
    """The job's events in order, among such as its datafeed leaves out."""
    docs = list(plan.docs)
    agents = AGENT in json.dumps(plan.query.get("bool", {}).get("must_not", []))
    for doc in plan.docs[::5]:
        docs.append({f: doc[f] for f in ("@timestamp", plan.time_field)} | {"message": "of nothing"})
        if agents:
            docs.append(doc | {"process.name": AGENT})
    docs.sort(key=lambda doc: doc[plan.time_field])
    return "".join(json.dumps(doc) + "\n" for doc in docs)


def results(folder, name, config, datafeed, events):
    run = weir("detect", "--job", folder("job.json", json.dumps(config)),
               "--datafeed", folder("datafeed.json", json.dumps(datafeed)), events)
    check(run.status == 0, f"{name} runs", run)
    check(run.err == "", f"{name} has no key to remark on", run)
    return run


def has_record(run, plan, detector):
    """Whether the anomaly's bucket has one record of its series, and no other bucket a stronger one."""
    splits = {f: i for f, i in plan.expected.items() if f in detector.values()}
    records = [r for r in run.lines() if r["result_type"] == "record"]
    found = [r for r in records if r["timestamp"] == plan.at * 1000 and
             r["function"] == detector["function"] and
             all(says(r, f, i, plan) for f, i in splits.items())]
    return len(found) == 1 and all(r["record_score"] <= found[0]["record_score"] for r in records
                                   if r["timestamp"] != plan.at * 1000)


def run_job(folder, name, config, datafeed):
    plan = Plan(config, datafeed)
    events = folder("events.ndjson", documents(plan))
    run = results(folder, name, config, datafeed, events)
    buckets = [r for r in run.lines() if r["result_type"] == "bucket"]
    matched = sum(b["event_count"] for b in buckets)
    check(matched == len(plan.docs), f"{name}: {matched} events of {len(plan.docs)} match", run)
    held = {b["timestamp"] for b in buckets}
    check(plan.starts() <= held, f"{name}: buckets are made", run)
    detectors = config["analysis_config"]["detectors"]
    check(any(has_record(run, plan, d) for d in detectors), f"{name}: the anomaly has a record", run)
    for d in detectors if len(detectors) > 1 else []:  # one of a job may explain the other
        config["analysis_config"]["detectors"] = [d | {"detector_index": 0}]
        run = results(folder, name, config, datafeed, events)
        check(has_record(run, plan, d), f"{name}: {d['detector_description']}: has a record on its own", run)


def says(record, field, i, plan):
    """A population split by another field names that one among its causes."""
    wanted = plan.first(field) if field in plan.fixed else shown(field, i)
    return any(part.get(f"{s}_field_name") == field and part[f"{s}_field_value"] == wanted
               for part in [record, *record.get("causes", [])] for s in ("by", "over", "partition"))


def load(path):
    with open(path) as f:
        return json.load(f)


def of_module(path):
    """The jobs of an ml-module document."""
    module = load(path)["attributes"]
    feeds = {d["job_id"]: d["config"] for d in module["datafeeds"]}
    return [(job["id"], job["config"], feeds[job["id"]]) for job in module["jobs"]]


def of_package(path):
    """The jobs of a package's folder."""
    manifest = load(os.path.join(path, "manifest.json"))
    feeds = {d["job_id"]: load(os.path.join(path, "ml", d["file"])) for d in manifest["datafeeds"]}
    return [(job["id"], load(os.path.join(path, "ml", job["file"])), feeds[job["id"]])
            for job in manifest["jobs"]]


def modules():
    return [os.path.join(PUBLIC, name) for name in sorted(os.listdir(PUBLIC)) if name.endswith(".json")]


def shipped():
    for path in modules():
        yield from of_module(path)
    for name in sorted(os.listdir(PACKAGES)):
        yield from of_package(os.path.join(PACKAGES, name))


with Folder() as folder:
    for job in shipped():
        run_job(folder, *job)
    for path in modules():
        run = weir("replay", "--package", path, folder("nothing.ndjson", '{"@timestamp":0}\n'))
        said = f"{load(path)['id']}: {len(of_module(path))} jobs, 0 rules"
        check(run.status == 0 and said in run.err and len(run.err.splitlines()) == 2,
              f"{path} is a package without a remark", run)
