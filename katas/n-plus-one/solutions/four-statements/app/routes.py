"""The endpoints."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, HTTPException, Path, Query

from app import queries, reports
from app.database import ConnectionDependency

router = APIRouter()

Id = Annotated[int, Path(ge=1, le=2**63 - 1)]
PageSize = Annotated[int, Query(ge=1, le=100)]
ReportSize = Annotated[int, Query(ge=1, le=50)]
Status = Literal["open", "paid", "shipped", "cancelled"]


@router.get("/orders")
def list_orders(
    connection: ConnectionDependency, limit: PageSize = 20, status: Status | None = None
) -> dict[str, Any]:
    return {"orders": queries.newest_orders(connection, limit=limit, status=status)}


@router.get("/orders/{order_id}")
def show_order(connection: ConnectionDependency, order_id: Id) -> dict[str, Any]:
    order = queries.order_by_id(connection, order_id)
    if order is None:
        raise HTTPException(404, f"There is no order {order_id}.")
    return order


@router.get("/customers/{customer_id}/orders")
def list_orders_of_customer(
    connection: ConnectionDependency, customer_id: Id, limit: PageSize = 20
) -> dict[str, Any]:
    if not queries.customer_exists(connection, customer_id):
        raise HTTPException(404, f"There is no customer {customer_id}.")
    return {"orders": queries.orders_of_customer(connection, customer_id, limit=limit)}


@router.get("/reports/top-products")
def report_top_products(connection: ConnectionDependency, limit: ReportSize = 10) -> dict[str, Any]:
    return {"products": reports.top_products(connection, limit=limit)}
