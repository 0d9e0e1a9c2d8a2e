"""ORMs and drivers run against a PostgreSQL of their own: good and bad requests, clean days, canaries."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import venv
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from sql_corpora import REPEATS
from sql_figures import Figure, Score

from graders.backing.postgres import Cluster, dataset_template, find_binaries, start_cluster
from graders.backing.postgres.catalog import load_catalog
from graders.logs.recorder import Recorder
from graders.packs.records import Dataset, Environment, Kata
from graders.sql.activity.recording import Recording
from graders.sql.catalog import Catalog
from graders.sql.engine import findings_of
from graders.sql.judging.evidence_queries import injections

HERE = Path(__file__).parent / "live"
PYTHON = ["sqlalchemy>=2.0", "psycopg[binary]>=3.2", "psycopg2-binary", "asyncpg", "django>=5.2", "peewee"]
NODE = ["pg@8", "knex@3", "sequelize@6"]
SIZES = (5, 10, 20)
HARMLESS = "kata7f3c"
CANARIES = (
    "kata7f3c' OR 'a'='a", "kata7f3c'", "kata7f3c\\' OR 1=1 -- ", "kata7f3c\\", "kata7f3c'; SELECT 1; --",
    'kata7f3c" OR ""="', "kata7f3c') OR ('1'='1", "kata7f3c%' OR name LIKE '%", "kata7f3c $1 $$ :x ? %s {0}",
    "73012 OR 73012=73012", "73012; SELECT 1", "73012/**/", "kata7f3c,(SELECT 1)",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Program:
    """A client under way: what it can be asked to do, and its two pipes."""

    name: str
    scenarios: tuple[str, ...]
    process: subprocess.Popen[str]

    def ask(self, scenario: str, **arguments: Any) -> None:
        """Let it do one thing; a scenario that fails in other hands than a canary's is a mistake of the benchmark."""
        assert self.process.stdin and self.process.stdout
        self.process.stdin.write(json.dumps({"do": scenario, **arguments}) + "\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline())
        if not answer["ok"] and "value" not in arguments:
            raise RuntimeError(f"{self.name}: {scenario}: {answer['error']}")


def measure_live(work: Path) -> list[Figure]:
    """N+1 with growth, noise on clean statements, and the injection grid, over all clients that could be installed."""
    work.mkdir(parents=True, exist_ok=True)
    binaries = find_binaries()
    template = dataset_template(_shop(work), Dataset("small", 1), binaries, cache=work / "cache")
    with (
        start_cluster(template, binaries, run_dir=work / "runs") as cluster,
        Recorder(cluster.admin_url, cluster.log, service_url=cluster.service_url) as recorder,
        _programs(work, cluster) as programs,
    ):
        with psycopg.connect(cluster.admin_url, autocommit=True) as session:
            session.execute("vacuum analyze")
            catalog = load_catalog(session)
        return [
            *_growth(programs, recorder),
            _noise(programs, recorder, catalog),
            _injection(programs, recorder),
        ]


def _shop(work: Path) -> Kata:
    folder = work / "shop"
    folder.mkdir(exist_ok=True)
    (folder / "schema.sql").write_text((HERE / "shop.sql").read_text(encoding="utf-8"))
    (folder / "seed.sql").write_text("select 1;")
    return Kata(
        slug="shop", title="Shop", level="core", minutes=1, summary="", skills=(), environment=Environment(),
        checks=(), hints={}, traps=(), starter_fails=(), folder=folder,
    )  # fmt: skip


@contextmanager
def _programs(work: Path, cluster: Cluster) -> Iterator[list[Program]]:
    python = _python(work / "python")
    commands = {
        path.stem.removeprefix("with_"): [str(python), str(path), cluster.service_url]
        for path in sorted(HERE.glob("with_*.py"))
    }
    modules = _node(work / "node")
    if modules is not None:
        commands["node"] = ["node", str(HERE / "with_node.cjs"), cluster.service_url, str(modules)]
    with ExitStack() as stack:
        yield [_started(name, command, stack) for name, command in commands.items()]


def _started(name: str, command: Sequence[str], stack: ExitStack) -> Program:
    process = stack.enter_context(
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=HERE)
    )
    assert process.stdin and process.stdout
    # Closed before the process is waited for, so that it ends.
    stack.callback(process.stdin.close)
    return Program(name, tuple(json.loads(process.stdout.readline())), process)


