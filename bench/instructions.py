"""Counts instructions of a few functions with callgrind and compares them with what bench/instructions.txt says.

  instructions.py PROGRAM            fails when a count is more than 10 % above
  instructions.py PROGRAM --store    writes the counts there instead: for a change that is worth its cost, in its commit

Unlike times, counts are the same on a busy machine. They depend on the compiler and the C library: the stored ones are
of Debian 12's, in a release build."""
import pathlib
import re
import subprocess
import sys
import tempfile

STORED = pathlib.Path(__file__).resolve().parent / "instructions.txt"
ROOM = 1.10
TIMEOUT = 120


def count(program, name):
    with tempfile.TemporaryDirectory() as folder:
        command = ["valgrind", "--tool=callgrind", "--toggle-collect=measured", f"--callgrind-out-file={folder}/out", program, name]
        done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, timeout=TIMEOUT, check=False)
    collected = re.search(r"Collected : (\d+)", done.stderr)
    if done.returncode != 0 or collected is None or int(collected.group(1)) == 0:
        raise SystemExit(f"{name}: no count\n{done.stderr}")
    return int(collected.group(1))


def names(program):
    return subprocess.run([program], capture_output=True, text=True, timeout=TIMEOUT, check=True).stdout.split()


def stored():
    lines = (line.split() for line in STORED.read_text().splitlines() if line and not line.startswith("#"))
    return {name: int(figure) for name, figure in lines}


def store(counts):
    head = [line for line in STORED.read_text().splitlines() if line.startswith("#")] if STORED.exists() else []
    STORED.write_text("\n".join([*head, *(f"{name} {figure}" for name, figure in counts.items())]) + "\n")


def compare(counts):
    before, wrong = stored(), False
    for name, figure in counts.items():
        ratio = figure / before[name] if name in before else float("inf")
        wrong |= ratio > ROOM
        print(f"{name:14} {figure:>12,} instructions, {ratio:.3f} of what is stored{'  TOO MANY' if ratio > ROOM else ''}")
        if ratio < 1 / ROOM:
            print(f"{name:14} is much cheaper than what is stored: store it, or nobody sees when it is lost again")
    for name in before.keys() - counts.keys():
        wrong = True
        print(f"{name:14} is stored, but not counted any more")
    if wrong:
        print("If the change is worth it: script/bench instructions --store, and say in the commit why.")
    return 1 if wrong else 0


def main():
    program, *flags = sys.argv[1:]
    if flags not in ([], ["--store"]):
        print(__doc__)
        return 2
    counts = {name: count(program, name) for name in names(program)}
    if flags:
        store(counts)
        return 0
    return compare(counts)


if __name__ == "__main__":
    sys.exit(main())
