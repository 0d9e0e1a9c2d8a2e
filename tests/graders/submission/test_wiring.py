"""Which ports a command's environment names."""

from __future__ import annotations

import pytest

from graders.sandbox.wires import Wires
from graders.submission.wiring import wires_of


@pytest.mark.parametrize(
    ("value", "ports"),
    [
        ("postgresql://app:secret@127.0.0.1:15432/kata", (15432,)),
        ("http://localhost:8025/v1", (8025,)),
        ("redis://[::1]:6379/0,redis://127.0.0.1:6380/0", (6379, 6380)),
        ("127.0.0.1:80.5", ()),
        ("https://example.org:443/", ()),
        ("10.127.0.0.1:99999", ()),
        ("a text without an address", ()),
    ],
)
def test_a_port_is_reached_where_a_variable_names_it_on_this_machine(
    value: str, ports: tuple[int, ...]
) -> None:
    assert wires_of({"ANY_NAME": value}).reaches == ports


def test_the_port_that_is_served_is_not_reached() -> None:
    env = {"SELF": "http://127.0.0.1:8000", "PGPORT": "5432"}
    assert wires_of(env, serves=8000) == Wires(serves=(8000,), reaches=(5432,))
    assert wires_of(env, also=(8000,)) == Wires(reaches=(5432, 8000))
