"""Messages that do not get through: a receiver that is down while the daemon is killed, one that refuses, and
addresses that nobody named."""
import json
import os
import signal
import socket
import sys
import tempfile
import time

from notify import Hook, conf, connector, event, make_rules, rule
from weir_e2e import check, weir
from weir_server import Server


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def messages(server):
    return server.admin("GET", "/api/actions/messages")


def last_run(server, rule_id):
    shown = server.admin("GET", f"/api/detection_engine/rules?rule_id={rule_id}")
    return shown.get("execution_summary", {}).get("last_execution", {})


def status_over(server, rule_id, runs):
    """The rule's status after so many more runs."""
    dates = set()
    check(server.wait(lambda: dates.add(last_run(server, rule_id).get("date")) or len(dates) > runs),
          f"the rule runs on: {dates}")
    return last_run(server, rule_id)


def down(server, port):
    """Down when the message comes, down when the daemon dies, up later: the message comes, once."""
    event(server, "down")
    check(server.wait(lambda: any(m["attempts"] > 0 for m in messages(server))), f"it is tried: {messages(server)}")
    waiting = messages(server)[0]
    check(waiting["status"] == "waiting" and waiting["connector_id"] == "down" and waiting["error"],
          f"and waits: {waiting}")
    server.stop(signal.SIGKILL)
    hook = Hook(port=port)
    server.start()
    check(server.wait(lambda: hook.requests), "it comes when the receiver is there")
    check(server.wait(lambda: messages(server) == []), f"nothing waits any more: {messages(server)}")
    time.sleep(2)
    check(hook.bodies() == [{"m": "down"}], f"it came once: {hook.bodies()}")


def refused(server, hook, data):
    """What is given up stands in the rule's status until somebody sees to it."""
    hook.status = 404
    event(server, "refused")
    check(server.wait(lambda: any(m["status"] == "given_up" for m in messages(server))), "given up at once")
    given_up = messages(server)[0]
    check(given_up["rule_id"] == "refused" and "404" in given_up["error"] and given_up["next_attempt_at"] is None
          and given_up["params"]["body"] == '{"m": "refused"}', f"it is kept: {given_up}")
    status = status_over(server, "refused", 3)
    check(status["status"] == "partial failure" and "1 message about alerts could not be sent" in status["message"]
          and "404" in status["message"], f"runs that follow do not hide it: {status}")
    listed = weir("connector", "messages", "--data-dir", data)
    check(listed.status == 0 and "given up" in listed.out and "404" in listed.out, "weir connector messages", listed)
    head, *rows = listed.out.splitlines()
    check(rows and all(row[head.index("STATUS") - 1] == " " for row in rows), "columns stand below each other", listed)
    told = weir("status", "--data-dir", data)
    check("0 wait to be sent, 1 were given up" in told.out, "weir status", told)
    measures = server.ask("GET", "/metrics", headers=server.basic()).body
    check("weir_notify_undelivered 1" in measures, "it is counted")
    hook.status = 200
    hook.requests.clear()
    check(server.admin("POST", "/api/actions/messages/_retry", {"id": given_up["id"]}) == {"total": 1}, "sent again")
    check(server.wait(lambda: messages(server) == []), f"nothing is left: {messages(server)}")
    check(hook.bodies() == [{"m": "refused"}], f"it came: {hook.bodies()}")
    check(server.wait(lambda: last_run(server, "refused")["status"] == "succeeded"), "and the rule is well again")
    hook.status = 404
    event(server, "refused")
    check(server.wait(lambda: any(m["status"] == "given_up" for m in messages(server))), "given up again")
    done = weir("connector", "dismiss", "--data-dir", data)
    check(done.status == 0 and "1 messages dismissed" in done.err and messages(server) == [], "dismissed", done)
    check(weir("connector", "retry", "7777", "--data-dir", data).status == 2, "no such message")
    server.admin("POST", "/api/actions/messages/_retry", {"ids": [1]}, status=400)


def near(server):
    """With the default, messages go to any host, but not to this machine."""
    for url in ("http://127.0.0.1:1/", "http://localhost:1/", "http://[::1]:1/", "http://169.254.169.254/latest"):
        server.admin("PUT", "/api/actions/connector/down", {"name": "n", "config": {"url": url}})
        answer = server.admin("POST", "/api/actions/connector/down/_execute", {"params": {"body": "{}"}})
        check(answer["status"] == "error" and not answer["retry"] and "names it in full" in answer["service_message"],
              f"{url} is not sent to: {answer}")


def main():
    with tempfile.TemporaryDirectory() as folder:
        data = os.path.join(folder, "data")
        port, hook = free_port(), Hook()
        with Server(data, "--config", conf(folder, '"127.0.0.1"')) as server:
            connector(server, "down", ".webhook", {"url": f"http://127.0.0.1:{port}/"})
            connector(server, "refused", ".webhook", {"url": f"http://127.0.0.1:{hook.port}/"})
            make_rules(data, [rule(name, (".webhook", name), {"body": json.dumps({"m": name})})
                              for name in ("down", "refused")], folder)
            down(server, port)
            refused(server, hook, data)
        with Server(data, password=server.password) as server:
            near(server)
    print("undelivered messages: ok", file=sys.stderr)


if __name__ == "__main__":
    main()
