"""OpenAPI documents that are wrong, and small services that do not do what their document says."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from graders.http.message import Answer, Headers, Request
from graders.sandbox.machine import Machine, MachineBusyError
from graders.suite.library import openapi
from graders.suite.library.openapi import exploring

PROBLEM = {"type": "object", "required": ["title"], "properties": {"title": {"type": "string"}}}


def document(**changes: Any) -> dict[str, Any]:
    item = {
        "type": "object",
        "required": ["id", "name"],
        "properties": {"id": {"type": "integer"}, "name": {"type": ["string", "null"]}},
    }
    responses: dict[str, Any] = {
        "200": {
            "description": "The thing",
            "headers": {"ETag": {"required": True, "schema": {"type": "string"}}},
            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}},
        },
        "404": {
            "description": "Gone",
            "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
        },
    }
    parameter = {"name": "id", "in": "path", "required": True, "schema": {"type": "integer", "minimum": 1}}
    return {
        "openapi": "3.1.0",
        "info": {"title": "Things", "version": "1"},
        "paths": {"/things/{id}": {"parameters": [parameter], "get": {"responses": responses}}},
        "components": {"schemas": {"Thing": item, "Problem": PROBLEM}},
        **changes,
    }


Reply = tuple[int, dict[str, str], Any]


@contextmanager
def serving(reply: Reply) -> Iterator[str]:
    """A service that gives every request one answer."""
    status, headers, body = reply

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            raw = json.dumps(body).encode()
            self.send_response(status)
            for name, value in {"Content-Length": str(len(raw)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(raw)

        def log_message(self, format: str, *args: object) -> None:
            """Tests are quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


JSON = {"Content-Type": "application/json", "ETag": '"1"'}
RIGHT: Reply = (200, JSON, {"id": 1, "name": None})


def explored(reply: Reply, described: dict[str, Any] | None = None) -> tuple[openapi.Disagreement, ...]:
    with serving(reply) as base_url:
        return openapi.explore(described or document(), base_url, seed=1, examples=3)


def test_a_service_that_does_what_its_document_says_gives_no_finding() -> None:
    assert explored(RIGHT) == ()


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        ((500, JSON, {}), "a server error"),
        ((409, JSON, {}), "the document names only 200, 404 for it"),
        (
            (200, {"Content-Type": "application/json"}, {"id": 1, "name": "x"}),
            "the header ETag, and it is absent",
        ),
        (
            (200, {**JSON, "Content-Type": "text/html"}, {}),
            "it came as text/html, the document says application/json",
        ),
        ((200, JSON, {"id": "one", "name": "x"}), "at /id: "),
        (
            (404, JSON, {"title": "x"}),
            "it came as application/json, the document says application/problem+json",
        ),
    ],
)
def test_an_answer_that_the_document_does_not_allow_is_found_with_a_curl_line(
    reply: Reply, reason: str
) -> None:
    found = explored(reply)
    assert found
    assert reason in found[0].reason
    assert found[0].operation == "GET /things/{id}"
    assert found[0].curl.startswith("curl ")
    assert "/things/" in found[0].curl


