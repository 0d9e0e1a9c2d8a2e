"""The endpoints."""

from fastapi import APIRouter

from app import auth, notes, people

router = APIRouter()
router.include_router(auth.router)
router.include_router(people.router)
router.include_router(notes.router)
