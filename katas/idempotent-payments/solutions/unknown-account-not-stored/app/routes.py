"""The endpoints."""

from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Path
from fastapi.responses import JSONResponse

from app.charging import BIGINT, Charge, make_charge
from app.database import SessionDependency, new_session
from app.idempotency import TicketDependency, once
from app.models import Account, Payment

router = APIRouter()


@router.post("/payments")
def create_payment(ticket: TicketDependency, charge: Charge) -> JSONResponse:
    with new_session() as session:
        if session.get(Account, charge.account_id) is None:
            raise HTTPException(404, "There is no such account.")
    return once(ticket, charge.model_dump(), lambda session: make_charge(session, charge))


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
