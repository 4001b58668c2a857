"""Checks that the map, the layers and the manual are true: architecture_test.py CHECK PROGRAM."""
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
TOP = ("core", "server", "bridge", "client", "web", "bench", "tests", "docs", "script")
INCLUDE = re.compile(r'^\s*#\s*include\s*[<"]([^>"]+)[>"]', re.MULTILINE)


def sources(*folders):
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix in (".hpp", ".cpp", ".h"):
                yield path


def name(path):
    return str(path.relative_to(ROOT))


def code(path):
    """The text without // comments."""
    return re.sub(r"//[^\n]*", "", path.read_text())


def text_of(document):
    path = ROOT / document
    return path.read_text() if path.is_file() else None


def paths(_program):
    """Every path that ARCHITECTURE.md names exists."""
    text = text_of("ARCHITECTURE.md")
    if text is None:
        return ["ARCHITECTURE.md is missing"]
    named = re.findall(r"`((?:%s)/[^`\s]*)`" % "|".join(TOP), text)
    wrong = [f"ARCHITECTURE.md names {p}, which does not exist" for p in named if not exists(p)]
    return wrong if named else ["ARCHITECTURE.md names no path"]


def exists(named):
    # `core/room.{hpp,cpp}` is both, `core/*.hpp` is any.
    braces = re.search(r"\{([^}]*)\}", named)
    if braces:
        return all(exists(named.replace(braces.group(0), one, 1)) for one in braces.group(1).split(","))
    return any(ROOT.glob(named.rstrip("/")))


def layers(_program):
    """core knows no sockets, formats or stores, and no include points up."""
    wrong = []
    foreign = re.compile(r"\bip/|\bip::|beast|sqlite|nats\b|nats\.h", re.IGNORECASE)
    for path in sources("core"):
        if name(path) != "core/asio.cpp":
            wrong += [f"{name(path)} names {found}" for found in sorted(set(foreign.findall(code(path))))]
    above = {"core": ("bridge/", "client/", "server/", "web/", "bench/", "tests/"), "bridge": ("client/", "server/", "bench/", "tests/"),
             "client": ("bridge/", "server/", "bench/", "tests/"), "server": ("bench/", "tests/"), "bench": ("tests/",)}
    for folder, up in above.items():
        for path in sources(folder):
            wrong += [f"{name(path)} includes {i}" for i in INCLUDE.findall(path.read_text()) if i.startswith(up)]
    return wrong


def websocket(_program):
    """One file of the server's side and one of the client's has websocket::stream in it."""
    heavy = re.compile(r"websocket::stream\s*<|boost/beast/websocket/stream\.hpp|boost/beast/websocket\.hpp|boost/beast\.hpp")
    having = [name(p) for p in sources("core", "bridge", "client", "server") if heavy.search(code(p))]
    if having == ["bridge/ws_socket.cpp", "client/ws_connection.cpp"]:
        return []
    return [f"websocket::stream is in {having}"]


def configuration(program):
    """docs/CONFIGURATION.md names every key that --help lists."""
    shown = subprocess.run([program, "--help"], capture_output=True, text=True, check=True, timeout=30).stdout
    keys = re.findall(r"^  ([a-z]+(?:\.[a-z_]+)?)  +\S", shown[shown.index("Keys of the configuration"):], re.MULTILINE)
    if len(keys) < 20:
        return [f"--help lists {len(keys)} keys only"]
    text = text_of("docs/CONFIGURATION.md")
    if text is None:
        return ["docs/CONFIGURATION.md is missing"]
    return [f"docs/CONFIGURATION.md does not name {k}" for k in keys if f"`{k}`" not in text]


def names(_program):
    """No test has a semicolon in its name: CTest would cut it there, run nothing, and call that passed."""
    test = re.compile(r'TEST_CASE\(\s*((?:"(?:[^"\\]|\\.)*"\s*)+)')
    found = [(name(path), n) for path in sources("tests") for n in test.findall(path.read_text())]
    if len(found) < 400:
        return [f"only {len(found)} tests found"]
    return [f"{path}: {n.strip()}" for path, n in found if ";" in n]


def main():
    checks = {f.__name__: f for f in (paths, layers, websocket, configuration, names)}
    wrong = checks[sys.argv[1]](sys.argv[2])
    print("\n".join(wrong))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
