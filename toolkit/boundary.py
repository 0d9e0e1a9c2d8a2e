"""The rim of the program: exceptions become sentences, exit codes and logs; the only place that prints one."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TextIO

from graders.errors import KataError
from toolkit.interrupts import INTERRUPTED, EndingSignals

OK, NOT_YET, USAGE, OURS, CLOSED_PIPE = 0, 1, 2, 3, 141

_OF_THE_MACHINE = {
    errno.ENOSPC,
    errno.EDQUOT,
    errno.EROFS,
    errno.EACCES,
    errno.EPERM,
    errno.EMFILE,
    errno.ENFILE,
}

# Names that no file can have, or not where the command has it.
_OF_A_NAME = {errno.ENAMETOOLONG, errno.ELOOP, errno.ENOTDIR, errno.EISDIR, errno.EEXIST}


def guarded(run: Callable[[], int]) -> int:
    """The exit code of `run`, with every exception turned into words on stderr."""
    _make_streams_forgiving()
    signals = EndingSignals(_say)
    try:
        with signals:
            code = run()
            sys.stdout.flush()
        return _interrupted() if signals.received else code
    except KeyboardInterrupt:
        return _interrupted()
    except BrokenPipeError:
        # The reader of our output has closed it (`kata list | head`): nobody reads a message.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return CLOSED_PIPE
    except Exception as error:
        # What was being waited for has been ended, and says so.
        return _interrupted() if signals.received else _said(error)


def _interrupted() -> int:
    _say("Interrupted; everything that was started has been stopped.")
    return INTERRUPTED


def _said(error: Exception) -> int:
    return print_error(error) if isinstance(error, KataError) else _translate(error)


def print_error(error: KataError) -> int:
    """Say an error on stderr, for a loop that goes on afterwards; its exit code."""
    _say_error(error.message, error.hint)
    return error.exit_code


def write_log(text: str, *, name: str = "error") -> Path | None:
    """Keeps `text` where a report can be pasted from; None where even that cannot be written."""
    from datetime import UTC, datetime

    from toolkit.settings import state_dir

    timestamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%fZ")
    try:
        path = state_dir() / "logs" / f"{timestamp}-{name}.log"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(
            f"{_circumstances()}\n\n{_without_passwords(text)}\n", encoding="utf-8", errors="replace"
        )
    except (OSError, KataError):
        return None
    return path


def _translate(error: Exception) -> int:
    import typer

    if isinstance(error, typer.TyperException):
        return _usage(error)
    if isinstance(error, typer.Exit):
        return error.exit_code
    if isinstance(error, typer.Abort):
        return INTERRUPTED
    if isinstance(error, OSError) and error.errno in _OF_A_NAME:
        _say_error(f"{_one_line(error)}", "Name another file or directory.")
        return USAGE
    if isinstance(error, BlockingIOError) or (isinstance(error, RuntimeError) and "new thread" in str(error)):
        # What fork and the start of a thread say.
        said = "no more processes or threads may be started here."
        _say_error(said, "End other programs, or raise the limit (ulimit -u), then run it again.")
        return OURS
    if isinstance(error, OSError) and error.errno in _OF_THE_MACHINE:
        where = f"{error.filename}: " if error.filename else "what is printed, or a file, cannot be written: "
        _say_error(f"{where}{error.strerror}.", "Make room or give access there, then run the command again.")
        return OURS
    import traceback

    log = write_log("".join(traceback.format_exception(error)))
    place = f"Please report it with this file: {log}" if log else "No log could be written."
    _say_error(
        f"kata itself went wrong: {type(error).__name__}: {_one_line(error)}",
        f"This is a fault of kata, not of your service. {place}",
    )
    return OURS


def _usage(error: Exception) -> int:
    from toolkit.text import escape

    context = getattr(error, "ctx", None)
    message = getattr(error, "message", str(error))
    if type(error).__name__ == "NoArgsIsHelpError":
        print(message)
        return USAGE
    formatted = error.format_message() if hasattr(error, "format_message") else message
    if possibilities := getattr(error, "possibilities", None):
        formatted = f"{message.rstrip('.')}. Did you mean {possibilities[0]}?"
    command = context.command_path if context else "kata"
    _say_error(escape(formatted, keep_newlines=True), f"{command} --help")
    return USAGE


_SPELT_OUT = str.maketrans(
    {
        "…": "...",
        "→": "->",
        "·": "|",
        "×": "x",
        "—": "--",
        "–": "-",
        "“": '"',
        "”": '"',
        "’": "'",
        "≤": "<=",
        "✓": "+",
        "✗": "x",
    }
)


def _make_streams_forgiving() -> None:
    """A terminal that cannot show a sign shows another one or "?"; it does not end the run."""
    import codecs

    codecs.register_error("kata-spelt-out", _spell_out)
    # A stream that the caller has closed is not there at all.
    sys.stdout = sys.stdout or _nowhere()
    sys.stderr = sys.stderr or _nowhere()
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="kata-spelt-out")


def _nowhere() -> TextIO:
    return Path(os.devnull).open("w", encoding="utf-8")


def _spell_out(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    spelt = error.object[error.start : error.end].translate(_SPELT_OUT)
    return spelt.encode("ascii", "replace").decode(), error.end


def _say_error(message: str, hint: str) -> None:
    from toolkit.notes import fitted
    from toolkit.settings import wants_color

    red, dim, end = ("\x1b[1;31m", "\x1b[2m", "\x1b[0m") if wants_color("auto", sys.stderr) else ("", "", "")
    _say(f"{red}error:{end} {fitted(message, 'error: ')}")
    if hint:
        arrow = "→" if _carries_arrows() else "->"
        _say(f"  {dim}{arrow}{end} {fitted(hint, f'  {arrow} ')}")


def _carries_arrows() -> bool:
    from toolkit.settings import speaks_unicode

    return speaks_unicode(sys.stderr)


def _say(line: str) -> None:
    with contextlib.suppress(OSError):
        print(line, file=sys.stderr, flush=True)


def _one_line(error: Exception) -> str:
    from toolkit.text import escape

    first = (str(error).strip() or "no message").splitlines()[0]
    return escape(_without_passwords(first))[:300]


def _circumstances() -> str:
    import platform

    from toolkit import __version__

    return "\n".join(
        (
            f"kata {__version__} · Python {platform.python_version()} · {platform.platform()}",
            "$ kata " + " ".join(_without_passwords(argument) for argument in sys.argv[1:]),
        )
    )


def _without_passwords(text: str) -> str:
    return re.sub(r"(://[^\s:/@]+):[^\s@]+@", r"\1:***@", text)
