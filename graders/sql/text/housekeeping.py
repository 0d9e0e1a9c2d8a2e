"""Housekeeping of drivers and frameworks: transaction control, settings, pings, queries of the catalog."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise

from graders.sql.plans.costs import relations
from graders.sql.statement import Statement
from graders.sql.text.splitting import bare_tokens, leading_words, verb

_VERBS = {
    "", "begin", "start", "commit", "end", "rollback", "abort", "savepoint", "release", "set", "show", "reset",
    "discard", "deallocate", "prepare", "listen", "unlisten", "close", "load", "checkpoint",
}  # fmt: skip
# The tables of pg_catalog and information_schema. The prefix alone does not decide: an application may have a table
# whose name begins with pg_.
CATALOG = frozenset(
    """
    pg_aggregate pg_am pg_amop pg_amproc pg_attrdef pg_attribute pg_auth_members pg_authid pg_cast
    pg_class pg_collation pg_constraint pg_conversion pg_database pg_db_role_setting pg_default_acl
    pg_depend pg_description pg_enum pg_event_trigger pg_extension pg_foreign_data_wrapper
    pg_foreign_server pg_foreign_table pg_index pg_inherits pg_init_privs pg_language
    pg_largeobject_metadata pg_namespace pg_opclass pg_operator pg_opfamily pg_parameter_acl
    pg_partitioned_table pg_policy pg_proc pg_publication pg_publication_namespace pg_publication_rel
    pg_range pg_replication_origin pg_rewrite pg_seclabel pg_sequence pg_shdepend pg_shdescription
    pg_shseclabel pg_statistic pg_statistic_ext pg_statistic_ext_data pg_subscription
    pg_subscription_rel pg_tablespace pg_transform pg_trigger pg_ts_config pg_ts_config_map pg_ts_dict
    pg_ts_parser pg_ts_template pg_type pg_user_mapping sql_features sql_implementation_info sql_parts
    sql_sizing
    """.split()  # noqa: SIM905 - a list literal would take a screen
)
_ASKING = {"select", "with", "values", "table"}
# Functions, and keywords before a parenthesis, that query the session and touch no data of the kata.
_SESSION_CALLS = {
    "version", "current_schema", "current_schemas", "current_database", "current_setting", "set_config",
    "current_user", "session_user", "current_catalog", "pg_backend_pid", "pg_is_in_recovery", "now",
    "clock_timestamp", "statement_timestamp", "transaction_timestamp", "pg_postmaster_start_time",
    "inet_server_addr", "inet_server_port", "inet_client_addr", "inet_client_port", "txid_current",
    "pg_current_xact_id_if_assigned", "pg_my_temp_schema", "pg_encoding_to_char", "to_regclass", "to_regtype",
    "format_type", "quote_ident", "upper", "lower", "coalesce", "nullif", "exists", "cast", "in", "as", "select",
    "values", "and", "or", "not", "when", "then", "else", "on", "varchar", "char", "numeric", "decimal",
    "timestamp", "time", "array", "row", "any", "all", "from", "where", "union", "except", "intersect", "by",
}  # fmt: skip


def work_of(statements: Sequence[Statement]) -> tuple[Statement, ...]:
    """The top-level statements that are work: all but housekeeping, in order."""
    calling = _with_nested(statements)
    return tuple(
        statement
        for place, statement in enumerate(statements)
        if not statement.nested and (place in calling or not is_housekeeping(statement))
    )


def is_housekeeping(statement: Statement) -> bool:
    """Whether a statement touches no data of the kata. One that calls a function of the kata is work."""
    first = verb(statement.text)
    if first in _VERBS:
        return True
    if first == "create":
        return False
    if first not in _ASKING:
        return False
    touched = relations(statement)
    if touched:
        return touched <= CATALOG
    return _asks_the_session(statement.text)


def asks_session(statement: Statement) -> bool:
    """Whether a statement that is housekeeping asks for something and touches no table at all."""
    first = verb(statement.text)
    return first == "show" or (first in _ASKING and not relations(statement))


def begins_transaction(text: str) -> bool:
    return leading_words(text, 1) == ("begin",) or leading_words(text, 2) == ("start", "transaction")


def ends_transaction(text: str) -> bool:
    words = leading_words(text, 2)
    if words[:1] == ("rollback",):
        return words[1:] != ("to",) and "to" not in leading_words(text, 3)
    return words[:1] in (("commit",), ("end",), ("abort",))


@lru_cache(maxsize=4096)
def _asks_the_session(text: str) -> bool:
    tokens = bare_tokens(text)
    for before, token in pairwise(tokens):
        if (
            token == "("
            and before not in "();"
            and before not in _SESSION_CALLS
            and not before.startswith("pg_")
        ):
            return False
        if before in ("from", "join") and token not in "();" and not _is_schema_of_catalog(token):
            return False
    return True


def _is_schema_of_catalog(word: str) -> bool:
    return word.startswith("pg_") or word in ("information_schema", "current_schema", "unnest")


def _with_nested(statements: Sequence[Statement]) -> set[int]:
    """The places of statements that ran nested ones: those logged in their session before its next statement."""
    latest: dict[str, int] = {}
    calling = set[int]()
    for place, statement in enumerate(statements):
        if not statement.nested:
            latest[statement.session] = place
        elif statement.session in latest and not _is_edge(statements[latest[statement.session]]):
            calling.add(latest[statement.session])
    return calling


def _is_edge(statement: Statement) -> bool:
    """A COMMIT runs deferred triggers of earlier statements, which does not make it work itself."""
    return verb(statement.text) in _VERBS
