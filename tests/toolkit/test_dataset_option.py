"""`--dataset`, and `--world` as it was called before: the same choice, with a note."""

from __future__ import annotations

import pytest
from running import Kata

from graders.errors import UsageError
from toolkit.dataset_option import dataset_name


def test_either_name_chooses_the_dataset(capsys: pytest.CaptureFixture[str]) -> None:
    assert (dataset_name(None, None), dataset_name("large", None)) == (None, "large")
    assert capsys.readouterr().err == ""
    assert dataset_name(None, "large") == "large"
    assert capsys.readouterr().err == "--world is deprecated: write --dataset\n"
    with pytest.raises(UsageError, match="old name of --dataset"):
        dataset_name("small", "large")


@pytest.mark.parametrize("verb", ["test", "serve"])
def test_both_verbs_know_both_names(tiny: Kata, verb: str) -> None:
    assert tiny("start", "greeting").returncode == 0
    repository = tiny.home / "greeting"
    for option in ("--dataset", "--world"):
        done = tiny(verb, option, "huge", cwd=repository)
        assert done.returncode == 2
        assert "`greeting` has no dataset `huge`" in done.stderr
        assert "it has: small, large" in done.stderr
        assert ("deprecated" in done.stderr) == (option == "--world")
    assert "--world" not in tiny(verb, "--help").stdout
