"""Our own packages over an office's days: a port scan, a sweep, refused connections, guessed passwords, floods,
and in the first hours DNS tunnels, uploads and peers of a host's own are told by the right rules, with the right
source or destination; without them all is silent."""
import json
import random
import time

from weir_e2e import START, Folder, check, conn, office, upload, weir

DAYS = 2
AT = START + 86400 + 36000  # ten in the morning of the second day
PACKAGES = ["--package", "scans", "--package", "floods", "--package", "first_hours"]


def silent_now_and_then():
    """What fails on ordinary days: a printer that is off, an address that moved."""
    rows = []
    for hour in range(DAYS * 24):
        for k in range(6):
            rows.append((START + hour * 3600 + k * 600 + hour * 7 % 60, f"10.1.0.{10 + (hour + k) % 20}",
                         f"10.1.0.{200 + k % 3}", 9100, 0, 0, "S0" if k % 2 else "REJ"))
    return rows


def port_scan():
    return [(AT + i * 0.2, "10.1.0.13", "10.1.0.5", 1000 + i, 0, 0, "REJ") for i in range(200)]


def sweep():
    return [(AT + 3600 + i * 0.2, "10.1.0.14", f"10.1.7.{i}", 445, 0, 0, "S0") for i in range(1, 250)]


def many_sources():
    return [(AT + 7200 + i * 0.02, f"198.{18 + i % 2}.{i // 250}.{i % 250 + 1}", "10.1.0.6", 443, 0, 0,
             "S0") for i in range(5000)]


def logins(guessed):
    """Log-ins of an office as ECS documents: now and then one fails; then one address guesses."""
    at = [(START + hour * 3600 + k * 1700 + hour * 13 % 600, f"10.1.0.{10 + (hour * 2 + k) % 20}",
           f"user{(hour + k) % 9}") for hour in range(DAYS * 24) for k in range(2)]
    if guessed:
        at += [(AT + i * 2, "203.0.113.77", f"user{i % 9}") for i in range(100)]
    return "".join(json.dumps({
        "@timestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(t)),
        "event": {"kind": "event", "category": ["authentication"], "outcome": "failure"},
        "source": {"ip": source}, "user": {"name": user}, "host": {"name": "door"},
    }) + "\n" for t, source, user in sorted(at))


def questions(tunnel_at=None):
    """The office's DNS as ECS documents: few names asked for often and many seldom, a virus scanner that asks
    about files, a mail server that asks about senders; and, when wanted, ten minutes of a tunnel."""
    rng = random.Random(3)

    def letters(n):
        return f"{rng.getrandbits(4 * n):0{n}x}"

    asked = []
    for hour in range(DAYS * 24):
        for _ in range(int(rng.gauss(300, 20))):
            which = min(int(rng.paretovariate(0.6)), 4000)
            asked.append((hour, f"10.1.0.{rng.randint(10, 29)}", f"s{rng.randint(1, 5)}.site{which}.com"))
        asked += [(hour, "10.1.0.13", f"{letters(32)}.scanner.net") for _ in range(rng.randint(1, 40))]
        asked += [(hour, "10.1.0.5", f"{rng.getrandbits(8)}.{rng.getrandbits(8)}.2.192.senders.org")
                  for _ in range(rng.randint(1, 60))]
    times = [(START + hour * 3600 + rng.random() * 3600, source, name) for hour, source, name in asked]
    if tunnel_at is not None:
        times += [(tunnel_at + i, "10.1.0.17", f"{letters(50)}.t.zone.org") for i in range(600)]
    return "".join(json.dumps({
        "@timestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(t)),
        "event": {"kind": "event", "category": ["network"], "dataset": "network_traffic.dns"},
        "source": {"ip": source}, "destination": {"ip": "10.1.0.2", "port": 53},
        "dns": {"question": {"name": name, "type": "A"}},
    }) + "\n" for t, source, name in sorted(times))


def page_loads(at):
    """Two persons who begin their day: each page brings dozens of hosts that nobody asked before."""
    rng = random.Random(7)
    return sorted((at + page * 70 + rng.random() * 6, f"10.1.0.{18 + page % 2}",
                   f"{rng.randint(20, 180)}.{rng.randint(1, 250)}.{rng.randint(1, 250)}.7", 443,
                   int(rng.lognormvariate(7, 1)), int(rng.lognormvariate(9, 2)))
                  for page in range(60) for _ in range(rng.randint(5, 60)))


def calls_home(at):
    """A host with a hundred short conversations with a peer that nobody knows."""
    return [(at + i * 6, "10.1.0.18", "185.220.101.78", 8443, 600, 900) for i in range(100)]