def _python(place: Path) -> Path:
    python = place / "bin" / "python"
    if not python.is_file():
        venv.create(place, with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", *PYTHON], check=True)
    return python


def _node(place: Path) -> Path | None:
    if shutil.which("npm") is None:
        print("no npm: the Node clients are left out", file=sys.stderr)
        return None
    if not (place / "node_modules").is_dir():
        place.mkdir(parents=True, exist_ok=True)
        (place / "package.json").write_text('{"name": "live", "private": true}')
        subprocess.run(["npm", "install", "--silent", "--no-audit", *NODE], check=True, cwd=place)
    return place


def _record(recorder: Recorder, program: Program, scenario: str, **arguments: Any) -> Recording:
    with recorder.window(f"{program.name} {scenario}") as window:
        program.ask(scenario, **arguments)
    return window


def _growth(programs: Sequence[Program], recorder: Recorder) -> list[Figure]:
    grown, single = Score(), Score()
    notes: list[str] = []
    for program in programs:
        for scenario in program.scenarios:
            if not scenario.startswith(("bad_", "good_")):
                continue
            program.ask(scenario, size=SIZES[0])
            windows = [_record(recorder, program, scenario, size=size) for size in SIZES]
            expected = scenario.startswith("bad_")
            proved = {
                finding.rule
                for finding in findings_of(windows[-1], growth=zip(SIZES, windows, strict=True))
                if finding.rule in REPEATS
            }
            shaped = {finding.rule for finding in findings_of(windows[-1])} & REPEATS
            grown.add(expected=expected, found=bool(proved))
            single.add(expected=expected, found=bool(shaped))
            if bool(proved) != expected:
                counts = [window.statements for window in windows]
                notes.append(
                    f"{program.name} {scenario}: {counts} statements, found {sorted(proved) or 'nothing'}"
                )
    return [
        grown.figure("N+1 with growth, live clients", (0.97, 0.97), notes=tuple(notes)),
        single.figure("the same by shape alone", (0.9, 0.9)),
    ]


def _noise(programs: Sequence[Program], recorder: Recorder, catalog: Catalog) -> Figure:
    statements, found, notes, orms = 0, 0, [], 0
    for program in programs:
        if "clean" not in program.scenarios:
            continue
        orms += 1
        for scenario in program.scenarios:
            if scenario != "clean" and not scenario.startswith("good_"):
                continue
            window = _record(recorder, program, scenario, size=SIZES[1])
            statements += window.statements
            for finding in findings_of(window, catalog=catalog):
                found += 1
                why = finding.plan[0] if finding.plan else finding.statements[0].sql
                notes.append(f"{program.name} {scenario}: {finding.rule}: {why[:160]}")
    rate = found / max(1, statements)
    return Figure(
        f"noise on clean statements of {orms} ORM programs",
        f"{rate:.3f} findings a statement ({found} on {statements})",
        "<= .02 on >= 200",
        rate <= 0.02 and statements >= 200,
        ".19",
        tuple(notes),
    )


def _injection(programs: Sequence[Program], recorder: Recorder) -> Figure:
    """A way of asking is unsafe if some canary is read as SQL; safe if none is."""
    modes: list[str] = []
    false, missed = [], []
    tried = 0
    for program in programs:
        for scenario in program.scenarios:
            if not scenario.startswith(("safe_", "unsafe_")):
                continue
            modes.append(scenario)
            harmless = [
                statement
                for value in (HARMLESS, "73012")
                for statement in _record(recorder, program, scenario, value=value).all
            ]
            hit = []
            for canary in CANARIES:
                tried += 1
                hostile = _record(recorder, program, scenario, value=canary)
                if injections(hostile, [canary], harmless=harmless):
                    hit.append(canary)
            name = f"{program.name} {scenario}"
            if scenario.startswith("safe_") and hit:
                false.append(f"{name}: {hit}")
            if scenario.startswith("unsafe_") and not hit:
                missed.append(name)
    return Figure(
        f"injection, {len(modes)} ways of asking",
        f"{len(false)} false, {len(missed)} missed ({tried} requests)",
        "0 / 0",
        not false and not missed and bool(modes),
        "",
        (*(f"false: {one}" for one in false), *(f"missed: {one}" for one in missed)),
    )
