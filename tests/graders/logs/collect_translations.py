"""Collects PostgreSQL's translations of the messages that `kata sql` reads: run by hand, once for a new version.

    python tests/graders/logs/collect_translations.py /usr/share/locale

Reads `<language>/LC_MESSAGES/postgres-*.mo` as distributions install them, and adds what is new to
graders/logs/translations.json: languages differ between versions, and so may their words.
"""

from __future__ import annotations

import gettext
import json
import sys
from pathlib import Path

TARGET = Path(__file__).parents[3] / "graders" / "logs" / "translations.json"
SEVERITIES = ("DEBUG", "LOG", "INFO", "NOTICE", "WARNING", "ERROR", "FATAL", "PANIC")
PARTS = (
    "DETAIL:  ",
    "HINT:  ",
    "QUERY:  ",
    "CONTEXT:  ",
    "STATEMENT:  ",
    "BACKTRACE:  ",
    "LOCATION:  %s, %s:%d\n",
)
WORDS = ("execute", "execute fetch from")
MESSAGES = (
    "statement: %s",
    "%s %s%s%s: %s",
    "duration: %s ms",
    "duration: %s ms  statement: %s",
    "duration: %s ms  parse %s: %s",
    "duration: %s ms  bind %s%s%s: %s",
    "duration: %s ms  %s %s%s%s: %s",
    'duration: %s ms  fastpath function call: "%s" (OID %u)',
    'fastpath function call: "%s" (OID %u)',
    "disconnection: session time: %d:%02d:%02d.%03d user=%s database=%s host=%s%s%s",
    "prepare: %s",
    "unnamed portal with parameters: %s",
    'portal "%s" with parameters: %s',
    "unnamed portal parameter $%d",
    'portal "%s" parameter $%d',
)
ERRORS = (
    "syntax error",
    'duplicate key value violates unique constraint "%s"',
    'null value in column "%s" of relation "%s" violates not-null constraint',
    'insert or update on table "%s" violates foreign key constraint "%s"',
    'update or delete on table "%s" violates foreign key constraint "%s" on table "%s"',
    "deadlock detected",
    "could not serialize access due to concurrent update",
    "could not serialize access due to concurrent delete",
    "could not serialize access due to read/write dependencies among transactions",
    "canceling statement due to lock timeout",
    "canceling statement due to statement timeout",
    "canceling statement due to user request",
    "permission denied for table %s",
    'relation "%s" does not exist',
    'column "%s" does not exist',
    "column %s.%s does not exist",
    "function %s does not exist",
    "operator does not exist: %s",
    "current transaction is aborted, commands ignored until end of transaction block",
)


def main() -> None:
    known: dict[str, dict[str, list[str]]] = (
        json.loads(TARGET.read_text(encoding="utf-8")) if TARGET.exists() else {}
    )
    for path in sorted(Path(sys.argv[1]).glob("*/LC_MESSAGES/postgres-*.mo")):
        language = known.setdefault(path.parts[-3], {})
        with path.open("rb") as file:
            catalog = gettext.GNUTranslations(file)
        for message in (*SEVERITIES, *PARTS, *WORDS, *MESSAGES, *ERRORS):
            translated = catalog.gettext(message)
            variants = language.setdefault(message, [])
            if translated != message and translated not in variants:
                variants.append(translated)
            if not variants:
                del language[message]
    text = json.dumps(known, ensure_ascii=False, indent=1, sort_keys=True)
    TARGET.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
