"""What a suite may do to the service: the grader's side of `graders.suite.control`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from graders.errors import SuiteError
from graders.results.grade import Stop
from graders.submission.printed import digest_log
from graders.submission.service import Service, Terms, prepare


class ServiceControl:
    """`graders.suite.control.Control` on real services. Every method may raise ServiceFailure."""

    def __init__(self, service: Service, database_url: str) -> None:
        self.service = service
        self._database_url = database_url
        self._others: dict[int, Service] = {}
        self._changed = False
        self._down = False

    def alive(self, id: int) -> bool:
        return self._instance(id).alive

    def output(self, id: int) -> str:
        return self._instance(id).output()

    def mark(self) -> None:
        for instance in (self.service, *self._others.values()):
            instance.mark()

    def printed(self) -> str:
        parts = [digest_log(self.service.printed())]
        for id, other in self._others.items():
            if text := digest_log(other.printed()):
                parts.append(f"--- instance {id + 1} ---\n{text}")
        return "\n".join(part for part in parts if part)

    def exited(self, id: int) -> Stop | None:
        failure = None if self._down else self._instance(id).exited()
        return None if failure is None else failure.stop

    def start(self, id: int) -> None:
        self._instance(id).start()
        if id == 0:
            self._down = False

    def stop(self, id: int) -> None:
        self._instance(id).stop()
        if id == 0:
            self._down = True

    def kill(self, id: int) -> None:
        self._instance(id).kill()
        if id == 0:
            self._down = True

    def restart(
        self, id: int, variables: Mapping[str, str] | None = None, database_url: str | None = None
    ) -> None:
        self._instance(id).restart(variables, database_url=database_url)
        if id == 0:
            self._down = False
            self._changed = self._changed or bool(variables) or database_url is not None

    def another(self, variables: Mapping[str, str], database_url: str | None = None) -> tuple[int, str]:
        other = self.service.another(variables, database_url=database_url)
        id = len(self._others) + 1
        self._others[id] = other
        return id, other.base_url

    def restore(self) -> None:
        for other in self._others.values():
            if other.alive:
                other.kill()
        if self._changed:
            self.service.kill()
            self.service.start({}, database_url=self._database_url)
        elif self._down or not self.service.alive:
            self.service.start()
        self._changed = self._down = False

    def _instance(self, id: int) -> Service:
        if id == 0:
            return self.service
        if id not in self._others:
            raise SuiteError(
                f"there is no instance {id}", hint="`another` gives the numbers of further instances"
            )
        return self._others[id]


@contextmanager
def controlled(terms: Terms) -> Iterator[ServiceControl]:
    """The service of a repository's copy, neither released nor started; it ends with the block."""
    with prepare(terms) as service:
        yield ServiceControl(service, terms.database_url)
