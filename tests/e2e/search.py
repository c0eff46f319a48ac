#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Random searches over random documents by HTTP, held to looking at every document (search_reference.py):
while all are hot, when the first are sealed, and with new ones besides. The documents are years old and stay.
`search.py WEIR SEED BODIES` asks others."""
import glob
import json
import math
import os
import random
import sys
import tempfile

import search_reference as reference
from weir_e2e import check
from weir_server import Server

SEED = int(sys.argv[2]) if len(sys.argv) > 2 else 7
BODIES = int(sys.argv[3]) if len(sys.argv) > 3 else 120
DOCUMENTS, FIRST = 300, 180
START = 1_695_900_000_000  # 2023-09-28; clocks change in Berlin a month later
SPAN = 50 * 86_400_000
INDEX = "logs-random-default"
NUMBERS = ["source.bytes", "destination.port", "event.risk_score", "custom.number"]
TEXTS = ["host.name", "tags", "user.name", "network.transport", "custom.text", "custom.text.keyword"]
OTHERS = ["source.ip", "host.ip", "flow.final", "client.bytes", "absent.field"]
TIMES = ["@timestamp", "event.start"]
rng = random.Random(SEED)


def maybe(share, value):
    return value if rng.random() < share else None


def document(n):
    at = START + rng.randrange(SPAN)
    ip = f"10.{rng.randrange(3)}.0.{rng.randrange(9)}" if rng.random() < 0.7 else f"fe80::{rng.randrange(1, 10)}"
    port = rng.choice([22, 80, 443, 8080])
    doc = {
        "@timestamp": at, "data_stream": {"type": "logs", "dataset": "random", "namespace": "default"},
        "host": {"name": maybe(0.8, f"h{rng.randrange(6)}"),
                 "ip": maybe(0.3, [f"10.1.0.{rng.randrange(4)}", "2001:db8::1"])},
        "tags": maybe(0.7, [f"t{rng.randrange(4)}" for _ in range(rng.randrange(1, 4))]),
        "user": {"name": maybe(0.5, [f"Ünïcode {rng.randrange(3)}", f"u{rng.randrange(40)}"])},
        "network": {"transport": maybe(0.8, rng.choice(["tcp", "udp"]))},
        "source": {"ip": maybe(0.8, ip), "bytes": maybe(0.9, rng.randrange(-100, 5000))},
        "destination": {"port": maybe(0.8, str(port) if rng.random() < 0.3 else port)},
        "event": {"risk_score": maybe(0.6, rng.randrange(400) / 4), "start": maybe(0.7, at - rng.randrange(9_000_000))},
        "flow": {"final": maybe(0.5, rng.random() < 0.5)},
        "custom": {"text": maybe(0.6, f"c{rng.randrange(5)}"), "number": maybe(0.6, rng.randrange(-10, 10))}}
    doc = {k: {i: w for i, w in v.items() if w is not None} if isinstance(v, dict) else v for k, v in doc.items()}
    return {**{k: v for k, v in doc.items() if v not in (None, {})}, "_id": f"id{n}", "_n": n}


def sent(doc):
    lines = [{"create": {"_id": doc["_id"]}}]
    body = {k: v for k, v in doc.items() if k not in ("_id", "_n")}
    body["@timestamp"] = reference.iso(doc["@timestamp"])
    return lines + [body]


def leaf():
    kind = rng.randrange(12)
    if kind == 0:
        return {"match_all": {}}
    if kind == 1:
        return {"term": {"host.name": f"h{rng.randrange(7)}"}}
    if kind == 2:
        return {"term": {"source.ip": rng.choice(["10.1.0.3", "10.0.0.0/8", "10.2.0.0/30", "fe80::/10", "fe80::2"])}}
    if kind == 3:
        return {"terms": {"destination.port": rng.sample([22, "80", 443, "8080", 1], 2)}}
    if kind == 4:
        return {"range": {"source.bytes": {rng.choice(["gt", "gte"]): rng.randrange(2000),
                                           rng.choice(["lt", "lte"]): str(rng.randrange(2000, 5000))}}}
    if kind == 5:
        return {"range": {rng.choice(TIMES): {
            rng.choice(["gt", "gte"]): rng.choice(["2023-10-05", "2023-10-10||-2d/d", "2023-10-03T04:05:06Z", START]),
            rng.choice(["lt", "lte"]): rng.choice(["2023-11-05", "2023-11-01||/M", "2023-10-29T02:30:00Z", "now"])}}}
    if kind == 6:
        return {"exists": {"field": rng.choice(NUMBERS + TEXTS + OTHERS)}}
    if kind == 7:
        return {"prefix": {rng.choice(["user.name", "tags", "custom.text"]): rng.choice(["u1", "t", "c", "Ün"])}}
    if kind == 8:
        return {"wildcard": {"user.name": {"value": rng.choice(["u*", "*3", "u?", "Ü*2", "*"])}}}
    if kind == 9:
        return {"regexp": {rng.choice(["user.name", "tags"]): rng.choice(["[ut][0-3]+", "u.*|t2", "t[^13]"])}}
    if kind == 10:
        return {"ids": {"values": [f"id{rng.randrange(DOCUMENTS)}" for _ in range(20)]}}
    return {"range": {"source.ip": {"gte": "10.0.0.4", "lte": "10.2.0.4"}}}


def query(depth=2):
    if depth == 0 or rng.random() < 0.5:
        return leaf()
    body = {name: [query(depth - 1) for _ in range(rng.randrange(1, 3))]
            for name in rng.sample(["must", "filter", "should", "must_not"], 2)}
    if "should" in body and rng.random() < 0.5:
        body["minimum_should_match"] = 1
    return {"bool": body}


def histogram_of_time(name="field"):
    spec = {name: rng.choice(TIMES)}
    if rng.random() < 0.5:
        spec["calendar_interval"] = rng.choice(["day", "1d", "week", "month", "1q", "year"])
    else:
        spec["fixed_interval"] = rng.choice(["12h", "1d", "7d", "36h"])
    if rng.random() < 0.5:
        spec["time_zone"] = rng.choice(["+05:30", "-03:00", "Europe/Berlin", "America/New_York"])
    if rng.random() < 0.3:
        spec["offset"] = rng.choice(["+6h", "-1d", "+30m"])
    return spec


def metric():
    kind = rng.choice(["sum", "avg", "min", "max", "stats", "value_count", "cardinality", "percentiles"])
    field = rng.choice(NUMBERS[:3])
    if kind in ("value_count", "cardinality"):
        field = rng.choice(NUMBERS + TEXTS + OTHERS + TIMES)
    elif kind in ("min", "max") and rng.random() < 0.2:
        field = rng.choice(TIMES)
    spec = {"field": field}
    if kind == "percentiles":
        spec.update(percents=rng.sample([99, 0, 50, 25, 75.5, 100], 3), keyed=rng.random() < 0.7)
    if field in NUMBERS and rng.random() < 0.2:
        spec["missing"] = 7
    return {kind: spec}


def terms():
    field = rng.choice(NUMBERS + TEXTS + OTHERS)
    spec = {"field": field, "size": rng.randrange(1, 9)}
    sub, kind = {}, rng.randrange(7)
    if kind == 0:
        spec["order"] = {"_key": rng.choice(["asc", "desc"])}
    elif kind == 1:
        sub["o"] = {rng.choice(["sum", "avg", "min", "max"]): {"field": rng.choice(["source.bytes", "client.bytes"])}}
        spec["order"] = [{"o": rng.choice(["asc", "desc"])}, {"_count": "asc"}]
    elif kind == 2:
        sub["o"] = {"stats": {"field": "event.risk_score"}}
        spec["order"] = {rng.choice(["o.avg", "o.max", "o.count"]): "desc"}
    elif kind == 3:
        sub["o"] = {"filter": leaf(), "aggs": {"p": {"sum": {"field": "source.bytes"}}}}
        spec["order"] = {"o": "desc"}
    elif kind == 4:
        spec["min_doc_count"] = rng.choice([0, 2, 5, 20])
    if field in TEXTS and rng.random() < 0.3:
        spec[rng.choice(["include", "exclude"])] = rng.choice(["[ht].*", "u1.*|h[0-2]", ["h1", "t2", "tcp", "c3"]])
    if field in NUMBERS and rng.random() < 0.2:
        spec["exclude"] = [22, 80, 3]
    if rng.random() < 0.3 and field not in ("flow.final", "absent.field"):
        spec["missing"] = "10.9.9.9" if field.endswith("ip") else 1 if field in NUMBERS + ["client.bytes"] else "none"
    return {"terms": spec, "aggs": sub}


def aggregation(depth):
    kind = rng.randrange(12)
    if depth == 0 or kind < 2:
        return metric()
    if kind < 6:
        body = terms()
    elif kind == 6:
        spec = {**histogram_of_time(), "min_doc_count": rng.choice([0, 0, 1, 3]), "keyed": rng.random() < 0.2}
        for name in rng.sample(["extended_bounds", "hard_bounds"], rng.choice([0, 0, 1])):
            spec[name] = {"min": "2023-09-30T01:00", "max": rng.choice([START + SPAN - 9 ** 10, "2023-11-07T03:04:05"])}
        if rng.random() < 0.2:
            spec["order"] = {rng.choice(["_key", "_count"]): "desc"}
        body = {"date_histogram": spec}
    elif kind == 7:
        spec = {"field": rng.choice(NUMBERS[:3]), "interval": rng.choice([50, 400, 2.5]), "offset": 1}
        if spec["interval"] != 2.5:
            spec["min_doc_count"] = rng.randrange(2)
        else:
            spec["min_doc_count"] = 1
        if rng.random() < 0.3:
            spec["extended_bounds"] = {"min": -300, "max": 6000}
        body = {"histogram": {**spec, "keyed": rng.random() < 0.2}}
    elif kind == 8:
        spec = {"field": rng.choice(NUMBERS[:3]), "keyed": rng.random() < 0.3,
                "ranges": [{"from": 100}, {"to": 5}, {"from": 3, "to": 900}, {"from": 3, "to": 90, "key": "few"}]}
        if rng.random() < 0.3:
            spec["missing"] = rng.choice([4, 95.5])
        body = {"range": spec}
    elif kind == 9:
        named = {"z": leaf(), "a": query(1)} if rng.random() < 0.5 else [leaf(), query(1)]
        spec = {"filters": named}
        if rng.random() < 0.5:
            spec[rng.choice(["other_bucket", "other_bucket_key"])] = True
            if "other_bucket_key" in spec:
                spec["other_bucket_key"] = "rest"
        body = {"filters": spec}
    elif kind == 10:
        body = rng.choice([{"filter": query(1)}, {"missing": {"field": rng.choice(NUMBERS + TEXTS + OTHERS)}}])
    else:
        kinds = [{"terms": {"field": rng.choice(TEXTS + NUMBERS[:2] + ["source.ip", "flow.final"])}},
                 {"date_histogram": histogram_of_time()}]
        sources = []
        for i, source in enumerate(rng.sample(kinds, rng.randrange(1, 3))):
            next(iter(source.values())).update(order=rng.choice(["asc", "desc"]), missing_bucket=rng.random() < 0.5)
            sources.append({f"s{i}": source})
        body = {"composite": {"size": rng.randrange(1, 30), "sources": sources}}
    sub = {**body.get("aggs", {}), **aggregations(depth - 1)}
    return {**body, "aggs": sub}


def aggregations(depth):
    body = {name: aggregation(depth) for name in rng.sample("xy", rng.randrange(1, 3))}
    if rng.random() < 0.15:
        body["hits"] = {"top_hits": {"size": 2, "_source": False, "sort": order()}}
    return body


def order():
    field = rng.choice(NUMBERS[:3] + TEXTS[:4] + ["source.ip"] + TIMES)
    how = {"order": rng.choice(["asc", "desc"])}
    kind = rng.randrange(6)
    if kind == 0:
        how["missing"] = "_first"
    elif kind == 1 and field in NUMBERS:
        how["missing"] = 77
    elif kind == 2 and field in NUMBERS + TEXTS:
        how["mode"] = rng.choice(["min", "max"])
    return [{field: how}, {"_doc": {"order": "asc"}}]


def differ(expected, found, path=""):
    """The first place where two answers are not the same; what begins with _ is the reference's own."""
    if isinstance(expected, dict) and isinstance(found, dict):
        if "_ids" in expected:
            ids = [hit["_id"] for hit in found["hits"]]
            return None if ids == expected["_ids"] and found["total"] == expected["total"] else f"{path}: {found}"
        wanted = {k for k in expected if k[0] != "_" or path.endswith("/buckets")}
        if wanted != set(found):
            return f"{path}: {sorted(wanted)} and not {sorted(found)}"
        return next((d for k in wanted if (d := differ(expected[k], found[k], f"{path}/{k}"))), None)
    if isinstance(expected, list) and isinstance(found, list):
        if len(expected) != len(found):
            return f"{path}: {len(expected)} and not {len(found)}: {found}"
        return next((d for i, e in enumerate(expected) if (d := differ(e, found[i], f"{path}/{i}"))), None)
    if isinstance(expected, reference.NUMBERS) and isinstance(found, reference.NUMBERS):
        same = math.isclose(expected, found, rel_tol=1e-9, abs_tol=1e-9)
    else:
        same = expected == found
    return None if same else f"{path}: {expected!r} and not {found!r}"


