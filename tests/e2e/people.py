"""Users and keys by commands, with a daemon and without: what is changed holds at once."""
import base64
import json
import os
import pty
import re
import select
import subprocess

from weir_e2e import WEIR, Folder, check, weir
from weir_server import Server


def wrong(run, part, what):
    check(run.status == 2 and part in run.err, what, run)


def on_terminal(data, *args, lines):
    """The command with a terminal of its own: what it says, all that the terminal shows, its status."""
    master, slave = pty.openpty()
    command = subprocess.Popen([WEIR, *args, "--data-dir", data], stdin=slave, stdout=slave, stderr=slave,
                               start_new_session=True)
    os.close(slave)
    shown = b""
    for line in lines:
        while not shown.rstrip(b" ").endswith(b":"):
            check(select.select([master], [], [], 20)[0], f"it asks: {shown}")
            shown += os.read(master, 1000)
        os.write(master, line.encode() + b"\n")
        shown += b"|"
    status = command.wait(timeout=60)
    try:
        while select.select([master], [], [], 0.2)[0]:
            shown += os.read(master, 1000)
    except OSError:
        pass  # nobody holds the other end
    os.close(master)
    return status, shown.decode()


with Folder() as folder:
    data = folder("data")
    options = ("--data-dir", data)
    wrong(weir("user", "add", "ann", stdin="correct horse\n", *options), "--role", "a role is needed")
    wrong(weir("user", "add", "--role", "viewer", *options), "one name", "a name is needed")
    wrong(weir("user", "add", "ann", "correct horse", "--role", "admin", *options), "standard input",
          "no password in an argument")
    wrong(weir("user", "greet", *options), "enable", "the verbs are told")
    # Before the first start: nobody is made then.
    made = weir("user", "add", "ann", "--role", "admin", "--make-password", *options)
    password = made.out.strip()
    check(made.status == 0 and re.fullmatch(r"\w{5}(-\w{5}){3}", password), "a password is made", made)
    check(weir("user", "add", "bob", "--role", "viewer", stdin="battery staple\n", *options).status == 0,
          "a password on standard input")
    check("does not answer" in weir("status", *options).out, "no server without a daemon")
    status, shown = on_terminal(data, "user", "password", "bob", lines=["battery stable", "battery staple"])
    check(status == 2 and "not the same" in shown and "stable" not in shown, f"asked twice, unseen: {shown}")
    status, shown = on_terminal(data, "user", "password", "bob", lines=["staple battery", "staple battery"])
    check(status == 0 and "staple" not in shown, f"asked on the terminal, unseen: {shown}")

    with Server(data) as server:
        check(not any("only now" in line for line in server.log), "no other admin is made")
        me = server.ask("GET", "/api/me", headers=server.basic("ann", password))
        check(me.status == 200 and me.json()["role"] == "admin", "the admin is let in")
        bob = server.basic("bob", "staple battery")
        check(server.ask("GET", "/api/me", headers=bob).json()["role"] == "viewer", "so is the viewer")
        told = weir("status", *options).out
        check(f"server       http://127.0.0.1:{server.port}\n" in told, f"status says where: {told}")

        check(weir("user", "role", "bob", "analyst", *options).status == 0, "another role")
        check(server.ask("GET", "/api/me", headers=bob).json()["role"] == "analyst", "it holds at once")
        check(weir("user", "disable", "bob", *options).status == 0, "switched off")
        check(server.ask("GET", "/api/me", headers=bob).status == 401, "he is not let in any more")
        check(weir("user", "enable", "bob", *options).status == 0, "switched on")
        check(server.ask("GET", "/api/me", headers=bob).status == 200, "he is let in again")
        check(weir("user", "password", "bob", stdin="horse battery\n", *options).status == 0, "a new password")
        check(server.ask("GET", "/api/me", headers=bob).status == 401, "the old one does not count any more")
        wrong(weir("user", "remove", "ann", *options), "only admin", "the last admin stays")
        users = weir("user", "list", *options).out
        check("ann" in users and "bob" in users and users.count("\n") == 3, f"the users: {users}")
        check(weir("user", "remove", "bob", *options).status == 0, "removed")

        added = weir("key", "add", "filebeat", "--role", "shipper", "--expires", "1d", *options)
        key = json.loads(added.out)
        pair = base64.b64encode(f"{key['id']}:{key['api_key']}".encode()).decode()
        shipper = {"Authorization": "ApiKey " + pair}
        body = [{"index": {"_index": "logs"}}, {"@timestamp": "2023-11-15T00:00:00Z", "message": "m"}]
        check(server.bulk("/_bulk", body, shipper).json()["errors"] is False, "the key brings events")
        listed = weir("key", "list", *options).out
        check(key["id"] in listed and key["api_key"] not in listed, f"the keys: {listed}")
        check(weir("key", "remove", key["id"], *options).status == 0, "the key is removed")
        check(server.bulk("/_bulk", body, shipper).status == 401, "it is refused at once")
    check("does not answer" in weir("status", *options).out, "the server has gone with the daemon")
print("users and keys by commands")
