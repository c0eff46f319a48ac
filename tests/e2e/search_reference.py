"""What searches mean, written down as slowly as can be: every document is looked at for every question.

A document is the object that was sent, with `_id` and its number `_n` of arrival. Only what the searches of search.py ask is here."""
import fnmatch
import ipaddress
import math
import re
from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

KINDS = {"@timestamp": "date", "event.start": "date", "source.ip": "ip", "host.ip": "ip", "source.bytes": "long",
         "destination.port": "long", "event.risk_score": "double", "flow.final": "boolean", "host.name": "keyword",
         "tags": "keyword", "user.name": "keyword", "network.transport": "keyword", "custom.text": None,
         "custom.number": None, "absent.field": None, "client.bytes": "long"}
ALL = []  # every document there is
EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
NUMBERS = (int, float)


def instant(ms):
    return EPOCH + timedelta(milliseconds=ms)


def millis(at):
    return (at - EPOCH) // timedelta(milliseconds=1)


def iso(ms, zone=None):
    at = instant(ms).astimezone(zone or timezone.utc)
    offset = at.strftime("%z")
    return at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{ms % 1000:03d}" + (f"{offset[:3]}:{offset[3:]}" if zone else "Z")


def address(text):
    at = ipaddress.ip_address(text)
    return int(at) + (0xffff << 32 if at.version == 4 else 0)


def address_text(number):
    return str(ipaddress.ip_address(number - (0xffff << 32)) if number >> 32 == 0xffff
               else ipaddress.IPv6Address(number))


def typed(field, value):
    kind = KINDS.get(field)
    if kind == "long":
        return int(value)
    if kind == "double":
        return float(value)
    if kind == "ip":
        return address(value)
    if kind == "keyword":
        return str(value)
    return value


def plain(field):
    return field.removesuffix(".keyword")


def values(doc, field):
    field = plain(field)
    found = doc
    for part in field.split("."):
        found = found.get(part) if isinstance(found, dict) else None
    if found is None:
        return []
    return [typed(field, v) for v in (found if isinstance(found, list) else [found])]


# Queries.

STEPS = {"d": timedelta(days=1), "h": timedelta(hours=1), "m": timedelta(minutes=1)}


def truncated(at, unit):
    at = at.replace(microsecond=0)
    for name, changes in (("m", {"second": 0}), ("h", {"minute": 0}), ("d", {"hour": 0}), ("M", {"day": 1})):
        at = at.replace(**changes)
        if name == unit:
            break
    return at


def time_of(text, now):
    """now-3d/d, 2023-10-01||-1h/h, a date, or milliseconds; the beginning of what it names, and the end."""
    if isinstance(text, int):
        return text, text + 1
    anchor, _, sums = text.partition("||")
    if text.startswith("now"):
        anchor, sums = "now", text[3:]
    if anchor == "now":
        first = last = instant(now)
    else:
        first = datetime.fromisoformat(anchor.replace("Z", "+00:00"))
        first = first if first.tzinfo else first.replace(tzinfo=timezone.utc)
        last = first + timedelta(days=1) if len(anchor) == 10 else first
    exact = last == first
    for sign, n, unit in re.findall(r"([-+/])(\d*)([Mdhm])", sums):
        if sign == "/":
            first, exact = truncated(first, unit), False
            last = truncated(first + timedelta(days=31), unit) if unit == "M" else first + STEPS[unit]
        else:
            step = STEPS[unit] * (int(n) if sign == "+" else -int(n))
            first, last = first + step, last + step
    return millis(first), millis(last) + (1 if exact else 0)


def in_range(field, value, bounds, now):
    kind = KINDS.get(plain(field))
    for name, bound in bounds.items():
        if kind == "date":
            first, end = time_of(bound, now)
            fine = {"gte": value >= first, "gt": value >= end, "lt": value < first, "lte": value < end}[name]
        else:
            if isinstance(value, str) != isinstance(bound, str) and kind != "ip":
                bound = float(bound) if isinstance(bound, str) else bound
            bound = address(bound) if kind == "ip" else bound
            fine = {"gte": value >= bound, "gt": value > bound, "lt": value < bound, "lte": value <= bound}[name]
        if not fine:
            return False
    return True


