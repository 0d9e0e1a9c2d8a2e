"""What clients get to see."""

from datetime import UTC
from typing import Any

from psycopg.rows import DictRow


def user_view(user: DictRow) -> dict[str, Any]:
    return {"id": user["id"], "email": user["email"], "role": user["role"]}


def note_view(note: DictRow) -> dict[str, Any]:
    written = note["created_at"].astimezone(UTC).isoformat().replace("+00:00", "Z")
    shown = {name: note[name] for name in ("id", "owner_id", "title", "body")}
    return {**shown, "created_at": written}
