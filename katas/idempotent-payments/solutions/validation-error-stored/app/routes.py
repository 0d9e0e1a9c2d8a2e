"""The endpoints."""

from typing import Annotated, Any

from fastapi import APIRouter, Body, HTTPException, Path
from fastapi.responses import JSONResponse
from pydantic import ValidationError
from sqlalchemy.orm import Session

from app.charging import BIGINT, Charge, make_charge
from app.database import SessionDependency
from app.idempotency import TicketDependency, once
from app.models import Account, Payment
from app.outcome import Outcome

router = APIRouter()


@router.post("/payments")
def create_payment(ticket: TicketDependency, body: Annotated[dict[str, Any], Body()]) -> JSONResponse:
    def operation(session: Session) -> Outcome:
        try:
            return make_charge(session, Charge.model_validate(body))
        except ValidationError as error:
            return invalid(error)

    if not storable(body):
        return invalid(None).response()
    return once(ticket, body, operation)


def storable(body: dict[str, Any]) -> bool:
    """Whether PostgreSQL can keep these texts: no U+0000, no half of a surrogate pair."""
    texts = [text for text in (*body, *body.values()) if isinstance(text, str)]
    return not any(char == "\0" or "\ud800" <= char <= "\udfff" for text in texts for char in text)


def invalid(error: ValidationError | None) -> Outcome:
    errors = [{"pointer": "/" + "/".join(map(str, fault["loc"])), "detail": fault["msg"]} for fault in error.errors()] if error else []
    document = {
        "type": "about:blank",
        "title": "Unprocessable Entity",
        "status": 422,
        "detail": "The request is well-formed but invalid.",
        "errors": errors,
    }
    return Outcome(422, document)


@router.get("/payments/{payment_id}")
def read_payment(payment_id: Annotated[int, Path(ge=1, le=BIGINT)], session: SessionDependency) -> dict[str, Any]:
    payment = session.get(Payment, payment_id)
    if payment is None:
        raise HTTPException(404, "There is no such payment.")
    return {
        "id": payment.id,
        "account_id": payment.account_id,
        "amount_cents": payment.amount_cents,
        "reference": payment.reference,
    }


@router.get("/accounts/{account_id}")
def read_account(account_id: Annotated[int, Path(ge=1, le=BIGINT)], session: SessionDependency) -> dict[str, Any]:
    account = session.get(Account, account_id)
    if account is None:
        raise HTTPException(404, "There is no such account.")
    return {"id": account.id, "owner": account.owner, "balance_cents": account.balance_cents}
