"""The operation itself: take the money and write the payment, inside the caller's transaction."""

from fastapi import HTTPException
from pydantic import BaseModel, Field, field_validator
from sqlalchemy import text
from sqlalchemy.orm import Session

from app.outcome import Outcome, declined

BIGINT = 2**63 - 1


class Charge(BaseModel):
    account_id: int = Field(strict=True, ge=1, le=BIGINT)
    amount_cents: int = Field(strict=True, ge=1, le=100_000_000)
    reference: str = Field(min_length=1, max_length=140)

    @field_validator("reference")
    @classmethod
    def storable(cls, reference: str) -> str:
        if "\0" in reference:
            raise ValueError("must not contain U+0000")
        return reference


TAKE = text("""
    update accounts set balance_cents = balance_cents - :amount_cents
    where id = :account_id and balance_cents >= :amount_cents
    returning balance_cents
""")
EXISTS = text("select 1 from accounts where id = :account_id")
PAY = text("""
    insert into payments (account_id, amount_cents, reference)
    values (:account_id, :amount_cents, :reference)
    returning id
""")


def make_charge(session: Session, charge: Charge) -> Outcome:
    values = charge.model_dump()
    balance = session.scalar(TAKE, values)
    if balance is None:
        if session.scalar(EXISTS, values) is None:
            return declined(404, "There is no such account.")
        raise HTTPException(402, "The account does not hold enough money.")
    payment_id = session.scalar(PAY, values)
    body = {"id": payment_id, **values, "balance_cents": balance}
    return Outcome(201, body, f"/payments/{payment_id}")
