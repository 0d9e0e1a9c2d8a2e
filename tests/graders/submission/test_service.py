"""A service's life: environment, restart, kill, further instances, and that nothing outlives the run."""

from __future__ import annotations

import os
import signal
import socket
import sys
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


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells where a process listens")
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


def test_who_waits_hears_why(root: Path, terms: Terms) -> None:
    heard: list[Unready] = []
    (root / "Procfile").write_text("web: sleep 600\n")
    with (
        pytest.raises(ServiceFailure),
        serve(replace(terms, deadlines=Deadlines(ready=0.3), waiting=heard.append)),
    ):
        pass
    assert {found.code for found in heard} == {"refused"}


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells where a process listens")
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