class Asking:
    def __init__(self, server):
        self.server, self.docs, self.now, self.wrong = server, [], 0, []

    def expect(self, fine, what):
        if not fine:
            self.wrong.append(what)

    def ask(self, body):
        return self.server.admin("POST", f"/{INDEX}/_search", body)

    def load(self, docs):
        answer = self.server.bulk(f"/{INDEX}/_bulk", [line for d in docs for line in sent(d)]).json()
        check(not answer["errors"], f"all are taken: {json.dumps(answer)[:500]}")
        self.docs += docs
        reference.ALL[:] = self.docs

    def aggregated(self, body, when):
        found = self.ask(body)
        docs = [d for d in self.docs if reference.matches(body["query"], d, self.now)]
        wrong = differ(reference.aggregate(body["aggs"], docs, self.now), found["aggregations"])
        self.expect(wrong is None, f"{when}: {json.dumps(body)}\n{wrong}")
        self.expect(found["hits"]["total"] == {"value": len(docs), "relation": "eq"},
                    f"{when}: {json.dumps(body)}: {found['hits']}")

    def paged(self, body, when):
        """All pages, each going on behind the last."""
        docs = [d for d in self.docs if reference.matches(body["query"], d, self.now)]
        wanted = [d["_id"] for d in reference.sort_docs(docs, body["sort"])]
        got = []
        while True:
            hits = self.ask(body)["hits"]["hits"]
            got += [h["_id"] for h in hits]
            if len(hits) < body["size"]:
                break
            body = {**body, "search_after": hits[-1]["sort"]}
        self.expect(got == wanted, f"{when}: {json.dumps(body)}\n{wanted}\nand not\n{got}")

    def shown(self, when):
        """Parts of the source, and single fields."""
        includes = rng.choice([[], ["source"], ["*.name", "tags"], ["source.*", "host.ip"]])
        excludes = rng.choice([[], ["*.ip"], ["host"], ["custom.n*"]])
        body = {"size": 50, "sort": ["_doc"], "_source": {"includes": includes, "excludes": excludes},
                "fields": ["source.*", "tags", {"field": "@timestamp", "format": "yyyy-MM-dd"},
                           {"field": "event.start", "format": "epoch_millis"}, "custom.text.keyword"]}
        for hit in self.ask(body)["hits"]["hits"]:
            doc = next(d for d in self.docs if d["_id"] == hit["_id"])
            wanted = reference.source_of(sent(doc)[1], includes, excludes)
            if "start" in wanted.get("event", {}):
                wanted["event"]["start"] = reference.iso(doc["event"]["start"])
            if "port" in wanted.get("destination", {}):
                wanted["destination"]["port"] = int(doc["destination"]["port"])
            hit["_source"].pop("related", None)  # enrichment adds it
            wrong = differ(wanted, hit["_source"])
            self.expect(wrong is None, f"{when}: {body}: {wrong}\n{hit}")
            fields = {"@timestamp": [reference.iso(doc["@timestamp"])[:10]]}
            for name in ("source.ip", "source.bytes", "tags", "event.start", "custom.text.keyword"):
                found = reference.values({**doc, "source": doc.get("source", {})}, name)
                if found:
                    fields[name] = [reference.address_text(v) if name == "source.ip" else str(v)
                                    if name == "event.start" else v for v in found]
            self.expect(differ(fields, hit["fields"]) is None, f"{when}: {fields} and not {hit['fields']}")

    def everything(self, when, bodies):
        for body in bodies:
            (self.paged if "sort" in body else self.aggregated)(body, when)
        self.shown(when)
        check(not self.wrong, f"seed {SEED}, {len(self.wrong)} differ:\n" + "\n\n".join(self.wrong[:5]))


