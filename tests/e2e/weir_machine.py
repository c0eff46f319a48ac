"""A machine for a test: systemd as the first process of namespaces of its own, on a copy of this machine's
files that is gone afterwards. Needs root, overlays, cgroups of the second version and systemd."""
import os
import shutil
import signal
import subprocess
import time

from weir_e2e import check

# Runs in the namespaces, with the scratch folder as its argument.
BOOT = r"""
set -e
mount --make-rprivate /
mount -t tmpfs tmpfs "$1"
cd "$1"
mkdir upper work root
mount -t overlay overlay -o lowerdir=/,upperdir=upper,workdir=work root
cd root
mount -t proc proc proc
mount -t sysfs -o ro sysfs sys
mount -t cgroup2 cgroup2 sys/fs/cgroup
mount -t tmpfs -o mode=755 tmpfs dev
mkdir dev/pts dev/shm
for d in null zero full random urandom tty; do touch dev/$d; mount --bind /dev/$d dev/$d; done
mount -t devpts -o newinstance,ptmxmode=0666,mode=620,gid=5 devpts dev/pts
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd
for i in 0:stdin 1:stdout 2:stderr; do ln -s /proc/self/fd/${i%:*} dev/${i#*:}; done
mount -t tmpfs -o mode=1777 tmpfs dev/shm
mount -t tmpfs -o mode=755 tmpfs run
rm -rf etc/systemd/system/*.wants var/log/journal var/lib/weir etc/weir usr/sbin/policy-rc.d
ip link set lo up
mkdir .before
pivot_root . .before
umount -l .before
rmdir .before
exec env -i container=other PATH=/usr/sbin:/usr/bin:/sbin:/bin /lib/systemd/systemd --unit=multi-user.target \
    --show-status=no
"""
BOOT_SECONDS = 240  # a few on a machine that has nothing else to do
NAMESPACES = ("--mount", "--uts", "--ipc", "--net", "--cgroup", "--pid")


class Missing(Exception):
    """Why there can be no such machine here."""


def groups():
    """Where cgroups of the second version are."""
    with open("/proc/mounts") as f:
        for line in f:
            if line.split()[2] == "cgroup2":
                return line.split()[1]
    raise Missing("there are no cgroups of the second version")


class Machine:
    """`with Machine(folder) as m:` starts it and stops it."""

    def __init__(self, scratch):
        self.scratch = scratch
        self.group = None
        self.holder = None
        self.init = None

    def __enter__(self):
        if os.geteuid() != 0:
            raise Missing("only root may")
        if not os.path.exists("/lib/systemd/systemd") or not shutil.which("dbus-daemon"):
            raise Missing("systemd and dbus are not installed")
        if subprocess.run(["unshare", *NAMESPACES, "--fork", "true"], capture_output=True).returncode != 0:
            raise Missing("the system gives no namespaces")
        self.group = os.path.join(groups(), f"weir-e2e-{os.getpid()}")
        os.makedirs(self.scratch)
        try:
            os.mkdir(self.group)
        except OSError as e:
            raise Missing(f"cgroups cannot be made: {e}") from e
        try:
            self.boot()
        except BaseException:
            self.__exit__()
            raise
        return self

    def boot(self):
        join = 'echo $$ > "$0/cgroup.procs" && exec "$@"'
        self.holder = subprocess.Popen(
            ["sh", "-c", join, self.group, "unshare", *NAMESPACES, "--fork", "--kill-child", "sh", "-c", BOOT, "boot",
             self.scratch], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        end = time.monotonic() + BOOT_SECONDS
        while time.monotonic() < end and self.holder.poll() is None:
            time.sleep(0.2)
            with open(f"/proc/{self.holder.pid}/task/{self.holder.pid}/children") as f:
                children = f.read().split()
            if not children:
                continue
            self.init = int(children[0])
            with open(f"/proc/{self.init}/comm") as f:
                if f.read().strip() != "systemd":
                    continue
            state = self.run("systemctl", "is-system-running").stdout.strip()
            if state in ("running", "degraded"):
                return
        if self.holder.poll() is None:
            os.kill(self.init or self.holder.pid, signal.SIGKILL)
        raise Missing("systemd does not start here: " + self.holder.communicate()[0][-1000:])

    def __exit__(self, *_):
        if self.holder is not None and self.holder.poll() is None:
            os.kill(self.init, signal.SIGKILL)  # and with it all that runs in its namespace
            self.holder.communicate(timeout=60)
        for at, _, _ in os.walk(self.group, topdown=False):
            try:
                os.rmdir(at)
            except OSError:
                pass  # the kernel is not yet done with it

    def run(self, *command, stdin=None, timeout=300):
        return subprocess.run(["nsenter", "-t", str(self.init), "-a", *command], input=stdin, capture_output=True,
                              text=True, timeout=timeout, cwd="/")

    def need(self, what, *command, **options):
        done = self.run(*command, **options)
        check(done.returncode == 0, f"{what}: {done.stdout[-3000:]} {done.stderr[-3000:]}")
        return done.stdout

    def put(self, path, content):
        """A file of the machine's own."""
        self.need(f"{path} is written", "sh", "-c", f'cat > "{path}"', stdin=content)

    def copy(self, source, path):
        with open(source, "rb") as f:
            subprocess.run(["nsenter", "-t", str(self.init), "-a", "sh", "-c", f'cat > "{path}"'], stdin=f, check=True,
                           cwd="/")

    def get(self, path):
        return self.need(f"{path} is read", "cat", path)

    def wait(self, what, condition, seconds=60):
        end = time.monotonic() + seconds
        while not condition():
            check(time.monotonic() < end, f"{what}: in vain")
            time.sleep(0.2)
