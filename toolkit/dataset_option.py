"""The option `--dataset` of the verbs that start a service, and its old name `--world`."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from graders.errors import UsageError
from toolkit.completion import datasets

DatasetName = Annotated[
    str | None,
    typer.Option(
        "--dataset",
        metavar="NAME",
        help="Size of the seeded database; the first is the graded one.",
        autocompletion=datasets,
    ),
]
OldDatasetName = Annotated[
    str | None, typer.Option("--world", metavar="NAME", hidden=True, autocompletion=datasets)
]


def dataset_name(name: str | None, old: str | None) -> str | None:
    """The dataset that was asked for under either name of the option; the old one is noted on stderr.

    Raises UsageError where both are given.
    """
    if old is None:
        return name
    if name is not None:
        raise UsageError("--world is the old name of --dataset", hint="give --dataset alone")
    print("--world is deprecated: write --dataset", file=sys.stderr)
    return old
