"""Who one is, and whom an admin sees."""

from typing import Any

from flask import Blueprint

from app.database import connection
from app.guard import admin, caller
from app.views import user_view

routes = Blueprint("people", __name__)


@routes.get("/me")
def me() -> dict[str, Any]:
    user = caller()
    return {"id": user.id, "email": user.email, "role": user.role}


@routes.get("/admin/users")
def list_users() -> list[dict[str, Any]]:
    admin()
    with connection() as db:
        return [user_view(user) for user in db.execute("SELECT id, email, role FROM users ORDER BY id")]
