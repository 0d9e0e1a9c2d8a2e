"""Which address is printed for a repository: that of a running `kata serve`, else its default one."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from graders.sandbox.known_process import started_at
from toolkit.served import announced, served_url
from toolkit.settings import Settings

DEFAULT = "http://127.0.0.1:8000"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(
        **{name: tmp_path / name for name in ("data_dir", "cache_dir", "state_dir", "config_dir")}
    )


def test_the_address_holds_while_it_is_served(settings: Settings, tmp_path: Path) -> None:
    assert served_url(tmp_path, settings) == DEFAULT
    with announced(tmp_path, 8123, settings):
        assert served_url(tmp_path, settings) == "http://127.0.0.1:8123"
        assert served_url(tmp_path / "other", settings) == DEFAULT
    assert served_url(tmp_path, settings) == DEFAULT


def test_the_record_of_a_serve_that_was_killed_is_passed_over(settings: Settings, tmp_path: Path) -> None:
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    with announced(tmp_path, 8123, settings):
        [record] = (settings.run_dir / "serving").iterdir()
        record.write_text(
            json.dumps({"process": process.pid, "started": started_at(process.pid), "port": 8124})
        )
        assert served_url(tmp_path, settings) == "http://127.0.0.1:8124"
        process.kill()
        process.communicate()
        assert served_url(tmp_path, settings) == DEFAULT


@pytest.mark.parametrize("content", ["", "[]", "{", '{"process": "x", "started": "1", "port": 1}', "null"])
def test_a_record_of_any_content_is_no_obstacle(content: str, settings: Settings, tmp_path: Path) -> None:
    with announced(tmp_path, 8123, settings):
        [record] = (settings.run_dir / "serving").iterdir()
        record.write_text(content)
        assert served_url(tmp_path, settings) == DEFAULT
