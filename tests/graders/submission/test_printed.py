"""What a service printed, with the paths that its author knows."""

from __future__ import annotations

from pathlib import Path

import pytest

from graders.sandbox.base import OutputBuffer
from graders.submission.printed import PathRewriter, digest_log, path_rewriter

WORK = "/dev/shm/kata-0a/work"
PLACES = PathRewriter(
    {
        WORK: "",
        "/dev/shm/kata-0a/tmp": "$TMPDIR/",
        "/c/env": "",
        "/c/env/node_modules": "node_modules/",
        "/c/env/lib/python3.11/site-packages": "site-packages/",
    }
)
PYTHON = f"""Traceback (most recent call last):
  File "/c/env/lib/python3.11/site-packages/starlette/routing.py", line 73, in app
    response = await f(request)
               ^^^^^^^^^^^^^^^^
  File "{WORK}/app/views.py", line 18, in show
    return order["total"]
           ~~~~~^^^^^^^^^
KeyError: 'total'"""
NODE = f"""TypeError: Cannot read properties of undefined (reading 'id')
    at show ({WORK}/src/routes.js:12:5)
    at Layer.handle [as handle_request] (/c/env/node_modules/express/lib/router/layer.js:95:5)
    at process.processTicksAndRejections (node:internal/process/task_queues:95:5)
    at async file://{WORK}/src/routes.js:30:3"""


@pytest.mark.parametrize(
    ("printed", "shown"),
    [
        (f'File "{WORK}/app/views.py", line 18, in show', "app/views.py:18, in show"),
        (f'  File "{WORK}/app/views.py", line 18', "  app/views.py:18"),
        (f"({WORK}/src/a.js:1:2)", "(src/a.js:1:2)"),
        (f"file://{WORK}/src/a.js:1", "src/a.js:1"),
        (f"cwd={WORK}", "cwd=."),
        (f"cwd={WORK}!", "cwd=.!"),
        (f"{WORK}shop/a.py", f"{WORK}shop/a.py"),
        ("/dev/shm/kata-0a/tmp/upload-1", "$TMPDIR/upload-1"),
        ("/c/env/bin/uvicorn: no", "bin/uvicorn: no"),
        ("/c/env/lib/python3.11/site-packages/x.py:3", "site-packages/x.py:3"),
        ("nothing of the kind", "nothing of the kind"),
    ],
)
def test_paths_are_those_of_the_repository(printed: str, shown: str) -> None:
    assert PLACES(printed) == shown


def test_frames_of_libraries_are_counted_and_own_ones_kept() -> None:
    assert digest_log(PLACES(PYTHON)).splitlines() == [
        "Traceback (most recent call last):",
        "  (1 frame of libraries)",
        "  app/views.py:18, in show",
        '    return order["total"]',
        "           ~~~~~^^^^^^^^^",
        "KeyError: 'total'",
    ]
    assert digest_log(PLACES(NODE)).splitlines() == [
        "TypeError: Cannot read properties of undefined (reading 'id')",
        "    at show (src/routes.js:12:5)",
        "    (2 frames of libraries)",
        "    at async src/routes.js:30:3",
    ]


@pytest.mark.parametrize(
    "line",
    [
        'INFO:     127.0.0.1:53242 - "GET /orders?limit=5 HTTP/1.1" 200 OK',
        '127.0.0.1 - - [10/Oct/2025:13:55:36 -0700] "POST /x HTTP/1.0" 201 2326',
        '[30/Nov/2025 12:00:00] "GET /healthz HTTP/1.1" 200 15',
    ],
)
def test_the_request_log_of_a_server_is_left_out(line: str) -> None:
    assert digest_log(f"before\n{line}\nafter") == "before\nafter"


@pytest.mark.parametrize(
    "text",
    ["", "a line", "two\n  lines: of 3:4 words", '{"method": "GET", "status": 200}', "GET /orders took 3:20"],
)
def test_other_lines_stay_as_they_are(text: str) -> None:
    assert digest_log(text) == text


def test_frames_of_libraries_at_the_end_are_counted_too() -> None:
    lines = [f"    at f{n} (node_modules/pg/lib/x.js:{n}:1)" for n in range(9)]
    assert digest_log("\n".join(["Error: no", *lines])) == "Error: no\n    (9 frames of libraries)"


def test_the_places_of_a_run_are_found(tmp_path: Path) -> None:
    environment = tmp_path / "env"
    (environment / "lib" / "python3.12" / "site-packages").mkdir(parents=True)
    run = tmp_path / "kata-1"
    (run / "work").mkdir(parents=True)
    (tmp_path / "link").symlink_to(run)
    rewrite = path_rewriter(tmp_path / "link" / "work", tmp_path / "link", environment)
    assert rewrite(f"{tmp_path}/link/work/a.py {run}/work/a.py") == "a.py a.py"
    assert rewrite(f"{environment}/lib/python3.12/site-packages/b.py") == "site-packages/b.py"
    assert rewrite(f"{run}/home/.cache") == "$HOME/.cache"


def test_an_output_buffer_gives_what_came_after_a_mark() -> None:
    pieces: list[bytes] = []
    buffer = OutputBuffer(head=10, tail=20, heard=pieces.append, rewrite=str.upper)
    buffer.feed(b"one\ntwo\n")
    mark = buffer.mark()
    buffer.feed(b"three\n")
    assert buffer.text(mark) == "THREE\n"
    assert buffer.text() == "ONE\nTWO\nTHREE\n"
    later = buffer.mark()
    buffer.feed(b"x" * 100 + b"\nend\n")
    assert buffer.text(later).endswith("XX\nEND\n") and "bytes left out" in buffer.text(later)
    assert buffer.text(buffer.mark()) == ""
    assert b"".join(pieces).startswith(b"one\ntwo\nthree\nxxx")
