"""The endpoints."""

from flask import Blueprint

routes = Blueprint("routes", __name__)
