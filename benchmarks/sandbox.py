"""What a box costs: a start, a request and the end of 200 processes, against a plain process.

Interleaved, medians, as ratios and milliseconds of the same machine. `python benchmarks/sandbox.py [ROUNDS]`
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

from graders.sandbox.base import Limits, Mount, OutputBuffer, Process, Sandbox
from graders.sandbox.bubblewrap import BubblewrapSandbox
from graders.sandbox.ports import free_port
from graders.sandbox.process import ProcessSandbox
from graders.sandbox.wires import Wires

PYTHON = f"{sys.base_prefix}/bin/python3"
LIMITS = Limits(memory=1 << 30, processes=512, disk=256 << 20, cpus=2.0, files=4096)
SERVER = """
import http.server, os
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        sum(range(20000))
        self.send_response(200); self.send_header("Content-Length", "2"); self.end_headers(); self.wfile.write(b"{}")
    def log_message(self, *_): pass
http.server.ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
"""
SANDBOXES: dict[str, Callable[[], Sandbox]] = {"process": ProcessSandbox, "bubblewrap": BubblewrapSandbox}


def started(sandbox: Sandbox, work: Path, command: str, port: int = 0) -> tuple[Process, OutputBuffer]:
    output = OutputBuffer()
    process = sandbox.start(
        command,
        cwd=work,
        env={"PATH": os.defpath, "PORT": str(port)},
        output=output,
        mounts=(Mount(work, "copy"),),
        limits=LIMITS,
        wires=Wires(serves=(port,) if port else ()),
    )
    return process, output


def start_seconds(sandbox: Sandbox, work: Path) -> float:
    """From the call to the first line that the command prints and its end."""
    began = time.perf_counter()
    process, _ = started(sandbox, work, "echo on")
    process.wait(60)
    return time.perf_counter() - began


def request_seconds(sandbox: Sandbox, work: Path) -> float:
    """The median of 200 requests, each over a connection of its own, as suites send them."""
    port = free_port()
    process, _ = started(sandbox, work, f"exec {PYTHON} server.py", port)
    try:
        while not _answers(port):
            time.sleep(0.01)
        return statistics.median(_timed(lambda: _answers(port)) for _ in range(200))
    finally:
        process.kill()


def end_seconds(sandbox: Sandbox, work: Path) -> float:
    """200 processes with sessions of their own, until none is left."""
    command = "i=0; while [ $i -lt 200 ]; do setsid sleep 600 & i=$((i+1)); done; echo on; wait"
    process, output = started(sandbox, work, command)
    while "on" not in output.text():
        time.sleep(0.01)
    return _timed(process.kill)


def _timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=10) as answer:
            return bool(answer.read() == b"{}")
    except OSError:
        return False


def main(rounds: int) -> None:
    measures = {"start": start_seconds, "request": request_seconds, "end of 200 processes": end_seconds}
    with tempfile.TemporaryDirectory() as name:
        work = Path(name, "work")
        work.mkdir(mode=0o755)
        (work / "server.py").write_text(SERVER)
        for label, measure in measures.items():
            taken: dict[str, list[float]] = {kind: [] for kind in SANDBOXES}
            for _ in range(rounds):
                for kind, make in SANDBOXES.items():
                    taken[kind].append(measure(make(), work))
            medians = {kind: statistics.median(times) for kind, times in taken.items()}
            plain = medians["process"]
            for kind, median in medians.items():
                print(f"{label:<22} {kind:<12} {median * 1000:8.2f} ms   {median / plain:5.2f} x", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 7)
