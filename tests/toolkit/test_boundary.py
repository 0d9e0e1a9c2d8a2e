"""Exceptions on their way out: words, exit codes, logs."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from running import Kata

from graders.errors import DatabaseError, KataError, PackError, UsageError
from toolkit.boundary import guarded


@pytest.fixture(autouse=True)
def _own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KATA_STATE_DIR", str(tmp_path / "state"))


def raising(error: BaseException) -> int:
    def run() -> int:
        raise error

    return guarded(run)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (UsageError("no such thing", hint="try another"), 2),
        (PackError("no such thing", path=Path("kata.yaml"), line=3, hint="try another"), 2),
        (DatabaseError("no such thing", hint="try another"), 3),
    ],
    ids=lambda value: type(value).__name__,
)
def test_our_errors_are_said_with_their_next_step(
    error: KataError, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert raising(error) == code
    said = capsys.readouterr()
    assert said.out == ""
    assert "no such thing" in said.err
    assert "→ try another" in said.err
    assert "Traceback" not in said.err


def test_what_nobody_expected_goes_to_a_log_and_ends_with_3(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert raising(RuntimeError("lost postgresql://kata:s3cret@host/db\nsecond line")) == 3
    said = capsys.readouterr().err
    [log] = (tmp_path / "state" / "logs").iterdir()
    assert str(log) in said
    assert "RuntimeError: lost" in said
    assert "Traceback" not in said
    text = log.read_text()
    assert "Traceback (most recent call last)" in text
    assert "Python 3" in text
    assert "s3cret" not in text + said


def test_a_full_disk_is_named_without_a_log(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert raising(OSError(28, "No space left on device", "/var/somewhere")) == 3
    assert "/var/somewhere: No space left on device." in capsys.readouterr().err
    assert not (tmp_path / "state").exists()


def test_an_error_that_cannot_be_logged_is_still_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("KATA_STATE_DIR", str(tmp_path / "file" / "below"))
    assert raising(RuntimeError("lost")) == 3
    assert "No log could be written." in capsys.readouterr().err


def test_an_error_cannot_speak_to_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    assert raising(RuntimeError("\x1b[2J\x1b]0;owned\x07")) == 3
    assert "\x1b" not in capsys.readouterr().err


@pytest.mark.parametrize(
    "number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda number: number.name
)
def test_a_signal_cleans_up_and_ends_with_130(number: signal.Signals, tmp_path: Path) -> None:
    program = (
        "import sys, time\n"
        "from contextlib import contextmanager\n"
        "from toolkit.boundary import guarded\n"
        "@contextmanager\n"
        "def cleaned():\n"
        "    try:\n"
        "        yield\n"
        "    finally:\n"
        "        print('cleaned', flush=True)\n"
        "def run():\n"
        "    with cleaned():\n"
        "        print('ready', flush=True)\n"
        "        while True:\n"
        "            time.sleep(1)\n"
        "sys.exit(guarded(run))\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    process.send_signal(number)
    out, error = process.communicate(timeout=300)
    assert process.returncode == 130
    assert out == "cleaned\n"
    assert "Interrupted" in error


def test_a_broken_settings_file_is_named_with_its_line(tiny: Kata) -> None:
    settings = Path(tiny.environment["KATA_CONFIG_DIR"]) / "settings.yaml"
    for text, expected in (
        ("packs: [\n", f"{settings}:2:1"),
        ("pakcs: []\n", "unknown setting 'pakcs'"),
        ("packs: [/nowhere/at/all]\n", "there is no such pack directory: /nowhere/at/all"),
        ("color: pink\n", "`color` is 'pink'"),
        ("- a\n- b\n", "not a list of `key: value` lines"),
    ):
        settings.write_text(text)
        for verb in (("list",), ("status",)):
            done = tiny(*verb)
            assert done.returncode == 2, (text, done.stderr)
            assert expected in done.stderr


def test_packs_of_the_settings_file_are_found_relative_to_it(kata: Kata) -> None:
    config = Path(kata.environment["KATA_CONFIG_DIR"])
    config.mkdir()
    (config / "mine").symlink_to(Path(__file__).parent.parent / "packs" / "tiny")
    (config / "settings.yaml").write_text("packs: [mine]\ncolor: always\n")
    done = kata("list")
    assert "greeting" in done.stdout
    assert "\x1b" in done.stdout
    assert os.environ.get("KATA_CONFIG_DIR") != str(config)


@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-"])
@pytest.mark.parametrize("verb", ["list", "show greeting"])
def test_a_closed_stream_stops_nobody(verb: str, closed: str, tiny: Kata) -> None:
    command = f"{' '.join(tiny.command())} {verb} {closed}"
    done = subprocess.run(["sh", "-c", command], env=tiny.environment, cwd=tiny.home, check=False)
    assert done.returncode == 0
