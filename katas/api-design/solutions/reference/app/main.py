"""The service: its routes, its errors, its health."""

from fastapi import FastAPI
from sqlalchemy import text

from app import problems
from app.database import in_transaction
from app.doorway import Doorway
from app.routes import router

service = FastAPI(title="Bookings", openapi_url=None, redirect_slashes=False)
problems.install(service)
service.include_router(router)


@service.get("/healthz")
def healthz() -> dict[str, str]:
    in_transaction(lambda session: session.execute(text("SELECT 1")))
    return {"status": "ok"}


app = Doorway(service)