def raised(run):
    """For each rule the times and the addresses of its alerts."""
    out = {}
    for a in run.lines():
        of = out.setdefault(a["kibana.alert.rule.name"], {k: set() for k in ("at", "source", "to", "home", "peer")})
        of["at"].add(a["@timestamp"])
        of["source"] |= set(a.get("source.ip", []))
        of["to"] |= set(a.get("destination.ip", []))
        of["home"] |= set(a.get("weir.home.ip", []))
        of["peer"] |= set(a.get("weir.peer.ip", []))
    return out


def minute(after):
    return time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(after))


with Folder() as folder:
    days = sorted(office(DAYS * 24) + silent_now_and_then())
    clean = folder("conn.clean.log", conn(days))
    run = weir("replay", "--quiet", *PACKAGES, clean, folder("clean.ndjson", logins(False)),
               folder("questions.ndjson", questions()), folder("pages.log", conn(page_loads(AT))))
    check(run.status == 0 and run.out == "", "ordinary days raise no alert", run)

    run = weir("replay", "--quiet", *PACKAGES, clean, folder("scan.log", conn(port_scan())))
    got = raised(run)
    for rule in ("Many Ports Tried by a Source", "Spike in Unanswered Connections from a Source"):
        check(rule in got, f"the port scan raises: {rule}", run)
        check(got[rule]["source"] == {"10.1.0.13"}, f"with its source: {rule}", run)
        check(got[rule]["to"] == {"10.1.0.5"}, f"and the host scanned: {rule}", run)
    check("Many Hosts Tried by a Source" not in got, "one host is no sweep", run)

    run = weir("replay", "--quiet", *PACKAGES, clean, folder("sweep.log", conn(sweep())))
    got = raised(run)
    for rule in ("Many Hosts Tried by a Source", "Spike in Unanswered Connections from a Source"):
        check(rule in got, f"the sweep raises: {rule}", run)
        check(got[rule]["source"] == {"10.1.0.14"}, f"with its source: {rule}", run)
    check("Many Ports Tried by a Source" not in got, "one port is no port scan", run)

    run = weir("replay", "--quiet", *PACKAGES, clean, folder("flood.log", conn(many_sources())))
    got = raised(run)
    for rule in ("Flood of Conversations to a Destination", "Many Sources at Once at a Destination",
                 "Flood of Unanswered Packets to a Destination"):
        check(rule in got, f"the flood raises: {rule}", run)
        check(got[rule]["to"] == {"10.1.0.6"}, f"with its destination: {rule}", run)
        check(min(got[rule]["at"]) <= minute(AT + 7200 + 120), f"within two minutes: {rule}", run)
    check("Flood of Conversations" in got, "and the whole is told too", run)

    run = weir("replay", "--quiet", *PACKAGES, clean, folder("guess.ndjson", logins(True)))
    got = raised(run)
    rule = "Spike in Failed Log-ins from a Source"
    check(set(got) == {rule}, "guessed passwords raise their rule alone", run)
    check(got[rule]["source"] == {"203.0.113.77"}, "with the source", run)

    early = START + 3600
    run = weir("replay", "--quiet", *PACKAGES, clean, folder("tunnel.ndjson", questions(early)))
    got = raised(run)
    rule = "DNS Tunnel in the First Hours"
    check(set(got) == {rule}, "a DNS tunnel raises its rule alone", run)
    check(got[rule]["source"] == {"10.1.0.17"}, "with the host that asks", run)
    check(min(got[rule]["at"]) <= minute(early + 600), "within ten minutes", run)
    check("zone.org" in run.out and "scanner.net" not in run.out, "and the domain", run)

    run = weir("replay", "--quiet", *PACKAGES, clean, folder("upload.log", conn(upload(1))))
    got = raised(run)
    for rule in ("Bytes Leaving over an Unusual Port in the First Hours",
                 "Bytes Leaving to an Unusual Peer in the First Hours",
                 "Bytes Leaving a Home Host in the First Hours"):
        check(rule in got, f"the upload raises: {rule}", run)
        check(got[rule]["home"] == {"10.1.0.17"}, f"with the host: {rule}", run)
        check(got[rule]["peer"] == {"185.220.101.77"}, f"and the peer: {rule}", run)
        check(min(got[rule]["at"]) <= minute(early + 600), f"within ten minutes: {rule}", run)

    run = weir("replay", "--quiet", *PACKAGES, clean, folder("home.log", conn(calls_home(START + 12 * 3600))))
    got = raised(run)
    for rule in ("Conversations with an Unusual Peer in the First Hours",
                 "Home Host with Peers of Its Own in the First Hours"):
        check(rule in got, f"a program that calls home raises: {rule}", run)
        check(got[rule]["home"] == {"10.1.0.18"}, f"with the host: {rule}", run)
        check(got[rule]["peer"] == {"185.220.101.78"}, f"and the peer: {rule}", run)
