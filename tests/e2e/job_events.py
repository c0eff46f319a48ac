"""Events that a job is about, made from the job itself: what its datafeed's query and its detectors
ask for, ordinary for some time, with one anomaly of the kind that its function looks for."""
import random

START = 1704067200  # 2024-01-01T00:00:00Z, a Monday
DAY = 86400
UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
MEMBERS = 12  # of a population
SERIES = 3    # of a by or partition field
USUAL = 5     # values of a rare field that are met all the time
RARE = 77     # the one that is not


def seconds(text):
    return int(text[:-1]) * UNITS[text[-1]]


def value(field, i):
    """The i-th value of a field, of a kind that fits its name."""
    leaf = field.rpartition(".")[2]
    if leaf in ("ip", "okta_distinct_ips"):
        net = "81.2" if field.startswith("destination") or "peer" in field else "10.20"
        return f"{net}.{i // 200}.{i % 200 + 1}"
    if leaf == "port":
        return 2000 + i
    if leaf in ("bytes", "size", "duration", "prediction", "prediction_probability",
                "malicious_probability", "process_args"):
        return 1
    if field == "dns_question_etld" or leaf in ("registered_domain", "etld_plus_one"):
        return f"domain{i}.example"
    return f"{leaf}-{i}"


def place(doc, field, i):
    """Puts the i-th value into an event; fields that a script computes get what the script reads."""
    if field == "dns_question_etld":
        doc["dns.question.registered_domain"] = value(field, i)
    elif field == "file_directory":
        doc["file.path"] = f"/srv/{value(field, i)}/file.bin"
    elif field == "user.entity.id_computed":
        doc["user.id"] = value("user.id", i)
    else:
        doc[field] = value(field, i)


def shown(field, i):
    """The same value as a result has it."""
    if field == "file_directory":
        return f"/srv/{value(field, i)}"
    if field == "user.entity.id_computed":
        return f"user:{value('user.id', i)}"
    return str(value(field, i))


def fixed(query, out):
    """The fields for which a query names the values it takes."""
    for kind, body in query.items():
        if kind == "bool":
            for clause in body.get("filter", []) + body.get("should", []):
                fixed(clause, out)
        elif kind in ("term", "terms", "match"):
            out |= set(body)
    return out


def satisfy(query, doc, rng):
    """Makes an event one that the query takes."""
    for kind, body in query.items():
        if kind == "bool":
            for clause in body.get("filter", []):
                satisfy(clause, doc, rng)
            if "should" in body:
                satisfy(rng.choice(body["should"]), doc, rng)
            continue
        field, wanted = next(iter(body.items()))
        if kind == "term":
            doc[field] = wanted
        elif kind == "terms":
            doc[field] = rng.choice(wanted)
        elif kind == "match":
            doc[field] = wanted["query"]
        elif kind == "match_phrase":
            doc[field.removesuffix(".text")] = f"sh -c {wanted}"
        elif kind == "range":
            doc[field] = wanted["gte"] if "gte" in wanted else wanted["gt"] + 1 if "gt" in wanted else 0
        elif kind == "exists":
            if not any(f == wanted or f.startswith(wanted + ".") for f in doc):
                doc[wanted] = value(wanted, 0)
        else:
            raise SystemExit(f"a query with {kind} has no events yet")


