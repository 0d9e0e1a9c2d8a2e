"""The stack's build step: shell commands in the private copy of the repository, before anything of it runs."""

from __future__ import annotations

from collections.abc import Sequence

from graders.errors import SandboxError
from graders.sandbox.base import OutputBuffer
from graders.submission import failures
from graders.submission.terms import Terms, environment_of

BUILD_SECONDS = 600.0


def build(commands: Sequence[str], terms: Terms) -> None:
    """Run each command where the service will run, with the service's variables. Raises ServiceFailure for one that
    fails, SandboxError for one that does not end: a deadline says nothing about the code."""
    for command in commands:
        output = OutputBuffer()
        process = terms.sandbox.start(
            command,
            cwd=terms.root,
            env=environment_of(terms),
            output=output,
            mounts=terms.mounts(lasting=True),
            limits=terms.limits,
            network="none",
        )
        try:
            status = process.wait(BUILD_SECONDS)
        finally:
            process.kill()
        if status is None:
            raise SandboxError(
                f"the build step `{command}` was not done after {BUILD_SECONDS:.0f} s:\n{output.text()[-2000:]}",
                hint="try again on a machine with less to do; if it never ends, run it in the repository to see why",
            )
        if status != 0:
            failure = failures.build_failed(command, status, output.text())
            raise failures.with_limits(failure, process.exceeded())
