"""What a suite may ask the grader to do with the service: the protocol, and its caller in the suite's process."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any, Protocol

from graders.errors import SuiteError
from graders.results.codec import from_plain
from graders.results.grade import Stop
from graders.suite.channel import Channel
from graders.suite.messages import Action, Call, Failed, Refused, Returned


class ServiceGone(Exception):
    """The service did something that ends a check: it died, or did not come back. The learner's failure.

    `stop` is what the grader reports of it.
    """

    def __init__(self, stop: Stop) -> None:
        super().__init__(stop.message)
        self.stop = stop


class Control(Protocol):
    """Instances of the service by number: 0 is the first, `another` gives the numbers of further ones.

    Where the service fails to do what is asked of it, the grader's side raises ServiceFailure and a suite's
    ServiceGone.
    """

    def alive(self, id: int) -> bool:
        """Whether its web process runs."""

    def output(self, id: int) -> str:
        """What it printed since it was last started, capped and safe to show."""

    def mark(self) -> None:
        """Let `printed` give what is printed from now on."""

    def printed(self) -> str:
        """What all instances printed since the last `mark`, without the frames of libraries and the request log."""

    def exited(self, id: int) -> Stop | None:
        """How it ended on its own; None while it runs, and where a check stopped it."""

    def start(self, id: int) -> None:
        """Start it and wait until it is ready."""

    def stop(self, id: int) -> None:
        """SIGTERM, then SIGKILL to what is left."""

    def kill(self, id: int) -> None:
        """SIGKILL to its whole process tree."""

    def restart(
        self, id: int, variables: Mapping[str, str] | None = None, database_url: str | None = None
    ) -> None:
        """Stop and start, with other variables (on top of the kata's) or another database address where given."""

    def another(self, variables: Mapping[str, str], database_url: str | None = None) -> tuple[int, str]:
        """The number and base URL of a further instance, ready to serve."""

    def restore(self) -> None:
        """Undo what a check changed: further instances end, the first one runs as the kata says."""


class RemoteControl:
    """`Control` as a suite has it: each method is a call to the grader, one at a time.

    Every method raises ServiceGone for what the service failed to do, SuiteError for anything else.
    """

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._turn = threading.Lock()

    def alive(self, id: int) -> bool:
        return from_plain(self._call("alive", id=id), bool)

    def output(self, id: int) -> str:
        return from_plain(self._call("output", id=id), str)

    def mark(self) -> None:
        self._call("mark")

    def printed(self) -> str:
        return from_plain(self._call("printed"), str)

    def exited(self, id: int) -> Stop | None:
        found = self._call("exited", id=id)
        return None if found is None else from_plain(found, Stop)

    def start(self, id: int) -> None:
        self._call("start", id=id)

    def stop(self, id: int) -> None:
        self._call("stop", id=id)

    def kill(self, id: int) -> None:
        self._call("kill", id=id)

    def restart(
        self, id: int, variables: Mapping[str, str] | None = None, database_url: str | None = None
    ) -> None:
        self._call("restart", id=id, variables=variables, database_url=database_url)

    def another(self, variables: Mapping[str, str], database_url: str | None = None) -> tuple[int, str]:
        return from_plain(
            self._call("another", variables=variables, database_url=database_url), tuple[int, str]
        )

    def restore(self) -> None:
        self._call("restore")

    def _call(self, action: Action, **arguments: Any) -> Any:
        with self._turn:
            self._channel.send(Call(action, arguments))
            answer = self._channel.receive(Returned, Failed, Refused)
        match answer:
            case Returned(value):
                return value
            case Failed(stop):
                raise ServiceGone(stop)
            case Refused(message, hint):
                raise SuiteError(f"{action}: {message}", hint=hint)
        raise SuiteError("the grader's process has ended", hint="this suite ends now")
