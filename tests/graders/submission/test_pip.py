"""pip under a caller's settings, a learner's mistakes, a missing network: installed where it belongs, blamed on whom
it concerns. The packages come from a folder of wheels."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from graders.errors import SandboxError, UsageError
from graders.submission import installing
from graders.submission.dependencies import Toolchain
from graders.submission.failures import ServiceFailure

from .conftest import Bench, make_wheel

PATIENCE = 30.0
BACKEND = """
import os, subprocess, sys
from pathlib import Path

def _note():
    Path({found!r}).write_text(repr(dict(os.environ)) + repr(sys.argv))
    for _ in range(2):
        subprocess.Popen(["sleep", "6000.25"], start_new_session=True, env={{}}, stdout=-3, stderr=-3)

def build_wheel(directory, settings=None, metadata=None):
    _note()
    import zipfile
    name = "gamma-1.0-py3-none-any.whl"
    with zipfile.ZipFile(Path(directory, name), "w") as wheel:
        wheel.writestr("gamma.py", "")
        wheel.writestr("gamma-1.0.dist-info/METADATA", "Metadata-Version: 2.1\\nName: gamma\\nVersion: 1.0\\n")
        wheel.writestr("gamma-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        wheel.writestr("gamma-1.0.dist-info/RECORD", "gamma.py,,\\n")
    return name

build_editable = build_wheel
"""
PROJECT = """
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
[project]
name = "gamma"
version = "1.0"
"""


def python(toolchain: Toolchain, code: str) -> str:
    program = toolchain.folder / "bin" / "python"
    return subprocess.run(
        [program, "-I", "-c", code], capture_output=True, text=True, check=True
    ).stdout.strip()


def with_backend(bench: Bench, found: Path, folder: str = "gamma") -> None:
    place = bench.root / folder
    place.mkdir(exist_ok=True)
    (place / "backend.py").write_text(BACKEND.format(found=str(found)))
    (place / "pyproject.toml").write_text(PROJECT)


def refused(bench: Bench, **changes: str) -> ServiceFailure:
    with pytest.raises(ServiceFailure) as raised:
        bench.prepare(**changes)
    assert raised.value.code == "dependencies-refused"
    return raised.value


PLACES = ("PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PIP_PYTHON", "PIP_PLATFORM", "PIP_REQUIREMENT", "PIP_SRC", "PIP_LOG",
          "PYTHONPATH", "PYTHONHOME", "PYTHONUSERBASE", "PYTHONSTARTUP", "VIRTUAL_ENV", "XDG_CACHE_HOME")  # fmt: skip
FLAGS = ("PIP_USER", "PIP_DRY_RUN", "PIP_REQUIRE_VIRTUALENV", "PIP_NO_DEPS", "PIP_REQUIRE_HASHES", "PIP_ISOLATED",
         "PYTHONNOUSERSITE", "PYTHONOPTIMIZE")  # fmt: skip


@pytest.mark.parametrize("names", [PLACES, FLAGS, ("PIP_TARGET",), ("PIP_PREFIX",), ("PIP_USER",)])
def test_no_setting_of_the_caller_moves_or_stops_an_install(
    bench: Bench, tmp_path: Path, names: tuple[str, ...]
) -> None:
    given = {name: "1" if name in FLAGS else str(tmp_path / "elsewhere") for name in names}
    toolchain = bench.prepare(**given, PIP_NO_BINARY=":all:")
    assert python(toolchain, "import alpha; print(alpha.VERSION)") == "1.0"
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.parametrize("place", [".config/pip/pip.conf", ".pip/pip.conf", "named.conf"])
def test_a_configuration_file_says_where_packages_are_found_and_nothing_else(
    bench: Bench, place: str
) -> None:
    path = Path(bench.caller["HOME"], place)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        f"[global]\nno-index = true\nfind-links = {bench.wheels}\nuser = true\n"
        "[install]\nuser = true\ntarget = /nowhere\nprefix = /nowhere\nrequire-hashes = true\n"
    )
    named = {"PIP_CONFIG_FILE": str(path)} if place == "named.conf" else {}
    del bench.caller["PIP_FIND_LINKS"], bench.caller["PIP_NO_INDEX"]
    assert python(bench.prepare(**named), "import alpha; print(alpha.VERSION)") == "1.0"


def test_a_constraint_of_the_caller_is_obeyed(bench: Bench, tmp_path: Path) -> None:
    (tmp_path / "constraints.txt").write_text("alpha<2\n")
    bench.requires("alpha")
    toolchain = bench.prepare(PIP_CONSTRAINT=str(tmp_path / "constraints.txt"))
    assert python(toolchain, "import alpha; print(alpha.VERSION)") == "1.0"


@pytest.mark.parametrize(
    ("lines", "where"),
    [
        (["alpha==1.0", "", "betta==1.0"], "requirements.txt line 3 (`betta==1.0`)"),
        (["alpha==1.0", "beta=1.0"], "requirements.txt line 2 (`beta=1.0`)"),
        (["alpha==1.0", "alpha==2.0"], "requirements.txt line 1 (`alpha==1.0`)"),
        (["alpha==1.0", "-r more/base.txt"], "more/base.txt line 2 (`nowhere-to-be-found`)"),
    ],
)
def test_what_cannot_be_had_is_the_learner_s_with_its_line_and_the_resolver_s_words(
    bench: Bench, lines: list[str], where: str
) -> None:
    (bench.root / "more").mkdir()
    (bench.root / "more" / "base.txt").write_text("beta==1.0\nnowhere-to-be-found\n")
    bench.requires(*lines)
    failure = refused(bench)
    assert where in failure.message
    assert any(
        words in failure.message for words in ("No matching distribution", "Invalid requirement", "Cannot")
    )
    assert "requirements.txt" in failure.hint


def test_a_failed_addition_leaves_the_starter_s_environment_and_nothing_else(bench: Bench) -> None:
    own = bench.prepare().folder
    bench.requires("alpha==1.0", "betta")
    refused(bench)
    left = [path for path in own.parent.iterdir() if path.suffix != ".lock"]
    assert left == [own]


def test_included_files_are_installed_and_make_another_environment(bench: Bench) -> None:
    bench.requires("-r base.txt", "-c limits.txt")
    (bench.root / "base.txt").write_text("alpha\n")
    (bench.root / "limits.txt").write_text("alpha<2\n")
    first = bench.prepare()
    assert python(first, "import alpha; print(alpha.VERSION)") == "1.0"
    (bench.root / "limits.txt").write_text("alpha<3\n")
    second = bench.prepare()
    assert second.folder != first.folder
    assert python(second, "import alpha; print(alpha.VERSION)") == "2.0"


@pytest.mark.parametrize(
    "line", ["-r ../base.txt", "-r /etc/passwd", "-e ../elsewhere", "-c ../../limits.txt"]
)
def test_an_include_that_leads_out_of_the_repository_is_refused(bench: Bench, line: str) -> None:
    bench.requires("alpha==1.0", line)
    with pytest.raises(UsageError) as raised:
        bench.prepare()
    assert f"requirements.txt line 2: `{line}` leads out of the repository" in raised.value.message


def test_a_missing_include_is_named(bench: Bench) -> None:
    bench.requires("alpha==1.0", "-r base.txt")
    with pytest.raises(UsageError, match=r"base\.txt is missing"):
        bench.prepare()


@pytest.mark.parametrize(
    ("line", "editable"), [("-e .", True), ("--editable=./gamma", True), ("./gamma", False)]
)
def test_a_folder_of_the_repository_can_be_installed(
    bench: Bench, tmp_path: Path, line: str, editable: bool
) -> None:
    folder = "." if line.endswith(" .") else "gamma"
    with_backend(bench, tmp_path / "found", folder)
    bench.requires("alpha==1.0", line)
    toolchain = bench.prepare()
    assert python(toolchain, "import importlib.metadata as m; print(m.version('gamma'))") == "1.0"
    wanted = "{repository}" if folder == "." else "{repository}/gamma"
    assert (
        toolchain.variables["PYTHONPATH"] == wanted if editable else "PYTHONPATH" not in toolchain.variables
    )


def test_code_of_an_editable_folder_is_no_part_of_what_decides_and_that_of_a_copied_one_is(
    bench: Bench, tmp_path: Path
) -> None:
    with_backend(bench, tmp_path / "found")
    for line, same in (("-e ./gamma", True), ("./gamma", False)):
        bench.requires("alpha==1.0", line)
        before = bench.prepare().folder
        (bench.root / "gamma" / "code.py").write_text(f"# {line}\n")
        assert (bench.prepare().folder == before) is same


def test_an_index_that_cannot_be_reached_is_nobody_s_fault(bench: Bench) -> None:
    bench.prepare()
    bench.requires("alpha==1.0", "beta==1.0")
    del bench.caller["PIP_NO_INDEX"], bench.caller["PIP_FIND_LINKS"]
    nowhere = {"PIP_INDEX_URL": "http://127.0.0.1:9/simple", "PIP_RETRIES": "0"}
    with pytest.raises(SandboxError) as raised:
        bench.prepare(**nowhere)
    assert "the package index cannot be reached" in raised.value.hint
    bench.cache = bench.cache / "another"
    with pytest.raises(SandboxError):
        bench.prepare(**nowhere)


def test_the_starter_s_own_dependencies_are_never_the_learner_s_fault(bench: Bench) -> None:
    for name in ("alpha-1.0", "alpha-2.0"):
        (bench.wheels / f"{name}-py3-none-any.whl").unlink()
    with pytest.raises(SandboxError):
        bench.prepare()
    bench.requires("alpha==1.0", "beta==1.0")
    with pytest.raises(SandboxError):
        bench.prepare()


def test_one_added_dependency_does_not_rebuild_the_rest(bench: Bench) -> None:
    own = bench.prepare()
    (module,) = own.folder.glob("lib/*/site-packages/alpha/__init__.py")
    bench.requires("alpha==1.0", "beta==1.0")
    added = bench.prepare()
    copied = added.folder / module.relative_to(own.folder)
    assert bench.heard[-1] == "adding your dependencies to those of the starter"
    assert copied.stat().st_mtime_ns == module.stat().st_mtime_ns
    assert python(added, "import alpha, beta; print(beta.VERSION)") == "1.0"
    assert not list(own.folder.glob("lib/*/site-packages/beta"))


@pytest.mark.parametrize("lines", [["beta==1.0"], ["alpha==2.0"], ["alpha==2.0", "beta==1.0"]])
def test_a_changed_or_removed_dependency_starts_from_nothing(bench: Bench, lines: list[str]) -> None:
    bench.prepare()
    bench.requires(*lines)
    toolchain = bench.prepare()
    names = {
        path.name for path in toolchain.folder.glob("lib/*/site-packages/*") if path.name in ("alpha", "beta")
    }
    assert names == {line.partition("==")[0] for line in lines}


def test_programs_of_a_copied_environment_run_in_their_place(bench: Bench) -> None:
    own = bench.prepare().folder
    (own / "bin" / "tool").write_text(f"#!{own}/bin/python\nimport sys; print(sys.prefix)\n")
    (own / "bin" / "tool").chmod(0o755)
    from graders.submission.intact import mark_ready

    mark_ready(own)
    bench.requires("alpha==1.0", "beta==1.0")
    added = bench.prepare().folder
    assert (
        subprocess.run([added / "bin" / "tool"], capture_output=True, text=True, check=True).stdout
        == f"{added}\n"
    )


def test_a_build_backend_sees_nothing_of_the_caller_and_leaves_no_process(
    bench: Bench, tmp_path: Path
) -> None:
    found = tmp_path / "found"
    with_backend(bench, found)
    bench.requires("alpha==1.0", "./gamma")
    bench.prepare(
        CANARY="tweet-tweet",
        PIP_EXTRA_INDEX_URL="http://buyer:s3cr3t-w0rd@127.0.0.1:9/simple",
        AWS_SECRET_ACCESS_KEY="tweet-tweet",
        DATABASE_URL="postgresql://tweet-tweet",
    )
    seen = found.read_text()
    assert "tweet-tweet" not in seen
    assert "s3cr3t-w0rd" not in seen
    assert "127.0.0.1:9/simple" in seen
    assert nobody_runs("6000.25")


def nobody_runs(marker: str) -> bool:
    give_up = time.monotonic() + PATIENCE
    while time.monotonic() < give_up:
        lines = [path.read_bytes() for path in Path("/proc").glob("[0-9]*/cmdline") if path.exists()]
        if not any(marker.encode() in line for line in lines):
            return True
        time.sleep(0.01)
    return False


INSTALLING = """
import sys
from dataclasses import replace
from pathlib import Path
from graders.packs.loader import builtin_pack
from graders.packs.stacks import load_stack
from graders.sandbox.process import ProcessSandbox
from graders.submission.dependencies import prepare_environment
stack = load_stack(builtin_pack() / "skeletons" / "python-flask")
stack = replace(stack, install=("(setsid env -i sleep 6000.85 &) ; touch ../begun; sleep 6000.85",))
prepare_environment(
    stack, Path(sys.argv[1]), cache=Path(sys.argv[2]), variables={"PATH": sys.argv[3]}, sandbox=ProcessSandbox()
)
"""


def test_an_install_ends_with_a_kata_that_is_killed_and_is_done_again(bench: Bench) -> None:
    command = [sys.executable, "-c", INSTALLING, str(bench.root), str(bench.cache), bench.caller["PATH"]]
    killed = subprocess.Popen(command)
    until = time.monotonic() + PATIENCE
    while not (bench.cache / "environments" / "begun").exists():
        assert time.monotonic() < until and killed.poll() is None
        time.sleep(0.01)
    killed.kill()
    killed.wait(PATIENCE)
    assert nobody_runs("6000.85")
    assert (bench.prepare().folder / "ready.json").is_file()


def test_an_install_that_does_not_end_is_ended_and_nobody_s_fault(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(installing, "INSTALL_SECONDS", 0.5)
    bench.stack = replace(bench.stack, install=("(setsid sleep 6000.75 &) ; sleep 6000.75",))
    with pytest.raises(SandboxError) as raised:
        bench.prepare()
    assert "it took too long" in raised.value.hint
    assert nobody_runs("6000.75")


def test_a_full_disk_that_is_only_printed_does_not_excuse_a_mistake(bench: Bench) -> None:
    place = bench.root / "gamma"
    place.mkdir()
    (place / "pyproject.toml").write_text(PROJECT)
    (place / "backend.py").write_text("raise SystemExit('No space left on device')\n")
    bench.requires("alpha==1.0", "./gamma")
    refused(bench)


def test_an_install_that_only_says_that_it_succeeded_is_not_ready(bench: Bench) -> None:
    venv, _ = bench.stack.install
    bench.stack = replace(bench.stack, install=(venv, "true"))
    for _ in range(2):
        with pytest.raises(SandboxError) as raised:
            bench.prepare()
        assert "alpha was installed, but is not in the environment" in raised.value.message


def test_a_package_of_the_starter_that_cannot_be_imported_is_ours(bench: Bench) -> None:
    make_wheel(bench.wheels, "alpha", "1.0", "raise ImportError('no libpq here')\n")
    with pytest.raises(SandboxError) as raised:
        bench.prepare()
    assert "alpha: `import alpha` fails: ImportError: no libpq here" in raised.value.message


def test_a_package_of_the_learner_that_cannot_be_imported_alone_is_left_to_the_service(bench: Bench) -> None:
    make_wheel(bench.wheels, "beta", "1.0", "raise ImportError('import alpha first')\n")
    bench.requires("alpha==1.0", "beta==1.0")
    assert bench.prepare().folder.is_dir()


def test_a_damaged_environment_heals_itself(bench: Bench, tmp_path: Path) -> None:
    folder = bench.prepare().folder
    (package,) = folder.glob("lib/*/site-packages/alpha")
    shutil.rmtree(package)
    assert python(bench.prepare(), "import alpha; print(alpha.VERSION)") == "1.0"
    (folder / "ready.json").write_text("[]")
    bench.heard.clear()
    assert python(bench.prepare(), "import alpha; print(alpha.VERSION)") == "1.0"
    assert bench.heard, "it was taken as it was"
    for replaced in (lambda: folder.write_text("a file"), lambda: folder.symlink_to(tmp_path / "nowhere")):
        shutil.rmtree(folder)
        replaced()
        assert python(bench.prepare(), "import alpha; print(alpha.VERSION)") == "1.0"


def test_environments_that_nobody_has_used_for_a_month_are_dropped(bench: Bench) -> None:
    old = bench.prepare().folder
    long_ago = time.time() - 40 * 86400
    os.utime(old / "ready.json", (long_ago, long_ago))
    bench.requires("alpha==2.0")
    bench.prepare()
    assert not old.exists()


@pytest.mark.parametrize(
    ("lock", "command"),
    [("uv.lock", "uv export"), ("poetry.lock", "poetry export"), ("pdm.lock", "pdm export")],
)
def test_another_tool_s_lock_file_is_refused_or_noted_with_the_command_that_helps(
    bench: Bench, lock: str, command: str
) -> None:
    (bench.root / lock).write_text("")
    (notice,) = bench.prepare().notices
    assert (notice.code, f"{lock} is not read" in notice.message) == ("lock-not-read", True)
    (bench.root / "requirements.txt").unlink()
    with pytest.raises(UsageError) as raised:
        bench.prepare()
    assert f"has {lock}, but no requirements.txt" in raised.value.message
    assert command in raised.value.hint


def test_a_file_that_may_not_be_read_is_named(bench: Bench) -> None:
    (bench.root / "requirements.txt").unlink()
    (bench.root / "requirements.txt").mkdir()
    with pytest.raises(UsageError, match=r"requirements\.txt is missing"):
        bench.prepare()
