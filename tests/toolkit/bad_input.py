"""Files of every kind that kata reads, damaged at random by a seed, given to the command line in this process."""

from __future__ import annotations

import contextlib
import gzip
import io
import json
import os
import random
import shutil
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from damage import changed, damaged
from grades import GREEN, GROWING, INVALID, MIXED, grade_of
from running import TINY

from graders.results.document import to_document
from toolkit.boundary import guarded
from toolkit.command_line import run_verb
from toolkit.progress import open_progress

ROOT = Path(__file__).parents[2]
LOGS = ROOT / "tests" / "graders" / "logs" / "recorded"
OUR_FAULT = "kata itself went wrong"
_LOG_LINES = 60


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one command made of a damaged input. `code`: its exit code; `said`: standard error."""

    kind: str
    number: int
    command: tuple[str, ...]
    code: int
    said: str

    @property
    def our_fault(self) -> bool:
        return OUR_FAULT in self.said or "Traceback" in self.said


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of input: `prepare` writes a damaged one below a folder, and gives the commands that read it."""

    name: str
    share: int
    prepare: Callable[[Path, random.Random], Sequence[Sequence[str]]]


def _log(
    name: str, *options: str, packed: bool = False
) -> Callable[[Path, random.Random], Sequence[Sequence[str]]]:
    def prepare(folder: Path, rng: random.Random) -> Sequence[Sequence[str]]:
        lines = (LOGS / name).read_bytes().splitlines(keepends=True)
        raw = damaged(b"".join(lines[: rng.randint(1, _LOG_LINES)]), rng)
        path = folder / (name + (".gz" if packed else ""))
        path.write_bytes(damaged(gzip.compress(raw), rng) if packed else raw)
        form = rng.choice(((), ("--json",), ("--sarif",)))
        return [("sql", str(path), *options, *form)]

    return prepare


def _json_log(folder: Path, rng: random.Random) -> Sequence[Sequence[str]]:
    """Rows that are JSON still, with a wrong value, or a plan with one."""
    rows = [json.loads(line) for line in (LOGS / "node.json").read_text().splitlines()[:_LOG_LINES]]
    at = rng.randrange(len(rows))
    head, plan, text = str(rows[at].get("message", "")).partition("plan:\n")
    if plan and rng.random() < 0.7:
        document = changed(json.loads(text), rng)
        rows[at]["message"] = f"{head}plan:\n{json.dumps(document)}"
    else:
        rows[at] = changed(rows[at], rng)
    path = folder / "log.json"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return [("sql", str(path))]


def _plans(folder: Path, rng: random.Random) -> Sequence[Sequence[str]]:
    """Documents of auto_explain on their own; some of them very deep."""
    documents = []
    for line in (LOGS / "node.json").read_text().splitlines():
        _, plan, text = json.loads(line).get("message", "").partition("plan:\n")
        if plan:
            documents.append(json.loads(text))
    text = json.dumps(changed(rng.choice(documents), rng), indent=1)
    if rng.random() < 0.3:
        depth = rng.choice((50, 500, 900, 20_000))
        nodes = '{"Node Type": "Limit", "Plans": [' * depth + '{"Node Type": "Result"}' + "]}" * depth
        text = f'{{"Query Text": "select 1", "Plan": {nodes}}}'
    path = folder / "plans.json"
    path.write_bytes(damaged(text.encode(), rng) if rng.random() < 0.3 else text.encode())
    return [("sql", str(path))]


def _recording(folder: Path, rng: random.Random) -> Sequence[Sequence[str]]:
    from graders.logs.reader import Log
    from graders.logs.recording_lines import to_line

    statements = list(Log([LOGS / "django.json"]).statements())[:_LOG_LINES]
    lines = [to_line(one) for one in statements]
    at = rng.randrange(len(lines))
    if rng.random() < 0.5:
        lines[at] = json.dumps(changed(json.loads(lines[at]), rng))
    path = folder / "recording.jsonl"
    raw = "".join(line.rstrip("\n") + "\n" for line in lines).encode()
    path.write_bytes(raw if rng.random() < 0.5 else damaged(raw, rng))
    return [("sql", str(path))]


def _prefix(folder: Path, rng: random.Random) -> Sequence[Sequence[str]]:
    path = folder / "node.log"
    path.write_bytes(b"".join((LOGS / "node.log").read_bytes().splitlines(keepends=True)[:20]))
    prefix = (
        damaged(b"%m [%p] %q%u@%d %a %c %v %x %e ", rng).decode("utf-8", "surrogateescape").replace("\0", "")
    )
    return [("sql", "--prefix", prefix, str(path))]


