"""The endpoints."""

import hashlib
from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException, Path, Request
from fastapi.responses import JSONResponse

from app.charging import BIGINT, Charge, make_charge
from app.database import SessionDependency
from app.idempotency import TicketDependency, once
from app.models import Account, Payment

router = APIRouter()


async def digest_body(request: Request) -> str:
    return hashlib.sha256(await request.body()).hexdigest()


@router.post("/payments")
def create_payment(
    ticket: TicketDependency, charge: Charge, digest: Annotated[str, Depends(digest_body)]
) -> JSONResponse:
    return once(ticket, {"sha256": digest}, lambda session: make_charge(session, charge))


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