@contextmanager
def silence() -> Iterator[str]:
    """A listener that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


def a_machine(slowness: float) -> Machine:
    times = iter([0.0, slowness])
    return Machine(lambda: None, ordinary=1.0, clock=lambda: next(times))


def test_silence_ends_the_exploration_and_is_found_on_a_machine_that_has_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(exploring, "_REQUEST_SECONDS", 0.2)
    monkeypatch.setattr(exploring, "MACHINE", a_machine(1))
    with silence() as base_url:
        found = openapi.explore(document(), base_url, seed=1, examples=3)
    assert [finding.reason for finding in found] == ["a request was not answered within 0.2 s"]


def test_silence_on_a_busy_machine_proves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exploring, "_REQUEST_SECONDS", 0.2)
    monkeypatch.setattr(exploring, "MACHINE", a_machine(9))
    with silence() as base_url, pytest.raises(MachineBusyError, match="9 times as long as usual"):
        openapi.explore(document(), base_url, seed=1, examples=3)


def answered(reply: Reply) -> Answer:
    status, headers, body = reply
    request = Request("GET", "http://127.0.0.1:1", "/things/7", Headers([]), b"")
    return Answer(status, Headers(list(headers.items())), json.dumps(body).encode(), request)


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (RIGHT, ""),
        ((409, JSON, {}), "the document names only 200, 404 for it"),
        ((200, JSON, {"id": "one", "name": "x"}), "at /id: "),
        (
            (200, {"Content-Type": "application/json"}, {"id": 1, "name": "x"}),
            "the header ETag, and it is absent",
        ),
    ],
)
def test_an_answer_to_a_request_of_our_own_is_held_against_a_document_whose_ids_are_texts(
    reply: Reply, reason: str
) -> None:
    described = document()
    described["paths"]["/things/{id}"]["parameters"][0]["schema"] = {"type": "string"}
    (operation,) = openapi.operations(described)
    found = openapi.disagreement(operation, answered(reply))
    assert reason in found
    assert bool(found) == bool(reason)


def test_what_one_of_two_readers_allows_is_no_disagreement() -> None:
    described = document(openapi="3.0.3")
    thing = described["components"]["schemas"]["Thing"]["properties"]
    # 3.0.3 wants a type with `nullable`; half of all authors write it so all the same.
    thing["name"] = {"allOf": [{"type": "string"}], "nullable": True}
    (operation,) = openapi.operations(described)
    assert openapi.contradiction(operation, 200, Headers(list(JSON.items())), b'{"id": 1, "name": null}')
    assert openapi.disagreement(operation, answered(RIGHT)) == ""


def test_the_same_seed_makes_the_same_findings() -> None:
    with serving((409, JSON, {})) as base_url:
        first, second = (openapi.explore(document(), base_url, seed=5, examples=3) for _ in range(2))
    assert first == second


def test_a_finding_that_the_document_allows_on_a_second_look_is_dropped() -> None:
    (operation,) = openapi.operations(document())
    right = Headers([("content-type", "application/json; charset=utf-8"), ("etag", '"1"')])
    assert openapi.contradiction(operation, 200, right, b'{"id": 1, "name": "x"}') == ""


def test_a_range_and_the_default_name_a_status_too() -> None:
    described = document()
    described["paths"]["/things/{id}"]["get"]["responses"] = {
        "2XX": {"description": "Fine"},
        "default": {"description": "No"},
    }
    (operation,) = openapi.operations(described)
    assert openapi.contradiction(operation, 204, Headers(), b"") == ""
    assert openapi.contradiction(operation, 418, Headers(), b"") == ""


def test_nullable_of_3_0_is_understood() -> None:
    described = document(openapi="3.0.3")
    described["components"]["schemas"]["Thing"]["properties"]["name"] = {"type": "string", "nullable": True}
    (operation,) = openapi.operations(described)
    headers = Headers(list(JSON.items()))
    assert openapi.contradiction(operation, 200, headers, b'{"id": 1, "name": null}') == ""
    assert "at /name" in openapi.contradiction(operation, 200, headers, b'{"id": 1, "name": 7}')


def test_a_valid_document_has_no_faults_and_a_broken_one_names_the_place() -> None:
    assert openapi.invalidities(document()) == ()
    broken = document()
    del broken["info"]["version"]
    assert "/info" in openapi.invalidities(broken)[0]
    assert openapi.invalidities([]) == ("the document is not a JSON object",)
    assert "2.0" in openapi.invalidities({"openapi": "2.0"})[0]


def test_a_reference_that_leads_nowhere_is_a_fault_and_no_exception() -> None:
    broken = document()
    broken["components"] = {}
    assert openapi.invalidities(broken)


def test_the_servers_prefix_stands_before_each_path() -> None:
    described = document(servers=[{"url": "https://api.example/v1/"}])
    (operation,) = openapi.operations(described)
    assert (operation.path, operation.shape) == ("/v1/things/{id}", "/v1/things/{}")