def equals(field, value, wanted):
    kind = KINDS.get(plain(field))
    if kind == "ip":
        network = ipaddress.ip_network(wanted, strict=False)
        low = address(str(network[0]))
        return low <= value <= low + network.num_addresses - 1
    if kind in ("long", "double"):
        return value == float(wanted)
    if kind == "boolean":
        return value == (wanted in (True, "true"))
    return str(value) == str(wanted)


def matches(query, doc, now):
    (kind, body), = query.items()
    if kind == "match_all":
        return True
    if kind == "match_none":
        return False
    if kind == "ids":
        return doc["_id"] in body["values"]
    if kind == "bool":
        should = sum(matches(q, doc, now) for q in body.get("should", []))
        least = body.get("minimum_should_match", 0 if body.get("must") or body.get("filter") else 1)
        return (all(matches(q, doc, now) for q in body.get("must", []) + body.get("filter", []))
                and not any(matches(q, doc, now) for q in body.get("must_not", []))
                and (not body.get("should") or should >= least))
    if kind == "exists":
        return bool(values(doc, body["field"]))
    (field, wanted), = body.items()
    found = values(doc, field)
    if kind == "term":
        return any(equals(field, v, wanted) for v in found)
    if kind == "terms":
        return any(equals(field, v, w) for v in found for w in wanted)
    if kind == "range":
        return any(in_range(field, v, wanted, now) for v in found)
    if kind == "prefix":
        return any(v.startswith(wanted) for v in found)
    if kind == "wildcard":
        return any(fnmatch.fnmatchcase(v, wanted["value"]) for v in found)
    return any(re.fullmatch(wanted, v) for v in found)


# Buckets of time.

SPANS = {"m": 60_000, "h": 3_600_000, "d": 86_400_000}
CALENDAR = {"minute": "m", "1m": "m", "hour": "h", "1h": "h", "day": "d", "1d": "d"}


def instant_of(wall, zone, latest=None):
    """The instant of a time on the wall: the first of two, or the last that is not after `latest`; the end of a gap."""
    found = []
    for fold in (0, 1):
        at = wall.replace(tzinfo=zone, fold=fold).astimezone(timezone.utc)
        if at.astimezone(zone).replace(tzinfo=None) == wall:
            found.append(at)
    if not found:
        at = wall.replace(tzinfo=zone, fold=1).astimezone(timezone.utc)
        while at.astimezone(zone).utcoffset() != wall.replace(tzinfo=zone, fold=0).utcoffset():
            at -= timedelta(minutes=15)
        while at.astimezone(zone).utcoffset() == wall.replace(tzinfo=zone, fold=0).utcoffset():
            at += timedelta(minutes=15)
        return at
    return max(at for at in found if at <= latest) if latest and found[0] <= latest else found[0]


