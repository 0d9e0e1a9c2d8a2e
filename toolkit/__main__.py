"""`python -m toolkit` is `kata`."""

import contextlib
import sys
from pathlib import Path

# -m puts the current directory first on the path, and that may be a submission: its files must not be imported.
with contextlib.suppress(FileNotFoundError):
    if Path(sys.path[0]).resolve() == Path.cwd() != Path(__file__).parent.parent:
        del sys.path[0]

from toolkit.app import main

if __name__ == "__main__":
    main()
