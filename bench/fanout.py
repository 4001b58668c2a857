"""Measures chatbridge beside the floor and other servers, in turn on the same cores, and prints what a delivery costs.

The server runs on core 0, the load on the next one, over loopback. Each round runs every server once, the floor first; a ratio
is a server's figure by the floor's of the same round. docs/PERFORMANCE.md describes the workloads."""
import argparse
import json
import pathlib
import platform
import statistics
import subprocess
import sys
import time

import servers
import workloads


def arguments():
    all_names = list(workloads.all_workloads())
    parser = argparse.ArgumentParser(prog="script/bench fanout", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--seconds", type=float, default=4, help="of each run")
    parser.add_argument("--only", default=",".join(all_names), metavar="W,W…", help="of: " + " ".join(all_names))
    parser.add_argument("--window", type=int, default=64, help="messages under way in W2; the more, the more rows share a commit")
    parser.add_argument("--servers", metavar="S,S…", help="besides the floor; default: chatbridge and what is installed of "
                        + " ".join(servers.OTHERS) + f"; {servers.SQLITE} is chatbridge with its SQLite journal")
    parser.add_argument("--json", type=pathlib.Path, metavar="FILE", help="writes every run's result there")
    parser.add_argument("--limit", action="append", default=[], metavar="W=RATIO",
                        help="fails when chatbridge's median ratio to the floor is above")
    parser.add_argument("--sqlite-limit", action="append", default=[], metavar="W=RATIO",
                        help=f"fails when the median ratio of {servers.SQLITE} to chatbridge is above")
    add_server_options(parser)
    options = parser.parse_args()
    options.only = options.only.split(",")
    unknown = [w for w in options.only if w not in all_names]
    if unknown:
        parser.error("no such workload: " + " ".join(unknown))
    options.limits, options.sqlite_limits = limits(options.limit), limits(options.sqlite_limit)
    return options


def limits(texts):
    return {name: float(ratio) for name, ratio in (text.split("=") for text in texts)}


def add_server_options(parser):
    parser.add_argument("--journal", choices=("memory", "sqlite"), default="memory", help="of chatbridge")
    parser.add_argument("--threads", type=int, default=1, help="of chatbridge, and its cores; the load has the next one, "
                        "or the last")
    parser.add_argument("--bin", default=str(servers.BUILD / "chatbridge"), help="the chatbridge that is measured")
    parser.add_argument("--args", default="", help="more flags for it")
    parser.add_argument("--work", help="where journals and configurations go; default: the temporary directory")


def choose_servers(options):
    """Those asked for, or all that are installed; says what is left out."""
    wanted = options.servers.split(",") if options.servers else ["chatbridge", *servers.OTHERS]
    missing = [name for name in wanted if name in servers.OTHERS and not servers.program(name)]
    if missing:
        print("not installed and left out: " + " ".join(missing) + " (Debian: apt-get install " + " ".join(missing) + ")",
              file=sys.stderr)
    unknown = [name for name in wanted if name not in servers.STARTERS]
    if unknown:
        sys.exit("no such server: " + " ".join(unknown))
    return [name for name in wanted if name not in missing and name != "floor"]


def machine(options, names):
    cpu = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), "?")
    commit = subprocess.run(["git", "-C", str(servers.ROOT), "describe", "--always", "--dirty"], capture_output=True,
                            text=True, check=False).stdout.strip()
    return {"cpu": cpu, "cores": servers.CORES, "kernel": platform.release(), "commit": commit,
            "versions": {name: servers.version(name, options) for name in names},
            "date": time.strftime("%Y-%m-%d"), "command": " ".join(["script/bench fanout", *sys.argv[1:]])}


def figure(workload, result):
    return result.get("all_ms" if workload.idle else "cpu_us_per_delivery")


def spread(values, scale=1.0, digits=3):
    """median (least–most)"""
    if not values:
        return "-"
    one = lambda x: f"{x * scale:.{digits}g}" if abs(x * scale) < 1000 else f"{x * scale:,.0f}"
    return one(statistics.median(values)) + (f" ({one(min(values))}–{one(max(values))})" if len(values) > 1 else "")


