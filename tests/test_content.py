"""Every YAML file of the repository fits its schema, names it for editors, and is read by the loader."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from graders.authoring.audit import audit
from graders.errors import PackError
from graders.packs.curriculum import load_skills, load_tracks
from graders.packs.loader import open_packs
from graders.packs.solutions import load_solutions
from graders.packs.yaml_source import parse_yaml

ROOT = Path(__file__).parent.parent
SCHEMAS = ROOT / "content" / "schemas"
PLACES = {
    "kata": "katas/*/kata.yaml",
    "solution": "katas/*/solutions/**/*.yaml",
    "stack": "skeletons/*/stack.yaml",
    "stacks": "content/stacks.yaml",
    "skills": "content/skills.yaml",
    "track": "content/tracks/*.yaml",
    "finding": "content/findings/*.yaml",
    "checks": "katas/*/suite/*.yaml",
}


def files() -> Iterator[Any]:
    for name, place in PLACES.items():
        for path in sorted(ROOT.glob(place)):
            yield pytest.param(name, path, id=str(path.relative_to(ROOT)))


def validator(name: str) -> Draft202012Validator:
    schema = json.loads((SCHEMAS / f"{name}.json").read_text())
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


@pytest.mark.parametrize(("name", "path"), list(files()))
def test_each_file_fits_its_schema_and_names_it(name: str, path: Path) -> None:
    text = path.read_text()
    faults = [
        f"{error.json_path}: {error.message}" for error in validator(name).iter_errors(yaml.safe_load(text))
    ]
    assert faults == []
    first = text.splitlines()[0]
    assert first.startswith("# yaml-language-server: $schema=")
    assert (path.parent / first.partition("=")[2]).resolve() == SCHEMAS / f"{name}.json"


@pytest.mark.parametrize("slug", open_packs().slugs())
def test_each_kata_passes_the_audit(slug: str) -> None:
    packs = open_packs()
    assert audit(packs.kata(slug), packs) == ()
    assert load_solutions(packs.kata(slug))


def test_skills_and_katas_name_each_other() -> None:
    packs = open_packs()
    skills = {skill.id: skill for skill in load_skills(packs)}
    for kata in packs.katas():
        for id in kata.skills:
            assert kata.slug in skills[id].katas, f"content/skills.yaml: `{id}` does not name {kata.slug}"
    for skill in skills.values():
        for slug in skill.katas:
            assert slug in packs.slugs(), f"content/skills.yaml: `{skill.id}` names {slug}"


def test_tracks_only_name_katas_that_exist() -> None:
    assert [track.slug for track in load_tracks(open_packs())] == ["core"]


KATA = yaml.safe_load((ROOT / "tests/packs/tiny/katas/greeting/kata.yaml").read_text())
WRONG = {
    "an unknown key": lambda kata: kata.update(pionts=1),
    "no title": lambda kata: kata.pop("title"),
    "an unknown level": lambda kata: kata.update(level="hard"),
    "minutes as text": lambda kata: kata.update(minutes="ten"),
    "a check without points": lambda kata: kata["checks"][0].pop("points"),
    "an unknown visibility": lambda kata: kata["checks"][0].update(visibility="hidden"),
    "a check id that is not a slug": lambda kata: kata["checks"][0].update(id="Not A Slug"),
    "skills as text": lambda kata: kata.update(skills="n-plus-one"),
    "a starter that fails nothing named": lambda kata: kata.update(starter={}),
}


@pytest.mark.parametrize("mistake", WRONG)
def test_schema_and_loader_refuse_the_same_mistakes(mistake: str, tmp_path: Path) -> None:
    from graders.packs.loader import load_kata

    wrong = copy.deepcopy(KATA)
    WRONG[mistake](wrong)
    assert list(validator("kata").iter_errors(wrong)), f"the schema lets {mistake} pass"
    folder = tmp_path / "greeting"
    folder.mkdir()
    (folder / "kata.yaml").write_text(yaml.safe_dump(wrong, sort_keys=False))
    with pytest.raises(PackError) as caught:
        load_kata(folder)
    assert caught.value.line is not None
    assert caught.value.hint


def test_the_schemas_allow_what_the_loader_reads() -> None:
    assert list(validator("kata").iter_errors(KATA)) == []
    parse_yaml(yaml.safe_dump(KATA).encode(), Path("kata.yaml"))


def test_the_schema_of_checks_is_their_grammar() -> None:
    """After a change of the grammar: python -m graders.packs.check_schema > content/schemas/checks.json"""
    from graders.packs.check_schema import checks_schema

    assert json.loads((SCHEMAS / "checks.json").read_text()) == checks_schema()
