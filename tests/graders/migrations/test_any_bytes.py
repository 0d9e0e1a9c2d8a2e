"""Migration files of any bytes: statements, or an error that names the file."""

from __future__ import annotations

import tempfile
from pathlib import Path
from random import Random

from damage import damaged
from hypothesis import given, settings
from hypothesis import strategies as st

from graders.errors import UsageError
from graders.migrations.sources import load_migrations
from graders.sql.ddl.hazards import find_hazards

FILES = {
    "1_made.sql": "create table a (id int, note text);\ncopy a from stdin;\n1\tx\n\\.\ncreate index on a (note);\n",
    "2_dbmate.sql": "-- migrate:up transaction:false\nalter table a add b int;\n-- migrate:down\nselect 1;\n",
    "3_goose.sql": "-- +goose Up\n-- +goose StatementBegin\ndo $$ begin null; end $$;\n-- +goose Down\nselect 1;\n",
    "V4__flyway.sql": "create function f() returns int begin atomic select 1; end; /* a /* b */ c */ select $x$;$x$;\n",
}


@settings(max_examples=100)
@given(st.sampled_from(sorted(FILES)), st.binary() | st.randoms(use_true_random=False))
def test_migrations_of_any_bytes(name: str, content: bytes | Random) -> None:
    with tempfile.TemporaryDirectory() as folder:
        base = Path(folder)
        for file, text in FILES.items():
            (base / file).write_text(text)
        raw = content if isinstance(content, bytes) else damaged(FILES[name].encode(), content)
        (base / name).write_bytes(raw)
        try:
            migrations = load_migrations([base])
        except UsageError as error:
            # One file of Flyway's names makes the folder Flyway's: where it is empty, there is nothing else to run.
            assert str(base / name) in error.message or error.message == f"{base}: no statement was found"
            return
        for one in migrations:
            assert all("\0" not in step.text for step in one.up)
            find_hazards([step.text for step in one.up], in_transaction=one.wrapped)
