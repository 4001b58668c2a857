"""The servers that are measured: chatbridge, the floor, and others if they are installed. Each is started on free
loopback ports, alone, for one run; on core 0, but chatbridge on as many cores as it has threads."""
import atexit
import contextlib
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD = ROOT / "build" / "release"
READY = re.compile(r"ready tcp=(\S+) udp=(\S+) http=(\S+)")
CORES = len(os.sched_getaffinity(0))
START_SECONDS = 20
STOP_SECONDS = 15


class Server:
    """A running server. `urls`: by what clients speak with it, tcp, ws, v1, udp. `log`: the lines it has written, all of
    them once it has ended; of those that are read."""

    def __init__(self, name, process, urls):
        self.name, self.process, self.urls = name, process, urls

    @property
    def log(self):
        return getattr(self.process, "log", [])

    def logged(self, event):
        """The numbers of the last such event in chatbridge's log."""
        line = next((line for line in reversed(self.log) if event in line.split()), "")
        return {name: int(value) for name, value in re.findall(r"(\w+)=(\d+)\b", line)}

    @property
    def pid(self):
        return self.process.pid


def on_cores(cores, command):
    """`cores` as taskset has them. With one core there is nothing to choose."""
    return ["taskset", "-c", cores, *map(str, command)] if CORES > 1 else list(map(str, command))


def server_cores(threads):
    return f"0-{min(threads, CORES) - 1}"


def load_core(threads):
    return str(min(threads, CORES - 1))


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def environment(**more):
    return {**{k: v for k, v in os.environ.items() if not k.startswith("CHATBRIDGE_")}, **more}


def said_ready(process):
    """The addresses in the ready line; whatever else comes on stderr is read and kept from filling the pipe."""
    found, lines = threading.Event(), []

    def read():
        for line in process.stderr:
            lines.append(line)
            if READY.search(line):
                found.set()
        found.set()

    process.log, process.reader = lines, threading.Thread(target=read, daemon=True)
    process.reader.start()
    found.wait(START_SECONDS)
    match = next(filter(None, map(READY.search, lines)), None)
    if match is None:
        raise RuntimeError("does not start: " + "".join(lines[-5:]))
    return match.groups()


def wait_for(port, process):
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end and process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    raise RuntimeError(f"does not listen on port {port}")


def with_locks(command, file):
    """The same with its locks counted, to a file that is there when it has ended."""
    return ["env", f"LD_PRELOAD={BUILD / 'bench/liblocks.so'}", f"LOCKS_FILE={file}", *command]


def launch(command, threads=1, **options):
    """A process that is stopped at the latest when this program ends."""
    process = subprocess.Popen(on_cores(server_cores(threads), command), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                               **{"stderr": subprocess.DEVNULL, **options})
    atexit.register(stop, process)
    return process


def floor(folder, options):
    process = launch([BUILD / "bench/floor"], stderr=subprocess.PIPE, text=True)
    tcp, udp, http = said_ready(process)
    # To the floor a chatbridge.v1 message is a text frame that is longer.
    return process, {"tcp": f"tcp://{tcp}", "udp": f"udp://{udp}", "ws": f"ws://{http}/", "v1": f"ws://{http}/"}


def chatbridge(folder, options, journal=None):
    journal = journal or options.journal
    # SQLite's says how many rows shared a commit when it ends. Other lines at this level are of clients that come and go,
    # which none does while something is measured.
    url, level = ("memory", "warn") if journal == "memory" else (f"sqlite:{folder}/chatbridge.db", "info")
    command = [options.bin, "--tcp", "127.0.0.1:0", "--udp", "127.0.0.1:0", "--http", "127.0.0.1:0", "--journal", url,
               "--threads", options.threads, "--log-level", level, *options.args.split()]
    if getattr(options, "locks", None):
        command = with_locks(command, options.locks)
    # A line cut off at the end of a log is no reason to fail.
    process = launch(command, options.threads, stderr=subprocess.PIPE, text=True, errors="replace",
                     env=environment(CHATBRIDGE_LIMITS_RATE="0", **getattr(options, "environment", {})))
    tcp, udp, http = said_ready(process)
    return process, {"tcp": f"tcp://{tcp}", "udp": f"udp://{udp}", "ws": f"ws://{http}/ws", "v1": f"v1://{http}/ws"}


def chatbridge_sqlite(folder, options):
    return chatbridge(folder, options, "sqlite")


def mosquitto(folder, options):
    tcp, ws = free_port(), free_port()
    config = folder / "mosquitto.conf"
    config.write_text(f"listener {tcp} 127.0.0.1\nlistener {ws} 127.0.0.1\nprotocol websockets\nallow_anonymous true\n"
                      "max_queued_messages 0\nmax_connections -1\nset_tcp_nodelay true\nlog_type error\n")
    process = launch(["mosquitto", "-c", config])
    wait_for(tcp, process)
    wait_for(ws, process)
    return process, {"tcp": f"mqtt://127.0.0.1:{tcp}", "ws": f"mqtt+ws://127.0.0.1:{ws}/"}


