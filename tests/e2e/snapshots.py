"""Snapshots of a job: kept, described, retained, deleted; a job set back to one reads the stored events since again and
finds what it found; what it found and how it stands."""
from weir_e2e import START, Folder, check, conn, flood, normalise, office, upload, weir

JOB = "high_count_network_events"
PACKAGES = ["--package", "security_network", "--package", "ded"]
DAYS = 8
HALF = (START + DAYS // 2 * 86400) * 1000


def job(verb, *args):
    return weir("job", verb, JOB, *args, "--data-dir", data)


def results():
    run = job("results")
    check(run.status == 0, "results are listed", run)
    return [normalise(r) for r in run.lines()]


def snapshots():
    run = job("snapshots")
    check(run.status == 0, "snapshots are listed", run)
    return run.lines()


def stats():
    run = job("stats")
    check(run.status == 0 and run.lines()[0]["count"] == 1, "statistics are printed", run)
    return run.lines()[0]["jobs"][0]


def replay(*inputs):
    run = weir("replay", "--quiet", *PACKAGES, "--data-dir", data, *inputs)
    check(run.status == 0, "the replay goes well", run)
    return run


with Folder() as folder:
    rows = sorted(office(24 * DAYS, per_hour=150) + upload(24 * DAYS - 30) + flood(24 * DAYS - 20) + flood(60))
    half = [i for i, row in enumerate(rows) if row[0] * 1000 >= HALF][0]
    early, late = folder("early.log", conn(rows[:half])), folder("late.log", conn(rows[half:]))
    data = folder("data")
    replay(early)
    first = snapshots()
    check(len(first) == 1 and first[0]["snapshot_id"].startswith(JOB + "-"), "a replay leaves a snapshot")
    before, old = results(), stats()
    check(old["data_counts"]["bucket_count"] > 90 and old["model_size_stats"]["peak_model_bytes"] > 0, "it has counts")
    replay(early, late)
    found, alerts = results(), sorted(str(normalise(a)) for a in weir("alerts", "--data-dir", data).lines())
    check(len(found) > len(before), "the second half holds more")
    newest, oldest = (snapshots()[i]["snapshot_id"] for i in (0, -1))
    check(oldest == first[0]["snapshot_id"] != newest, "both snapshots are kept")

    now = stats()
    check(now["job_id"] == JOB and now["state"] == "opened", f"how it stands: {now['state']}")
    for key in ("processed_record_count", "input_field_count", "latest_record_timestamp", "last_data_time", "log_time"):
        check(now["data_counts"][key] > 0, f"data_counts.{key}")
    for key in ("model_bytes", "model_bytes_memory_limit", "timestamp", "log_time"):
        check(now["model_size_stats"][key] > 0, f"model_size_stats.{key}")
    check(now["model_size_stats"]["assignment_memory_basis"] == "peak_model_bytes", "it has settled")
    timing = now["timing_stats"]
    check(timing["minimum_bucket_processing_time_ms"] <= timing["average_bucket_processing_time_ms"]
          <= timing["maximum_bucket_processing_time_ms"] <= timing["total_bucket_processing_time_ms"], "times fit")
    check(now["forecasts_stats"] == {"total": 0, "forecasted_jobs": 0}, "no forecasts")

    run = job("snapshot-update", oldest, "--description", "before \"all\" that", "--retain", "true")
    check(run.status == 0 and run.lines()[0]["description"] == 'before "all" that' and run.lines()[0]["retain"],
          "a snapshot is described and retained", run)
    check(snapshots()[-1]["retain"], "and stays so")
    run = job("snapshot-update", oldest, "--retain", "perhaps")
    check(run.status == 2 and "true or false" in run.err, "only true or false", run)
    run = job("snapshot-delete", newest)
    check(run.status == 2 and "goes on from" in run.err, "the one in use is not deleted", run)
    for verb in ("snapshot-delete", "revert", "snapshot-update"):
        run = job(verb, "none-1")
        check(run.status == 2 and "weir job snapshots" in run.err, f"{verb} of none", run)
    run = weir("job", "snapshots", "nobody", "--data-dir", data)
    check(run.status == 2 and "no job 'nobody'" in run.err, "no such job", run)

    run = job("revert", oldest, "--delete-intervening-results")
    check(run.status == 0, "the job is set back", run)
    check(results() == before, "later results are gone, earlier ones are as they were")
    back = stats()
    check({k: v for k, v in back["data_counts"].items() if "_time" not in k} ==
          {k: v for k, v in old["data_counts"].items() if "_time" not in k}, "its counts are those of then")
    check([s["snapshot_id"] for s in snapshots()] == [oldest], "later snapshots are gone")
    replay(early, late)
    check(results() == found, "it reads the stored events again and finds the same")
    check(sorted(str(normalise(a)) for a in weir("alerts", "--data-dir", data).lines()) == alerts,
          "alerts are not raised twice")
    check([s["snapshot_id"] for s in snapshots()] == [newest, oldest], "and is saved again")

    run = job("revert", oldest)
    check(run.status == 0 and results() == found, "results may stay", run)
    job("close")
    other = weir("replay", "--quiet", "--package", "home_exfil", "--data-dir", data, early, late)
    check(other.status == 0, "other jobs run", other)
    check([s["snapshot_id"] for s in snapshots()] == [oldest], "closed, it stays where it was set")
    check(job("open").status == 0, "it is opened")
    replay(early, late)
    check(results() == found, "opened, it goes on from there")
    check(job("snapshot-delete", oldest).status == 0, "a retained one is deleted by name")
    check([s["snapshot_id"] for s in snapshots()] == [newest], "and is gone")
    check(job("reset").status == 0 and not snapshots() and stats()["data_counts"]["bucket_count"] == 0,
          "a reset job stands at nothing")
