"""PostgreSQL as a backing service: a private cluster with the kata's dataset, or a database on a server that runs."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from graders.backing.postgres.binaries import Binaries
from graders.backing.postgres.cluster import Cluster, start_cluster
from graders.backing.postgres.external import connect_external
from graders.backing.postgres.template import dataset_template
from graders.packs.records import Dataset, Kata


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
        if self.url:
            with connect_external(self.url, self.kata, self.dataset) as cluster:
                yield cluster
            return
        binaries = self.binaries()
        template = dataset_template(self.kata, self.dataset, binaries, cache=self.cache)
        with start_cluster(template, binaries, run_dir=self.runs) as cluster:
            yield cluster
