"""The entry of the command `kata`: the cheapest answers first, everything else behind the boundary."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line of this process and end it with the exit code."""
    if sys.argv[1:] in (["--version"], ["-V"]):
        sys.exit(_print_version())
    from toolkit.boundary import guarded
    from toolkit.build_server import no_commands_from_output

    with no_commands_from_output():
        code = guarded(_list if sys.argv[1:] == ["list"] else _run)
    sys.exit(code)


def _print_version() -> int:
    # Answered before anything is imported: whoever asks for the version is often a script that asks often.
    from toolkit import __version__

    try:
        print(f"kata {__version__}", flush=True)
    except OSError:
        # A full or broken output: the boundary has words for it.
        from toolkit.boundary import guarded

        return guarded(_run)
    return 0


def _list() -> int:
    # The verb that is asked first and most does not wait for a command line that has nothing to say.
    from toolkit.listing import print_list

    return print_list()


def _run() -> int:
    from toolkit.command_line import run_verb

    return run_verb(sys.argv[1:])
