"""The Debian package: what is in it, that its program runs from a folder with its own DuckDB, and, as root in
a mount namespace, that it is installed, started as its user, upgraded, removed and purged."""
import base64
import glob
import hashlib
import http.client
import os
import pty
import pwd
import re
import shutil
import subprocess
import sys
import threading

from weir_e2e import SKIPPED, WEIR, Folder, check, conn, engine_of, office
import weir_server

TOP = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
UNIT = "lib/systemd/system/weir.service"
FILES = {"usr/bin/weir": 0o755, "usr/lib/weir/libduckdb.so": 0o644, UNIT: 0o644, "etc/weir/weir.toml": 0o644,
         "usr/share/man/man1/weir.1.gz": 0o644, "usr/share/man/man5/weir.toml.5.gz": 0o644,
         "usr/share/doc/weir/changelog.gz": 0o644, "usr/share/doc/weir/copyright": 0o644}


def run(*command, **options):
    return subprocess.run(command, capture_output=True, text=True, timeout=500, **options)


def need(done, what):
    check(done.returncode == 0, f"{what}: {done.stdout[-1500:]} {done.stderr[-1500:]}")
    return done.stdout


def look(package, folder):
    """What lintian would look at."""
    root, control = folder("root"), folder("control")
    need(run("dpkg-deb", "-x", package, root), "it unpacks")
    need(run("dpkg-deb", "-e", package, control), "so do its scripts")
    there = {os.path.relpath(os.path.join(at, name), root): os.stat(os.path.join(at, name)).st_mode & 0o7777
             for at, _, names in os.walk(root) for name in names}
    check(there == FILES, f"these files with these modes: {there}")
    owners = set(line.split()[1] for line in need(run("dpkg-deb", "-c", package), "it lists").splitlines())
    check(owners == {"root/root"}, f"all is root's: {owners}")
    fields = need(run("dpkg-deb", "-f", package), "it has fields")
    for part in ("Package: weir\n", "Section: net\n", "libc6 (>=", "libsqlite3-0", "libpcap0.8", "adduser"):
        check(part in fields, f"{part.strip()} is told: {fields}")
    check(open(control + "/conffiles").read() == "/etc/weir/weir.toml\n", "the configuration is kept at upgrades")
    sums = dict(reversed(line.split("  ")) for line in open(control + "/md5sums").read().splitlines())
    check(set(sums) == set(FILES), "every file has a sum")
    for name, digest in sums.items():
        with open(os.path.join(root, name), "rb") as f:
            check(hashlib.md5(f.read()).hexdigest() == digest, f"the sum of {name} is right")
    for script in ("postinst", "prerm", "postrm"):
        need(run("sh", "-n", f"{control}/{script}"), f"{script} can be read")
        check("\nset -e\n" in open(f"{control}/{script}").read(), f"{script} ends at a failure")
    unit = open(os.path.join(root, UNIT)).read()
    for line in ("User=weir", "AmbientCapabilities=CAP_NET_RAW CAP_NET_ADMIN", "ProtectSystem=strict",
                 "StateDirectory=weir", "NoNewPrivileges=yes", "Restart=on-failure"):
        check(f"\n{line}\n" in unit, f"the unit has {line}")
    sections = need(run("readelf", "-SW", root + "/usr/bin/weir"), "the program is read")
    check(".debug_info" not in sections and ".symtab" not in sections, "the program is stripped")
    return root


class Installed(weir_server.Server):
    """weir serve as it is installed, as some user."""

    def __init__(self, program, *args, **options):
        super().__init__(None, *args, **options)
        self.program = program

    def start(self):
        self.daemon = subprocess.Popen([*self.program, "serve", "--listen", "127.0.0.1:0", *self.args],
                                       stderr=subprocess.PIPE, text=True)
        self.log, self.port = [], None
        for line in self.daemon.stderr:
            self.log.append(line)
            at = re.search(r"answering on https?://[^ ]*:(\d+)$", line.strip())
            if at:
                self.port = int(at[1])
                break
        check(self.port is not None, "the server says where it answers: " + "".join(self.log))
        threading.Thread(target=self._drain, args=(self.daemon,), daemon=True).start()


def from_a_folder(root, folder):
    """The program in a folder, with the library beside it."""
    program, data, log = root + "/usr/bin/weir", folder("data"), folder("conn.log", conn(office(2)))
    need(run(program, "replay", "--quiet", "--data-dir", data, "--package", "ded", log), "it plays a log")
    with Installed([program], "--data-dir", data) as server:
        found = need(run(program, "sql", "--data-dir", data, "SELECT count(*) AS n FROM events"), "it is asked")
        check(int(re.search(r'"n":(\d+)', found)[1]) > 100, f"it finds events: {found}")
        engine = engine_of(server.daemon)
        with open(f"/proc/{engine}/task/{engine}/children") as f:
            children = f.read().split()
        for at in glob.glob(f"/proc/{engine}/task/*/children"):
            with open(at) as f:
                children += f.read().split()
        maps = "".join(open(f"/proc/{child}/maps").read() for child in set(children))
        used = set(re.findall(r"\S*libduckdb\S*", maps))
        check(used == {os.path.realpath(root) + "/usr/lib/weir/libduckdb.so"}, f"its own library: {used}")


