"""A service's life: environment, restart, kill, further instances, and that nothing outlives the run."""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from graders.errors import SandboxError
from graders.http.client import Client, TransportFailure
from graders.sandbox.ports import free_port
from graders.sandbox.process import ProcessSandbox
from graders.submission.readiness import Unready
from graders.submission.service import Deadlines, Service, ServiceFailure, Terms, prepare, serve

PATIENCE = 30.0
APP = """
import json, os, signal, subprocess, sys, threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path == "/exit":
            os._exit(3)
        if self.path == "/spawn":
            child = subprocess.Popen(["sleep", "600"], start_new_session=True)
        body = {"/healthz": lambda: {"status": "ok"}, "/pid": os.getpid, "/env": lambda: dict(os.environ),
                "/spawn": lambda: child.pid}[self.path]
        body = json.dumps(body()).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

def bye(*_):
    Path("goodbye").open("a").write("bye\\n")
    os._exit(0)

signal.signal(signal.SIGTERM, bye)
print("serving", flush=True)
ThreadingHTTPServer((os.environ["HOST"], int(os.environ["PORT"])), Handler).serve_forever()
"""

Serve = Callable[..., Service]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "repository"
    root.mkdir()
    (root / "app.py").write_text(APP)
    (root / "Procfile").write_text("web: exec python3 app.py\n")
    return root


@pytest.fixture
def terms(root: Path, tmp_path: Path) -> Terms:
    return Terms(
        root=root,
        private=tmp_path / "private",
        sandbox=ProcessSandbox(),
        database_url="postgresql://app:secret@127.0.0.1:1/kata",
        deadlines=Deadlines(ready=PATIENCE),
        variables={"FROM_THE_KATA": "yes"},
        path=[str(Path(sys.executable).parent)],
    )


@pytest.fixture
def service(terms: Terms) -> Iterator[Service]:
    with serve(terms) as service:
        yield service


def ask(service: Service, path: str) -> Any:
    return Client(service.base_url, deadline=PATIENCE).get(path).json()


def eventually(holds: Callable[[], object]) -> None:
    give_up = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < give_up, "it did not come to pass"
        time.sleep(0.005)


def runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    stat = Path(f"/proc/{pid}/stat")
    return not stat.exists() or stat.read_text().rpartition(")")[2].split()[0] not in "ZX"


