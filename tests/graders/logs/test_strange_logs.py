"""Logs of settings, languages and shippers of all kinds: every statement is read, or it is said that one was not."""

from __future__ import annotations

import bz2
import csv
import io
import json
import lzma
from collections.abc import Callable
from pathlib import Path

import pytest

from graders.logs.reader import Log
from graders.logs.source import LogError
from graders.logs.translation import message_in_english
from graders.sql.statement import Statement

from .prefixes import log_with

STRANGE = Path(__file__).parent / "strange"
TRANSLATIONS = json.loads(
    (Path(__file__).parents[3] / "graders" / "logs" / "translations.json").read_text("utf-8")
)
AZURE = {"errorLevel": "LOG", "sqlerrcode": "00000", "processId": 4242}
PREFIX = "%m [%p] %q%u@%d "


def read(path: Path) -> tuple[list[Statement], Log]:
    log = Log([path])
    return list(log.statements()), log


@pytest.mark.parametrize(
    ("name", "statements"),
    [
        ("cnpg.json", 20),
        ("german.log", 20),
        ("french.log", 20),
        ("verbose.log", 20),
        ("restart.log", 20),
        ("same_prepared.log", 21),
    ],
)
def test_every_statement_is_read(name: str, statements: int) -> None:
    found, log = read(STRANGE / name)
    assert len(found) == statements
    assert log.assembler.counts.unread == 0
    assert len({one.session for one in found}) == 1 and "" not in {one.session for one in found}


def test_a_log_without_a_statement_is_an_error() -> None:
    with pytest.raises(LogError, match=r"9 entries, and no statement in them"):
        read(STRANGE / "checkpoints.log")


