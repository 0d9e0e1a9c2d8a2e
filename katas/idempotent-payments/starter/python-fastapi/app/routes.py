"""The endpoints."""

from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Path, Response
from pydantic import BaseModel, Field

from app.database import SessionDependency
from app.models import Account, Payment

BIGINT = 2**63 - 1

router = APIRouter()


class Charge(BaseModel):
    account_id: int = Field(strict=True, ge=1, le=BIGINT)
    amount_cents: int = Field(strict=True, ge=1, le=100_000_000)
    reference: str = Field(min_length=1, max_length=140)


@router.post("/payments", status_code=201)
def create_payment(charge: Charge, response: Response, session: SessionDependency) -> dict[str, Any]:
    account = session.get(Account, charge.account_id, with_for_update=True)
    if account is None:
        raise HTTPException(404, "There is no such account.")
    if account.balance_cents < charge.amount_cents:
        raise HTTPException(402, "The account does not hold enough money.")
    account.balance_cents -= charge.amount_cents
    payment = Payment(**charge.model_dump())
    session.add(payment)
    session.flush()
    answer = {"id": payment.id, **charge.model_dump(), "balance_cents": account.balance_cents}
    session.commit()
    response.headers["Location"] = f"/payments/{answer['id']}"
    return answer


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
