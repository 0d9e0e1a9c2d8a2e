"""The endpoints."""

from typing import Any

from flask import Blueprint

from app import bookings, doorway, rooms
from app.openapi import DOCUMENT

routes = Blueprint("routes", __name__)
routes.before_app_request(doorway.enter)
routes.after_app_request(doorway.leave)
routes.register_blueprint(rooms.routes)
routes.register_blueprint(bookings.routes)


@routes.get("/v1/openapi.json")
def show_document() -> dict[str, Any]:
    return DOCUMENT
