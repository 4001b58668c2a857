"""What is measured: who connects, who speaks, how fast. docs/PERFORMANCE.md tells what each is for."""
import json
import resource
import subprocess

import servers

# What chatbridge.v1's JSON adds to a text, so that the floor can send frames of the same size.
V1_BYTES = 119
CONNECT_SECONDS = 240
DEADLINE = CONNECT_SECONDS + 180


class Workload:
    """`who(urls)`: the load generator's options that say who connects; `how`: those that say what they do."""

    def __init__(self, kind, clients, who, how, only=None, idle=False):
        self.kind, self.clients, self.who, self.how, self.only, self.idle = kind, clients, who, how, only, idle

    def runs_on(self, name):
        if self.only and name not in self.only:
            return False
        return self.kind in servers.KINDS[name] and self.clients <= servers.CLIENTS_MAX.get(name, 1 << 30)


def descriptors():
    return resource.getrlimit(resource.RLIMIT_NOFILE)[1]


def fan_out(kind, receivers, how, senders=1, **more):
    return Workload(kind, receivers + senders,
                    lambda urls: ["--receivers", f"{receivers}={urls[kind]}", "--senders", f"{senders}={urls['tcp']}"],
                    how, **more)


def meeting(kind, people, how):
    # One more, who only listens: everybody's order is compared with what it hears.
    return Workload(kind, people + 1,
                    lambda urls: ["--receivers", f"1={urls[kind]}", "--both", f"{people}={urls[kind]}"], how)


def mixed():
    """As many as the limit of open files lets one process hold, a third each, and UDP clients, which need none."""
    ours = ("floor", "chatbridge", servers.SQLITE)
    each = max(100, (min(descriptors(), 60_000) - 1_100) // 3)
    return Workload("v1", 3 * each, lambda urls: [
        *("--receivers", f"{each}={urls['tcp']}", "--receivers", f"{each}={urls['ws']}"),
        *("--receivers", f"{each}={urls['v1']}", "--receivers", f"20000={urls['udp']}"),
        *("--senders", f"1={urls['tcp']}", "--at-once", "256")], ["--one-to-all", "5"], only=ours, idle=True)


ONE_TO_ALL = ["--one-to-all", "7", "--hold", "1", "--at-once", "256"]


def all_workloads(window=64, rate=1000):
    """`window`: messages under way in W2; `rate`: messages a second in W3."""
    ours = ("floor", "chatbridge", servers.SQLITE)
    quiet, full, burst = ["--rate", "50"], ["--window", str(window)], ["--window", "64"]
    return {
        "W1tcp": fan_out("tcp", 1000, quiet), "W1ws": fan_out("ws", 1000, quiet), "W1v1": fan_out("v1", 1000, quiet),
        "W1udp": fan_out("udp", 1000, quiet, only=ours),
        "W2tcp": fan_out("tcp", 1000, full), "W2ws": fan_out("ws", 1000, full), "W2v1": fan_out("v1", 1000, full),
        **{f"W3{kind}": meeting(kind, 100, ["--rate", str(rate)]) for kind in ("tcp", "ws", "v1")},
        "W5tcp": fan_out("tcp", 100, burst, senders=20), "W5ws": fan_out("ws", 100, burst, senders=20),
        "W5v1": fan_out("v1", 100, burst, senders=20),
        "W4tcp": fan_out("tcp", 10_000, ONE_TO_ALL, idle=True), "W4ws": fan_out("ws", 10_000, ONE_TO_ALL, idle=True),
        "W4v1": fan_out("v1", 10_000, ONE_TO_ALL, idle=True),
        "W4udp": fan_out("udp", 100_000, ONE_TO_ALL, only=ours, idle=True), "W4mixed": mixed(),
    }


def load(server, workload, options, size=64, more=()):
    """One run of the load generator against a server that was just started; its result, or {"error": …}."""
    if server.name == "floor" and workload.kind == "v1":
        size += V1_BYTES
    if server.name in servers.AT_ONCE:
        more = [*more, "--at-once", servers.AT_ONCE[server.name]]
    command = [servers.BUILD / "bench/load", *workload.who(server.urls), *workload.how, "--seconds", options.seconds,
               "--size", size, "--pid", server.pid, "--deadline", CONNECT_SECONDS, *more]
    try:
        done = subprocess.run(servers.on_cores(servers.load_core(options.threads), command), stdout=subprocess.PIPE, text=True, timeout=DEADLINE, check=False)
        return json.loads(done.stdout)
    except (subprocess.TimeoutExpired, json.JSONDecodeError) as error:
        return {"error": str(error)}


def run(name, workload, options, **more):
    """Starts the server, loads it, ends it."""
    try:
        with servers.running(name, options) as server:
            result = load(server, workload, options, **more)
        stored = server.logged("journal_stored")
        if stored.get("commits"):
            result["rows_per_commit"] = stored["rows"] / stored["commits"]
        return result
    except (RuntimeError, OSError) as error:
        return {"error": str(error)}


FAULTS = ("error", "why", "lost", "doubled", "reordered", "disordered", "torn", "foreign", "disconnected", "refused", "stalled")


def faults(result):
    return {k: result[k] for k in FAULTS if result.get(k)}
