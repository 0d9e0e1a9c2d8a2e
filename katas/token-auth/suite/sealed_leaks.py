"""Secrets in answers and in the log."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any

from shared_people import Person, add_note, attempt, keep_pair, log_in, refresh, register, stranger

from graders.suite.api import Answer, Client, Collector, Database, Instance, secret_scan


def check_nothing_leaks(
    http: Client,
    database: Database,
    service: Instance,
    rng: random.Random,
    variables: Mapping[str, str],
    evidence: Collector,
) -> None:
    before = service.output()
    heard: list[Answer] = []
    note_evidence = http.on_exchange

    def listen(exchange: Any) -> None:
        if note_evidence is not None:
            note_evidence(exchange)
        if isinstance(exchange, Answer):
            heard.append(exchange)

    http.on_exchange = listen
    secrets, tokens = _walk(http, database, rng, variables["JWT_SECRET"])
    for answer in heard:
        fault = _leak_in(answer, secrets, tokens)
        if fault:
            evidence.pin(answer)
            raise AssertionError(fault)
    log = service.output()
    log = log[len(before) :] if log.startswith(before) else log
    known = {**secrets, **tokens}
    named = secret_scan.secrets_in(log.encode(), known)
    assert not named, f"the service's log holds {named[0]}: {secret_scan.line_with(named[0], log, known)}"
    for inside, place in secret_scan.insides_in(log):
        # A log may name a file. It must not show what is in the database, or a stack trace.
        if inside != "a file's path":
            raise AssertionError(f"the service's log holds {inside}: {place}")


def _walk(
    http: Client, database: Database, rng: random.Random, key: str
) -> tuple[dict[str, str], dict[str, str]]:
    """Everything that people do, and some mistakes; the secrets and the tokens that occurred."""
    mark = f"{rng.getrandbits(64):016x}"
    ann = stranger(rng, "ann", f"pass-{mark}-word")
    secrets = {"a password": ann.password, "JWT_SECRET": key}
    tokens: dict[str, str] = {}
    register(http, ann)
    http.post("/auth/register", json=ann.credentials)
    wrong = {
        "a password that was too long": f"wrong-{mark}-one" * 12,
        "a password that was too short": f"w{mark[:9]}",
    }
    secrets |= wrong
    for password in wrong.values():
        http.post("/auth/register", json=Person(stranger(rng).email, password).credentials)
    http.post("/auth/register", json={**stranger(rng).credentials, "password": {"secret": ann.password}})
    http.post("/auth/register", json={"email": "nobody", "password": ann.password, "more": ann.password})
    http.post("/auth/login", json={"email": [ann.email], "password": [ann.password]})
    secrets["a password that was refused"] = f"{mark}-refused"
    attempt(http, ann.email, f"{mark}-refused")
    broken = f'{{"email": "{ann.email}", "password": "{ann.password}"'
    for path in ("/auth/login", "/auth/register"):
        http.post(path, data=broken, headers={"Content-Type": "application/json"})
        http.post(path, data=broken + "}", headers={"Content-Type": "text/plain"})
    log_in(http, ann)
    tokens |= {"an access token": ann.access, "a refresh token": ann.refresh}
    keep_pair(ann, refresh(http, ann.refresh))
    tokens |= {"a newer access token": ann.access, "a newer refresh token": ann.refresh}
    note = add_note(http, ann, "Leaky")
    for method, path, options in (
        ("GET", "/me", {}),
        ("GET", "/notes", {"params": {"q": "'"}}),
        ("GET", "/notes/99999999999999999999999", {}),
        ("GET", f"/notes/{note['id']}", {}),
        ("PATCH", f"/notes/{note['id']}", {"json": {"title": 7}}),
        ("PATCH", f"/notes/{note['id']}", {"json": {"title": "nul \0"}}),
        ("DELETE", f"/notes/{note['id']}", {}),
        ("GET", "/admin/users", {}),
        ("PUT", "/me", {"json": ann.credentials}),
        ("GET", "/nowhere", {}),
    ):
        http.request(method, path, **options, headers=ann.bearer)
    http.get("/me", headers={"Authorization": f"Bearer {ann.access[:-2]}"})
    database.execute("update users set role = 'admin' where id = %s", ann.id)
    http.get("/admin/users", headers=ann.bearer)
    refresh(http, tokens["a refresh token"])
    http.post("/auth/logout", json={"refresh_token": ann.refresh})
    secrets["a password hash"] = str(database.value("select password_hash from users where id = %s", ann.id))
    return secrets, tokens


def _leak_in(answer: Answer, secrets: dict[str, str], tokens: dict[str, str]) -> str:
    """What this answer holds that it should not, as a sentence; empty if there is nothing."""
    text = answer.body + "\n".join(f"{name}: {value}" for name, value in answer.headers.items()).encode()
    where = f"the answer ({answer.status}) to {answer.request.method} {answer.request.target}"
    issues = answer.status == 200 and answer.request.target in ("/auth/login", "/auth/refresh")
    for name in secret_scan.secrets_in(text, secrets if issues else {**secrets, **tokens}):
        return f"{where} holds {name}"
    for inside, place in secret_scan.insides_in(text.decode("utf-8", "replace")):
        return f"{where} holds {inside}: {place}"
    return ""
