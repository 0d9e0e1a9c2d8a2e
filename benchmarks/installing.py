"""What `pip install` of the wheel brings: packages and megabytes, plain and with each extra; and one new-shapes figure.

    python benchmarks/installing.py

Needs the network. Packages are counted without kata itself; megabytes are the space on the disk that site-packages
takes, bytecode included. sqlglot's compiled build is measured as well, to see what it would earn.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
MOST_PACKAGES, MOST_MEGABYTES = 45, 170
_SPEED = """
import time
from graders.sql.text.fingerprint import Shapes
texts = [f"SELECT a.id, a.name_{n}, b.total FROM a_{n} a JOIN b_{n} b ON b.a_id = a.id WHERE a.id = $1 AND "
         f"b.kind IN ($2, $3) ORDER BY b.total DESC LIMIT 10" for n in range(3000)]
shapes, start = Shapes(), time.process_time()
for text in texts:
    shapes.of(text)
print(len(texts) / (time.process_time() - start))
"""
_IMPORT = "import time; a = time.process_time(); import graders.sql.engine; print(time.process_time() - a)"


@dataclass(frozen=True, slots=True)
class Installed:
    """One environment: `packages` without kata, `megabytes` of all, new shapes a second, seconds of an import."""

    packages: int
    megabytes: float
    shapes: float
    importing: float


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="kata-installing-") as folder:
        base = Path(folder)
        wheel = build(base / "dist")
        found = {
            "plain": install(base / "plain", [str(wheel)]),
            "kata-toolkit[openapi]": install(base / "openapi", [f"{wheel}[openapi]"]),
            "plain, sqlglot[c]": install(base / "compiled", [str(wheel), "sqlglot[c]"]),
        }
    print(f"{'':<22} {'packages':>8} {'MB':>6} {'new shapes/s':>13} {'import of the rules':>20}")
    for name, one in found.items():
        print(
            f"{name:<22} {one.packages:>8} {one.megabytes:>6.0f} {one.shapes:>13,.0f} {one.importing * 1000:>17.0f} ms"
        )
    plain = found["plain"]
    print(f"plain: at most {MOST_PACKAGES} packages and {MOST_MEGABYTES} MB")
    return 1 if plain.packages > MOST_PACKAGES or plain.megabytes > MOST_MEGABYTES else 0


def build(into: Path) -> Path:
    """The wheel of this checkout."""
    command = [sys.executable, "-m", "build", "--wheel", "--outdir", str(into), str(ROOT)]
    subprocess.run(command, check=True, capture_output=True)
    return next(into.glob("*.whl"))


def install(place: Path, requirements: Sequence[str]) -> Installed:
    """An environment with nothing but these."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(place)], check=True)
    python = str(place / "bin" / "python")
    pip = (sys.executable, "-m", "pip", "--python", python, "--disable-pip-version-check")
    subprocess.run([*pip, "install", "-q", *requirements], check=True)
    packages = output([*pip, "list", "--format=freeze"]).split()
    library = next((place / "lib").glob("python*")) / "site-packages"
    blocks = sum(path.lstat().st_blocks for path in library.rglob("*"))
    speeds = [float(output([python, "-c", _SPEED])) for _ in range(3)]
    imports = [float(output([python, "-c", _IMPORT])) for _ in range(5)]
    return Installed(
        packages=sum(not name.startswith("kata-toolkit") for name in packages),
        megabytes=blocks * 512 / 2**20,
        shapes=max(speeds),
        importing=min(imports),
    )


def output(command: Sequence[str]) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True, cwd="/").stdout


if __name__ == "__main__":
    sys.exit(main())
