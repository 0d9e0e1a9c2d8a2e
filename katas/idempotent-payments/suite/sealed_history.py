"""Random histories against a model of the contract."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from shared_payments import (
    Charge,
    balance_of,
    deposit,
    give_account,
    headers_of,
    must_be,
    must_be_charged,
    must_repeat,
    new_key,
    open_account,
    payments_of,
    send,
    send_reordered,
    unknown_account,
)

from graders.suite.api import Answer, Client, Database, Instance


@dataclass(slots=True)
class Model:
    """The state of the database by the contract: balances of open accounts, payments made, outcomes by owner."""

    balances: dict[int, int]
    payments: dict[int, list[int]] = field(default_factory=dict)
    outcomes: dict[tuple[str, str], tuple[Charge, Answer]] = field(default_factory=dict)

    def expect(self, charge: Charge, answer: Answer) -> None:
        """Judge the answer to the charge, and continue with the state after it."""
        known = self.outcomes.get((charge.client, charge.key))
        if known is not None and known[0] != charge:
            must_be(answer, 422, what="the key with another payload")
        elif known is not None:
            must_repeat(answer, known[1])
        else:
            self._expect_first(charge, answer)
            self.outcomes[charge.client, charge.key] = (charge, answer)

    def _expect_first(self, charge: Charge, answer: Answer) -> None:
        balance = self.balances.get(charge.account_id)
        if balance is None:
            must_be(answer, 404)
        elif balance < charge.amount_cents:
            must_be(answer, 402)
        else:
            must_be_charged(answer)
            self.balances[charge.account_id] = balance - charge.amount_cents
            self.payments.setdefault(charge.account_id, []).append(charge.amount_cents)


Step = tuple[str, Callable[[], None]]


class Play:
    """Short sequences of related steps, interleaved into one history with a restart in its middle."""

    def __init__(self, service: Instance, http: Client, database: Database, rng: random.Random) -> None:
        self.service, self.http, self.database, self.rng = service, http, database, rng
        self.rich = [open_account(database, 100_000) for _ in range(2)]
        self.poor = open_account(database, 300)
        self.absent = unknown_account(database)
        self.model = Model({account: balance_of(database, account) for account in (*self.rich, self.poor)})
        self.number = 0

    def charge(self, account: int | None = None) -> Charge:
        self.number += 1
        account = self.rng.choice(self.rich) if account is None else account
        amount = self.rng.randrange(301, 900)
        return Charge(
            self.rng.choice(("ann", "bo")), new_key(self.rng), account, amount, f"step {self.number}"
        )

    # -- steps ------------------------------------------------------------------------------------------------

    def ask(self, charge: Charge, what: str = "a charge") -> Step:
        return what, lambda: self.model.expect(charge, send(self.http, charge))

    def ask_reordered(self, charge: Charge) -> Step:
        return "a retry with other spacing", lambda: self.model.expect(
            charge, send_reordered(self.http, charge)
        )

    def mistake(self, charge: Charge) -> Step:
        body = json.dumps({**charge.payload, "amount_cents": self.rng.choice([0, "1", None, 100_000_001])})
        headers = {**headers_of(charge), "Content-Type": "application/json"}

        def step() -> None:
            must_be(self.http.post("/payments", data=body, headers=headers), 400, 422)

        return "a malformed body", step

    def fund(self, account: int, cents: int) -> Step:
        def step() -> None:
            deposit(self.database, account, cents)
            self.model.balances[account] += cents

        return "money arrives", step

    def appear(self, account: int) -> Step:
        def step() -> None:
            give_account(self.database, account, 5_000)
            self.model.balances[account] = 5_000

        return "an account is created", step

    # -- stories ----------------------------------------------------------------------------------------------

    def stories(self) -> list[list[Step]]:
        retried, changed, poor, absent, corrected = self.charge(), self.charge(), self.charge(self.poor), self.charge(
            self.absent), self.charge()  # fmt: skip
        same, glued = replace(self.charge(), client="ann"), replace(self.charge(), client="ab")
        other_account = next(account for account in self.rich if account != changed.account_id)
        return [
            [self.ask(retried), self.ask_reordered(retried), self.ask(self.charge(retried.account_id)),
             self.ask(retried, "a retry after another charge")],
            [self.ask(changed),
             self.ask(replace(changed, reference="another"), "the key with another reference"),
             self.ask(replace(changed, amount_cents=changed.amount_cents + 1), "the key with another amount"),
             self.ask(replace(changed, account_id=other_account), "the key with another account"),
             self.ask(changed, "a retry")],
            [self.ask(poor, "a charge beyond the balance"), self.fund(self.poor, 2_000),
             self.ask(poor, "a retry of a decline"), self.ask(replace(poor, amount_cents=1), "a declined key reused")],
            [self.ask(absent, "a charge of an unknown account"), self.appear(self.absent),
             self.ask(absent, "a retry of a 404")],
            [self.mistake(corrected), self.ask(corrected, "the corrected request"), self.ask(corrected, "a retry")],
            [self.ask(same), self.ask(replace(same, client="bo"), "the same key of another client"),
             self.ask(same, "a retry")],
            [self.ask(glued),
             self.ask(replace(glued, client="a", key="b" + glued.key), "a key that concatenates like another one")],
        ]  # fmt: skip

    def restart_story(self) -> tuple[list[Step], list[Step]]:
        paid, declined = self.charge(), replace(self.charge(), amount_cents=90_000_000)
        return (
            [self.ask(paid), self.ask(declined, "a charge beyond the balance")],
            [self.ask(paid, "a retry after the restart"), self.ask(declined, "a retry after the restart")],
        )

    def history(self) -> list[Step]:
        stories = self.stories()
        self.rng.shuffle(stories)
        before, after = self.restart_story()
        half = len(stories) // 2
        restart: Step = ("a restart", self.service.restart)
        woven = [weave(self.rng, [before, *stories[:half]]), weave(self.rng, [after, *stories[half:]])]
        return [*woven[0], restart, *woven[1]]


def weave(rng: random.Random, stories: list[list[Step]]) -> list[Step]:
    """All stories as one, each in its own order."""
    left = [list(story) for story in stories]
    woven: list[Step] = []
    while left:
        story = rng.choice(left)
        woven.append(story.pop(0))
        left = [one for one in left if one]
    return woven


def check_any_history(
    service: Instance, http: Client, database: Database, rng: random.Random, seed: int
) -> None:
    play = Play(service, http, database, rng)
    steps: list[str] = []
    for what, step in play.history():
        steps.append(what)
        try:
            step()
        except AssertionError as error:
            last = ", ".join(steps[-4:])
            message = f"at step {len(steps)} of the history of seed {seed} (… {last}): {error}"
            raise AssertionError(message) from None
    for account, balance in play.model.balances.items():
        found = [payment["amount_cents"] for payment in payments_of(database, account)]
        expected = play.model.payments.get(account, [])
        assert found == expected, (
            f"after the history of seed {seed} the payments are {found}, expected {expected}"
        )
        assert balance_of(database, account) == balance, (
            f"after the history of seed {seed} a balance is wrong"
        )
