"""Instants as RFC 3339 writes them."""

import re
from datetime import UTC, datetime

WRITTEN = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2})"
)


def read(text: str) -> datetime | None:
    """The instant in UTC, None if the text is none."""
    if not WRITTEN.fullmatch(text.upper()):
        return None
    try:
        return datetime.fromisoformat(re.sub("(?<=[+-][0-9]{2}:)[0-9]{2}$", "00", text.upper())).astimezone(
            UTC
        )
    except (ValueError, OverflowError):
        return None


def show(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
