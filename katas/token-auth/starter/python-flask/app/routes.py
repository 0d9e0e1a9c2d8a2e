"""The endpoints."""

from flask import Blueprint

from app import auth, notes, people

routes = Blueprint("routes", __name__)
routes.register_blueprint(auth.routes)
routes.register_blueprint(people.routes)
routes.register_blueprint(notes.routes)
