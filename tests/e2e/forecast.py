"""Forecasts and overall buckets: what weir detect foretells holds what comes; a job's forecast is made, read, deleted, of
a directory at rest and through a daemon; how bad the hours were over two jobs."""
import json
import math
import random
import subprocess
import time
from datetime import datetime, timezone

from weir_e2e import WEIR, Folder, check, weir

SPAN = 900
DAYS = 12
# Up to this midnight: of jobs that heard nothing for long a daemon forgets the series.
START = (int(time.time()) // 86400 - DAYS) * 86400
RANDOM = random.Random(11)


def job(name, span, detector):
    return json.dumps({"job_id": name, "groups": ["both"],
                       "analysis_config": {"bucket_span": span, "detectors": [detector], "influencers": []},
                       "data_description": {"time_field": "@timestamp"}})


def quarters(days):
    """Events of each quarter of an hour: a daily wave, and one burst."""
    for i in range(days * 96):
        n = 30 * (1 + 0.6 * math.sin(2 * math.pi * i / 96))
        n = max(0, round(RANDOM.gauss(n, math.sqrt(n))))
        yield START + i * SPAN, n + (600 if i == 700 else 0)


def event(at):
    stamp = datetime.fromtimestamp(at, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    return json.dumps({"@timestamp": stamp, "event.category": "network", "event.dataset": "x", "host.name": "h",
                       "data_stream.type": "logs", "data_stream.dataset": "x", "data_stream.namespace": "default"})


def forecasts(run):
    return [r for r in run.lines() if r["result_type"] == "model_forecast"]


def ask(*args):
    return weir("job", *args, "--data-dir", data)


def wait_for(socket_is_there):
    end = time.time() + 30
    while not socket_is_there():
        check(time.time() < end, "the daemon answers")
        time.sleep(0.1)


with Folder() as folder:
    counts = list(quarters(DAYS + 1))
    lines = [event(at + k * SPAN // max(n, 1)) for at, n in counts[:DAYS * 96] for k in range(n)]
    events = folder("events.ndjson", "\n".join(lines) + "\n")
    count = {"function": "count"}
    quarter, hour = folder("quarter.json", job("quarter", "15m", count)), folder("hour.json", job("hour", "1h", count))

    run = weir("detect", "--job", quarter, "--forecast", "1d", "--quiet", events)
    check(run.status == 0, "detect foretells", run)
    told = forecasts(run)
    check([f["timestamp"] // 1000 for f in told] == [at for at, _ in counts[DAYS * 96:]], "every bucket of the day", run)
    inside = sum(f["forecast_lower"] <= n <= f["forecast_upper"] for f, (_, n) in zip(told, counts[DAYS * 96:]))
    check(inside >= 86, f"the band holds what comes: {inside} of 96", run)
    wave = max(f["forecast_prediction"] for f in told) / min(f["forecast_prediction"] for f in told)
    check(2 < wave < 8, f"the day is foretold: {wave:.1f}", run)
    check(run.lines()[-1]["forecast_status"] == "finished", "the request's document ends it", run)
    run = weir("detect", "--job", quarter, "--forecast", "soon", "--quiet", events)
    check(run.status == 2 and "duration must be" in run.err, "a wrong span is refused", run)

    data = folder("data")
    run = weir("replay", "--quiet", "--data-dir", data, "--job", quarter, "--job", hour, "--format", "ecs", events)
    check(run.status == 0, "the replay goes well", run)
    run = ask("forecast", "quarter", "--duration", "2d", "--expires-in", "3d")
    check(run.status == 0 and run.lines()[0]["processed_record_count"] == 192, "a job's forecast", run)
    request = run.lines()[0]
    kept = request["forecast_expiry_timestamp"] - request["forecast_create_timestamp"]
    check(kept == 3 * 86400000, "it expires when told", run)
    run = ask("results", "quarter", "--type", "model_forecast")
    check([f["forecast_id"] for f in run.lines()] == [request["forecast_id"]] * 192, "it is read", run)

    run = ask("overall", "both")
    best = max(run.lines(), key=lambda b: b["overall_score"])
    check(run.status == 0 and {b["bucket_span"] for b in run.lines()} == {3600}, "hours are the longest span", run)
    check(best["timestamp"] // 1000 == START + 700 // 4 * 3600, "the burst's hour is the worst", run)
    check([j["job_id"] for j in best["jobs"]] == ["hour", "quarter"], "both jobs say so", run)
    worst = max(j["max_anomaly_score"] for j in best["jobs"])
    check(best["overall_score"] == worst >= 50, "by its worst job", run)
    run = ask("overall", "--top-n", "2", "--bucket-span", "1d", "--min-score", "50")
    check(len(run.lines()) == 1 and run.lines()[0]["overall_score"] <= worst, "by the mean of both, a day", run)

    daemon = subprocess.Popen([WEIR, "serve", "--listen", "", "--data-dir", data, "--quiet"], stdout=subprocess.DEVNULL,
                              stderr=subprocess.PIPE)
    try:
        wait_for(lambda: "daemon       runs" in weir("status", "--data-dir", data).out)
        run = ask("forecast", "hour", "--duration", "1d")
        check(run.status == 0 and run.lines()[0]["processed_record_count"] == 24, "a daemon foretells", run)
        check(len(ask("results", "hour", "--type", "model_forecast").lines()) == 24, "and keeps it")
        run = ask("delete-forecast", "quarter", request["forecast_id"])
        check(run.status == 0 and ask("results", "quarter", "--type", "model_forecast").out == "", "one is deleted", run)
        check(ask("delete-forecast", "quarter").status == 2, "there is none left")
        check(len(ask("overall", "ho*").lines()) > 200, "a daemon looks over the hours")
    finally:
        daemon.terminate()
        daemon.wait()
    check(len(ask("results", "hour", "--type", "model_forecast").lines()) == 24, "a forecast outlives the daemon")
