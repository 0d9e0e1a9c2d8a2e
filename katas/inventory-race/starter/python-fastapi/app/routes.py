"""The endpoints."""

from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Path, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from app import orders, stock
from app.database import SessionDependency
from app.expiry import sweeping
from app.problems import problem

BIGINT = 2**63 - 1

router = APIRouter(lifespan=sweeping)

OrderId = Annotated[int, Path(ge=1, le=BIGINT)]
Sku = Annotated[str, Field(pattern=r"^[!-~]{1,64}$")]
Quantity = Annotated[int, Field(strict=True, ge=1, le=1000)]


class Line(BaseModel):
    sku: Sku
    quantity: Quantity


class NewOrder(BaseModel):
    lines: list[Line] = Field(min_length=1, max_length=20)


class Delivery(BaseModel):
    quantity: Quantity


@router.post("/orders", status_code=201, response_model=None)
def create_order(body: NewOrder, response: Response, session: SessionDependency) -> dict[str, Any] | JSONResponse:
    lines = [(line.sku, line.quantity) for line in body.lines]
    faults = [
        {"pointer": f"/lines/{at}/sku", "detail": "There is no such item."}
        for at, (sku, _) in enumerate(lines)
        if not stock.is_known(session, sku)
    ]
    if faults:
        return problem(422, "The request is well-formed but invalid.", errors=faults)
    try:
        order = orders.place(session, lines)
    except stock.OutOfStock as short:
        return problem(409, f"There are too few units of {short}.", type="/problems/out-of-stock")
    response.headers["Location"] = f"/orders/{order['id']}"
    return order


@router.get("/orders/{id}")
def read_order(id: OrderId, session: SessionDependency) -> dict[str, Any]:
    return found(orders.read(session, id))


@router.post("/orders/{id}/confirm", response_model=None)
def confirm_order(id: OrderId, session: SessionDependency) -> dict[str, Any] | JSONResponse:
    return closed(orders.confirm(session, id), "confirmed")


@router.post("/orders/{id}/cancel", response_model=None)
def cancel_order(id: OrderId, session: SessionDependency) -> dict[str, Any] | JSONResponse:
    return closed(orders.cancel(session, id), "cancelled")


@router.get("/items/{sku}")
def read_item(sku: Sku, session: SessionDependency) -> dict[str, Any]:
    return found(stock.read(session, sku))


@router.post("/items/{sku}/restock")
def restock_item(sku: Sku, delivery: Delivery, session: SessionDependency) -> dict[str, Any]:
    stock.restock(session, sku, delivery.quantity)
    session.commit()
    return found(stock.read(session, sku))


def found(thing: dict[str, Any] | None) -> dict[str, Any]:
    if thing is None:
        raise HTTPException(404, "There is nothing with such an id.")
    return thing


def closed(order: dict[str, Any] | None, wanted: str) -> dict[str, Any] | JSONResponse:
    """The order where it is as wanted, and a problem where it is something else."""
    if found(order)["status"] == wanted:
        return found(order)
    return problem(409, "The order is closed, or its time is over.", type="/problems/order-closed")
