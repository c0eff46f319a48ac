#!/usr/bin/env python3
"""Compares flows and transactions with Zeek's own logs of the same captures.

usage: compare_zeek.py WEIR FOLDER

FOLDER holds captures and Zeek logs (conn.log, dns.log, http.log, ssl.log) of some of them, in any
place: a row finds its event by the two ends and the time of its beginning. Rows for which no event
begins at that time between these ends come from captures that are not in FOLDER, from inside
tunnels, or differ; they are told apart by whether the ends occur at all. Prints each difference and
ends with one JSON line.
"""
import collections
import datetime
import gzip
import json
import os
import subprocess
import sys

NEAR = 0.0015  # seconds


def rows(path):
    names, sep = [], "\t"
    for line in open(path, encoding="utf-8", errors="replace"):
        line = line.rstrip("\n")
        if line.startswith("#fields"):
            names = line.split("\t")[1:]
        elif line and not line.startswith("#") and names:
            yield dict(zip(names, line.split(sep)))


def is_capture(path):
    head = open(path, "rb").read(4)
    if head[:2] == b"\x1f\x8b":
        head = gzip.open(path).read(4)
    return head in (b"\xd4\xc3\xb2\xa1", b"\xa1\xb2\xc3\xd4", b"\x4d\x3c\xb2\xa1", b"\x0a\x0d\x0d\x0a")


def seconds(text):
    whole, _, rest = text.rstrip("Z").partition(".")
    t = datetime.datetime.fromisoformat(whole + "+00:00").timestamp()
    return t + float("0." + (rest or "0"))


def ends(a, pa, b, pb):
    return frozenset([(a, str(pa)), (b, str(pb))])


def read_all(weir, captures):
    found = collections.defaultdict(list)
    for path in captures:
        out = subprocess.run([weir, "read", "--quiet", path], capture_output=True, timeout=300, check=False)
        totals = {}
        for line in out.stdout.decode("utf-8").splitlines():
            e = json.loads(line)
            s, d = e["source"], e["destination"]
            kind = e["event"]["dataset"].split(".")[1]
            key = (kind, ends(s["ip"], s.get("port", 0), d["ip"], d.get("port", 0)))
            if kind == "icmp" or "icmp" in e["network"]["transport"]:
                key = (kind, ends(s["ip"], 0, d["ip"], 0))
            e["_start"] = seconds(e["event"]["start"])
            e["_file"] = os.path.basename(path)
            if kind == "flow":  # reports of one flow become one
                first = totals.setdefault(e["flow"]["id"], e)
                if first is not e:
                    for side in ("source", "destination"):
                        for n in ("packets", "bytes"):
                            first[side][n] += e[side][n]
                    continue
            found[key].append(e)
    return found


def pick(found, kind, row, used, wanted=None):
    """The nearest event that no row has taken yet; None, and whether the ends occur at all."""
    port = (row["id.orig_p"], row["id.resp_p"])
    if row.get("proto") == "icmp":
        port = (0, 0)
    near = found.get((kind, ends(row["id.orig_h"], port[0], row["id.resp_h"], port[1])), [])
    try:
        ts = float(row["ts"])
    except ValueError:
        ts = None  # baselines of tests have their times blotted out
    best = None
    for e in near:
        if id(e) in used or (ts is not None and abs(e["_start"] - ts) > NEAR):
            continue
        if wanted is None or wanted(e):
            best = e
            break
        best = best or e
    if best is not None:
        used.add(id(best))
    return best, bool(near)


def get(e, path, default="-"):
    for part in path.split("."):
        if not isinstance(e, dict) or part not in e:
            return default
        e = e[part]
    return e


def conn_differs(row, e):
    forward = row["id.orig_h"] == e["source"]["ip"] and (
        row["proto"] == "icmp" or row["id.orig_p"] == str(e["source"].get("port", 0)))
    if not forward:
        return "who began"
    want = [row[n] for n in ("orig_pkts", "orig_ip_bytes", "resp_pkts", "resp_ip_bytes")]
    got = [str(e[s][n]) for s in ("source", "destination") for n in ("packets", "bytes")]
    return None if want == got else f"counts {want} {got}"


