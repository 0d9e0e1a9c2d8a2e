"""The SQL analysis against labels made by others and by live services, compared with the best known figures.

    python benchmarks/sql.py [--corpora DIR] [--live] [--work DIR]

`--corpora DIR` holds `n-plus-one/`, `plans/` and `migrations/`. `--live` installs ORMs and drivers into DIR (a
temporary one by default), runs them against a PostgreSQL of its own and judges what it recorded. Speed is always
measured. Whole logs have a benchmark of their own: sql_logs.py; sql_migrations.py says more about migrations.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from rich.console import Console
from rich.table import Table
from sql_corpora import measure_n_plus_one, measure_plans
from sql_figures import Figure
from sql_live import measure_live
from sql_migrations import measure_migrations
from sql_speed import measure_speed


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure the SQL analysis.")
    parser.add_argument("--corpora", type=Path, help="folder of labelled recordings and plans")
    parser.add_argument(
        "--live", action="store_true", help="run ORMs and drivers in environments of their own"
    )
    parser.add_argument("--work", type=Path, help="where to keep those environments")
    arguments = parser.parse_args()
    figures: list[Figure] = []
    if arguments.corpora:
        figures += measure_n_plus_one(arguments.corpora / "n-plus-one")
        figures += measure_plans(arguments.corpora / "plans")
        figures += measure_migrations(arguments.corpora)
    if arguments.live:
        with tempfile.TemporaryDirectory(prefix="kata-sql-live-") as scratch:
            figures += measure_live(arguments.work or Path(scratch))
    figures += measure_speed()
    show(figures)


def show(figures: list[Figure]) -> None:
    table = Table("what", "measured", "best known", "must reach", "", title="SQL analysis")
    for figure in figures:
        table.add_row(
            figure.what, figure.measured, figure.best_known, figure.target, "yes" if figure.reached else "NO"
        )
    console = Console()
    console.print(table)
    for figure in figures:
        for note in figure.notes:
            console.print(f"  {figure.what}: {note}", highlight=False, markup=False)


if __name__ == "__main__":
    main()
