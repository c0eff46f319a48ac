"""What read and replay take: standard input of each kind tells what it is by its first bytes, and a
folder stands for the files in it."""
import gzip
import os
import subprocess
import threading
import time

from weir_e2e import WEIR, Folder, check, conn, office, weir

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
CAPTURES = (f"{ROOT}/tests/data/captures/dns-tcp.pcap", f"{ROOT}/tests/data/captures/sections-be.pcapng",
            f"{ROOT}/demo/sample.pcap.zst")


def content(path):
    with open(path, "rb") as f:
        return f.read()


def through_pipe(data, command, *args, piece=0, wait=0.0):
    """The same bytes over a pipe, at once or in small pieces with pauses between the first ones."""
    process = subprocess.Popen([WEIR, command, "--quiet", *args, "-"], stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def write():
        for i in range(0, min(len(data), 8 * piece), piece or 1):
            os.write(process.stdin.fileno(), data[i:i + piece])
            time.sleep(wait)
        process.stdin.write(data[8 * piece:])
        process.stdin.close()

    writer = threading.Thread(target=write)
    writer.start()
    out, err = process.stdout.read(), process.stderr.read()
    writer.join()
    check(process.wait() == 0, f"standard input is read: {err}")
    return out.decode()


with Folder() as folder:
    for path in CAPTURES:
        wanted = weir("read", "--quiet", path).out
        check(wanted != "", f"{path} holds events")
        check(through_pipe(content(path), "read") == wanted, f"{path} comes over a pipe as it is")
        with open(path, "rb") as f:
            run = subprocess.run([WEIR, "read", "--quiet", "-"], stdin=f, capture_output=True)
        check(run.stdout.decode() == wanted, f"and from a file on standard input: {run.stderr}")
    for path in CAPTURES[:2]:
        wanted = weir("read", "--quiet", path).out
        packed = gzip.compress(content(path))
        check(through_pipe(packed, "read") == wanted, f"{path} comes packed over a pipe")
        for data in (content(path), packed):
            check(through_pipe(data, "read", piece=1, wait=0.01) == wanted, "also byte by byte")
        check(through_pipe(content(path), "read", "--format", "pcap") == wanted, "also when it is said")
    log = conn(office(2))
    wanted = weir("read", "--quiet", folder("conn.log", log)).out
    check(through_pipe(gzip.compress(log.encode()), "read") == wanted, "so does a log")

    alerts = weir("replay", "--quiet", CAPTURES[2]).out
    check(alerts != "" and through_pipe(content(CAPTURES[2]), "replay") == alerts,
          "replay raises the same alerts from a pipe")

    pipe = folder("pipe")
    os.mkfifo(pipe)
    data = content(CAPTURES[0])
    threading.Thread(target=lambda: folder("pipe", data)).start()
    run = weir("read", "--quiet", pipe, timeout=60)
    check(run.out == weir("read", "--quiet", CAPTURES[0]).out, "a named pipe is read like that too", run)
    run = weir("read", "-", "-", stdin="")
    check(run.status == 2 and "only once" in run.err, "standard input is there only once", run)
    run = subprocess.run([WEIR, "read", "-"], input=b"\x01\x02nothing", capture_output=True)
    check(run.returncode == 2 and b"expected a capture" in run.stderr, f"noise is refused: {run.stderr}")

    os.mkdir(folder("mixed"))
    names = ("1.pcap", "2.pcapng.gz", "3.conn.log", ".4.pcap", "notes.txt")
    parts = (content(CAPTURES[0]), gzip.compress(content(CAPTURES[1])), log.encode(),
             content(CAPTURES[0]), b"nothing of the kind\n")
    for name, part in zip(names, parts):
        folder("mixed/" + name, part)
    os.makedirs(folder("mixed/below"))
    folder("mixed/below/5.pcap", content(CAPTURES[0]))
    wanted = weir("read", "--quiet", *(folder("mixed/" + name) for name in names[:3])).out
    run = weir("read", folder("mixed"))
    check(run.status == 0 and run.out == wanted, "a folder is the files in it", run)
    check("mixed/notes.txt is left out" in run.err and run.err.count("left out") == 1,
          "what is left out is named", run)
    check(weir("read", "--quiet", folder("mixed")).err == "", "unless nobody wants to know")
    run = weir("replay", folder("mixed"))
    check(run.status == 0 and "mixed/notes.txt is left out" in run.err, "replay takes folders", run)
    run = weir("read", folder("mixed/notes.txt"))
    check(run.status == 2 and "expected a capture" in run.err, "a named file must be known", run)
    os.mkdir(folder("none"))
    for command in ("read", "replay"):
        run = weir(command, folder("none"))
        check(run.status == 2 and folder("none") in run.err and "expected a capture" in run.err,
              "an empty folder is a mistake, and what was expected is said", run)