def refused(server):
    """What is wrong is told with the words that clients know."""
    for body, kind in (
            ({"from": 9999, "size": 2}, "illegal_argument_exception"),
            ({"aggs": {"t": {"terms": {"field": "source.bytes", "include": "1.*"}}}}, "illegal_argument_exception"),
            ({"aggs": {"t": {"terms": {"field": "source.ip", "size": 0}}}}, "illegal_argument_exception"),
            ({"aggs": {"p": {"percentiles": {"field": "source.bytes", "percents": [5, 5]}}}},
             "illegal_argument_exception"),
            ({"aggs": {"f": {"filters": {"filters": {}}}}}, "illegal_argument_exception"),
            ({"aggs": {"h": {"date_histogram": {
                "field": "@timestamp", "calendar_interval": "2d"}}}}, "illegal_argument_exception"),
            ({"aggs": {"h": {"histogram": {"field": "source.bytes", "interval": 5, "hard_bounds": {"max": 9},
                                           "extended_bounds": {"max": 10}}}}}, "illegal_argument_exception"),
            ({"aggs": {"h": {"date_histogram": {"field": "@timestamp", "fixed_interval": "1s"}}}},
             "too_many_buckets_exception")):
        error = server.admin("POST", f"/{INDEX}/_search", body, status=400)
        check(error["error"]["type"] == kind and error["status"] == 400, f"{body}: {error}")
    many = server.ask("POST", "/_msearch", '{}\n{"size":0}\n{"index":"absent-x-y"}\n{}\n',
                      {**server.basic(), "Content-Type": "application/x-ndjson"}).json()
    check([r["status"] for r in many["responses"]] == [200, 404] and many["took"] >= many["responses"][0]["took"],
          f"several searches: {many}")
    check(many["responses"][1]["error"]["root_cause"][0]["type"] == "index_not_found_exception", f"{many}")
    empty = server.admin("POST", "/nothing-*/_search", {"aggs": {"t": {"terms": {"field": "host.name"}},
                                                                 "m": {"min": {"field": "source.bytes"}}}})
    check(empty["hits"]["total"]["value"] == 0 and empty["aggregations"]["m"] == {"value": None}
          and empty["aggregations"]["t"]["buckets"] == [], f"an index that is not there: {empty}")