class Plan:
    """The events of a job, and where the anomaly is."""

    def __init__(self, config, datafeed, seed=1):
        self.rng = random.Random(seed)
        analysis = config["analysis_config"]
        self.span = seconds(analysis["bucket_span"])
        self.detectors = analysis["detectors"]
        self.influencers = analysis["influencers"]
        self.time_field = config["data_description"]["time_field"]
        self.query = datafeed["query"]
        self.fixed = fixed(self.query, set())
        self.docs = []
        first = self.detectors[0]
        days = 57 if first["function"].startswith("time_of") else 150 * self.span / DAY
        self.buckets = int(days * DAY / self.span)
        self.at = START + (self.buckets - 3) * self.span
        getattr(self, "make_" + first["function"].removeprefix("high_").removeprefix("low_"))(first)

    def add(self, t, splits, **more):
        """One event at t; splits: which value each split field has."""
        doc = {}
        satisfy(self.query, doc, self.rng)
        for field, i in splits.items():
            if field not in self.fixed:
                place(doc, field, i)
            elif field not in more:
                doc[field] = self.first(field)
        doc |= more
        for field in self.influencers:
            if not any(f == field or f.startswith(field + ".") for f in doc) and "computed" not in field:
                doc[field] = value(field, 0)
        doc["@timestamp"] = t
        if self.time_field != "@timestamp":
            doc[self.time_field] = int(t * 1000)
            doc["@timestamp"] = t + 7200  # when it ended
        self.docs.append(doc)

    def first(self, field, query=None):
        """The first value that the query takes for a field."""
        for kind, body in (query or self.query).items():
            if kind == "bool":
                for clause in body.get("filter", []) + body.get("should", []):
                    got = self.first(field, clause)
                    if got is not None:
                        return got
            elif kind in ("term", "terms", "match") and field in body:
                got = body[field]
                return got["query"] if kind == "match" else got[0] if kind == "terms" else got
        return None

    def starts(self):
        """The starts, in milliseconds, of the buckets that have events."""
        times = (d[self.time_field] / (1000 if self.time_field != "@timestamp" else 1) for d in self.docs)
        return {int(t // self.span) * self.span * 1000 for t in times}

    def splits(self, i, kinds=("over", "by", "partition")):
        """The split fields of all detectors, with the i-th value of each."""
        over = "over_field_name" in self.detectors[0]  # then the members are many, of one series
        return {d[f"{k}_field_name"]: i if k == "over" or not over else 0
                for d in self.detectors for k in kinds if f"{k}_field_name" in d}

    def measured(self, amount):
        """What the detectors add up or average. What the query fixes, and shares, cannot be large."""
        return {d["field_name"]: 1 if d["field_name"] in self.fixed else 0.9 if "probab" in d["field_name"]
                else int(amount) for d in self.detectors}

    def each(self, first, splits=None):
        """Times, series, and whether it is the anomaly's: a few events a bucket and series."""
        splits = self.splits(0) if splits is None else splits
        n = MEMBERS if "over_field_name" in first else SERIES if splits else 1
        self.expected = splits
        for b in range(self.buckets):
            t = START + b * self.span
            for i in range(n):
                for _ in range(self.rng.randint(4, 8)):
                    yield t + self.rng.random() * self.span, i, t == self.at and i == 0

    def make_count(self, first):
        low = first["function"].startswith("low_")
        for t, i, odd in self.each(first):
            for _ in range((0 if odd else 3) if low else 100 if odd else 1):
                self.add(t, self.splits(i))

    make_non_zero_count = make_count

    def make_sum(self, first):
        for t, i, odd in self.each(first):
            for _ in range(20 if odd else 1):
                self.add(t, self.splits(i), **self.measured(self.rng.lognormvariate(6, 0.4) * (2000 if odd else 1)))

    make_mean = make_median = make_sum

    def make_varp(self, first):
        for t, i, odd in self.each(first):
            self.add(t, self.splits(i), **self.measured(abs(self.rng.gauss(1000, 20000 if odd else 50))))

    def make_distinct_count(self, first):
        field = first["field_name"]
        for t, i, odd in self.each(first):
            for _ in range(30 if odd else 1):
                which = self.rng.randrange(2000 if odd else 6)
                self.add(t, self.splits(i), **{field: value(field, 10 + which)})

    def make_info_content(self, first):
        for t, i, odd in self.each(first):
            for _ in range(20 if odd else 1):
                text = f"{self.rng.getrandbits(160):040x}" if odd else f"www{self.rng.randrange(4)}"
                self.add(t, self.splits(i), **{first["field_name"]: f"{text}.{value('dns_question_etld', i)}"})

    def make_rare(self, first):
        by = first["by_field_name"]
        where = [f for f in self.splits(0) if f != by]
        for t, i, _ in self.each(first, where):
            self.add(t, dict.fromkeys(where, i) | {by: self.rng.randrange(USUAL)})
        self.expected = dict.fromkeys(where, 0) | {by: RARE}
        self.add(self.at + self.span / 2, self.expected)

    def make_freq_rare(self, first):
        by, over = first["by_field_name"], first["over_field_name"]
        for t, i, odd in self.each(first, {over: 0}):
            self.add(t, {over: i, by: self.rng.randrange(USUAL)})
            for _ in range(5 if odd else 0):
                self.add(t, {over: i, by: RARE})

    def make_time_of_day(self, first):
        """Office hours; and once a Sunday at three in the morning."""
        splits = self.splits(0)
        for day in range(self.buckets * self.span // DAY - 1):
            for i in range(SERIES if day % 7 < 5 else 0):
                for half in range(6):
                    t = START + day * DAY + 9 * 3600 + half * 1800 + self.rng.random() * 900
                    self.add(t, self.splits(i))
        sunday = START + 55 * DAY + 3 * 3600
        self.at = sunday // self.span * self.span
        self.expected = splits
        self.add(sunday + 30, splits)
