"""The service: its routes, its errors, its health."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from app import problems
from app.database import ConnectionDependency, pool
from app.routes import router


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    pool.open(wait=True)
    yield
    pool.close()


app = FastAPI(title="n-plus-one", lifespan=lifespan)
problems.install(app)
app.include_router(router)


@app.get("/healthz")
def healthz(connection: ConnectionDependency) -> dict[str, str]:
    connection.execute("SELECT 1")
    return {"status": "ok"}
