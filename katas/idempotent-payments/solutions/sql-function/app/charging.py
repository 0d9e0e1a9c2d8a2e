"""What a charge is made of. How it is made stands in migrations/0002_charge_once.sql."""

from pydantic import BaseModel, Field, field_validator

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