_SKILLS = """format: 1
areas:
  - {id: manners, title: Manners, skills: [{id: greeting, can: greet people, katas: [greeting]}]}
"""
_CONTENT = {
    "skills.yaml": "",
    "tracks/other.yaml": "tracks/core.yaml",
    "findings/made-up.yaml": "findings/n-plus-one.yaml",
}


def _pack(folder: Path, rng: random.Random) -> Sequence[Sequence[str]]:
    """A pack of which one file is damaged: YAML, brief, template, seed, suite."""
    root = Path(shutil.copytree(TINY, folder / "pack"))
    for name, source in _CONTENT.items():
        target = root / "content" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(
            (ROOT / "content" / source).read_text().replace("core", "other") if source else _SKILLS
        )
    files = sorted(path for path in root.rglob("*") if path.is_file())
    yaml = [path for path in files if path.suffix in (".yaml", ".md", ".j2")]
    victim = rng.choice(yaml if rng.random() < 0.8 else files)
    victim.write_bytes(damaged(victim.read_bytes(), rng))
    pack = ("--pack", str(root))
    return [
        (*pack, "list", *rng.choice(((), ("--json",), ("--track", "other")))),
        (*pack, "show", "greeting"),
        (*pack, "start", "greeting", str(folder / "made")),
        (*pack, "explain", rng.choice(("greeting", "made-up", "costs-are-flat"))),
        (*pack, "status", "--skills"),
        (*pack, "sql", "--explain", "made-up"),
        (*pack, "solution", "greeting", "--yes"),
        (*pack, "author", "solution", "greeting", "reference"),
    ]


def _settings(folder: Path, rng: random.Random) -> Sequence[Sequence[str]]:
    config = Path(os.environ["KATA_CONFIG_DIR"])
    config.mkdir(parents=True, exist_ok=True)
    (config / "settings.yaml").write_bytes(damaged(f"packs: [{TINY}]\ncolor: auto\n".encode(), rng))
    return [("list",), ("status",)]


def _progress(folder: Path, rng: random.Random) -> Sequence[Sequence[str]]:
    """The file of attempts, damaged as a file: the list of katas is shown all the same."""
    path = _stored(folder)
    raw = path.read_bytes()
    path.write_bytes(damaged(raw, rng) if rng.random() < 0.6 else raw.decode("latin-1").encode("utf-8"))
    return [("list",), ("status",), ("report",), ("report", "n-plus-one", "--json"), ("hint", "n-plus-one")]


def _report(folder: Path, rng: random.Random) -> Sequence[Sequence[str]]:
    """A stored report, or another column of an attempt, damaged inside a whole database."""
    path = _stored(folder)
    column = rng.choice(
        ("document", "document", "document", "document", "verdicts", "at", "repository", "kata")
    )
    with contextlib.closing(sqlite3.connect(path)) as connection, connection:
        (text,) = connection.execute(
            f"SELECT {column} FROM attempts WHERE id = ?", [rng.randint(1, 4)]
        ).fetchone()
        try:
            value = json.dumps(changed(json.loads(text), rng))
        except ValueError:
            value = damaged(text.encode(), rng).decode("utf-8", "replace").replace("\0", "")
        if rng.random() < 0.2:
            value = damaged(text.encode(), rng).decode("latin-1")
        connection.execute(f"UPDATE attempts SET {column} = ?", [value])
    out = str(folder / "out")
    return [
        (
            "report",
            *rng.choice(((), ("--json",), ("--html", out), ("--junit", out), ("--csv", out), ("--all",))),
        ),
        ("status", *rng.choice(((), ("n-plus-one",), ("--json",), ("--skills",)))),
    ]


def _stored(folder: Path) -> Path:
    data = Path(os.environ["KATA_DATA_DIR"])
    shutil.rmtree(data, ignore_errors=True)
    with open_progress(data / "progress.sqlite") as progress:
        for grade in (MIXED, grade_of(GROWING), INVALID, GREEN):
            progress.record(to_document(grade), folder)
    with contextlib.closing(sqlite3.connect(data / "progress.sqlite")) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")
    return data / "progress.sqlite"


def _repository(folder: Path, rng: random.Random) -> Sequence[Sequence[str]]:
    """A learner's repository of which one file that kata reads is damaged."""
    made = folder / "orders"
    stack = rng.choice(("python-fastapi", "node-express"))
    _quietly(("start", "n-plus-one", str(made), "--stack", stack))
    inputs = [".kata.yaml", ".kata.yaml", "Procfile", "requirements.txt", "package.json", "README.md"]
    victim = rng.choice([made / name for name in inputs if (made / name).exists()])
    victim.write_bytes(damaged(victim.read_bytes(), rng))
    verbs: tuple[Sequence[str], ...] = (
        ("show", str(made)),
        ("status", str(made)),
        ("diff", str(made)),
        ("open", str(made)),
        ("hint", str(made)),
        ("reset", str(made), "--yes"),
    )
    return verbs if victim.name == ".kata.yaml" else (*verbs, ("reads", str(made)))


