"""The verbs of `kata`, as a table.

To add a verb: a line in `VERBS` and a module in `toolkit/commands/` with a function `run`, whose docstring is the
help text, and a text `EXAMPLE`.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Verb:
    """One line of the table: `module` is relative to toolkit.commands; a group has `verbs` instead.

    `runs_services`: it starts foreign code, which needs POSIX.
    """

    name: str
    module: str
    summary: str
    section: str
    runs_services: bool = False
    verbs: tuple[Verb, ...] = ()


VERBS = (
    Verb("list", "list", "The katas there are, with your best result of each.", "Learn"),
    Verb("show", "show", "One kata: what it is about and what it checks.", "Learn"),
    Verb("start", "start", "Make the starter repository of a kata.", "Learn"),
    Verb(
        "test", "test", "Run the service with its own PostgreSQL and judge it.", "Learn", runs_services=True
    ),
    Verb(
        "serve",
        "serve",
        "Run the service and its seeded database, for curl and psql.",
        "Learn",
        runs_services=True,
    ),
    Verb(
        "env",
        "env",
        "The interpreter and the packages of a repository, for an editor.",
        "Learn",
        runs_services=True,
    ),
    Verb("hint", "hint", "The next hint for a check.", "Learn"),
    Verb("explain", "explain", "What a kata, a check or a finding is about.", "Learn"),
    Verb("solution", "solution", "A known solution and its reasons, after 100 points.", "Learn"),
    Verb("next", "next", "The next stage, or the kata to take next.", "Learn"),
    Verb("open", "open", "The task, a page or the report in a pager, editor or browser.", "Learn"),
    Verb("diff", "diff", "What you changed since `kata start`.", "Learn"),
    Verb("reset", "reset", "Put the starter's files back; yours are kept.", "Learn"),
    Verb("undo", "undo", "Take the last reset back.", "Learn"),
    Verb("status", "status", "Your attempts, the best one, what changed since the last.", "Learn"),
    Verb("report", "report", "The last attempt as text, JSON, HTML, JUnit or CSV.", "Learn"),
    Verb(
        "verify",
        "verify",
        "Whether a report is the one that was signed, and is earned.",
        "Judge others",
        runs_services=True,
    ),
    Verb(
        "keys",
        "",
        "Keys for signing reports.",
        "Judge others",
        verbs=(
            Verb("new", "keys_new", "Make a key for signing reports.", "Keys"),
            Verb("show", "keys_show", "Print a public key, for those who verify.", "Keys"),
            Verb("list", "keys_list", "The ids of your keys.", "Keys"),
        ),
    ),
    Verb("sql", "sql", "What the rules find in a PostgreSQL log.", "SQL"),
    Verb(
        "migrate-check",
        "migrate_check",
        "Run migrations on tables in use and say what they block.",
        "SQL",
        runs_services=True,
    ),
    Verb("doctor", "doctor", "What kata found on this machine, and what is missing.", "This machine"),
    Verb(
        "demo",
        "demo",
        "A whole round in a temporary directory: red, fixed, green.",
        "This machine",
        runs_services=True,
    ),
    Verb(
        "author",
        "",
        "Write katas and prove that they are right.",
        "Write katas",
        verbs=(
            Verb("new", "author_new", "The folder of a new kata, with the remaining work marked.", "Write"),
            Verb(
                "solution",
                "author_solution",
                "Write a known solution as edits, or render it to edit it.",
                "Write",
            ),
            Verb("diff", "author_diff", "What a known solution changes.", "Write"),
            Verb("try", "author_try", "Judge one solution and show all of it.", "Prove", runs_services=True),
            Verb(
                "check",
                "author_check",
                "Prove a kata: every solution against every check.",
                "Prove",
                runs_services=True,
            ),
            Verb(
                "flake",
                "author_flake",
                "Repeat runs and report every verdict that differs.",
                "Prove",
                runs_services=True,
            ),
        ),
    ),
)

# Words that people try, with the verb that does it: answered as if that had been typed.
SAME_AS = {"version": ("--version",), "skills": ("status", "--skills")}

# Words that people try, with what to type instead.
INSTEAD = {
    "grade": "test",
    "judge": "test",
    "check": "test",
    "run": "test",
    "submit": "test",
    "watch": "test --watch",
    "up": "serve",
    "dev": "serve",
    "init": "start SLUG",
    "new": "start SLUG",
    "begin": "start SLUG",
    "clone": "start SLUG",
    "ls": "list",
    "katas": "list",
    "tracks": "list --track core",
    "brief": "open brief",
    "task": "open brief",
    "readme": "open brief",
    "docs": "open brief",
    "edit": "open code",
    "tip": "hint",
    "answer": "solution",
    "solve": "solution",
    "progress": "status",
    "score": "status",
    "history": "status",
    "results": "report",
    "html": "report --html FILE",
    "revert": "undo",
    "restart": "reset",
    "completion": "--install-completion",
    "config": "doctor",
}