class Table:
    """All results of one workload, by server, in the order of the rounds."""

    def __init__(self, name, workload):
        self.name, self.workload, self.results = name, workload, {}

    def add(self, server, result):
        self.results.setdefault(server, []).append(result)

    def values(self, server, key):
        return [r[key] for r in self.results[server] if key in r]

    def ratios(self, server, key=None, to="floor"):
        of = (lambda r: r.get(key)) if key else (lambda r: figure(self.workload, r))
        pairs = zip(self.results[server], self.results[to])
        return [of(r) / of(f) for r, f in pairs if of(r) and of(f)]

    def faults(self, server):
        found = [workloads.faults(r) for r in self.results[server]]
        return "; ".join(", ".join(f"{k} {v}" for k, v in f.items()) for f in found if f) or "none"

    def row(self, server):
        v = lambda key, scale=1.0, digits=3: spread(self.values(server, key), scale, digits)
        if self.workload.idle:
            return [self.name, server, spread(self.ratios(server)), v("all_ms"), v("bytes_per_connection"),
                    v("connections_per_s"), spread(self.ratios(server, "connections_per_s")), self.faults(server)]
        return [self.name, server, spread(self.ratios(server)), v("cpu_us_per_delivery"), v("deliveries_per_s"),
                v("p50_us", 1e-3), v("p99_us", 1e-3), v("deliveries_per_segment"), self.faults(server)]

    def header(self):
        if self.workload.idle:
            return ["workload", "server", "time for one to all, by the floor's", "ms", "bytes per connection", "connections/s",
                    "by the floor's", "faults"]
        return ["workload", "server", "CPU per delivery, by the floor's", "us", "deliveries/s", "p50 ms", "p99 ms",
                "messages per send", "faults"]

    def print(self, headed):
        """`headed`: the rows go on below those of a table with the same head."""
        line = lambda cells: print("| " + " | ".join(cells) + " |")
        if not headed:
            print()
            line(self.header())
            line(["---"] * len(self.header()))
        for server in self.results:
            line(self.row(server))
        sys.stdout.flush()


JOURNALS = ["workload", "CPU per delivery, SQLite by memory", "rows per commit", "messages per send, memory", "SQLite",
            "p50 ms, memory", "SQLite", "p99 ms, memory", "SQLite"]


def print_journals(tables):
    """What the SQLite journal costs beside the one in memory, of the workloads that both ran."""
    both = [t for t in tables if not t.workload.idle and {"chatbridge", servers.SQLITE} <= t.results.keys()]
    if not both:
        return
    print("\n| " + " | ".join(JOURNALS) + " |\n|" + " --- |" * len(JOURNALS))
    for table in both:
        pair = lambda key, scale=1.0: [spread(table.values(s, key), scale) for s in ("chatbridge", servers.SQLITE)]
        print("| " + " | ".join([table.name, spread(table.ratios(servers.SQLITE, to="chatbridge")),
                                 spread(table.values(servers.SQLITE, "rows_per_commit")), *pair("deliveries_per_segment"),
                                 *pair("p50_us", 1e-3), *pair("p99_us", 1e-3)]) + " |")


def measure(options, names, record):
    tables = []
    for name, workload in workloads.all_workloads(options.window).items():
        if name not in options.only:
            continue
        table = Table(name, workload)
        for turn in range(options.rounds):
            for server in ["floor", *names]:
                if not workload.runs_on(server):
                    continue
                result = workloads.run(server, workload, options)
                table.add(server, result)
                record({"workload": name, "server": server, "round": turn, **result})
        table.print(headed=bool(tables) and tables[-1].header() == table.header())
        tables.append(table)
    return tables


def above(tables, limits, server, to):
    wrong, ran = [], [table.name for table in tables if {server, to} <= table.results.keys()]
    for table in tables:
        if table.name not in limits or table.name not in ran:
            continue
        ratios = table.ratios(server, to=to)
        if not (ratios and statistics.median(ratios) <= limits[table.name]):
            wrong.append(f"{table.name}, {server} by {to}: {spread(ratios)} is above {limits[table.name]:g}")
    return wrong + [f"{name}: {server} was not run beside {to}, but has a limit" for name in limits if name not in ran]


def verdict(tables, options):
    """What chatbridge did wrong."""
    wrong = [f"{table.name}, {server}: {table.faults(server)}" for table in tables for server in table.results
             if server.startswith("chatbridge") and table.faults(server) != "none"]
    return [*wrong, *above(tables, options.limits, "chatbridge", "floor"),
            *above(tables, options.sqlite_limits, servers.SQLITE, "chatbridge")]


def main():
    options = arguments()
    names = choose_servers(options)
    about = machine(options, names)
    runs = []

    def record(run):
        runs.append(run)
        if options.json:  # after every run: what is there is kept whatever becomes of the rest
            options.json.write_text(json.dumps({"machine": about, "runs": runs}, indent=1) + "\n")

    print(f"{about['cpu']}, {about['cores']} cores, Linux {about['kernel']}; chatbridge {about['commit']}, journal "
          f"{options.journal}; " + "; ".join(dict.fromkeys(v for v in about["versions"].values() if v)))
    print(f"medians (least–most) of {options.rounds} rounds of {options.seconds:g} s; {about['command']}")
    tables = measure(options, names, record)
    print_journals(tables)
    wrong = verdict(tables, options)
    if wrong:
        print("\n" + "\n".join(wrong))
    elif "chatbridge" in names:
        print("\nchatbridge: nothing lost, doubled, reordered, torn or disconnected")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
