"""Tries to take over the terminal of whoever reads its output."""

import sys

sys.stdout.buffer.write(b"\x1b]0;owned\x07\x1b[2Jgone\xff\x00\n")
raise SystemExit(1)
