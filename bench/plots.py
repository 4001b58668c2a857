"""Measures how costs grow and draws the curves to docs/performance: CPU per delivery over receivers and over the size of
messages, deliveries per second over publishers, latency over load, memory over connections. What was measured, with
machine, versions and command, is in curves.json beside them."""
import argparse
import json
import pathlib
import statistics
import subprocess
import sys

import fanout
import servers
import workloads

OUT = servers.ROOT / "docs" / "performance"
QUICK = servers.BUILD / "bench" / "plots"
SERIES = [("floor", "tcp"), ("floor", "ws"), ("chatbridge", "tcp"), ("chatbridge", "ws"), ("chatbridge", "v1")]
KIND_NAMES = {"tcp": "TCP", "ws": "WebSocket", "v1": "chatbridge.v1", "udp": "UDP"}


class Curve:
    """`at(kind, x)`: the workload of a point and, if it is not 64, the size of its messages. `figures`: what is drawn of a
    result, by a name to be added to the series'."""

    def __init__(self, title, x, y, points, at, figures, series=None, logy=True):
        self.title, self.x, self.y, self.points, self.at, self.figures = title, x, y, points, at, figures
        self.series, self.logy = series or SERIES, logy


def steady(receivers):
    """About 40,000 deliveries a second, so that a server is neither idle nor full."""
    return str(min(1000, max(2, 40_000 // receivers)))


CPU = {"": lambda r: r["cpu_us_per_delivery"]}
MEMORY = {"": lambda r: max(0.0, r["resident"] - r["resident_empty"]) / 2**20}
PERCENTILES = {name: (lambda r, key=key: r[key] / 1e3) for name, key in
               (("p50", "p50_us"), ("p99", "p99_us"), ("p99.9", "p99_9_us"))}
CURVES = {
    "receivers": Curve("One TCP sender, 64-byte messages, about 40,000 deliveries/s", "receivers", "CPU per delivery, us",
                       [10, 30, 100, 300, 1000, 3000, 10_000],
                       lambda kind, n: (workloads.fan_out(kind, n, ["--rate", steady(n), "--at-once", "256"]), 64), CPU, logy=False),
    "size": Curve("One TCP sender, 1,000 receivers, 40 messages/s", "bytes of a message", "CPU per delivery, us",
                  [16, 64, 256, 1024, 4096],
                  lambda kind, size: (workloads.fan_out(kind, 1000, ["--rate", "40"]), size), CPU, logy=False),
    # More under way than a room keeps in memory would be lost to whoever is behind, and told so.
    "publishers": Curve("100 receivers, of each TCP sender 64 messages under way, 2,000 of all", "senders", "deliveries/s, millions",
                        [1, 2, 5, 10, 20, 50, 100],
                        lambda kind, n: (workloads.fan_out(kind, 100, ["--window", str(min(64, 2000 // n))], senders=n), 64),
                        {"": lambda r: r["deliveries_per_s"] / 1e6}, logy=False),
    "latency": Curve("One TCP sender, 100 WebSocket receivers", "messages/s", "latency, ms",
                     [100, 300, 1000, 3000, 10_000, 20_000],
                     lambda kind, rate: (workloads.fan_out(kind, 100, ["--rate", str(rate)]), 64), PERCENTILES,
                     series=[("floor", "ws"), ("chatbridge", "ws")]),
    "memory": Curve("Idle connections in one room", "connections", "memory of the server, MiB",
                    [100, 300, 1000, 3000, 10_000],
                    lambda kind, n: (workloads.fan_out(kind, n, ["--one-to-all", "1", "--at-once", "256"], idle=True), 64),
                    MEMORY, series=[("floor", "tcp"), *[("chatbridge", kind) for kind in ("tcp", "ws", "v1", "udp")]]),
}


def measure(name, curve, options):
    """{series: [[x, median, least, most], …]}"""
    lines = {}
    for server, kind in curve.series:
        for x in curve.points[:3] if options.quick else curve.points:
            workload, size = curve.at(kind, x)
            results = [workloads.run(server, workload, options, size=size) for _ in range(options.rounds)]
            for suffix, figure in curve.figures.items():
                label = " ".join(filter(None, [server, KIND_NAMES[kind], suffix]))
                values = [figure(r) for r in results if not workloads.faults(r)]
                for r in filter(workloads.faults, results):
                    print(f"{name}, {label}, {x}: {workloads.faults(r)}", file=sys.stderr)
                if values:
                    lines.setdefault(label, []).append([x, statistics.median(values), min(values), max(values)])
        print(f"{name}: {server} {kind} done", flush=True)
    return lines


def points_of(lines):
    return sorted({point[0] for points in lines.values() for point in points})


# Middle greys and colours on nothing: legible on a light page and on a dark one.
GREY = "#7f8c8d"
COLOURS = {"floor TCP": "#a0a8a9", "floor WebSocket": "#6f7a7b", "chatbridge TCP": "#e67e22", "chatbridge WebSocket": "#2980b9",
           "chatbridge chatbridge.v1": "#8e5bd0", "chatbridge UDP": "#27ae60"}
DASHES = {"p99": 2, "p99.9": 4}
DRAW = """set terminal svg size 960,480 dynamic font "sans-serif,15"
set output "{out}"
set title "{title}" textcolor rgb "{grey}"
set xlabel "{x}" textcolor rgb "{grey}"
set ylabel "{y}" textcolor rgb "{grey}"
set border 3 linecolor rgb "{grey}"
set tics nomirror textcolor rgb "{grey}"
set grid linecolor rgb "{grey}" linewidth 0.4 dashtype 3
set key outside right top reverse Left textcolor rgb "{grey}"
set logscale x
set xtics ({xtics})
set xrange [{first}:{last}]
{yscale}
plot {plots}
"""


def draw(name, curve, lines, folder):
    blocks, plots = [], []
    for i, (label, points) in enumerate(lines.items()):
        base = label.removesuffix(" p50").removesuffix(" p99").removesuffix(" p99.9")
        colour, dash = COLOURS[base], DASHES.get(label.removeprefix(base).strip(), 1)
        blocks.append(f"$s{i} << END\n" + "\n".join(" ".join(map(str, p)) for p in points) + "\nEND\n")
        style = f'lc rgb "{colour}" lw 2 pt 7 ps 0.5'
        plots += [f'$s{i} using 1:3:4 with filledcurves lc rgb "{colour}" fs transparent solid 0.15 noborder notitle',
                  f'$s{i} using 1:2 with linespoints {style} dt {dash} title "{label}"']
    fields = {"out": folder / f"{name}.svg", "grey": GREY, "title": curve.title, "x": curve.x, "y": curve.y,
              "xtics": ", ".join(f'"{x:,}" {x}' for x in points_of(lines)), "first": points_of(lines)[0] * 0.9,
              "last": points_of(lines)[-1] * 1.1, "yscale": "set logscale y" if curve.logy else "set yrange [0:*]",
              "plots": ", ".join(plots)}
    script = "".join(blocks) + DRAW.format(**fields)
    subprocess.run(["gnuplot"], input=script, text=True, check=True, timeout=60)


def main():
    parser = argparse.ArgumentParser(prog="script/bench plots", description=__doc__)
    parser.add_argument("--rounds", type=int, help="of each point; default: 5")
    parser.add_argument("--seconds", type=float, help="of each run; default: 3")
    parser.add_argument("--quick", action="store_true", help="only to see that it works: one round of half a second of three "
                        f"points of each curve, to {QUICK.relative_to(servers.ROOT)}")
    parser.add_argument("--out", type=pathlib.Path, metavar="DIR", help=f"default: {OUT.relative_to(servers.ROOT)}")
    parser.add_argument("--only", default=",".join(CURVES), metavar="C,C…", help="of: " + " ".join(CURVES))
    parser.add_argument("--draw", action="store_true", help="measures nothing, draws what curves.json has")
    fanout.add_server_options(parser)
    options = parser.parse_args()
    options.rounds = options.rounds or (1 if options.quick else 5)
    options.seconds = options.seconds or (0.5 if options.quick else 3)
    unknown = [name for name in options.only.split(",") if name not in CURVES]
    if unknown:
        parser.error("no such curve: " + " ".join(unknown))
    folder = options.out or (QUICK if options.quick else OUT)
    folder.mkdir(parents=True, exist_ok=True)
    data = folder / "curves.json"
    kept = json.loads(data.read_text()) if data.exists() else {}
    for name in options.only.split(","):
        if not options.draw:
            about = fanout.machine(options, ["chatbridge"]) | {"rounds": options.rounds, "seconds": options.seconds,
                                                               "command": " ".join(["script/bench plots", *sys.argv[1:]])}
            kept[name] = {"machine": about, "lines": measure(name, CURVES[name], options)}
            data.write_text(json.dumps(kept, indent=1) + "\n")
        if not kept[name]["lines"]:
            sys.exit(f"{name}: nothing was measured without a fault, so nothing is drawn")
        draw(name, CURVES[name], kept[name]["lines"], folder)
        print(folder / f"{name}.svg")


if __name__ == "__main__":
    main()