def test_durations_without_statements_are_an_error_that_says_so(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_text("2026-01-05 10:00:00.000 UTC [7] a@b LOG:  duration: 0.120 ms\n" * 3)
    with pytest.raises(LogError) as raised:
        read(path)
    assert "log_duration" in str(raised.value.hint)


def test_entries_that_are_not_understood_are_counted_and_said(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_text(
        "2026-01-05 10:00:00.000 UTC [7] a@b LOG:  statement: SELECT 1\n"
        "2026-01-05 10:00:00.000 UTC [7] a@b LOG:  lausuma: SELECT 2\n"
        "2026-01-05 10:00:00.000 UTC [7] a@b LOG:  checkpoint starting: time\n"
    )
    found, log = read(path)
    assert len(found) == 1 and (log.assembler.counts.unread, log.assembler.counts.other) == (1, 1)
    assert any("not understood: lausuma: SELECT 2" in str(note) for note in log.notebook.notes)


@pytest.mark.parametrize("language", sorted(TRANSLATIONS))
@pytest.mark.parametrize(
    "message",
    ["statement: %s", "duration: %s ms  statement: %s", "duration: %s ms  parse %s: %s", "duration: %s ms"],
)
def test_each_translation_is_understood(language: str, message: str) -> None:
    values = ("0.042", "s1", "SELECT 'a: b'") if "parse" in message else ("0.042", "SELECT 'a: b'")
    values = values[: message.count("%s")] if message.startswith("duration") else values[1:]
    for translated in TRANSLATIONS[language].get(message, []):
        assert message_in_english(translated % values) == message % values


@pytest.mark.parametrize("language", sorted(TRANSLATIONS))
def test_a_log_in_each_language_is_read(language: str, tmp_path: Path) -> None:
    """Severity, execute and its parameters, duration, an error with its statement."""
    words = {key: texts[0] for key, texts in TRANSLATIONS[language].items()}
    said = lambda key: words.get(key, key)  # noqa: E731 - a table would be longer
    head = "2026-01-05 10:00:00.00{} CET [7] app@shop "
    lines = [
        f"{said('LOG')}:  " + said("duration: %s ms  statement: %s") % ("0.1", "SELECT 1"),
        f"{said('LOG')}:  "
        + said("duration: %s ms  %s %s%s%s: %s") % ("0.1", said("execute"), "s1", "", "", "SELECT $1"),
        said("DETAIL:  ") + "x: $1 = 'seven'",
        f"{said('ERROR')}:  " + said('relation "%s" does not exist').replace("%s", "nothing"),
        said("STATEMENT:  ") + "SELECT * FROM nothing",
    ]
    path = tmp_path / "log"
    path.write_text("".join(head.format(place) + line + "\n" for place, line in enumerate(lines)))
    found, log = read(path)
    assert [one.text for one in found] == ["SELECT 1", "SELECT $1", "SELECT * FROM nothing"]
    assert found[1].parameters == ("seven",) and found[1].duration_ms == 0.1
    assert found[2].error == "42P01"
    assert log.assembler.counts.unread == 0


def test_letters_that_the_encoding_lost_do_not_matter(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes((STRANGE / "french.log").read_text("utf-8").encode("latin-1"))
    assert len(read(path)[0]) == 20


def _syslog(text: str) -> str:
    """Pieces of at most 900 bytes, control characters as numbers, two processes interleaved."""
    lines, number = [], 0
    for line in text.splitlines():
        pid = "1" if "UTC [1]" in line else "4242"
        part = part + 1 if line.startswith("\t") else 1  # noqa: F821 - the first line is not a continuation
        number += part == 1
        rest = line.replace("\t", "#011")
        while rest:
            cut = len(rest) if len(rest) <= 900 else rest.rindex(" ", 0, 900)
            lines.append(f"Jan  5 10:00:00 db-1 postgres[{pid}]: [{number}-{part}] {rest[:cut]}")
            other = f"[{number}-1] 2026-01-05 10:00:00.000 UTC [99] LOG:  checkpoint starting: time"
            lines.append(f"Jan  5 10:00:00 db-1 postgres[99]: {other}")
            rest, part = rest[cut:], part + 1
    return "\n".join(lines) + "\n"


def _each(form: str) -> Callable[[str], str]:
    return lambda text: "".join(form % line + "\n" for line in text.splitlines())


def _objects(
    make: Callable[[str], object], *, whole: bool = False, indent: int | None = None
) -> Callable[[str], str]:
    """JSON objects, one for each line or (`whole`) for each entry; `indent` makes it one printed list."""

    def wrapped(text: str) -> str:
        entries = [entry.replace("\n", "\n") for entry in text.replace("\n\t", "\0\t").splitlines()]
        texts = [entry.replace("\0", "\n") for entry in entries] if whole else text.splitlines()
        objects = [make(one) for one in texts]
        if indent is not None:
            return json.dumps(objects, indent=indent) + "\n"
        return "".join(json.dumps(one) + "\n" for one in objects)

    return wrapped


def _cri(text: str) -> str:
    """The kubelet cuts long lines: P for a piece, F for the last one."""
    lines = []
    for line in text.splitlines():
        for start in range(0, len(line), 1000):
            last = start + 1000 >= len(line)
            lines.append(
                f"2026-01-05T10:00:00.000000001Z stderr {'F' if last else 'P'} {line[start : start + 1000]}"
            )
    return "\n".join(lines) + "\n"


SHIPPERS: dict[str, Callable[[str], str]] = {
    "syslog": _syslog,
    "rsyslog with long times": _each("2026-01-05T10:00:00.123456+01:00 db-1 postgres[4242]: %s"),
    "syslog by RFC 5424": _each("<134>1 2026-01-05T10:00:00.123456Z db-1 postgres 4242 - - %s"),
    "heroku logs": _each("2026-01-05T10:00:00.123456+00:00 app[postgres.4242]: [DATABASE] [7-1] %s"),
    "docker compose": _each("shop-db-1  | %s"),
    "docker compose --timestamps": _each("db-1  | 2026-01-05T10:00:00.123456789Z %s"),
    "kubectl logs --prefix": _each("[pod/db-0/postgres] %s"),
    "kubectl logs --timestamps": _each("2026-01-05T10:00:00.123456789Z %s"),
    "CRI": _cri,
    "docker's json-file": _objects(
        lambda line: {"log": line + "\n", "stream": "stderr", "time": "2026-01-05T10:00:00.1Z"}
    ),
    "gcloud, one a line": _objects(
        lambda text: {"insertId": "s=1", "resource": {"type": "cloudsql_database"}, "textPayload": text}, whole=True
    ),
    "gcloud, printed": _objects(lambda text: {"insertId": "s=1", "textPayload": text}, whole=True, indent=2),
    "azure": _objects(lambda text: {"category": "x", "properties": {**AZURE, "message": text}}, whole=True),
    "aws logs": lambda text: json.dumps(
        {"events": [{"timestamp": 1767607200123, "message": one} for one in text.splitlines()]}, indent=4
    ),
    "fluentd": _objects(lambda line: {"log": line, "kubernetes": {"pod_name": "db-0", "labels": {"app": "db"}}}),
    "vector": _objects(lambda line: {"host": "db-1", "message": line, "source_type": "docker_logs"}),
    "journald": _objects(lambda line: {"MESSAGE": line, "_PID": "4242", "SYSLOG_IDENTIFIER": "postgres"}),
}  # fmt: skip


@pytest.mark.parametrize("shipper", SHIPPERS)
def test_shipped_lines_are_read_as_what_they_hold(shipper: str, tmp_path: Path) -> None:
    plain, shipped = tmp_path / "plain.log", tmp_path / "shipped.log"
    text = log_with(PREFIX) + (
        "2026-01-05 10:00:02.500 UTC [4242] app@shop LOG:  statement: SELECT " + "1 + " * 800 + "1\n"
    )
    plain.write_text(text)
    shipped.write_text(SHIPPERS[shipper](text))
    expected, found = read(plain)[0], read(shipped)[0]
    assert len(found) == 4
    for one, other in zip(expected, found, strict=True):
        assert (one.text, one.parameters, one.at, one.user) == (
            other.text,
            other.parameters,
            other.at,
            other.user,
        )


def test_what_the_shipper_knows_stands_in_for_an_empty_prefix(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_text(
        "".join(
            f"Jan  5 10:00:0{n} db-1 postgres[{n % 2}]: [1-1] LOG:  statement: SELECT {n}\n" for n in range(4)
        )
    )
    found, log = read(path)
    assert [one.session for one in found] == ["0", "1", "0", "1"] and found[1].at - found[0].at == 1.0
    assert not log.notebook.notes


def test_fields_next_to_a_bare_message_are_used(tmp_path: Path) -> None:
    """As Supabase and Azure's newer logs give them: the message has no prefix."""
    path = tmp_path / "log.json"
    fields = {
        "error_severity": "LOG",
        "process_id": 7,
        "session_id": "695b.7",
        "user_name": "app",
        "sql_state_code": "00000",
    }
    rows = [
        {"event_message": "statement: SELECT 1", "timestamp": 1767607200123456, "metadata": [{"parsed": [fields]}]},
        {"properties": {**AZURE, "timestamp": "2026-01-05 10:00:00.5 UTC", "detail": "parameters: $1 = '3'",
                        "message": "execute s1: SELECT $1"}},
    ]  # fmt: skip
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    found, _ = read(path)
    assert [(one.text, one.parameters) for one in found] == [("SELECT 1", ()), ("SELECT $1", ("3",))]
    assert found[0].session == "695b.7" and found[0].at == 1767607200.123456 and found[1].session == "4242"


def test_an_export_with_the_newest_entry_first_is_read_backwards(tmp_path: Path) -> None:
    path = tmp_path / "log.json"
    rows = [
        {
            "textPayload": f"2026-01-05 10:00:0{n}.000 UTC [7]: [{n}-1] db=a,user=b LOG:  statement: SELECT {n}\n\t, 1"
        }
        for n in range(9)
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in reversed(rows)))
    found, _ = read(path)
    assert [one.text for one in found] == [f"SELECT {n}\n, 1" for n in range(9)]


@pytest.mark.parametrize(("pack", "ending"), [(bz2.compress, "bz2"), (lzma.compress, "xz")])
def test_packed_files_are_unpacked(pack: Callable[[bytes], bytes], ending: str, tmp_path: Path) -> None:
    data = (STRANGE / "verbose.log").read_bytes()
    path = tmp_path / f"log.{ending}"
    path.write_bytes(pack(data))
    assert len(read(path)[0]) == 20
    path.write_bytes(pack(data)[:-30])
    with pytest.raises(LogError, match="the archive is damaged"):
        read(path)


def test_an_archive_that_kata_cannot_unpack_is_named(tmp_path: Path) -> None:
    path = tmp_path / "log.zst"
    path.write_bytes(b"\x28\xb5\x2f\xfd" + bytes(20))
    with pytest.raises(LogError, match="zstd") as raised:
        read(path)
    assert "zstdcat" in str(raised.value.hint)


def test_csv_fields_may_be_long_and_quoted_anew(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    long = "INSERT INTO t VALUES " + ", ".join(f"({n})" for n in range(40_000))
    rows = [["2026-01-05 10:00:00.001 UTC", "app", "shop", 42, "10.0.0.1:5", "695b.2a", n, "INSERT",
             "2026-01-05 09:00:00 UTC", "3/1", 0, "LOG", "00000", f"statement: {text}", *[""] * 8]
            for n, text in enumerate((long, "SELECT 1"))]  # fmt: skip
    out = io.StringIO()
    csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows(rows)
    path.write_text(out.getvalue())
    assert [one.text for one in read(path)[0]] == [long, "SELECT 1"]
