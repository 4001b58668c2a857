"""Fills one chatbridge to its limit of open files with raw TCP, WebSocket text and chatbridge.v1 clients, a third each, and
UDP clients beside them, and sends one message to all: whether everybody gets it once, how long it takes, what memory each
kind takes, and from that, on paper, a million.

Each kind comes in two halves, so that the second half's price tells whether what one costs grows. Every half is a load
process of its own, with a limit of open files of its own. docs/PERFORMANCE.md"""
import argparse
import json
import pathlib
import selectors
import socket
import statistics
import subprocess
import sys
import time

import fanout
import servers
import workloads

KINDS = {"tcp": "TCP", "ws": "WebSocket text", "v1": "chatbridge.v1", "udp": "UDP"}
CONNECT_SECONDS = workloads.CONNECT_SECONDS
# Of one local address to one port there are some 28,000 connections.
CONNECTIONS_MAX = 40_000


def arguments():
    parser = argparse.ArgumentParser(prog="script/bench connections", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3, help="each with a server of its own")
    parser.add_argument("--messages", type=int, default=5, help="to all, one after the other, of each round")
    parser.add_argument("--connections", type=int, metavar="N", help="TCP and WebSocket; default: all that the server takes")
    parser.add_argument("--udp-peers", type=int, default=20_000, metavar="N")
    parser.add_argument("--json", type=pathlib.Path, metavar="FILE", help="writes every round's figures there")
    fanout.add_server_options(parser)
    options = parser.parse_args()
    options.full = options.connections is None
    if options.full:
        # As server/app.cpp has it: what is left when the daemon has what it needs itself.
        options.connections = min(workloads.descriptors() - 40 - 4 * options.threads, CONNECTIONS_MAX)
    if options.connections < 8 or options.udp_peers < 2:
        parser.error("too few")
    return options


