"""`kata keys`, `--sign` and `kata verify`: a report that was changed is noticed, and so is one that was not earned."""

from __future__ import annotations

import json
import os
import stat
import zipfile
from pathlib import Path
from typing import Any

import pytest
from running import TINY, Kata

HONEST = """
def greetings(connection, word, limit):
    rows = connection.execute("select name from people order by id limit %s", [limit]).fetchall()
    return [f"{word}, {name}" for (name,) in rows]
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("verify")


@pytest.fixture(scope="module")
def kata(place: Path, tmp_path_factory: pytest.TempPathFactory) -> Kata:
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    environment = {name: value for name, value in os.environ.items() if not name.startswith("KATA_")}
    environment |= {f"KATA_{name}_DIR": str(place / name.lower()) for name in ("DATA", "STATE", "CONFIG")}
    environment["KATA_CACHE_DIR"] = str(shared / "kata-cache")
    return Kata(environment, place)


@pytest.fixture(scope="module")
def report(kata: Kata, place: Path) -> dict[str, Any]:
    """The signed report of a right answer, `report.json`, which was handed in as `work.zip`."""
    assert kata("keys", "new").returncode == 0
    assert kata("--pack", TINY, "start", "greeting", "work").returncode == 0
    (place / "work" / "greetings.py").write_text(HONEST)
    zip_up(place / "work", place / "work.zip")
    judged = kata("--pack", TINY, "test", "work.zip", "--kata", "greeting", "--json", "--sign")
    assert judged.returncode == 0, judged.stderr
    (place / "report.json").write_text(judged.stdout)
    return dict(json.loads(judged.stdout))


def zip_up(folder: Path, archive: Path) -> None:
    with zipfile.ZipFile(archive, "w") as file:
        for path in sorted(folder.rglob("*")):
            file.write(path, path.relative_to(folder))


def test_a_private_key_is_for_its_user_alone(kata: Kata, place: Path, report: dict[str, Any]) -> None:
    [key] = (place / "config" / "keys").iterdir()
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert kata("keys", "list").stdout.split()[0] == key.stem == report["signature"]["key"]
    shown = kata("keys", "show").stdout
    assert shown.startswith("-----BEGIN PUBLIC KEY-----") and "PRIVATE" not in shown
    key.chmod(0o644)
    refused = kata("keys", "show")
    key.chmod(0o600)
    assert refused.returncode == 2 and "chmod 600" in refused.stderr


def test_a_report_carries_digests_of_all_that_judged(report: dict[str, Any]) -> None:
    digests = [report["pack_digest"], report["submission_digest"], *report["digests"].values()]
    assert report["digests"].keys() == {"grader", "stack", "postgres"}
    assert all(len(digest) == 64 for digest in digests)


def test_an_honest_report_is_verified_and_earned_again(kata: Kata, report: dict[str, Any]) -> None:
    verified = kata("--pack", TINY, "verify", "report.json", "work.zip")
    assert verified.returncode == 0, verified.stdout + verified.stderr
    assert "every verdict, all points and the stop are equal" in verified.stdout


def test_a_page_carries_the_signed_report(kata: Kata, place: Path, report: dict[str, Any]) -> None:
    assert kata("--pack", TINY, "report", "report.json", "--html", "report.html").returncode == 0
    assert kata("--pack", TINY, "verify", "report.html").returncode == 0


def test_an_edited_report_is_noticed(kata: Kata, place: Path, report: dict[str, Any]) -> None:
    (place / "edited.json").write_text(json.dumps({**report, "score": 99}))
    refused = kata("--pack", TINY, "verify", "edited.json")
    assert refused.returncode == 1 and "was changed after it was signed" in refused.stdout


def test_a_report_of_another_signer_needs_their_key(kata: Kata, place: Path, report: dict[str, Any]) -> None:
    (place / "key.pem").write_text(kata("keys", "show").stdout)
    strange = {"KATA_CONFIG_DIR": str(place / "other")}
    refused = kata("verify", "report.json", **strange)
    assert refused.returncode == 2 and "not one of yours" in refused.stderr and "--key FILE" in refused.stderr
    assert kata("verify", "report.json", "--key", "key.pem", **strange).returncode == 0
    assert kata("keys", "new", **strange).returncode == 0
    (place / "wrong.pem").write_text(kata("keys", "show", **strange).stdout)
    assert kata("verify", "report.json", "--key", "wrong.pem", **strange).returncode == 1


def test_another_submission_and_one_that_was_not_earned_are_named(
    kata: Kata, place: Path, report: dict[str, Any]
) -> None:
    (place / "work" / "greetings.py").write_text(HONEST + "\n# more\n")
    zip_up(place / "work", place / "other.zip")
    other = kata("--pack", TINY, "verify", "report.json", "other.zip")
    assert other.returncode == 1 and "submission_digest: reported" in other.stdout
    # Whoever holds the key can sign anything; the repetition shows what was earned.
    forged = {
        **report,
        "checks": [dict(report["checks"][0], verdict="failed", points=0), *report["checks"][1:]],
    }
    (place / "forged.json").write_text(json.dumps(forged))
    assert kata("report", "forged.json", "--json", "--sign").returncode == 0
    (place / "forged.json").write_text(kata("report", "forged.json", "--json", "--sign").stdout)
    found = kata("--pack", TINY, "verify", "forged.json", "work.zip")
    assert found.returncode == 1 and ".verdict: reported failed, found passed" in found.stdout


@pytest.mark.parametrize("content", ["", "{}", "[]", "<html></html>", '{"format":1,"format":1}', "\x00"])
def test_what_is_no_report_is_refused(kata: Kata, place: Path, content: str) -> None:
    (place / "strange.json").write_text(content)
    refused = kata("verify", "strange.json")
    assert refused.returncode == 2 and "Traceback" not in refused.stderr


def test_an_unsigned_report_is_named(kata: Kata, place: Path, report: dict[str, Any]) -> None:
    (place / "unsigned.json").write_text(json.dumps({k: v for k, v in report.items() if k != "signature"}))
    refused = kata("verify", "unsigned.json")
    assert refused.returncode == 2 and "is not signed" in refused.stderr


def test_without_a_key_nothing_is_run(kata: Kata, place: Path) -> None:
    refused = kata(
        "--pack", TINY, "test", "work.zip", "--kata", "greeting", "--json", "--sign", KATA_CONFIG_DIR="/nope"
    )
    assert refused.returncode == 2 and "kata keys new" in refused.stderr
