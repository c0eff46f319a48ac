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
with Folder() as folder:
    make(folder("clean.pcap"), "--clean")
    run = weir("replay", "--quiet", folder("clean.pcap"))
    check(run.status == 0 and run.out == "", "without the incidents nothing is raised", run)
    make(folder("sample.pcap"))
    full = weir("replay", "--quiet", folder("sample.pcap"))
    packed = weir("replay", "--quiet", f"{ROOT}/demo/sample.pcap.zst")
    check(full.out == packed.out != "", "the bundled sample is what the generator makes", packed)