def _migrations(folder: Path, rng: random.Random) -> Sequence[Sequence[str]]:
    scripts = folder / "migrations"
    scripts.mkdir()
    texts = [
        "create table orders (id bigint primary key, note text);\ncreate index on orders (note);\n",
        "-- migrate:up\nalter table orders add a int;\n-- migrate:down\nalter table orders drop a;\n",
        "-- +goose Up\n-- +goose StatementBegin\ndo $$ begin perform 1; end $$;\n-- +goose Down\nselect 1;\n",
        "begin;\ncopy orders (id, note) from stdin;\n7\tx\n\\.\ncommit;\n",
    ]
    for number, text in enumerate(texts):
        (scripts / f"{number}.sql").write_text(text)
    victim = scripts / f"{rng.randrange(len(texts))}.sql"
    victim.write_bytes(damaged(victim.read_bytes(), rng))
    return [("reads-migrations", str(scripts))]


def _checked_migrations(folder: Path, rng: random.Random) -> Sequence[Sequence[str]]:
    [(_, scripts)] = _migrations(folder, rng)
    form = rng.choice(((), ("--json",), ("--sarif",)))
    return [("migrate-check", "--rows", "5", *rng.choice(((), ("--no-guess",))), *form, scripts)]


KINDS = (
    Kind("jsonlog", 90, _log("node.json")),
    Kind("jsonlog of wrong values", 70, _json_log),
    Kind("csvlog", 90, _log("node.csv")),
    Kind("plain log", 60, _log("node.log", "--prefix", "%m [%p] %q%u@%d %a %c %v %x %e ")),
    Kind("plain log, prefix unknown", 20, _log("node.log")),
    Kind("packed log", 20, _log("django.json", packed=True)),
    Kind("prefix", 20, _prefix),
    Kind("plans", 60, _plans),
    Kind("recording", 40, _recording),
    Kind("pack", 110, _pack),
    Kind("settings", 25, _settings),
    Kind("progress file", 40, _progress),
    Kind("stored report", 80, _report),
    Kind("repository", 40, _repository),
    Kind("migrations", 30, _migrations),
    Kind("migrations, executed", 10, _checked_migrations),
)


def run_all(base: Path, *, seed: int, inputs: int) -> Iterator[Outcome]:
    """About `inputs` damaged inputs over all kinds, each by its share; the same for the same seed.

    The environment variables of kata's directories point below `base` afterwards.
    """
    for name in ("DATA", "CACHE", "STATE", "CONFIG"):
        os.environ[f"KATA_{name}_DIR"] = str(base / name.lower())
    os.environ["NO_COLOR"] = "1"
    total = sum(kind.share for kind in KINDS)
    for kind in KINDS:
        for number in range(max(1, round(inputs * kind.share / total))):
            yield from _run(kind, number, base, random.Random(f"{seed}:{kind.name}:{number}"))


def _run(kind: Kind, number: int, base: Path, rng: random.Random) -> Iterator[Outcome]:
    # Records are cached by their folder: each input gets one of its own.
    folder = base / f"{kind.name.replace(' ', '-')}-{number}"
    folder.mkdir()
    for command in kind.prepare(folder, rng):
        code, said = _quietly(command)
        yield Outcome(kind.name, number, tuple(command), code, said)
    shutil.rmtree(folder)
    (Path(os.environ["KATA_CONFIG_DIR"]) / "settings.yaml").unlink(missing_ok=True)


def _quietly(command: Sequence[str]) -> tuple[int, str]:
    """Exit code and standard error of one command, run in this process behind the program's own boundary."""
    out, said = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(said):
        code = guarded(lambda: _verb(command))
    return code, said.getvalue()


def _verb(command: Sequence[str]) -> int:
    match command:
        case ["reads", root]:
            return _read_repository(Path(root))
        case ["reads-migrations", folder]:
            return _read_migrations(Path(folder))
        case _:
            return run_verb(command)


def _read_repository(root: Path) -> int:
    """What a test reads of a repository before anything of it is run."""
    from graders.submission.procfile import ProcfileError, read_procfile

    with contextlib.suppress(ProcfileError):
        read_procfile(root)
    return 0


def _read_migrations(folder: Path) -> int:
    from graders.migrations.sources import load_migrations

    load_migrations([folder])
    return 0