def zones(server):
    """The Sunday that Berlin makes an hour longer, by the clock there."""
    def count(q):
        return server.admin("POST", f"/{INDEX}/_search", {"size": 0, "query": q})["hits"]["total"]["value"]
    day = count({"range": {"@timestamp": {"gte": "2023-10-28T22:00:00Z", "lt": "2023-10-29T23:00:00Z"}}})
    check(day > 0, "there are documents that day")
    bounds = {"gte": "2023-10-29", "lte": "2023-10-29", "time_zone": "Europe/Berlin"}
    check(count({"range": {"@timestamp": bounds}}) == day, "range knows the zone")
    text = {"query": "@timestamp:[2023-10-29 TO 2023-10-29T23:59]", "time_zone": "Europe/Berlin"}
    check(count({"query_string": text}) == day, "and so does query_string")


def kept(server):
    """They came just now: housekeeping, which seals the rest after it has removed what is too old, leaves them."""
    def measures():
        return server.ask("GET", "/metrics", headers=server.basic()).body
    check(server.wait(lambda: f'weir_store_events{{kind="sealed"}} {DOCUMENTS}\n' in measures(), 90),
          f"all are sealed: {measures()}")
    check("weir_store_removed_total 0\n" in measures(), measures())
    found = server.admin("POST", f"/{INDEX}/_search", {"size": 0})
    check(found["hits"]["total"]["value"] == DOCUMENTS, f"old documents are kept: {found['hits']}")


def run(server, folder):
    asking = Asking(server)
    asking.now = reference.millis(reference.datetime.now(reference.timezone.utc))
    documents = [document(n) for n in range(DOCUMENTS)]
    questions = [{"size": 0, "query": query(), "aggs": aggregations(3)} if i % 4 else
                 {"size": rng.choice([7, 40]), "query": query(), "_source": False, "sort": order()}
                 for i in range(BODIES)]
    asking.load(documents[:FIRST])
    asking.everything("hot", questions)
    refused(server)
    zones(server)
    check(server.wait(lambda: glob.glob(f"{folder}/data/**/*.parquet", recursive=True), 90), "events are sealed")
    asking.everything("sealed", questions)
    asking.load(documents[FIRST:])
    asking.everything("half sealed", questions)
    zones(server)
    kept(server)
    print(f"{BODIES} searches, three times")


with tempfile.TemporaryDirectory() as folder:
    with Server(f"{folder}/data") as served:
        run(served, folder)
