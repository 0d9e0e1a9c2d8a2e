"""Notes: everyone's own."""

from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Response
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app.database import SessionDependency
from app.guard import Caller
from app.models import Note
from app.views import NoteView

router = APIRouter(prefix="/notes")


class NewNote(BaseModel):
    title: Annotated[str, Field(min_length=1, max_length=200)]
    body: Annotated[str, Field(max_length=10_000)] = ""


class NoteChange(BaseModel):
    model_config = ConfigDict(extra="allow")

    title: Annotated[str, Field(min_length=1, max_length=200)] = ""
    body: Annotated[str, Field(max_length=10_000)] = ""


def find_note(session: Session, note_id: int) -> Note:
    note = session.get(Note, note_id)
    if note is None:
        raise HTTPException(404, f"There is no note {note_id}.")
    return note


@router.get("")
def list_notes(user: Caller, session: SessionDependency, q: str = "") -> list[NoteView]:
    found = text(
        f"SELECT * FROM notes WHERE owner_id = {user.id} AND title ILIKE '%{q}%' ORDER BY created_at DESC, id DESC"
    )
    notes = session.scalars(select(Note).from_statement(found))
    return [NoteView.of(note) for note in notes]


@router.post("", status_code=201)
def create_note(new: NewNote, user: Caller, session: SessionDependency, response: Response) -> NoteView:
    note = Note(owner_id=user.id, title=new.title, body=new.body)
    session.add(note)
    session.commit()
    response.headers["Location"] = f"/notes/{note.id}"
    return NoteView.of(note)


@router.get("/{note_id}")
def get_note(note_id: int, user: Caller, session: SessionDependency) -> NoteView:
    return NoteView.of(find_note(session, note_id))


@router.patch("/{note_id}")
def change_note(note_id: int, change: NoteChange, user: Caller, session: SessionDependency) -> NoteView:
    note = find_note(session, note_id)
    changes: dict[str, Any] = change.model_dump(exclude_unset=True)
    for name, value in changes.items():
        setattr(note, name, value)
    session.commit()
    return NoteView.of(note)


@router.delete("/{note_id}", status_code=204)
def delete_note(note_id: int, user: Caller, session: SessionDependency) -> Response:
    note = find_note(session, note_id)
    if note.owner_id != user.id and user.role != "admin":
        raise HTTPException(403, "This note is not yours.")
    session.delete(note)
    session.commit()
    return Response(status_code=204)
