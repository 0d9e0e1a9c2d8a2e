"""npm under a caller's settings and a learner's mistakes, against a registry of two packages in this process."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import os
import shutil
import tarfile
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from graders.errors import SandboxError, UsageError
from graders.packs.loader import builtin_pack
from graders.packs.records import Kata
from graders.packs.stacks import load_stack
from graders.submission.failures import ServiceFailure

from .conftest import Bench

pytestmark = pytest.mark.skipif(shutil.which("npm") is None, reason="npm is not on this machine")


def tarball(name: str) -> bytes:
    raw = io.BytesIO()
    files = {
        "package.json": json.dumps({"name": name, "version": "1.0.0", "main": "index.js"}),
        "index.js": "",
    }
    with tarfile.open(fileobj=raw, mode="w:gz") as archive:
        for path, content in files.items():
            entry = tarfile.TarInfo(f"package/{path}")
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content.encode()))
    return raw.getvalue()


PACKAGES = {name: tarball(name) for name in ("alpha", "beta")}


class Registry(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        name = self.path.strip("/").split("/")[0]
        if name not in PACKAGES:
            self.answer(404, b'{"error": "not_found"}')
        elif self.path.endswith(".tgz"):
            self.answer(200, PACKAGES[name])
        else:
            here = f"http://{self.headers['Host']}/{name}/-/{name}-1.0.0.tgz"
            version = {"name": name, "version": "1.0.0", "main": "index.js", "dist": {"tarball": here}}
            document = {"name": name, "dist-tags": {"latest": "1.0.0"}, "versions": {"1.0.0": version}}
            self.answer(200, json.dumps(document).encode())

    def answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:
        pass


@pytest.fixture(scope="module")
def registry() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Registry)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()


@pytest.fixture
def bench(tmp_path: Path, registry: str, make_kata: Callable[..., Kata]) -> Bench:
    root, home, skeleton = (tmp_path / name for name in ("repository", "home", "skeleton"))
    for folder in (root, home, skeleton / "tree"):
        folder.mkdir(parents=True)
    made = Bench(
        stack=replace(load_stack(builtin_pack() / "skeletons" / "node-express"), folder=skeleton),
        kata=make_kata(tmp_path / "kata"),
        root=root,
        wheels=tmp_path,
        cache=tmp_path / "cache",
        caller={"PATH": os.environ["PATH"], "HOME": str(home)},
    )
    (home / ".npmrc").write_text(f"registry={registry}\n")
    declare(skeleton / "tree", registry, alpha="1.0.0")
    declare(root, registry, alpha="1.0.0")
    return made


def declare(folder: Path, registry: str, **packages: str) -> None:
    """package.json and the lock file that npm would write for these packages."""
    (folder / "package.json").write_text(json.dumps({"name": "kata", "dependencies": packages}, indent=2))
    locked: dict[str, object] = {"": {"name": "kata", "dependencies": packages}}
    for name, version in packages.items():
        content = PACKAGES.get(name, b"")
        locked[f"node_modules/{name}"] = {
            "version": version,
            "resolved": f"{registry}{name}/-/{name}-{version}.tgz",
            "integrity": "sha512-" + base64.b64encode(hashlib.sha512(content).digest()).decode(),
        }
    lock = {"name": "kata", "lockfileVersion": 3, "requires": True, "packages": locked}
    (folder / "package-lock.json").write_text(json.dumps(lock, indent=2))


def test_no_setting_of_the_caller_moves_an_install(bench: Bench, tmp_path: Path) -> None:
    elsewhere = str(tmp_path / "elsewhere")
    with Path(bench.caller["HOME"], ".npmrc").open("a") as file:
        file.write(f"prefix={elsewhere}\nglobal=true\nomit=prod\nscript-shell=/bin/false\ndry-run=true\n")
    toolchain = bench.prepare(
        npm_config_global="true",
        npm_config_prefix=elsewhere,
        npm_config_dry_run="true",
        NODE_OPTIONS="--require=/nowhere.js",
        NODE_PATH=elsewhere,
        NODE_ENV="test",
    )
    assert (toolchain.folder / "node_modules" / "alpha" / "index.js").is_file()
    assert not Path(elsewhere).exists()


def test_a_package_that_does_not_exist_is_the_learner_s_with_its_line(bench: Bench, registry: str) -> None:
    bench.prepare()
    declare(bench.root, registry, alpha="1.0.0", betta="1.0.0")
    with pytest.raises(ServiceFailure) as raised:
        bench.prepare()
    assert raised.value.code == "dependencies-refused"
    assert 'package.json line 5 (`"betta": "1.0.0"`)' in raised.value.message
    assert "404 Not Found" in raised.value.message


def test_a_lock_file_that_says_something_else_is_the_learner_s(bench: Bench) -> None:
    path = bench.root / "package.json"
    path.write_text(path.read_text().replace('"alpha"', '"beta": "1.0.0",\n    "alpha"'))
    (bench.root / "pnpm-lock.yaml").write_text("")
    with pytest.raises(ServiceFailure) as raised:
        bench.prepare()
    assert 'package.json line 4 (`"beta": "1.0.0"`)' in raised.value.message
    assert "Missing: beta@1.0.0 from lock file" in raised.value.message
    assert "pnpm-lock.yaml is not read" in raised.value.hint


def test_a_registry_that_cannot_be_reached_is_nobody_s_fault(bench: Bench) -> None:
    declare(bench.root, "http://127.0.0.1:9/", alpha="1.0.0", beta="1.0.0")
    with pytest.raises(SandboxError) as raised:
        bench.prepare(npm_config_registry="http://127.0.0.1:9/", npm_config_fetch_retries="0")
    assert "the package index cannot be reached" in raised.value.hint


def test_a_lost_package_heals_itself(bench: Bench) -> None:
    folder = bench.prepare().folder
    shutil.rmtree(folder / "node_modules" / "alpha")
    assert bench.prepare().folder == folder
    assert (folder / "node_modules" / "alpha" / "index.js").is_file()


@pytest.mark.parametrize("lock", ["pnpm-lock.yaml", "yarn.lock", "bun.lock"])
def test_another_tool_s_lock_file_is_refused_with_the_command_that_helps(bench: Bench, lock: str) -> None:
    (bench.root / lock).write_text("")
    (bench.root / "package-lock.json").unlink()
    with pytest.raises(UsageError) as raised:
        bench.prepare()
    assert f"has {lock}, but no package-lock.json" in raised.value.message
    assert "npm install --package-lock-only" in raised.value.hint


@pytest.mark.parametrize("content", ["{", "[]", "null", "\ufeff"])
def test_a_package_json_that_is_none_is_named(bench: Bench, content: str) -> None:
    (bench.root / "package.json").write_text(content)
    with pytest.raises(UsageError, match=r"package\.json"):
        bench.prepare()
