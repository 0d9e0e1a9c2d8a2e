"""Who one is, and whom an admin sees."""

from fastapi import APIRouter
from sqlalchemy import select

from app.database import SessionDependency
from app.guard import Admin, Caller, GuardedRoute
from app.models import User
from app.views import UserView

router = APIRouter(route_class=GuardedRoute)


@router.get("/me")
def me(user: Caller) -> UserView:
    return UserView.of(user)


@router.get("/admin/users")
def list_users(user: Admin, session: SessionDependency) -> list[UserView]:
    return [UserView.of(user) for user in session.scalars(select(User).order_by(User.id))]
