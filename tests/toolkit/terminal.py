"""A real terminal of 80 columns and 24 rows, in which one command runs."""

from __future__ import annotations

import secrets
import shlex
import subprocess
from pathlib import Path

from running import Kata


def screen_of(kata: Kata, name: Path, *arguments: str, cwd: Path, **variables: str) -> list[str]:
    """Every line of a pane after one command has run in it, the scrollback first."""
    # A server that is ending may still hold the socket of the one before.
    place = str(name / f"tmux-{secrets.token_hex(4)}")
    socket = ["tmux", "-S", place, "-f", "/dev/null"]
    ended = f"tmux -S {shlex.quote(place)} wait-for -S ended"
    program = f"{shlex.join(kata.command(*arguments))}; {ended}; read kept"
    environment = {**kata.environment, "TERM": "xterm-256color", "LANG": "C.UTF-8", **variables}
    command = [*socket, "new-session", "-d", "-x", "80", "-y", "24", "sh", "-c", program]
    subprocess.run(command, cwd=cwd, env=environment, check=True)
    try:
        subprocess.run([*socket, "wait-for", "ended"], check=True, timeout=300)
        shown = subprocess.run(
            [*socket, "capture-pane", "-p", "-J", "-S", "-"], capture_output=True, check=True
        )
    finally:
        subprocess.run([*socket, "kill-server"], check=True)
    # -J joins what the terminal has folded, such as commands, which are not broken.
    return [line.rstrip() for line in shown.stdout.decode().splitlines()]
