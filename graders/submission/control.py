"""What a suite may do to the service, by name: the grader's end of `graders.suite.instances`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from graders.errors import SuiteError
from graders.submission.service import Service, Terms, prepare


class ServiceControl:
    """The first instance and those that checks started beside it. What a check changed is undone by `restore`."""

    def __init__(self, service: Service, database_url: str) -> None:
        self.service = service
        self._database_url = database_url
        self._others: dict[int, Service] = {}
        self._changed = False
        self._down = False

    def call(self, name: str, arguments: Mapping[str, Any]) -> Any:
        """Do what the suite asks for. Raises ServiceFailure, SuiteError for a name that does not exist."""
        actions: dict[str, Callable[..., Any]] = {
            "alive": lambda id: self._instance(id).alive,
            "output": lambda id: self._instance(id).output(),
            "printed": self._printed,
            "gone": self._gone,
            "start": self._start,
            "stop": self._stop,
            "kill": self._kill,
            "restart": self._restart,
            "another": self._another,
            "restore": self._restore,
        }
        if name not in actions:
            raise SuiteError(f"there is no action `{name}`", hint=f"there are: {', '.join(actions)}")
        return actions[name](**arguments)

    def _instance(self, id: int) -> Service:
        return self.service if id == 0 else self._others[id]

    def _printed(self, base_url: str) -> str:
        known = (self.service, *self._others.values())
        return next((one.output() for one in known if one.base_url == base_url), "")

    def _gone(self, id: int) -> dict[str, str] | None:
        failure = None if self._down else self._instance(id).exited()
        if failure is None:
            return None
        return {
            "code": failure.code,
            "message": failure.message,
            "hint": failure.hint,
            "output": failure.output,
        }

    def _start(self, id: int) -> None:
        self._instance(id).start()
        if id == 0:
            self._down = False

    def _stop(self, id: int) -> None:
        self._instance(id).stop()
        if id == 0:
            self._down = True

    def _kill(self, id: int) -> None:
        self._instance(id).kill()
        if id == 0:
            self._down = True

    def _restart(
        self, id: int, variables: Mapping[str, str] | None = None, database_url: str | None = None
    ) -> None:
        self._instance(id).restart(variables, database_url=database_url)
        if id == 0:
            self._down = False
            self._changed = self._changed or bool(variables) or database_url is not None

    def _another(self, variables: Mapping[str, str], database_url: str | None) -> dict[str, Any]:
        other = self.service.another(variables, database_url=database_url)
        id = len(self._others) + 1
        self._others[id] = other
        return {"id": id, "base_url": other.base_url}

    def _restore(self) -> None:
        for other in self._others.values():
            if other.alive:
                other.kill()
        if self._changed:
            self.service.kill()
            self.service.start({}, database_url=self._database_url)
        elif self._down or not self.service.alive:
            self.service.start()
        self._changed = self._down = False


@contextmanager
def controlled(terms: Terms) -> Iterator[ServiceControl]:
    """The service of a repository's copy, neither released nor started; it ends with the block."""
    with prepare(terms) as service:
        yield ServiceControl(service, terms.database_url)