def halves(options):
    """[(kind, clients), …] in the order of their coming; two TCP clients are those who speak and are spoken to first."""
    each = (options.connections - 2) // 3
    counts = {"tcp": options.connections - 2 - 2 * each, "ws": each, "v1": each, "udp": options.udp_peers}
    return [(kind, half) for kind, n in counts.items() for half in (n // 2, n - n // 2)]


def resident(pid):
    with open(f"/proc/{pid}/smaps_rollup") as file:
        return next(int(line.split()[1]) * 1024 for line in file if line.startswith("Rss:"))


def kernel_memory():
    """What the kernel has for itself, of the whole machine; sockets are in it."""
    with open("/proc/meminfo") as file:
        return next(int(line.split()[1]) * 1024 for line in file if line.startswith("Slab:"))


def start(options, *arguments):
    # Many load processes that look every 50 us would take the core from each other.
    command = [servers.BUILD / "bench/load", *arguments, "--nap", "0.001", "--at-once", "256", "--deadline", CONNECT_SECONDS]
    return subprocess.Popen(servers.on_cores(servers.load_core(options.threads), command), stdin=subprocess.PIPE,
                            stdout=subprocess.PIPE, text=True)


def line_of(process, seconds):
    """The next line of JSON it writes, or {"error": …}."""
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        line = process.stdout.readline() if selector.select(seconds) else ""
    try:
        return json.loads(line)
    except json.JSONDecodeError:
        return {"error": f"a load process says nothing in {seconds} s, or has ended"}


def come(options, server, kind, count):
    """A half comes. Its process, and what it cost."""
    before = resident(server.pid)
    process = start(options, "--follow", "--receivers", f"{count}={server.urls[kind]}")
    came = line_of(process, CONNECT_SECONDS + 10)
    time.sleep(0.5)
    return process, {"kind": kind, "clients": count, "bytes": resident(server.pid) - before, "per_s": came.get("connections_per_s"), **{k: came[k] for k in ("error", "why") if came.get(k)}}


def refusal(server):
    """What a client is told for whom there is no place."""
    host, port = server.urls["tcp"].removeprefix("tcp://").rsplit(":", 1)
    try:
        with socket.create_connection((host, int(port)), 5) as late:
            return late.recv(1000).decode(errors="replace").strip() or "nothing, closed"
    except OSError as error:
        return f"nothing: {error}"


def speak(options, server, out):
    # The speaker knows of its own receiver only: others have the time of the pause before the next message.
    pause = max(1, (options.connections + options.udp_peers) // 20_000)
    speaker = start(options, "--one-to-all", str(options.messages), "--pause", str(pause), "--hold", "1", "--pid", str(server.pid),
                    "--receivers", f"1={server.urls['tcp']}", "--senders", f"1={server.urls['tcp']}")
    try:
        out["speaker"] = line_of(speaker, CONNECT_SECONDS + 60 + (10 + pause) * options.messages)
        if options.full:
            out["refusal"] = refusal(server)
    finally:
        end(speaker)


def end(process):
    if process.poll() is None:
        process.kill()
    process.wait()


def one_round(options):
    out = {"halves": []}
    with servers.running("chatbridge", options) as server:
        out["empty"], slab = resident(server.pid), kernel_memory()
        processes = []
        try:
            for kind, count in halves(options):
                process, half = come(options, server, kind, count)
                processes.append(process)
                out["halves"].append(half)
                if "error" in half:
                    return out
            speak(options, server, out)
            out["full"], out["kernel"] = resident(server.pid), kernel_memory() - slab
            for process, half in zip(processes, out["halves"]):
                process.stdin.close()
                half["heard"] = line_of(process, 60)
        finally:
            for process in processes:
                end(process)
    return out


def wrong_in(result):
    """What went wrong, as lines."""
    out = [f"{half['kind']}: {half['error']} {half.get('why', '')}" for half in result["halves"] if "error" in half]
    if out:
        return out
    said = result["speaker"].get("said")
    for who, heard in [("speaker", result["speaker"]), *((half["kind"], half["heard"]) for half in result["halves"])]:
        faults = workloads.faults(heard)
        if faults:
            out.append(f"{who}: {faults}")
        elif heard.get("said") != said:
            out.append(f"{who}: heard {heard.get('said')} of {said} messages")
    return out


def times_to_all(result, messages, kind=None):
    """Seconds of each of the last messages until everybody, or everybody of a kind, had it."""
    heard = [half["heard"]["all_s"][-messages:] for half in result["halves"] if kind in (None, half["kind"])]
    return [max(times) for times in zip(*heard)]


def of_kind(results, kind):
    """What clients of a kind cost: bytes each, of the first half and of the second; connections per second."""
    pairs = [[half for half in result["halves"] if half["kind"] == kind] for result in results]
    each = lambda i: [pair[i]["bytes"] / pair[i]["clients"] for pair in pairs]
    both = [sum(h["bytes"] for h in pair) / sum(h["clients"] for h in pair) for pair in pairs]
    return {"clients": sum(half["clients"] for half in pairs[0]), "first": each(0), "second": each(1), "both": both,
            "per_s": [half["per_s"] for pair in pairs for half in pair]}


def report(options, results):
    spread = fanout.spread
    kinds = {kind: of_kind(results, kind) for kind in KINDS}
    print("\n| clients | how many | bytes each | of the first half | of the second | connections/s "
          "| one to all of them, ms |\n|" + " --- |" * 7)
    for kind, cost in kinds.items():
        times = [t for result in results for t in times_to_all(result, options.messages, kind)]
        print(f"| {KINDS[kind]} | {cost['clients']:,} | " + " | ".join([
            spread(cost["both"]), spread(cost["first"]), spread(cost["second"]), spread(cost["per_s"]), spread(times, 1e3)]) + " |")
    times = [t for result in results for t in times_to_all(result, options.messages)]
    print(f"\none message to all {sum(cost['clients'] for cost in kinds.values()) + 1:,} clients: {spread(times, 1e3)} ms; "
          f"memory of the server {spread([r['full'] for r in results], 2**-20)} MiB, empty "
          f"{spread([r['empty'] for r in results], 2**-20)} MiB; of the kernel, both ends of all, "
          f"{spread([r['kernel'] for r in results], 2**-20)} MiB")
    if options.full:
        print(f"one more is told: {results[0].get('refusal')}")
    on_paper(kinds)


def on_paper(kinds):
    print("\n| a million, on paper | memory of the server, GiB | open files |\n| --- | --- | --- |")
    slopes = {kind: max(0.0, statistics.median(cost["second"])) for kind, cost in kinds.items()}
    for kind, slope in slopes.items():
        print(f"| {KINDS[kind]} | {slope * 1e6 / 2**30:.2f} | {'1' if kind == 'udp' else '1,000,000'} |")
    third = sum(slopes[kind] for kind in ("tcp", "ws", "v1")) / 3
    print(f"| a third each of the first three | {third * 1e6 / 2**30:.2f} | 1,000,000 |")
    print("From the second half's bytes each. The kernel's memory of the server's end comes on top: about half of the figure "
          "above, it is both ends'. Of one client address to one port there are some 28,000 connections.")


def main():
    options = arguments()
    about = fanout.machine(options, ["chatbridge"]) | {
        "command": " ".join(["script/bench connections", *sys.argv[1:]]), "open_files": workloads.descriptors()}
    print(f"{about['cpu']}, {about['cores']} cores, Linux {about['kernel']}; chatbridge {about['commit']}, journal "
          f"{options.journal}, {options.threads} threads; {about['open_files']:,} open files")
    print(f"medians (least–most) of {options.rounds} rounds; {about['command']}")
    results, wrong = [], []
    for _ in range(options.rounds):
        results.append(one_round(options))
        wrong += wrong_in(results[-1])
        if options.json:
            options.json.write_text(json.dumps({"machine": about, "rounds": results}, indent=1) + "\n")
    right = [result for result in results if not wrong_in(result)]
    if right:
        report(options, right)
    print("\n" + ("\n".join(wrong) if wrong else "everybody got every message once, and nobody was disconnected"))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
