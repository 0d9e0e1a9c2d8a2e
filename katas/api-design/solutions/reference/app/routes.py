"""The endpoints."""

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from app import bookings, rooms
from app.openapi import DOCUMENT

router = APIRouter()
router.include_router(rooms.router)
router.include_router(bookings.router)


@router.get("/v1/openapi.json")
def openapi() -> JSONResponse:
    return JSONResponse(DOCUMENT)
