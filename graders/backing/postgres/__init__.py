"""A private PostgreSQL for each run: found, filled once for each dataset, copied and started in milliseconds."""

from graders.backing.postgres.binaries import Binaries, find_binaries
from graders.backing.postgres.cluster import Cluster, PostgresAccess, start_cluster
from graders.backing.postgres.external import connect_external
from graders.backing.postgres.service import PostgresService
from graders.backing.postgres.template import Template, dataset_template, empty_template
from graders.logs.tail import FileLog, LogSource, ServerLog
from graders.sandbox.rundir import reap

__all__ = [
    "Binaries",
    "Cluster",
    "FileLog",
    "LogSource",
    "PostgresAccess",
    "PostgresService",
    "ServerLog",
    "Template",
    "connect_external",
    "dataset_template",
    "empty_template",
    "find_binaries",
    "reap",
    "start_cluster",
]
