"""One login and all that descended from it: reuse, logout, and two refreshes at once."""

from __future__ import annotations

from shared_people import keep_pair, log_in, member, must_be, refresh

from graders.suite.api import Answer, json_object, secret_scan


def check_reuse_kills_the_family(http, rng):
    ann = member(http, rng)
    first = ann.refresh
    log_in(http, ann)
    elsewhere = ann.refresh
    second = _rotated(http, ann, first)
    third = _rotated(http, ann, second)
    must_be(refresh(http, first), 401, "a refresh token that was used up two refreshes ago")
    must_be(refresh(http, third), 401, "the newest token of a login of which an old one was used again")
    must_be(refresh(http, second), 401, "another old token of that login")
    must_be(refresh(http, third), 401, "the newest token of that login, tried once more,")
    answer = refresh(http, elsewhere)
    assert answer.status == 200, (
        f"the reuse in one login ended another login of the same person: its refresh answered {answer.status}"
    )


def check_reuse_kills_the_family__logout(http, service, rng):
    coming = service.another_soon()
    ann = member(http, rng)
    ancestor = ann.refresh
    log_in(http, ann)
    elsewhere = ann.refresh
    newest = _rotated(http, ann, ancestor)
    _log_out(http, ancestor, "with an ancestor of the newest token")
    must_be(refresh(http, newest), 401, "a refresh after a logout by an ancestor token")
    log_in(http, ann)
    plain = ann.refresh
    _log_out(http, plain, "with the newest token")
    _log_out(http, plain, "for the second time")
    _log_out(http, "a token that nobody has issued", "with an unknown token")
    must_be(refresh(http, plain), 401, "a refresh after a logout")
    elsewhere = _rotated(http, ann, elsewhere)
    other = coming.result()
    must_be(refresh(other.http, plain), 401, "a refresh after a logout, at a second instance of the service,")
    must_be(
        refresh(other.http, newest), 401, "a refresh after a logout, at a second instance of the service,"
    )
    _rotated(other.http, ann, elsewhere)


def check_reuse_kills_the_family__two_at_once(http, database, gate, concurrently, rng):
    names = [f"{schema}.{name}" for schema, name in secret_scan.tables(database)]
    tables = [name for name in names if name not in ("public.notes", "public.schema_migrations")]
    ann = member(http, rng)
    with gate.locked(*tables, mode="SHARE") as shut:
        answers = shut.fire(2, lambda _: refresh(http, ann.refresh))
    _at_most_one(http, answers)
    if shut.blocked:
        return
    for _ in range(8):
        log_in(http, ann)
        _at_most_one(http, concurrently(3, lambda *_: refresh(http, ann.refresh)))


def _at_most_one(http, answers: list[Answer | BaseException]) -> None:
    for answer in answers:
        if isinstance(answer, BaseException):
            raise answer
        assert answer.status in (200, 401), (
            f"a refresh beside another one answered {answer.status}, neither 200 nor 401"
        )
    fresh = [json_object(answer)["refresh_token"] for answer in answers if answer.status == 200]
    assert len(fresh) <= 1, f"{len(fresh)} parallel refreshes with one token answered 200; at most one may"
    living = [token for token in fresh if refresh(http, token).status == 200]
    assert len(living) <= 1, f"{len(living)} tokens of one login are alive after parallel refreshes"


def _rotated(http, ann, token: str) -> str:
    answer = refresh(http, token)
    assert answer.status == 200, f"the refresh of a fresh token answered {answer.status}, not 200"
    keep_pair(ann, answer)
    return ann.refresh


def _log_out(http, token: str, what: str) -> None:
    answer = http.post("/auth/logout", json={"refresh_token": token})
    assert answer.status == 204, f"a logout {what} answered {answer.status}, not 204"
