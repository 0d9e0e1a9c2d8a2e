"""The endpoints."""

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from app import bookings, rooms
from app.openapi import document_of

router = APIRouter()
router.include_router(rooms.router)
router.include_router(bookings.router)


@router.get("/v1/openapi.json", include_in_schema=False)
def openapi(request: Request) -> JSONResponse:
    return JSONResponse(document_of(request.app))
