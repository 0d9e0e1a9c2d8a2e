"""What query strings may say. Every fault is found, and all of them are told at once."""

import re
from datetime import datetime

from flask import request

from app import times
from app.problems import invalid
from app.rules import Faults

BIGINT = 2**63 - 1


class Parameters:
    """The parameters of this request; `check` raises what was wrong with those that were read."""

    def __init__(self) -> None:
        self.faults: Faults = []

    def number(self, name: str, default: int | None, least: int, most: int) -> int | None:
        given = request.args.get(name)
        if given is None:
            return default
        if re.fullmatch("-?[0-9]{1,19}", given) and least <= int(given) <= most:
            return int(given)
        self.refuse(name, f"A whole number from {least} to {most}.")
        return None

    def choice(self, name: str, default: str, choices: tuple[str, ...]) -> str:
        given = request.args.get(name, default)
        if given in choices:
            return given
        self.refuse(name, f"One of {', '.join(choices)}.")
        return default

    def instant(self, name: str) -> datetime | None:
        given = request.args.get(name)
        moment = times.read(given) if given is not None else None
        if given is not None and moment is None:
            self.refuse(name, "An instant of RFC 3339 with seconds and an offset.")
        return moment

    def refuse(self, name: str, detail: str) -> None:
        self.faults.append({"parameter": name, "detail": detail})

    def check(self) -> None:
        """Raises Problem 422."""
        if self.faults:
            raise invalid(self.faults)
