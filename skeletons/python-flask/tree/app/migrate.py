"""Applies migrations/*.sql, each once, in the order of their names."""

import os
import sys
from pathlib import Path

FOLDER = Path(__file__).parent.parent / "migrations"
LOCK = 7_251_190


def main() -> None:
    files = sorted(FOLDER.glob("*.sql"))
    if files:
        apply(files)


def apply(files: list[Path]) -> None:
    """Each file is a transaction of its own; several processes may start at once."""
    import psycopg

    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as connection:
        connection.execute("SELECT pg_advisory_lock(%s)", [LOCK])
        connection.execute(
            "CREATE TABLE IF NOT EXISTS schema_migrations ("
            "name text PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now())"
        )
        done = {name for (name,) in connection.execute("SELECT name FROM schema_migrations")}
        for file in files:
            if file.name in done:
                continue
            try:
                with connection.transaction():
                    connection.execute(file.read_bytes())
                    connection.execute("INSERT INTO schema_migrations (name) VALUES (%s)", [file.name])
            except psycopg.Error as error:
                sys.exit(f"migrations/{file.name}: {error}")
            print(f"applied migrations/{file.name}")


if __name__ == "__main__":
    main()
