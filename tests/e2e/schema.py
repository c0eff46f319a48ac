"""Every field of every event is in the field table and has its type; what is not known comes from the
input and stands under its log's name."""
import os
import re

from weir_e2e import Folder, check, conn, office, upload, weir

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
TABLE = dict(re.findall(r"^\| `([^`]+)` \| (\w+) \|$", open(f"{ROOT}/docs/fields.md").read(), re.M))
DATE = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3,9}Z$")
ADDRESS = re.compile(r"^[0-9a-f:.]+$")
KINDS = {
    "keyword": lambda v: isinstance(v, str), "text": lambda v: isinstance(v, str),
    "wildcard": lambda v: isinstance(v, str), "geo_point": lambda v: isinstance(v, str),
    "long": lambda v: isinstance(v, int) and not isinstance(v, bool),
    "double": lambda v: isinstance(v, (int, float)) and not isinstance(v, bool),
    "boolean": lambda v: isinstance(v, bool),
    "ip": lambda v: isinstance(v, str) and ADDRESS.match(v),
    "date": lambda v: isinstance(v, str) and DATE.match(v),
}


def leaves(value, path=""):
    if isinstance(value, dict):
        for key, member in value.items():
            yield from leaves(member, f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        check(value, f"{path}: an empty list")
        for member in value:
            yield from leaves(member, path)
    else:
        yield path, value


def hold(run, what):
    check(run.status == 0, f"{what} is read", run)
    n = 0
    for event in run.lines():
        check(DATE.match(event.pop("@timestamp", "")), f"{what}: a time", run)
        for name, value in leaves(event):
            if name in TABLE:
                check(KINDS[TABLE[name]](value), f"{what}: {name} is {value!r}, not {TABLE[name]}")
            else:
                check(name.startswith("zeek."), f"{what}: {name} is not in the field table")
        n += 1
    check(n > 0, f"{what}: events")


check(len(TABLE) > 400, "the field table is read")
captures = [os.path.join(folder, name) for folder, _, names in os.walk(f"{ROOT}/tests")
            for name in names if name.endswith((".pcap", ".pcapng"))]
for path in [f"{ROOT}/demo/sample.pcap.zst", *sorted(captures)]:
    run = weir("read", "--quiet", path)
    if run.status == 0 and run.out:
        hold(run, os.path.basename(path))
with Folder() as folder:
    hold(weir("read", folder("conn.log", conn(office(3) + upload(1)))), "conn.log")