def dpkg(*args):
    """dpkg on a terminal, as somebody who installs by hand; what it showed."""
    shown = []

    def read(fd):
        got = os.read(fd, 1000)
        shown.append(got)
        return got

    os.environ["DEBIAN_FRONTEND"] = "noninteractive"
    status = pty.spawn(["dpkg", *args], read, lambda fd: b"")
    text = b"".join(shown).decode(errors="replace")
    check(os.waitstatus_to_exitcode(status) == 0, f"dpkg {args}: {text}")
    return text


def has_user():
    try:
        return bool(pwd.getpwnam("weir"))
    except KeyError:
        return False


def units():
    return sorted(os.path.join(at, name) for at, _, names in os.walk("/etc/systemd") for name in names)


def hide(scratch):
    """What is written below these folders goes to a memory of its own: the machine stays as it was. Only in a
    mount namespace of one's own; False where the kernel has no overlays."""
    for i, place in enumerate(("/etc", "/usr", "/var", "/root")):
        upper, work = f"{scratch}/{i}/upper", f"{scratch}/{i}/work"
        os.makedirs(upper)
        os.makedirs(work)
        done = run("mount", "-t", "overlay", "overlay", "-o", f"lowerdir={place},upperdir={upper},workdir={work}", place)
        if done.returncode != 0:
            return False
    need(run("mount", "-t", "tmpfs", "tmpfs", "/run"), "no systemd is seen")
    for path in ("/var/lib/weir", "/etc/weir"):
        shutil.rmtree(path, ignore_errors=True)
    return True


def asked(server, password):
    pair = base64.b64encode(f"admin:{password}".encode()).decode()
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    connection.request("GET", "/api/me", headers={"Authorization": "Basic " + pair})
    return connection.getresponse().status


def install(package):
    before = units()
    shown = dpkg("-i", package)
    check("weir user password admin" in shown, f"the installation says how to set a password: {shown}")
    user = pwd.getpwnam("weir")
    at = os.stat("/var/lib/weir")
    check((at.st_uid, at.st_mode & 0o777) == (user.pw_uid, 0o700), "the data are its user's")
    serve = ["runuser", "-u", "weir", "--", "/usr/bin/weir"]
    password = "correct horse"
    need(run("weir", "user", "password", "admin", input=password + "\n"), "root sets it before the first start")
    with Installed(serve, "--config", "/etc/weir/weir.toml") as server:
        check(not any("password" in line for line in server.log), "no password in the log")
        check(asked(server, password) == 200, "it lets the admin in")
        check("runs" in need(run("weir", "status"), "root asks"), "root asks it without a name")
        need(run("weir", "backup", "/root/.weir-e2e.tar.zst"), "root backs it up")
        os.unlink("/root/.weir-e2e.tar.zst")
    shown = dpkg("-i", package)
    check("password" not in shown, "an upgrade makes nobody")
    with Installed(serve, "--config", "/etc/weir/weir.toml") as server:
        check(asked(server, password) == 200, "an upgrade keeps the data")
    dpkg("-r", "weir")
    check(not os.path.exists("/usr/bin/weir") and os.path.exists("/var/lib/weir/state.db") and
          os.path.exists("/etc/weir/weir.toml"), "removed, data and configuration kept")
    dpkg("--purge", "weir")
    check(not os.path.exists("/var/lib/weir") and not os.path.exists("/etc/weir") and not has_user(),
          "purged, all gone")
    check(units() == before, "systemd is as it was")


def install_hidden(package, folder):
    """In a mount namespace: this script again, with the package."""
    if os.geteuid() != 0 or run("unshare", "-m", "true").returncode != 0:
        print("not installed: only root may, with a mount namespace")
        return SKIPPED
    scratch = folder("scratch")
    os.mkdir(scratch)
    return subprocess.run(["unshare", "-m", "sh", "-c", 'mount -t tmpfs tmpfs "$0" && exec "$@"', scratch,
                           sys.executable, os.path.abspath(__file__), WEIR, package, scratch]).returncode


if len(sys.argv) == 4:
    if not hide(sys.argv[3]) or run("dpkg", "--dry-run", "-i", sys.argv[2]).returncode != 0 or has_user():
        print("not installed: no overlays here, or not what the package needs")
        raise SystemExit(SKIPPED)
    install(sys.argv[2])
    print("installed, started, upgraded, removed, purged")
    raise SystemExit(0)
if not shutil.which("dpkg-deb") or not shutil.which("dpkg-shlibdeps") or "WEIR_SHORT" in os.environ:
    raise SystemExit(SKIPPED)
with Folder() as folder:
    os.chmod(folder.path, 0o755)
    package = need(run(os.path.join(TOP, "tools", "deb"), os.path.dirname(WEIR), folder("out")),
                   "the package is made").strip()
    from_a_folder(look(package, folder), folder)
    print("the package is right, and its program runs from a folder", flush=True)
    raise SystemExit(install_hidden(package, folder))
