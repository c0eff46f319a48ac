"""The demo: both founding rules and the tunnelling rule fire for the right entity; the same two days
without the three incidents are silent; the sample is what its generator makes."""
import os
import subprocess
import sys

from weir_e2e import Folder, check, weir

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def make(path, *more):
    subprocess.run([sys.executable, f"{ROOT}/tools/make_sample.py",
                    f"{ROOT}/demo/dns-tunnel-iodine.pcap", path, *more], check=True)


def row(lines, rule, *parts):
    return any(line.endswith(rule) and all(part in line for part in parts) for line in lines)


run = weir("demo", "--no-serve")
check(run.status == 0, "demo ends well", run)
lines = run.out.splitlines()
check(row(lines, "Potential Data Exfiltration Activity to an Unusual Destination Port", "10.0.2.37",
          "4447"), "the upload is found with its host and port", run)
check(row(lines, "  Spike in Network Traffic", "2024-06-18 20:"), "the flood is found", run)
check(row(lines, "DNS Tunneling", "10.0.2.30", "pirate.sea"), "the tunnel is found", run)
check("weir replay" in run.out, "the next command is told", run)
for columns in (60, 110, 200):
    narrow = weir("demo", "--no-serve", env={"COLUMNS": str(columns)}).out.splitlines()
    table = narrow[narrow.index("") + 1:narrow.index("", narrow.index("") + 1)]
    check(max(map(len, table)) <= columns, f"the table fits into {columns} columns")
    check(any("pirate.sea" in line for line in table) and any("4447" in line for line in table),
          f"and says the same in {columns} columns")
with Folder() as folder:
    make(folder("clean.pcap"), "--clean")
    run = weir("replay", "--quiet", folder("clean.pcap"))
    check(run.status == 0 and run.out == "", "without the incidents nothing is raised", run)
    make(folder("sample.pcap"))
    full = weir("replay", "--quiet", folder("sample.pcap"))
    packed = weir("replay", "--quiet", f"{ROOT}/demo/sample.pcap.zst")
    check(full.out == packed.out != "", "the bundled sample is what the generator makes", packed)