def nats(folder, options):
    tcp, ws = free_port(), free_port()
    config = folder / "nats.conf"
    config.write_text(f'listen: "127.0.0.1:{tcp}"\nmax_connections: 100000\nmax_pending: 1GB\n'
                      f'websocket {{ listen: "127.0.0.1:{ws}", no_tls: true, compression: false }}\n')
    process = launch(["nats-server", "-c", config])
    wait_for(ws, process)
    return process, {"tcp": f"nats://127.0.0.1:{tcp}", "ws": f"nats+ws://127.0.0.1:{ws}/"}


INSPIRCD = """<config format="xml">
<server name="bench.localhost" description="bench" network="bench" id="001">
<admin name="bench" nick="bench" email="bench@localhost">
<bind address="127.0.0.1" port="{tcp}" type="clients">
<bind address="127.0.0.1" port="{ws}" type="clients" hook="websocket">
<module name="sha1"><module name="websocket"><websocket defaultmode="text"><wsorigin allow="*">
<connect name="bench" allow="*" timeout="120" pingfreq="900" hardsendq="1073741824" softsendq="1073741824"
 recvq="16777216" threshold="1000000000" commandrate="1000000000" fakelag="no" localmax="1000000" globalmax="1000000"
 maxconnwarn="no" resolvehostnames="no" useident="no" limit="1000000" modes="">
<performance softlimit="1000000" somaxconn="4096" netbuffersize="65534" clonesonconnect="no" quietbursts="yes">
<module name="delayjoin">
<options defaultmodes="D">
"""


def inspircd(folder, options):
    tcp, ws = free_port(), free_port()
    config = folder / "inspircd.conf"
    # Who joins is not told (mode D): to tell each of 10,000 of all others is not what is measured.
    config.write_text(INSPIRCD.format(tcp=tcp, ws=ws))
    root = ["--runasroot"] if os.geteuid() == 0 else []
    process = launch(["inspircd", "--nofork", "--nolog", *root, f"--config={config}"], cwd=folder)
    wait_for(ws, process)
    return process, {"tcp": f"irc://127.0.0.1:{tcp}", "ws": f"irc+ws://127.0.0.1:{ws}/"}


def ncat(folder, options):
    port = free_port()
    process = launch(["ncat", "--listen", "--chat", "--max-conns", "1020", "127.0.0.1", str(port)])
    time.sleep(0.5)  # a look whether it listens would be a client that leaves, and is told to all
    return process, {"tcp": f"lines://127.0.0.1:{port}"}


# chatbridge with the SQLite journal whatever --journal says, to run beside the one with it in memory.
SQLITE = "chatbridge-sqlite"
STARTERS = {"floor": floor, "chatbridge": chatbridge, SQLITE: chatbridge_sqlite,
            "mosquitto": mosquitto, "nats-server": nats, "inspircd": inspircd,
            "ncat": ncat}
OTHERS = ("mosquitto", "nats-server", "inspircd", "ncat")
# ncat waits by select(), for 1,024 descriptors at most, and lets few connections wait to be accepted.
CLIENTS_MAX = {"ncat": 1015}
AT_ONCE = {"ncat": 8}
KINDS = {"floor": ("tcp", "ws", "v1", "udp"), **{name: ("tcp", "ws", "v1", "udp") for name in ("chatbridge", SQLITE)}, "mosquitto": ("tcp", "ws"),
         "nats-server": ("tcp", "ws"), "inspircd": ("tcp", "ws"), "ncat": ("tcp",)}


def program(name):
    return shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")


def version(name, options):
    if name == "floor":
        return ""
    if name.startswith("chatbridge"):
        name = "chatbridge"
    command = {"chatbridge": [options.bin, "--version"], "mosquitto": ["mosquitto", "-h"],
               "nats-server": ["nats-server", "--version"], "inspircd": ["inspircd", "--version"],
               "ncat": ["ncat", "--version"]}[name]
    done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    return next((line.strip() for line in (done.stdout + done.stderr).splitlines() if re.search(r"\d+\.\d+", line)), "?")


@contextlib.contextmanager
def running(name, options):
    """The server, until the end of the block."""
    with tempfile.TemporaryDirectory(prefix="chatbridge-bench-", dir=options.work) as folder:
        process, urls = STARTERS[name](pathlib.Path(folder), options)
        try:
            yield Server(name, process, urls)
        finally:
            stop(process)
            if hasattr(process, "reader"):
                process.reader.join(STOP_SECONDS)


def stop(process):
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
