"""What clients get to see."""

from datetime import UTC, datetime
from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel

from app.models import Note, User

Instant = Annotated[datetime, AfterValidator(lambda at: at.astimezone(UTC))]


class UserView(BaseModel):
    id: int
    email: str
    role: str

    @classmethod
    def of(cls, user: User) -> Self:
        return cls(id=user.id, email=user.email, role=user.role)


class NoteView(BaseModel):
    id: int
    owner_id: int
    title: str
    body: str
    created_at: Instant

    @classmethod
    def of(cls, note: Note) -> Self:
        return cls(
            id=note.id, owner_id=note.owner_id, title=note.title, body=note.body, created_at=note.created_at
        )
