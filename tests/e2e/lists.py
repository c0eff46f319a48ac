"""Filters and calendars: kept with and without a daemon, taken by detect and replay, and in force at
once in jobs that run."""
import json
import os
import signal
import subprocess
import time

from weir_e2e import WEIR, START, Folder, check, weir

FILTER = {"filter_id": "quiet", "description": "no alarms", "items": ["10.0.0.*", "b", "a", "b"]}
JOB = {"job_id": "scoped", "data_description": {"time_field": "@timestamp"},
       "analysis_config": {"bucket_span": "5s", "detectors": [
           {"function": "high_count", "partition_field_name": "source.ip",
            "custom_rules": [{"scope": {"source.ip": {"filter_id": "quiet"}}}]}]}}
EVENT = {"description": "load test", "start_time": (START + 600) * 1000, "end_time": (START + 605) * 1000}
CALENDAR = {"calendar_id": "tests", "job_ids": ["scoped"], "events": [EVENT]}
FEED = {"datafeed_id": "f", "job_id": "scoped", "indices": ["logs-*"], "query_delay": "0s"}


def events(first, counts):
    """So many events in each bucket from a time on, in epoch seconds."""
    return "".join(json.dumps({"@timestamp": int((first + 5 * bucket + i * 4.9 / n) * 1000),
                               "event": {"category": ["network"]}, "source": {"ip": "10.0.0.1"}}) + "\n"
                   for bucket, n in enumerate(counts) for i in range(n))


def records(run):
    return [r for r in run.lines() if r["result_type"] == "record" and r["record_score"] > 40]


def until(what, condition, seconds=60):
    end = time.time() + seconds
    while not condition():
        check(time.time() < end, what)
        time.sleep(0.2)


def wrong(run, part, what):
    check(run.status == 2, f"{what}: exit status 2, not {run.status}", run)
    check(part in run.err, f"{what}: the message says '{part}'", run)


