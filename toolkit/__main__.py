"""`python -m toolkit` is `kata`."""

import sys
from pathlib import Path

# -m puts the current directory first on the path, and that may be a submission: its files must not be imported.
_first = Path(sys.path[0]).resolve()
if _first == Path.cwd() and _first != Path(__file__).parent.parent:
    del sys.path[0]

from toolkit.app import main  # noqa: E402

if __name__ == "__main__":
    main()