def dns_differs(row, e):
    q = row.get("query", "-")
    name = get(e, "dns.question.name")
    if q not in ("-", "") and q.lower() != str(name).lower():
        return f"name {q} {name}"
    if row.get("qtype_name", "-") not in ("-", "*") and row["qtype_name"] != get(e, "dns.question.type"):
        return f"type {row['qtype_name']} {get(e, 'dns.question.type')}"
    code = get(e, "dns.response_code")
    if row.get("rcode_name", "-") != code:
        return f"rcode {row.get('rcode_name')} {code}"
    return None


def http_differs(row, e):
    pairs = (("method", "http.request.method"), ("host", "url.domain"), ("uri", "url.original"),
             ("user_agent", "user_agent.original"), ("status_code", "http.response.status_code"),
             ("request_body_len", "http.request.body.bytes"),
             ("response_body_len", "http.response.body.bytes"), ("referrer", "http.request.referrer"))
    for theirs, ours in pairs:
        want, got = row.get(theirs, "-"), str(get(e, ours))
        if theirs == "host":
            want = want.rsplit(":", 1)[0] if want.count(":") == 1 else want
        if want in ("-", "0", "") and got in ("-", "0", ""):
            continue
        if want != got and not (theirs == "host" and want == "-"):
            return f"{theirs} {want} {got}"
    return None


def ssl_differs(row, e):
    names = {"TLSv13": "1.3", "TLSv12": "1.2", "TLSv11": "1.1", "TLSv10": "1.0", "SSLv3": "3.0"}
    version = names.get(row.get("version", "-"), "-")
    pairs = ((version, "tls.version"), (row.get("cipher", "-"), "tls.cipher"),
             (row.get("server_name", "-"), "tls.client.server_name"),
             (row.get("next_protocol", "-"), "tls.next_protocol"),
             ({"T": "True", "F": "False"}.get(row.get("established", "-"), "-"), "tls.established"))
    for want, ours in pairs:
        got = str(get(e, ours))
        if want != "-" and want != got:
            return f"{ours} {want} {got}"
    return None


def main():
    weir, folder = sys.argv[1], sys.argv[2]
    captures, logs = [], []
    for root, _, names in sorted(os.walk(folder)):
        for name in sorted(names):
            path = os.path.join(root, name)
            if name in ("conn.log", "dns.log", "http.log", "ssl.log"):
                logs.append(path)
            elif os.path.getsize(path) > 24 and is_capture(path):
                captures.append(path)
    found = read_all(weir, captures)
    differs = {"conn": conn_differs, "dns": dns_differs, "http": http_differs, "ssl": ssl_differs}
    kinds = {"conn": "flow", "dns": "dns", "http": "http", "ssl": "tls"}
    total = collections.Counter(captures=len(captures))
    for path in logs:
        log = os.path.basename(path)[:-4]
        used = set()
        for row in rows(path):
            if "id.orig_h" not in row or "ts" not in row:
                continue
            check = differs[log]
            e, occurs = pick(found, kinds[log], row, used, lambda x, r=row: check(r, x) is None)
            total[log] += 1
            if e is None:
                verdict = "other_time" if occurs else "no_such_ends"
                total[f"{log}_{verdict}"] += 1
                if occurs:
                    print(os.path.basename(os.path.dirname(path)), log, verdict,
                          *[row.get(n) for n in ("ts", "id.orig_h", "id.orig_p", "id.resp_h", "id.resp_p")])
                continue
            why = check(row, e)
            total[f"{log}_{'differs' if why else 'equal'}"] += 1
            if why:
                print(os.path.basename(os.path.dirname(path)), e["_file"], log, why,
                      row.get("history", ""), *[row.get(n) for n in ("id.orig_h", "id.orig_p", "id.resp_h", "id.resp_p")])
    print(json.dumps(dict(total)))


if __name__ == "__main__":
    main()
