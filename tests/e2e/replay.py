"""The whole chain over logs: both founding rules fire for the right entity, the clean day is silent,
and the same input gives the same alerts with any number of threads and in any order of files."""
from weir_e2e import Folder, check, conn, flood, normalise, office, upload, weir

PORT_RULE = "ef8cc01c-fc49-4954-a175-98569c646740"
SPIKE_RULE = "b240bfb8-26b7-4e5e-924e-218144a3fa71"


def rules_of(alerts):
    return {a["kibana.alert.rule.rule_id"] for a in alerts}


with Folder() as folder:
    base = office(48)
    clean = folder("clean.log", conn(base))
    bad_upload = folder("upload.log", conn(upload(40)))
    bad_flood = folder("flood.log", conn(flood(44)))
    packages = ["--package", "ded", "--package", "security_network"]

    run = weir("replay", "--quiet", *packages, clean)
    check(run.status == 0, "replay ends well", run)
    check(run.lines() == [], "an ordinary day raises no alert", run)

    run = weir("replay", "--quiet", *packages, clean, bad_upload)
    alerts = [a for a in run.lines() if a["kibana.alert.rule.rule_id"] == PORT_RULE]
    check(len(alerts) >= 1, "the upload raises the port rule", run)
    check(alerts[0]["destination.port"] == ["4447"], "for the right port", run)
    check("10.1.0.17" in alerts[0]["source.ip"], "and names the source", run)
    check(alerts[0]["record_score"] >= 75, "with the rule's score", run)
    check(SPIKE_RULE not in rules_of(run.lines()), "ten connections are no spike", run)

    run = weir("replay", "--quiet", *packages, clean, bad_flood)
    check(SPIKE_RULE in rules_of(run.lines()), "the flood raises the spike rule", run)
    check(PORT_RULE not in rules_of(run.lines()), "small connections are no exfiltration", run)

    inputs = [clean, bad_upload, bad_flood]
    first = weir("replay", "--quiet", *packages, *inputs)
    wanted = [normalise(a) for a in first.lines()]
    for threads in (2, 4):
        again = weir("replay", "--quiet", "--threads", threads, *packages, *inputs)
        check([normalise(a) for a in again.lines()] == wanted, f"the same with {threads} threads",
              again)
    ids = [a["kibana.alert.uuid"] for a in first.lines()]
    check(len(ids) == len(set(ids)), "no alert twice", first)
    table = weir("replay", "--quiet", "--alerts", "table", *packages, *inputs).out.splitlines()
    check(len([line for line in table[1:] if not line.startswith(" ")]) == len(ids),
          "one table row an alert")
    check(len([line for line in table if line.startswith("    job ")]) == len(ids),
          "and its job and events below")
