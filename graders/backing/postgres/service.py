"""PostgreSQL as a backing service: a private cluster with the kata's dataset, or a database on a server that runs."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

from graders.backing.postgres.binaries import Binaries
from graders.backing.postgres.cluster import Cluster, start_cluster
from graders.backing.postgres.external import connect_external
from graders.backing.postgres.server import NotStartedError
from graders.backing.postgres.storage import StorageQuota
from graders.backing.postgres.template import dataset_template, discard
from graders.backing.postgres.wire import open_wire
from graders.packs.records import Dataset, Kata

# The wire refuses TLS, as the server of a run does.
_TLS = re.compile(r"[?&]sslmode=(?:require|verify)")


@dataclass(frozen=True, slots=True)
class PostgresService:
    """See backing.base.BackingService. `url`: a superuser's, of a server that runs; else `binaries` are started."""

    name: ClassVar[str] = "postgres"
    kata: Kata
    dataset: Dataset
    binaries: Callable[[], Binaries]
    cache: Path
    runs: Path
    url: str | None = None

    @contextlib.contextmanager
    def start(self) -> Iterator[Cluster]:
        with self._cluster() as cluster, behind_a_wire(cluster) as metered:
            yield metered

    @contextlib.contextmanager
    def _cluster(self) -> Iterator[Cluster]:
        if self.url:
            with connect_external(self.url, self.kata, self.dataset) as cluster:
                yield cluster
            return
        binaries = self.binaries()
        with contextlib.ExitStack() as stack:
            yield self._started(binaries, stack)

    def _started(self, binaries: Binaries, stack: contextlib.ExitStack) -> Cluster:
        """A cluster of the kata's template; of one that is made anew where no server starts from the first."""
        template = dataset_template(self.kata, self.dataset, binaries, cache=self.cache)
        try:
            return stack.enter_context(start_cluster(template, binaries, run_dir=self.runs))
        except NotStartedError:
            discard(template)
        template = dataset_template(self.kata, self.dataset, binaries, cache=self.cache)
        return stack.enter_context(start_cluster(template, binaries, run_dir=self.runs))


@contextlib.contextmanager
def behind_a_wire(cluster: Cluster) -> Iterator[Cluster]:
    """The cluster, with the service's address that of a wire before it; as it is where its URL demands TLS."""
    if _TLS.search(cluster.service_url):
        yield cluster
        return
    with open_wire(cluster.host, cluster.port, _quota_of(cluster)) as wire:
        yield replace(cluster, service_url=wire.url_for(cluster.service_url), wire=wire.place)


def _quota_of(cluster: Cluster) -> Callable[[], str]:
    """What says that a private cluster takes too much room; a server that is lent has limits of its own."""
    data = cluster.directory
    return (lambda: "") if data is None else StorageQuota(data).exceeded
