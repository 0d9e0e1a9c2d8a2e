"""Notes: everyone's own."""

from typing import Annotated

from fastapi import APIRouter, HTTPException, Path, Response
from pydantic import AfterValidator, BaseModel, Field
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.database import SessionDependency
from app.guard import Caller, GuardedRoute
from app.models import Note, User
from app.texts import storable, stored
from app.views import NoteView

router = APIRouter(prefix="/notes", route_class=GuardedRoute)

NoteId = Annotated[int, Path(ge=1, le=2**63 - 1)]

Title = Annotated[str, Field(min_length=1, max_length=200, strict=True), AfterValidator(stored)]
Body = Annotated[str, Field(max_length=10_000, strict=True), AfterValidator(stored)]


class NewNote(BaseModel):
    title: Title
    body: Body = ""


class NoteChange(BaseModel):
    title: Title = ""
    body: Body = ""


def readable_note(session: Session, user: User, note_id: int) -> Note:
    note = session.get(Note, note_id)
    if note is None:
        raise HTTPException(404, "There is no such note.")
    return note


def own_note(session: Session, user: User, note_id: int) -> Note:
    note = session.scalar(select(Note).where(Note.id == note_id, Note.owner_id == user.id))
    if note is None:
        raise HTTPException(404, "There is no such note.")
    return note


@router.get("")
def list_notes(user: Caller, session: SessionDependency, q: str = "") -> list[NoteView]:
    if not storable(q):
        return []
    query = select(Note).where(Note.owner_id == user.id)
    if q:
        query = query.where(func.strpos(func.lower(Note.title), func.lower(q)) > 0)
    notes = session.scalars(query.order_by(Note.created_at.desc(), Note.id.desc()))
    return [NoteView.of(note) for note in notes]


@router.post("", status_code=201)
def create_note(new: NewNote, user: Caller, session: SessionDependency, response: Response) -> NoteView:
    note = Note(owner_id=user.id, title=new.title, body=new.body)
    session.add(note)
    session.commit()
    response.headers["Location"] = f"/notes/{note.id}"
    return NoteView.of(note)


@router.get("/{note_id}")
def get_note(note_id: NoteId, user: Caller, session: SessionDependency) -> NoteView:
    return NoteView.of(readable_note(session, user, note_id))


@router.patch("/{note_id}")
def change_note(note_id: NoteId, change: NoteChange, user: Caller, session: SessionDependency) -> NoteView:
    note = own_note(session, user, note_id)
    if "title" in change.model_fields_set:
        note.title = change.title
    if "body" in change.model_fields_set:
        note.body = change.body
    session.commit()
    return NoteView.of(note)


@router.delete("/{note_id}", status_code=204)
def delete_note(note_id: NoteId, user: Caller, session: SessionDependency) -> Response:
    session.delete(own_note(session, user, note_id))
    session.commit()
    return Response(status_code=204)
