"""The service as a suite sees it: restart it, kill it, start another one, by asking the grader."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING

from graders.suite.control import Control, ServiceGone

if TYPE_CHECKING:
    from graders.http.client import Answer, Client, Request, TransportFailure

__all__ = ["Instance", "ServiceGone"]


class Instance:
    """One running copy of the service. `http` talks to it."""

    def __init__(
        self,
        control: Control,
        id: int,
        base_url: str,
        on_exchange: Callable[[Answer | TransportFailure], None],
        on_request: Callable[[Request, float], Callable[[], float]] | None = None,
        through: Callable[[Answer], Answer] | None = None,
        shown_url: str = "",
    ) -> None:
        self._control = control
        self._shown_url = shown_url
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
            shown_url=self._shown_url,
        )

    @property
    def alive(self) -> bool:
        return self._control.alive(self.id)

    def output(self) -> str:
        """What the service printed so far (capped)."""
        return self._control.output(self.id)

    def restart(self) -> None:
        """SIGTERM, wait for the end, start again on the same port, wait until it is ready."""
        self._control.restart(self.id)
        self.expected_down = False

    def restart_with(
        self, variables: Mapping[str, str] | None = None, *, database_url: str | None = None
    ) -> None:
        """Restart with other environment variables (on top of the kata's), or behind another database address.

        What is None stays as the last start had it.
        """
        self._control.restart(self.id, None if variables is None else dict(variables), database_url)
        self.expected_down = False

    def kill(self) -> None:
        """SIGKILL to the whole process tree; it stays down until `start`."""
        self._control.kill(self.id)
        self.expected_down = True

    def stop(self) -> None:
        """SIGTERM, and SIGKILL to what is left; it stays down until `start`."""
        self._control.stop(self.id)
        self.expected_down = True

    def start(self) -> None:
        """Start it again and wait until it is ready. ServiceGone if it does not come back."""
        self._control.start(self.id)
        self.expected_down = False

    def another(
        self, variables: Mapping[str, str] | None = None, *, database_url: str | None = None
    ) -> Instance:
        """A further instance on the same database, ready to serve; it ends with the check."""
        id, base_url = self._control.another(dict(variables or {}), database_url)
        return Instance(
            self._control,
            id,
            base_url,
            self._on_exchange,
            self._on_request,
            self._through,
            self._shown_url,
        )

    def another_soon(
        self, variables: Mapping[str, str] | None = None, *, database_url: str | None = None
    ) -> Future[Instance]:
        """`another`, started while the check goes on with other things; `.result()` waits for it.

        Other requests to the grader (`restart`, `output`) wait until it has started.
        """
        aside = ThreadPoolExecutor(1)
        coming = aside.submit(self.another, variables, database_url=database_url)
        aside.shutdown(wait=False)
        return coming