def test_the_service_sees_the_contract_s_variables_and_no_others(
    service: Service, terms: Terms, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = ask(service, "/env")
    assert found.pop("PORT") == str(service.port)
    assert found.pop("HOST") == "127.0.0.1"
    assert found.pop("DATABASE_URL") == terms.database_url
    assert found.pop("FROM_THE_KATA") == "yes"
    assert found.pop("PATH").startswith(str(Path(sys.executable).parent) + ":/usr/local/sbin:")
    assert Path(found.pop("HOME")).parent == terms.private
    assert Path(found.pop("TMPDIR")).parent == terms.private
    assert found.pop("LANG") == "C.UTF-8"
    assert found.pop("PYTHONUNBUFFERED") == "1"
    assert set(found) <= {"PWD", "SHLVL", "_", "OLDPWD", "__CF_USER_TEXT_ENCODING", "LC_CTYPE"}


def test_a_kata_cannot_move_the_port(root: Path, terms: Terms) -> None:
    with serve(replace(terms, variables={"PORT": "1", "PATH": "/nowhere"})) as service:
        assert ask(service, "/env")["PORT"] == str(service.port)


def test_the_port_lies_below_those_that_reach_themselves(service: Service) -> None:
    assert 1024 < service.port < 32768


def test_a_restart_is_another_process_on_the_same_port(service: Service, root: Path) -> None:
    before, port = ask(service, "/pid"), service.port
    service.restart()
    assert service.port == port
    assert ask(service, "/pid") != before
    assert (root / "goodbye").read_text() == "bye\n"
    assert not runs(before)


def test_a_restart_may_change_variables_and_database(service: Service) -> None:
    service.restart({"MORE": "1"}, database_url="postgresql://elsewhere/kata")
    found = ask(service, "/env")
    assert (found["MORE"], found["FROM_THE_KATA"]) == ("1", "yes")
    assert found["DATABASE_URL"] == "postgresql://elsewhere/kata"
    service.restart()
    assert ask(service, "/env")["MORE"] == "1"
    service.restart({})
    assert "MORE" not in ask(service, "/env")


def test_a_kill_gives_no_time_to_say_goodbye(service: Service, root: Path) -> None:
    pid = ask(service, "/pid")
    service.kill()
    assert not runs(pid)
    assert not service.alive
    assert not (root / "goodbye").exists()
    with pytest.raises(TransportFailure) as caught:
        Client(service.base_url).get("/healthz")
    assert caught.value.code == "refused"
    assert service.exited() is None
    assert "serving" in service.output()
    service.start()
    assert ask(service, "/pid") != pid


def test_starting_twice_is_starting_once(service: Service) -> None:
    pid = ask(service, "/pid")
    service.start()
    assert ask(service, "/pid") == pid


def test_a_death_of_its_own_is_noticed(service: Service) -> None:
    with pytest.raises(TransportFailure):
        Client(service.base_url).get("/exit")
    eventually(lambda: not service.alive)
    failure = service.exited()
    assert failure is not None
    assert failure.code == "exited-after-ready"
    assert "exit code 3" in failure.message


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux lets a tree be followed out of its session")
@pytest.mark.parametrize("end", ["kill", "stop", "restart", "close"])
def test_what_left_the_session_is_ended_too(end: str, root: Path, terms: Terms) -> None:
    with serve(terms) as service:
        escaped = ask(service, "/spawn")
        assert runs(escaped)
        getattr(service, end)()
        assert not runs(escaped)


def test_the_block_s_end_leaves_nothing_behind(root: Path, terms: Terms) -> None:
    (root / "Procfile").write_text("web: exec python3 app.py\nworker: echo $$ > worker.pid; sleep 600\n")
    with serve(terms) as service:
        pids = [ask(service, "/pid"), ask(service.another(), "/pid"), ask(service.another(), "/pid")]
        eventually(
            lambda: (root / "worker.pid").exists() and (root / "worker.pid").read_text().endswith("\n")
        )
        pids.append(int((root / "worker.pid").read_text()))
    assert not any(runs(pid) for pid in pids)


def test_further_instances_differ_in_port_and_variables_only(service: Service) -> None:
    other = service.another({"WHICH": "second"})
    ours, theirs = ask(service, "/env"), ask(other, "/env")
    assert theirs.pop("WHICH") == "second"
    assert ours.pop("PORT") != theirs.pop("PORT")
    assert ours == theirs
    other.kill()
    assert service.alive


def test_release_runs_once_before_the_service_with_its_environment(root: Path, terms: Terms) -> None:
    (root / "Procfile").write_text(
        "release: echo $FROM_THE_KATA $DATABASE_URL >> released\nweb: exec python3 app.py\n"
    )
    with serve(terms) as service:
        service.restart()
        service.another()
    assert (root / "released").read_text() == f"yes {terms.database_url}\n"


def test_what_release_left_running_is_ended(root: Path, terms: Terms) -> None:
    (root / "Procfile").write_text("release: sleep 600 & echo $! > left\nweb: exec python3 app.py\n")
    with serve(terms):
        assert not runs(int((root / "left").read_text()))


def test_a_port_that_is_asked_for_is_used_and_one_that_is_taken_is_ours_to_tell(
    root: Path, terms: Terms
) -> None:
    port = free_port()
    with serve(terms, port=port) as service:
        assert service.port == port
    with (
        socket.create_server(("127.0.0.1", port)),
        pytest.raises(SandboxError, match=str(port)),
        serve(terms, port=port),
    ):
        pass


class Intruder:
    """Other programs on the ports of a service: each takes the port the service is about to listen on, `times` times.

    The service waits for the file `go` before it listens, so that the other program is always first.
    """

    def __init__(self, root: Path, command: str, times: int) -> None:
        (root / "Procfile").write_text(
            f"web: echo $PORT > asking; while [ ! -e go ]; do sleep 0.01; done; rm go; {command}\n"
        )
        self._root = root
        self._times = times
        self._stack = ExitStack()
        self.ports: list[int] = []
        self._thread = threading.Thread(target=self._intrude)

    def __enter__(self) -> Intruder:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._times = -1
        self._thread.join()
        self._stack.close()

    def _intrude(self) -> None:
        asking = self._root / "asking"
        give_up = time.monotonic() + 4 * PATIENCE
        while time.monotonic() < give_up and self._times >= 0:
            if asking.exists() and asking.read_text().endswith("\n"):
                port = int(asking.read_text())
                asking.unlink()
                self.ports.append(port)
                if self._times > 0:
                    self._stack.enter_context(socket.create_server(("127.0.0.1", port)))
                    self._times -= 1
                else:
                    self._times = -1
                (self._root / "go").touch()
            time.sleep(0.005)


RELOADER = "python3 app.py; sleep 600"
PLAIN = "exec python3 app.py"


@pytest.mark.parametrize(
    "command", [PLAIN, RELOADER], ids=["ends without its port", "lives on without its port"]
)
@pytest.mark.parametrize("times", [1, 3])
def test_another_port_is_taken_where_another_program_was_faster(
    times: int, command: str, root: Path, terms: Terms
) -> None:
    with Intruder(root, command, times) as intruder, serve(terms) as service:
        assert ask(service, "/env")["PORT"] == str(service.port) == str(intruder.ports[-1])
    assert len(set(intruder.ports)) == times + 1


def test_a_fourth_port_that_is_taken_is_the_graders_fault(root: Path, terms: Terms) -> None:
    with Intruder(root, PLAIN, 4) as intruder, pytest.raises(SandboxError), serve(terms):
        pass
    assert len(set(intruder.ports)) == 4


def test_what_a_service_says_of_its_port_does_not_decide(root: Path, terms: Terms) -> None:
    words = "[Errno 98] error while attempting to bind on address: address already in use (EADDRINUSE)"
    (root / "Procfile").write_text(f"web: echo '{words}'; exit 1\n")
    with pytest.raises(ServiceFailure) as caught, serve(terms):
        pass
    assert caught.value.code == "exited"
    assert "EADDRINUSE" in caught.value.output


def test_a_port_of_its_own_choice_that_is_taken_is_the_services_fault(root: Path, terms: Terms) -> None:
    text = (root / "app.py").read_text()
    with socket.create_server(("127.0.0.1", 0)) as other:
        fixed = str(other.getsockname()[1])
        (root / "app.py").write_text(text.replace('int(os.environ["PORT"])', fixed))
        with pytest.raises(ServiceFailure) as caught, serve(terms):
            pass
    assert caught.value.code == "exited"


@pytest.mark.parametrize(
    "procfile",
    [
        "web: python3 app.py & while ! kill -0 $!; do :; done; wait_for_it; exec python3 app.py\n",
        "web: wait_for_it; exec python3 app.py\nworker: exec python3 app.py\n",
    ],
    ids=["started twice by web", "web and worker"],
)
def test_two_listeners_of_the_service_on_one_port_are_the_services_fault(
    procfile: str, root: Path, terms: Terms
) -> None:
    probe = "import os, socket; socket.create_connection(('127.0.0.1', int(os.environ['PORT'])))"
    (root / "Procfile").write_text(
        procfile.replace("wait_for_it", f'until python3 -c "{probe}" 2>/dev/null; do sleep 0.01; done')
    )
    # The first one that listens answers /healthz, and dies with the second one that cannot.
    with pytest.raises(ServiceFailure) as caught, serve(terms) as service:
        eventually(lambda: not service.alive)
        failure = service.exited()
        assert failure is not None
        raise failure
    assert caught.value.code in ("exited", "exited-after-ready")


def test_a_restart_waits_for_a_port_that_another_program_has_for_a_moment(
    service: Service, root: Path
) -> None:
    service.kill()
    with socket.create_server(("127.0.0.1", service.port)) as other:
        leaving = threading.Timer(0.2, other.close)
        leaving.start()
        service.start()
    assert ask(service, "/env")["PORT"] == str(service.port)


def test_a_restart_on_a_port_that_another_program_keeps_is_the_graders_fault(service: Service) -> None:
    service.kill()
    with (
        socket.create_server(("127.0.0.1", service.port)),
        pytest.raises(SandboxError, match=str(service.port)),
    ):
        service.start()
    service.start()
    assert ask(service, "/env")["PORT"] == str(service.port)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux says where a process listens")
def test_an_answer_of_another_program_is_never_taken_for_the_service_s(
    root: Path, terms: Terms, tmp_path: Path
) -> None:
    with ExitStack() as stack:
        stranger = stack.enter_context(serve(terms))
        (root / "Procfile").write_text("web: sleep 600\n")
        service = stack.enter_context(prepare(replace(terms, deadlines=Deadlines(ready=0.5))))
        service.port = stranger.port
        with pytest.raises(ServiceFailure) as caught:
            service.start()
        assert service.port != stranger.port
    assert caught.value.code == "never-bound"


# With this limit a test would not end in time if the limit were waited for.
ENDLESS = 100_000.0
linux_only = pytest.mark.skipif(
    sys.platform != "linux", reason="only Linux says what the threads of a process do"
)


@linux_only
@pytest.mark.parametrize(
    ("change", "code"),
    [
        (('int(os.environ["PORT"])', "0"), "bound-elsewhere"),
        (('os.environ["HOST"]', '"127.0.0.2"'), "bound-elsewhere"),
        (('if self.path == "/exit":', 'if self.path == "/healthz": return self.send_error(404)\n        if False:'),
         "not-healthy"),
        (('if self.path == "/exit":', 'if self.path == "/healthz": return self.send_error(401)\n        if False:'),
         "not-healthy"),
        (('{"status": "ok"}', '{"healthy": os.urandom(4).hex()}'), "not-healthy"),
        (("self.send_response(200)", "return self.wfile.write(b'220 welcome\\r\\n')"), "garbage"),
    ],
    ids=["another port", "another address", "404", "401", "another body each time", "not HTTP"],
)  # fmt: skip
def test_a_reason_that_is_known_ends_the_waiting(
    change: tuple[str, str], code: str, root: Path, terms: Terms
) -> None:
    text = (root / "app.py").read_text()
    assert change[0] in text
    (root / "app.py").write_text(text.replace(*change))
    with pytest.raises(ServiceFailure) as caught, serve(replace(terms, deadlines=Deadlines(ready=ENDLESS))):
        pass
    assert caught.value.code == code


SLOW = """
import json, os, socket, sys, threading, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

looks = 0

class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        global looks
        looks += 1
        ready = looks > 60
        body = json.dumps({"status": "ok" if ready else "starting"}).encode()
        self.send_response(200 if ready else FIRST)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass

def count(until):
    while not until():
        sum(range(100_000))

BEFORE
ThreadingHTTPServer((os.environ["HOST"], int(os.environ["PORT"])), Handler).serve_forever()
"""
MUCH = "lambda end=time.thread_time() + 3: time.thread_time() > end"


ONE_CLIENT = f"""
debugger = socket.create_server(("127.0.0.1", 0))
count({MUCH})
debugger.setblocking(False)
try:
    debugger.accept()
except BlockingIOError:
    print("nobody came", flush=True)
"""


@linux_only
def test_a_debugger_s_listener_is_left_alone_while_the_service_starts(root: Path, terms: Terms) -> None:
    (root / "app.py").write_text(SLOW.replace("FIRST", "503").replace("BEFORE", ONE_CLIENT))
    with serve(replace(terms, deadlines=Deadlines(ready=ENDLESS))) as service:
        assert "nobody came" in service.output()


@linux_only
@pytest.mark.parametrize(
    ("first", "before"),
    [
        (503, ""),
        (404, "threading.Thread(target=count, args=(lambda: looks > 60,)).start()"),
        (503, "debugger = socket.create_server(('127.0.0.1', 0)); time.sleep(4)"),
        (503, f"debugger = socket.create_server(('127.0.0.1', 0)); count({MUCH})"),
        (503, f"count({MUCH})"),
    ],
    ids=[
        "503 for long",
        "404 while at work",
        "a debugger first, then idle",
        "a debugger first",
        "at work for long",
    ],
)
def test_a_slow_starter_is_waited_for(first: int, before: str, root: Path, terms: Terms) -> None:
    (root / "app.py").write_text(SLOW.replace("FIRST", str(first)).replace("BEFORE", before))
    with serve(replace(terms, deadlines=Deadlines(ready=ENDLESS))) as service:
        assert Client(service.base_url, deadline=PATIENCE).get("/healthz").status == 200


def test_who_waits_hears_why(root: Path, terms: Terms) -> None:
    heard: list[Unready] = []
    (root / "Procfile").write_text("web: sleep 600\n")
    with (
        pytest.raises(ServiceFailure),
        serve(replace(terms, deadlines=Deadlines(ready=0.3), waiting=heard.append)),
    ):
        pass
    assert {found.code for found in heard} == {"refused"}


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux says where a process listens")
def test_who_waits_hears_of_a_wrong_port_before_the_time_is_up(root: Path, terms: Terms) -> None:
    class Enough(Exception):
        pass

    def hear(found: Unready) -> None:
        if "it listens on 127.0.0.1:" in found.label:
            raise Enough

    text = (root / "app.py").read_text()
    (root / "app.py").write_text(text.replace('int(os.environ["PORT"])', "0"))
    with pytest.raises(Enough), serve(replace(terms, waiting=hear)):
        pass


def test_the_end_of_a_process_ends_the_waiting_at_once(root: Path, terms: Terms) -> None:
    (root / "Procfile").write_text("web: exit 5\n")
    # With this limit the test would not end in time if the limit were waited for.
    with pytest.raises(ServiceFailure) as caught, serve(replace(terms, deadlines=Deadlines(ready=100_000.0))):
        pass
    assert caught.value.code == "exited"


def test_nothing_is_asked_of_a_service_that_was_interrupted(root: Path, terms: Terms) -> None:
    pid = 0
    # A shell that starts things in the background lets them ignore this signal.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt), serve(terms) as service:
            pid = ask(service, "/pid")
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(PATIENCE)
    finally:
        signal.signal(signal.SIGINT, before)
    assert not runs(pid)