with Folder() as folder:
    data = folder("data")
    at = ("--data-dir", data)
    quiet, job, feed = (folder(name, json.dumps(doc)) for name, doc in
                        (("quiet.json", FILTER), ("job.json", JOB), ("feed.json", FEED)))
    day = folder("day.ndjson", events(START, [10] * 120 + [800] + [10] * 20))
    loud = folder("loud.json", json.dumps({"count": 1, "filters": [{**FILTER, "items": ["10.9.*"]}]}))

    wrong(weir("detect", "--job", job, day), '"quiet"', "a job whose filter is not given")
    check(records(weir("detect", "--job", job, "--filter-list", loud, day)), "a spike is found")
    hushed = weir("detect", "--job", job, "--filter-list", quiet, day)
    check(hushed.status == 0 and not records(hushed), "but not where a filter says so", hushed)
    wrong(weir("detect", "--job", job, "--filter-list", folder("bad.json", '{"filter_id":\n"A b"}'), day),
          "bad.json:2", "a filter with a wrong id")

    calendar = folder("calendar.json", json.dumps(CALENDAR))
    run = weir("detect", "--job", job, "--filter-list", loud, "--calendar", calendar, day)
    check(run.status == 0 and not records(run), "nor during a scheduled event", run)
    named = [r["timestamp"] for r in run.lines() if r.get("scheduled_events") == ["load test"]]
    check(named == [EVENT["start_time"]], "whose bucket names it", run)
    run = weir("detect", "--job", job, "--filter-list", loud, "--calendar",
               folder("others.json", json.dumps({**CALENDAR, "job_ids": ["other"]})), day)
    check(records(run) and "no calendar has events for the job 'scoped'" in run.err,
          "a calendar of other jobs does nothing, and that is said", run)
    shift = {**CALENDAR, "events": [{**EVENT, "force_time_shift": 86400}]}
    wrong(weir("detect", "--job", job, "--filter-list", loud, "--calendar",
               folder("shift.json", json.dumps(shift)), day), "force_time_shift", "a shift of a day")

    right = weir("job", "validate", job, "--filter-list", quiet, "--datafeed", feed)
    check(right.status == 0 and right.out == f"{job}: right: job scoped, 1 detector, buckets of 5s\n",
          "a right job is right", right)
    wrong(weir("job", "validate", job), "job.json:1", "a job without its filter")
    broken = folder("broken.json", json.dumps({**JOB, "groups": ["A b"]}, indent=1))
    both = weir("job", "validate", broken, job, "--filter-list", quiet)
    wrong(both, "groups must hold ids", "a job with a group that is none")
    check("job.json: right" in both.out, "does not keep others from being looked at", both)
    early = folder("early.json", json.dumps({**FEED, "delayed_data_check_config": {"check_window": "2s"}}))
    wrong(weir("job", "validate", job, "--filter-list", quiet, "--datafeed", early), "check_window",
          "a datafeed that does not fit")
    wrong(weir("job", "validate"), "weir job validate JOB.json", "no file")

    wrong(weir("filter"), "list, show, put or delete", "no verb")
    wrong(weir("filter", "show", "quiet", *at), "no data directory", "a directory that is not there")
    check(weir("filter", "put", quiet, *at).status == 0, "a filter is put")
    shown = weir("filter", "show", "quiet", *at)
    check(json.loads(shown.out)["items"] == ["10.0.0.*", "a", "b"], "and shown, each item once", shown)
    wrong(weir("filter", "show", "none", *at), "no filter 'none'", "a filter that is not there")
    check(weir("job", "create", job, "--datafeed", feed, *at).status == 0, "a job that names it")
    listed = weir("filter", "list", *at)
    check(listed.out.splitlines()[1].split() == ["quiet", "3", "scoped", "no", "alarms"],
          "the list says who names it", listed)
    wrong(weir("filter", "delete", "quiet", *at), "'scoped'", "a filter that a job names")

    replayed = folder("replayed")
    run = weir("replay", "--job", job, "--datafeed", feed, "--filter-list", loud, "--data-dir", replayed, day)
    check(run.status == 0, "replay takes filters", run)
    check(weir("job", "results", "scoped", "--data-dir", replayed).lines(), "and finds the spike")
    check("10.9.*" in weir("filter", "show", "quiet", "--data-dir", replayed).out, "and keeps them")

    replayed = folder("replayed-2")
    run = weir("replay", "--job", job, "--datafeed", feed, "--filter-list", loud, "--calendar", calendar,
               "--data-dir", replayed, day)
    check(run.status == 0 and not weir("job", "results", "scoped", "--data-dir", replayed).lines(),
          "replay takes calendars", run)

    wrong(weir("calendar"), "list, show, put, delete or events", "no verb")
    wrong(weir("calendar", "events", "tests", "add"), "add FILE", "no file of events")
    check(weir("calendar", "put", calendar, *at).status == 0, "a calendar is put")
    wrong(weir("calendar", "show", "none", *at), "no calendar 'none'", "a calendar that is not there")
    (event,) = weir("calendar", "events", "tests", *at).lines()
    check(event["description"] == "load test" and len(event["event_id"]) == 16, "its event has an id")
    check(weir("calendar", "events", "tests", "delete", event["event_id"], *at).status == 0, "by which it goes")
    listed = weir("calendar", "list", *at)
    check(listed.out.splitlines()[1].split() == ["tests", "0", "scoped", "-"], "the list counts", listed)

    now = int(time.time()) // 5 * 5
    log = folder("log.ndjson", events(now - 600, [10] * 100 + [800] + [10] * 9))
    daemon = subprocess.Popen([WEIR, "serve", "--listen", "", *at, "--follow", log], stderr=subprocess.PIPE, text=True)
    try:
        until("the socket is there", lambda: os.path.exists(data + "/control.sock"))
        until("the job has read the log",
              lambda: len([line for line in weir("job", "list", *at).out.splitlines()
                           if line.startswith("scoped") and "opened" in line]) == 1 and
              weir("search", "--limit", "3000", *at).out.count("\n") == 10 * 109 + 800)
        check(not weir("job", "results", "scoped", *at).lines(), "what the filter covers is no finding")
        wrong(weir("filter", "delete", "quiet", *at), "'scoped'", "nor can it be deleted now")
        check(weir("filter", "put", loud, *at).status == 0, "a filter is changed")
        said = weir("job", "messages", "scoped", *at)
        check("The filter 'quiet' has now 1 item." in said.out, "the job says so", said)
        for _ in range(5):  # on a busy machine a burst may be read when its bucket is closed
            with open(log, "a") as f:
                f.write(events(int(time.time()) // 5 * 5, [900]))
            end = time.time() + 12
            while time.time() < end and not weir("job", "results", "scoped", *at).lines():
                time.sleep(0.5)
            if weir("job", "results", "scoped", *at).lines():
                break
        check(weir("job", "results", "scoped", *at).lines(), "and finds what comes from then on")
        quiet = folder("now.json", json.dumps({"events": [
            {**EVENT, "start_time": now * 1000, "end_time": (now + 3600) * 1000}]}))
        check(weir("calendar", "events", "tests", "add", quiet, *at).status == 0, "an event is added")
        check("covers this job" in weir("job", "messages", "scoped", *at).out, "the job says so")
        found = len(weir("job", "results", "scoped", *at).lines())
        moment = int(time.time()) // 5 * 5
        with open(log, "a") as f:
            f.write(events(moment, [3000]))
        until("the events are kept", lambda: weir("search", "--from", time.strftime(
            "%Y-%m-%dT%H:%M:%SZ", time.gmtime(moment)), *at).out.count("\n") >= 3000)
        time.sleep(8)
        check(len(weir("job", "results", "scoped", *at).lines()) == found, "and is in force at once")
    finally:
        daemon.send_signal(signal.SIGTERM)
        daemon.communicate(timeout=60)
    check(weir("job", "delete", "scoped", *at).status == 0, "without the job")
    check(weir("filter", "delete", "quiet", *at).status == 0, "the filter can go")
    check(len(weir("filter", "list", *at).out.splitlines()) == 1, "and is gone")
print("lists: as they should be")
