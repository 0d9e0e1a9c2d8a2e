"""The endpoints, and the gate before them."""

from flask import Blueprint

from app import auth, notes, people
from app.guard import gate

routes = Blueprint("routes", __name__)
routes.before_app_request(gate)
routes.register_blueprint(auth.routes)
routes.register_blueprint(people.routes)
routes.register_blueprint(notes.routes)
