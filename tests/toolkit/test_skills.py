"""Tracks and skills, as a learner sees them."""

from __future__ import annotations

from pathlib import Path

import pytest

from graders.errors import PackError, UsageError
from graders.packs.curriculum import Skill, find_track, load_skills
from graders.packs.loader import open_packs
from toolkit.listing import print_list
from toolkit.settings import load_settings
from toolkit.views.paint import paint_for
from toolkit.views.skills import render_skills, skills_document

SKILLS = (
    Skill("indexing", "Data access", "choose indexes", ("feed", "reports")),
    Skill("caching", "Performance", "cache what pays", ("stampede",)),
)


def test_a_skill_is_trained_when_every_kata_of_it_is_solved() -> None:
    half = skills_document(SKILLS, {"feed": (100, 100)}, ["feed", "reports"])
    assert [row["share"] for row in half] == [0.5, 0.0]
    whole = skills_document(SKILLS, {"feed": (100, 100), "reports": (100, 100)}, ["feed", "reports"])
    assert whole[0]["share"] == 1.0


def test_skills_without_a_kata_are_counted_as_to_come() -> None:
    text = render_skills(SKILLS, {}, ["feed"], paint_for(load_settings()))
    assert "can choose indexes" in text
    assert "0 of 1 skills trained, 1 more to come" in text


def test_a_track_lists_its_katas_in_its_own_order(capsys: pytest.CaptureFixture[str]) -> None:
    assert print_list(track="core") == 0
    printed = capsys.readouterr().out
    assert (
        printed.index("n-plus-one")
        < printed.index("keyset-pagination")
        < printed.index("idempotent-payments")
    )


def test_an_unknown_track_is_refused_with_the_one_that_was_meant() -> None:
    with pytest.raises(UsageError) as caught:
        find_track("coer", open_packs())
    assert caught.value.hint == "did you mean `core`? there are: core"


def test_a_track_that_names_no_kata_is_a_mistake_of_its_pack(tmp_path: Path) -> None:
    tracks = tmp_path / "content" / "tracks"
    tracks.mkdir(parents=True)
    (tmp_path / "katas").mkdir()
    (tracks / "mine.yaml").write_text(
        "format: 1\nslug: mine\ntitle: Mine\nsummary: My own.\nkatas: [no-such]\n"
    )
    with pytest.raises(PackError, match=r"mine.yaml:5:8: `no-such` is not a kata") as caught:
        find_track("mine", open_packs([tmp_path]))
    assert caught.value.hint


def test_skills_of_several_packs_gather_their_katas(tmp_path: Path) -> None:
    (tmp_path / "katas").mkdir()
    (tmp_path / "content").mkdir()
    (tmp_path / "content" / "skills.yaml").write_text(
        "format: 1\nareas:\n  - id: d\n    title: Data\n    skills:\n"
        "      - id: n-plus-one\n        can: x\n        katas: [my-own]\n"
    )
    skill = next(skill for skill in load_skills(open_packs([tmp_path])) if skill.id == "n-plus-one")
    assert skill.katas == ("n-plus-one", "my-own")
