"""Runs a busy room (W3: 100 people who all send and receive) on chatbridge with one thread and with two, in turn: whether
everybody gets every message once and all in one order, and what a delivery costs. Then the same with the locks counted
(bench/locks.cpp): how often one was taken, waited for and held, what part of the time that is, and whether anything was sent
with a lock held.

With --bin a build with ThreadSanitizer can be given: then what it finds is told, and locks are not counted. docs/PERFORMANCE.md"""
import argparse
import json
import pathlib
import re
import subprocess
import sys
import tempfile

import fanout
import servers
import workloads

PLACES_SHOWN = 12


def arguments():
    parser = argparse.ArgumentParser(prog="script/bench shards", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--seconds", type=float, default=4, help="of each run")
    parser.add_argument("--only", default="W3tcp,W3ws,W3v1", metavar="W,W…")
    parser.add_argument("--rate", type=float, default=1000, help="messages a second of W3, of all people together")
    parser.add_argument("--json", type=pathlib.Path, metavar="FILE", help="writes every run's result there")
    fanout.add_server_options(parser)
    parser.set_defaults(threads=2)
    options = parser.parse_args()
    options.locks = None
    options.sanitized = b"__tsan_init" in pathlib.Path(options.bin).read_bytes()
    # What it finds ends the server then, and is not only told.
    options.environment = {"TSAN_OPTIONS": "halt_on_error=1"} if options.sanitized else {}
    return options


def at(options, **changed):
    return argparse.Namespace(**{**vars(options), **changed})


def run(workload, options, threads):
    """Its result, with what the server had to say of itself."""
    try:
        with servers.running("chatbridge", at(options, threads=threads)) as server:
            # The load is where it is with the most threads, whoever runs.
            result = workloads.load(server, workload, options)
    except (RuntimeError, OSError) as error:
        return {"error": str(error)}
    reports = [line.strip() for line in server.log if "ThreadSanitizer" in line]
    if server.process.returncode != 0 or reports:
        result["error"] = f"the server ended with status {server.process.returncode} {' '.join(reports)}".strip()
    return result


def counted(workload, options):
    """One run with its locks counted: (result, figures, places)."""
    with tempfile.TemporaryDirectory(prefix="chatbridge-bench-") as folder:
        file = pathlib.Path(folder) / "locks"
        result = run(workload, at(options, locks=file), options.threads)
        if not file.exists():
            return {**result, "error": result.get("error", "no locks were counted")}, None, []
        figures, *places = map(json.loads, file.read_text().splitlines())
    return result, figures, places


# The ways to a lock, which are compiled into whoever takes it.
TO_A_LOCK = ("__gthread", "std::", "boost::asio::detail::posix_", "boost::asio::detail::conditionally_enabled_")


def names_of(places):
    """The functions that take the locks, by (file, address)."""
    out = {}
    for file in {place["file"] for place in places}:
        mine = [place["address"] for place in places if place["file"] == file]
        # The instruction before the one that the call returns to.
        before = [hex(int(address, 16) - 1) for address in mine]
        done = subprocess.run(["addr2line", "-aiCf", "-e", file, *before], capture_output=True, text=True, timeout=120, check=False)
        for address, frames in zip(mine, re.split(r"^0x[0-9a-f]+\n", done.stdout, flags=re.MULTILINE)[1:]):
            names = [re.sub(r"\(.*", "", line.replace("(anonymous namespace)::", "")) for line in frames.splitlines()[::2]]
            out[file, address] = next((name for name in names if not name.startswith(TO_A_LOCK)), names[0] if names else "?")
    return out


def ours(place):
    return place["name"].startswith("chatbridge::")


# Asio holds a connection's own lock while it tries a write for the first time; no other thread has to do with it but one
# that closes the connection.
CONNECTIONS_OWN = "boost::asio::detail::epoll_reactor::"


def sends_within(places):
    """Sends with a lock held that is not a connection's own, by the functions that hold it."""
    return {place["name"]: place["sends"] for place in places
            if place["sends"] > 0 and not place["name"].startswith(CONNECTIONS_OWN)}


def row(cells):
    print("| " + " | ".join(map(str, cells)) + " |")


def head(*cells):
    print()
    row(cells)
    row(["---"] * len(cells))


def print_runs(name, results):
    """`results`: by number of threads, in the order of the rounds."""
    for threads, runs in results.items():
        spread = lambda key, scale=1.0: fanout.spread([r[key] for r in runs if key in r], scale)
        faults = [workloads.faults(r) for r in runs if workloads.faults(r)]
        compared = all(r.get("orders_compared") for r in runs)
        row([name, threads, spread("cpu_us_per_delivery"), spread("deliveries_per_s"), spread("p50_us", 1e-3), spread("p99_us", 1e-3),
             spread("deliveries_per_segment"), "one for all" if compared and not faults else "-", faults or "none"])


LOCKS = ["workload, locks counted", "locks a message", "of them chatbridge's", "waited for", "waiting, of the CPU time",
         "held, of the CPU time", "of it chatbridge's", "sends", "with a lock held", "sends of each thread"]


def print_locks(name, result, figures, places):
    messages, cpu = result.get("said") or 1, figures["cpu_ns"]
    of_ours = lambda key: sum(place[key] for place in places if ours(place))
    share = lambda ns: f"{100 * ns / cpu:.2g} %"
    row([name, f"{figures['taken'] / messages:.1f}", f"{of_ours('taken') / messages:.1f}",
         f"{100 * figures['waited_for'] / max(1, figures['taken']):.2g} %", share(figures["waited_ns"]), share(figures["held_ns"]),
         share(of_ours("held_ns")), f"{figures['sends']:,}", sum(sends_within(places).values()),
         " ".join(f"{n:,}" for n in figures["sends_of_threads"] if n > 0)])


def print_places(places, cpu):
    for place in sorted(places, key=lambda p: p["taken"], reverse=True)[:PLACES_SHOWN]:
        row([place["name"], f"{place['taken']:,}", f"{place['waited_for']:,}", f"{100 * place['waited_ns'] / cpu:.2g} %",
             f"{100 * place['held_ns'] / cpu:.2g} %", f"{place['held_longest_ns'] / 1e3:,.0f}"])


def compare(options, chosen):
    wrong, record = [], {}
    threads = sorted({1, options.threads})
    head("workload", "threads", "CPU per delivery, us", "deliveries/s", "p50 ms", "p99 ms", "messages per send", "order", "faults")
    for name, workload in chosen.items():
        results = {n: [] for n in threads}
        for _ in range(options.rounds):
            for n in threads:
                results[n].append(run(workload, options, n))
        print_runs(name, results)
        sys.stdout.flush()
        record[name] = {str(n): runs for n, runs in results.items()}
        wrong += [f"{name}, {n} threads: {workloads.faults(r)}" for n, runs in results.items() for r in runs if workloads.faults(r)]
    return wrong, record


def count_locks(options, chosen):
    wrong, record, all_places = [], {}, {}
    head(*LOCKS)
    for name, workload in chosen.items():
        result, figures, places = counted(workload, options)
        if workloads.faults(result):
            wrong.append(f"{name}, locks counted: {workloads.faults(result)}")
        if figures is None:
            continue
        names = names_of(places)
        for place in places:
            place["name"] = names.get((place["file"], place["address"]), "?")
        print_locks(name, result, figures, places)
        record[name] = {"result": result, "locks": figures, "places": places}
        all_places[name] = (places, figures["cpu_ns"])
        wrong += [f"{name}: {n} sends with a lock held that {place} took" for place, n in sends_within(places).items()]
    for name, (places, cpu) in all_places.items():
        head(f"{name}: where locks are taken", "taken", "waited for", "waiting, of the CPU time", "held, of the CPU time",
             "held at most, us")
        print_places(places, cpu)
    return wrong, record


def main():
    options = arguments()
    chosen = {name: w for name, w in workloads.all_workloads(rate=options.rate).items() if name in options.only.split(",")}
    if not chosen:
        sys.exit(f"no such workload: {options.only}")
    about = fanout.machine(options, ["chatbridge"]) | {"command": " ".join(["script/bench shards", *sys.argv[1:]])}
    print(f"{about['cpu']}, {about['cores']} cores, Linux {about['kernel']}; chatbridge {about['commit']}"
          f"{', with ThreadSanitizer' if options.sanitized else ''}, journal {options.journal}")
    print(f"medians (least–most) of {options.rounds} rounds of {options.seconds:g} s; {about['command']}")
    wrong, runs = compare(options, chosen)
    more, locks = ([], {}) if options.sanitized else count_locks(options, chosen)
    wrong += more
    if options.json:
        options.json.write_text(json.dumps({"machine": about, "runs": runs, "locks": locks}, indent=1) + "\n")
    print("\n" + ("\n".join(wrong) if wrong else "nothing lost or doubled, one order for all"
                  + (", and nothing found by ThreadSanitizer" if options.sanitized else "; nothing sent with a lock held")))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