def round_down(ms, spec, offset=None):
    zone = zone_of(spec) or timezone.utc
    offset = offset_of(spec) if offset is None else offset
    at = instant(ms - offset)
    wall = at.astimezone(zone).replace(tzinfo=None)
    unit = spec.get("calendar_interval")
    if unit in ("week", "1w", "month", "1M", "quarter", "1q", "year", "1y") or CALENDAR.get(unit) == "d":
        day = wall.replace(hour=0, minute=0, second=0, microsecond=0)
        if unit in ("week", "1w"):
            day -= timedelta(days=day.weekday())
        elif CALENDAR.get(unit) != "d":
            day = day.replace(day=1)
            if unit in ("quarter", "1q"):
                day = day.replace(month=day.month - (day.month - 1) % 3)
            elif unit in ("year", "1y"):
                day = day.replace(month=1)
        return millis(instant_of(day, zone)) + offset
    text = spec.get("fixed_interval") or "1" + CALENDAR[unit]
    span = int(text[:-1]) * SPANS[text[-1]]
    local = (wall - datetime(1970, 1, 1)) // timedelta(milliseconds=1)
    start = datetime(1970, 1, 1) + timedelta(milliseconds=local // span * span)
    return millis(instant_of(start, zone, at)) + offset


def next_start(start, spec):
    ms = start
    while round_down(ms, spec) <= start:
        ms += 600_000
    return round_down(ms, spec)


def zone_of(spec):
    text = spec.get("time_zone")
    if text is None:
        return None
    if text[0] in "+-":
        minutes = int(text[1:3]) * 60 + int(text[4:6])
        return timezone(timedelta(minutes=-minutes if text[0] == "-" else minutes))
    return ZoneInfo(text)


def offset_of(spec):
    text = spec.get("offset", "+0h")
    return int(text[:-1]) * SPANS[text[-1]]


# Aggregations.

def shown_key(field, key):
    kind = KINDS.get(plain(field))
    if kind == "ip":
        return {"key": address_text(key)}
    if kind == "boolean":
        return {"key": int(key), "key_as_string": "true" if key else "false"}
    if kind == "date":
        return {"key": key, "key_as_string": iso(key)}
    return {"key": key}


def key_order(key):
    return key.encode() if isinstance(key, str) else key


def grouped(docs, keys_of):
    groups = {}
    for doc in docs:
        for key in dict.fromkeys(keys_of(doc)):
            groups.setdefault(key, []).append(doc)
    return groups


def with_missing(field, spec, doc):
    found = values(doc, field)
    return found or ([typed(plain(field), spec["missing"])] if "missing" in spec else [])


def number_of(result, order):
    name, _, part = order.partition(".")
    value = result[name]
    if "doc_count" in value:
        return value["doc_count"]
    number = value[part or "value"]
    if number is None:
        return {"min": math.inf, "max": -math.inf}.get(part or value["_kind"], math.nan)
    return number


def ordered(buckets, orders):
    for order in reversed(orders):
        (by, direction), = order.items()
        down = direction == "desc"
        if by in ("_key", "_count"):
            buckets.sort(key=lambda b: key_order(b["_key"]) if by == "_key" else b["doc_count"], reverse=down)
            continue
        numbered = [(number_of(b, by), b) for b in buckets]
        numbers = sorted((p for p in numbered if not math.isnan(p[0])), key=lambda p: p[0], reverse=down)
        buckets[:] = [b for _, b in numbers] + [b for n, b in numbered if math.isnan(n)]
    return buckets


def orders_of(spec, usual):
    orders = spec.get("order", usual)
    orders = list(orders) if isinstance(orders, list) else [orders]
    return orders + [{"_key": "asc"}]


def terms(spec, sub, docs, now):
    field = spec["field"]
    groups = grouped(docs, lambda d: with_missing(field, spec, d))
    if spec.get("min_doc_count") == 0:
        for key in grouped(ALL, lambda d: values(d, field)):
            groups.setdefault(key, [])
    for name, keep in (("include", True), ("exclude", False)):
        choice = spec.get(name)
        if isinstance(choice, str):
            groups = {k: v for k, v in groups.items() if bool(re.fullmatch(choice, str(k))) == keep}
        elif choice is not None:
            wanted = [typed(plain(field), c) for c in choice]
            groups = {k: v for k, v in groups.items() if (k in wanted) == keep}
    buckets = [bucket(key, shown_key(field, key), found, sub, now) for key, found in groups.items()
               if len(found) >= spec.get("min_doc_count", 1)]
    ordered(buckets, orders_of(spec, {"_count": "desc"}))
    size = spec.get("size", 10)
    return {"doc_count_error_upper_bound": 0, "sum_other_doc_count": sum(b["doc_count"] for b in buckets[size:]),
            "buckets": buckets[:size]}


def bucket(key, shown, docs, sub, now):
    return {"_key": key, **shown, "doc_count": len(docs), **aggregate(sub, docs, now)}


def keyed(spec, buckets, name_of, usual=False):
    if not spec.get("keyed", usual):
        return {"buckets": buckets}
    return {"buckets": {name_of(b): {k: v for k, v in b.items()} for b in buckets}}


def date_histogram(spec, sub, docs, now):
    groups = grouped(docs, lambda d: [round_down(v, spec) for v in with_missing(spec["field"], spec, d)])
    bounds = {name: {end: round_down(time_of(at, now)[0] if zone_of(spec) is None or isinstance(at, int)
                                     else local_time(at, spec), spec, 0)
                     for end, at in spec.get(name, {}).items()} for name in ("extended_bounds", "hard_bounds")}
    hard, extended = bounds["hard_bounds"], bounds["extended_bounds"]
    groups = {k: v for k, v in groups.items() if k >= hard.get("min", k) and k < hard.get("max", k + 1)}
    if spec.get("min_doc_count", 0) == 0:
        edges = list(groups)
        if edges or len(extended) == 2:
            edges += [at + offset_of(spec) for at in extended.values()]
        key = min(edges, default=0)
        while edges and key <= max(edges):
            groups.setdefault(key, [])
            key = next_start(key, spec)
    buckets = [bucket(key, {"key": key, "key_as_string": iso(key, zone_of(spec))}, found, sub, now)
               for key, found in groups.items() if len(found) >= spec.get("min_doc_count", 0)]
    return keyed(spec, ordered(buckets, orders_of(spec, {"_key": "asc"})), lambda b: b["key_as_string"])


def local_time(text, spec):
    return millis(datetime.fromisoformat(text).replace(tzinfo=zone_of(spec)))


def histogram(spec, sub, docs, now):
    step, offset = spec["interval"], spec.get("offset", 0)

    def floor(v):
        return math.floor((v - offset) / step) * step + offset
    groups = grouped(docs, lambda d: [floor(v) for v in with_missing(spec["field"], spec, d)])
    hard, extended = spec.get("hard_bounds", {}), spec.get("extended_bounds", {})
    groups = {k: v for k, v in groups.items() if hard.get("min", k) <= k <= hard.get("max", k)}
    if spec.get("min_doc_count", 0) == 0:
        edges = list(groups)
        if edges or len(extended) == 2:
            edges += [floor(at) for at in extended.values()]
        for i in range(round((max(edges) - min(edges)) / step) + 1 if edges else 0):
            groups.setdefault(min(edges) + i * step, [])
    buckets = [bucket(key, {"key": key}, found, sub, now) for key, found in groups.items()
               if len(found) >= spec.get("min_doc_count", 0)]
    return keyed(spec, ordered(buckets, orders_of(spec, {"_key": "asc"})), lambda b: f"{float(b['key'])}")


def ranges(spec, sub, docs, now):
    def end(r, name, otherwise):
        return r.get(name, otherwise)
    buckets = []
    for r in sorted(spec["ranges"], key=lambda r: (end(r, "from", -math.inf), end(r, "to", math.inf))):
        found = [d for d in docs if any(end(r, "from", -math.inf) <= v < end(r, "to", math.inf)
                                        for v in with_missing(spec["field"], spec, d))]
        name = r.get("key") or "-".join("*" if n not in r else f"{float(r[n])}" for n in ("from", "to"))
        buckets.append(bucket(name, {"key": name, **{n: r[n] for n in ("from", "to") if n in r}}, found, sub, now))
    if not spec.get("keyed"):
        return {"buckets": buckets}
    return {"buckets": {b["_key"]: {k: v for k, v in b.items() if k != "key"} for b in buckets}}


def filters(spec, sub, docs, now):
    asked = spec["filters"]
    named = sorted(asked.items()) if isinstance(asked, dict) else list(enumerate(asked))
    buckets = [bucket(name, {}, [d for d in docs if matches(q, d, now)], sub, now) for name, q in named]
    if spec.get("other_bucket", "other_bucket_key" in spec):
        rest = [d for d in docs if not any(matches(q, d, now) for _, q in named)]
        buckets.append(bucket(spec.get("other_bucket_key", "_other_"), {}, rest, sub, now))
    if isinstance(asked, dict):
        return {"buckets": {b["_key"]: b for b in buckets}}
    return {"buckets": buckets}


def composite(spec, sub, docs, now):
    sources = [(name, *next(iter(s.items()))) for source in spec["sources"] for name, s in source.items()]

    def keys_of(doc):
        keys = [()]
        for _, kind, s in sources:
            found = [round_down(v, s) if kind == "date_histogram" else v for v in values(doc, s["field"])]
            if not found and s.get("missing_bucket"):
                found = [None]
            keys = [k + (v,) for k in keys for v in dict.fromkeys(found)]
        return keys
    groups = list(grouped(docs, keys_of).items())
    for i, (_, _, s) in reversed(list(enumerate(sources))):
        down = s.get("order") == "desc"
        groups.sort(key=lambda g: (g[0][i] is not None, key_order(g[0][i]) if g[0][i] is not None else 0), reverse=down)

    def shown(key):
        return {name: None if v is None else shown_key(s["field"], v)["key"] if kind == "terms" and not isinstance(
            v, bool) else v for (name, kind, s), v in zip(sources, key)}
    buckets = [bucket(key, {"key": shown(key)}, found, sub, now) for key, found in groups[:spec["size"]]]
    return {"buckets": buckets, **({"after_key": buckets[-1]["key"]} if buckets else {})}


def percentile(found, percent):
    rank = percent / 100 * (len(found) - 1)
    low = math.floor(rank)
    return found[low] + (found[min(low + 1, len(found) - 1)] - found[low]) * (rank - low)


def metric(kind, spec, docs):
    field = spec["field"]
    found = [v for d in docs for v in with_missing(field, spec, d)]
    if kind == "value_count":
        text = KINDS.get(plain(field)) in ("keyword", "ip") or any(isinstance(v, str) for v in found)
        return {"value": sum(len(set(values(d, field)) if text else with_missing(field, spec, d)) for d in docs)}
    if kind == "cardinality":
        return {"value": len(set(found))}
    found.sort()
    if kind == "percentiles":
        percents = sorted(spec["percents"])
        shown = [percentile(found, p) if found else None for p in percents]
        if spec.get("keyed", True):
            return {"values": {f"{float(p)}": v for p, v in zip(percents, shown)}}
        return {"values": [{"key": p, "value": v} for p, v in zip(percents, shown)]}
    numbers = {"count": len(found), "min": found[0] if found else None, "max": found[-1] if found else None,
               "avg": sum(found) / len(found) if found else None, "sum": sum(found)}
    if kind == "stats":
        return numbers
    result = {"value": numbers[kind], "_kind": kind}
    if KINDS.get(plain(field)) == "date" and result["value"] is not None:
        result["value_as_string"] = iso(int(result["value"]))
    return result


def top_hits(spec, docs):
    hits = sort_docs(docs, spec["sort"])[:spec["size"]]
    return {"hits": {"total": {"value": len(docs), "relation": "eq"}, "_ids": [d["_id"] for d in hits]}}


BUCKETS = {"terms": terms, "date_histogram": date_histogram, "histogram": histogram, "range": ranges,
           "filters": filters, "composite": composite}


def aggregate(aggs, docs, now):
    results = {}
    for name, body in (aggs or {}).items():
        sub = body.get("aggs")
        (kind, spec), = ((k, v) for k, v in body.items() if k != "aggs")
        if kind in BUCKETS:
            results[name] = BUCKETS[kind](spec, sub, docs, now)
        elif kind in ("filter", "missing"):
            query = spec if kind == "filter" else {"bool": {"must_not": [{"exists": spec}]}}
            found = [d for d in docs if matches(query, d, now)]
            results[name] = {"doc_count": len(found), **aggregate(sub, found, now)}
        elif kind == "top_hits":
            results[name] = top_hits(spec, docs)
        else:
            results[name] = metric(kind, spec, docs)
    return results


# Hits.

def sort_value(doc, key):
    (field, how), = key.items()
    if field == "_doc":
        return doc["_n"]
    found = sorted(values(doc, field), key=key_order)
    if not found:
        missing = how.get("missing", "_last")
        return None if missing in ("_first", "_last") else typed(field, missing)
    greatest = how.get("mode", "max" if how["order"] == "desc" else "min") == "max"
    return found[-1] if greatest else found[0]


def sort_docs(docs, keys):
    found = sorted(docs, key=lambda d: d["_n"])
    for key in reversed(keys):
        (field, how), = key.items()
        some = [d for d in found if sort_value(d, key) is not None]
        none = [d for d in found if sort_value(d, key) is None]
        some.sort(key=lambda d: key_order(sort_value(d, key)), reverse=field != "_doc" and how["order"] == "desc")
        found = none + some if how.get("missing") == "_first" else some + none
    return found


def source_of(doc, includes, excludes):
    def fits(path, patterns):
        return any(fnmatch.fnmatchcase(path[:i], p) for p in patterns for i in range(len(path) + 1)
                   if i == len(path) or path[i] == ".")

    def walk(value, path):
        if isinstance(value, dict):
            return {k: w for k, v in value.items() if (w := walk(v, f"{path}.{k}" if path else k)) not in (None, {})}
        chosen = (not includes or fits(path, includes)) and not fits(path, excludes)
        return value if chosen else None
    return walk({k: v for k, v in doc.items() if k not in ("_id", "_n")}, "")
