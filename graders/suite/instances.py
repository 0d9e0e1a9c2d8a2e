"""The service as a suite sees it: restart it, kill it, start another one beside it, by asking the grader."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from graders.errors import SuiteError
from graders.suite.channel import Channel

if TYPE_CHECKING:
    from graders.http.client import Answer, Client, Request, TransportFailure


class ServiceGone(Exception):
    """The service did something that ends a check: it died, or did not come back. The learner's failure."""

    def __init__(self, message: str, *, code: str = "gone", hint: str = "", output: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.hint = hint
        self.output = output


class Caller:
    """Calls to the grader, one at a time."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._turn = threading.Lock()

    def __call__(self, name: str, **arguments: Any) -> Any:
        with self._turn:
            self._channel.send({"event": "call", "name": name, "arguments": arguments})
            answer = self._channel.receive()
        if answer is None:
            raise SuiteError("the grader is gone", hint="this suite ends now")
        if "error" not in answer:
            return answer["value"]
        if answer["type"] == "ServiceFailure":
            raise ServiceGone(
                answer["error"], code=answer["code"], hint=answer["hint"], output=answer["output"]
            )
        raise SuiteError(f"{name}: {answer['error']}", hint=answer["hint"])


class Instance:
    """One running copy of the service. `http` talks to it."""

    def __init__(
        self,
        call: Caller,
        id: int,
        base_url: str,
        on_exchange: Callable[[Answer | TransportFailure], None],
        on_request: Callable[[Request, float], Callable[[], float]] | None = None,
        through: Callable[[Answer], Answer] | None = None,
    ) -> None:
        self._call = call
        self._through = through
        self._on_exchange = on_exchange
        self._on_request = on_request
        self.id = id
        self.base_url = base_url
        self.expected_down = False

    @property
    def http(self) -> Client:
        """A client of this instance; its exchanges become evidence."""
        from graders.http.client import Client

        return Client(
            self.base_url,
            on_exchange=self._on_exchange,
            on_request=self._on_request,
            through=self._through,
        )

    @property
    def alive(self) -> bool:
        return bool(self._call("alive", id=self.id))

    def output(self) -> str:
        """What the service printed so far (capped)."""
        return str(self._call("output", id=self.id))

    def restart(self) -> None:
        """SIGTERM, wait for the end, start again on the same port, wait until it is ready."""
        self._call("restart", id=self.id)
        self.expected_down = False

    def restart_with(
        self, variables: Mapping[str, str] | None = None, *, database_url: str | None = None
    ) -> None:
        """Restart with other environment variables (on top of the kata's), or behind another database address."""
        self._call("restart", id=self.id, variables=dict(variables or {}), database_url=database_url)
        self.expected_down = False

    def kill(self) -> None:
        """SIGKILL to the whole process tree; it stays down until `start`."""
        self._call("kill", id=self.id)
        self.expected_down = True

    def stop(self) -> None:
        """SIGTERM, and SIGKILL to what is left; it stays down until `start`."""
        self._call("stop", id=self.id)
        self.expected_down = True

    def start(self) -> None:
        """Start it again and wait until it is ready. ServiceGone if it does not come back."""
        self._call("start", id=self.id)
        self.expected_down = False

    def another(
        self, variables: Mapping[str, str] | None = None, *, database_url: str | None = None
    ) -> Instance:
        """A further instance on the same database, ready to serve; it ends with the check."""
        answer = self._call("another", variables=dict(variables or {}), database_url=database_url)
        return Instance(
            self._call,
            answer["id"],
            answer["base_url"],
            self._on_exchange,
            self._on_request,
            self._through,
        )

    def another_soon(
        self, variables: Mapping[str, str] | None = None, *, database_url: str | None = None
    ) -> Future[Instance]:
        """`another`, started while the check goes on with other things; `.result()` waits for it.

        What else is asked of the grader meanwhile (`restart`, `output`) waits until it has started.
        """
        aside = ThreadPoolExecutor(1)
        coming = aside.submit(self.another, variables, database_url=database_url)
        aside.shutdown(wait=False)
        return coming
