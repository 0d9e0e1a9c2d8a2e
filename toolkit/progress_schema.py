"""The tables of the record of attempts, as SQL: one step for each version of the file."""

from __future__ import annotations

# From each version of the file to the next one.
STEPS = (
    """
CREATE TABLE attempts (
    id INTEGER PRIMARY KEY,
    kata TEXT NOT NULL,
    stack TEXT NOT NULL,
    repository TEXT NOT NULL,
    at TEXT NOT NULL,
    seed INTEGER NOT NULL,
    score INTEGER NOT NULL,
    max INTEGER NOT NULL,
    valid INTEGER NOT NULL,
    partial INTEGER NOT NULL,
    digest TEXT NOT NULL,
    verdicts TEXT NOT NULL,
    document TEXT NOT NULL
) STRICT;
CREATE INDEX attempts_by_kata ON attempts (kata, id);
CREATE TABLE hints (
    kata TEXT NOT NULL,
    check_id TEXT NOT NULL,
    rung INTEGER NOT NULL,
    at TEXT NOT NULL,
    PRIMARY KEY (kata, check_id, rung)
) STRICT;
CREATE TABLE give_ups (
    kata TEXT PRIMARY KEY,
    at TEXT NOT NULL
) STRICT;
""",
    """
CREATE TABLE repositories (
    path TEXT PRIMARY KEY,
    kata TEXT NOT NULL,
    stack TEXT NOT NULL,
    stack_was_named INTEGER NOT NULL,
    at TEXT NOT NULL
) STRICT;
INSERT INTO repositories SELECT repository, kata, stack, 0, min(at) FROM attempts GROUP BY repository;
""",
    """
ALTER TABLE hints RENAME TO hints_of_katas;
CREATE TABLE hints (
    kata TEXT NOT NULL,
    repository TEXT NOT NULL,
    check_id TEXT NOT NULL,
    rung INTEGER NOT NULL,
    at TEXT NOT NULL,
    PRIMARY KEY (kata, repository, check_id, rung)
) STRICT;
INSERT INTO hints SELECT kata, '', check_id, rung, at FROM hints_of_katas;
INSERT INTO hints SELECT h.kata, r.path, h.check_id, h.rung, h.at
  FROM hints_of_katas AS h JOIN repositories AS r ON r.kata = h.kata;
DROP TABLE hints_of_katas;
""",
)
