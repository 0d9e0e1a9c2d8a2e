"""The endpoints."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, HTTPException, Path, Query

from app import queries, reports
from app.database import SessionDependency
from app.views import order_view, product_view

router = APIRouter()

Id = Annotated[int, Path(ge=1, le=2**63 - 1)]
PageSize = Annotated[int, Query(ge=1, le=100)]
ReportSize = Annotated[int, Query(ge=1, le=50)]
Status = Literal["open", "paid", "shipped", "cancelled"]


@router.get("/orders")
def list_orders(
    session: SessionDependency, limit: PageSize = 20, status: Status | None = None
) -> dict[str, Any]:
    orders = queries.newest_orders(session, limit=limit, status=status)
    return {"orders": [order_view(order) for order in orders]}


@router.get("/orders/{order_id}")
def show_order(session: SessionDependency, order_id: Id) -> dict[str, Any]:
    order = queries.order_by_id(session, order_id)
    if order is None:
        raise HTTPException(404, f"There is no order {order_id}.")
    return order_view(order)


@router.get("/customers/{customer_id}/orders")
def list_orders_of_customer(
    session: SessionDependency, customer_id: Id, limit: PageSize = 20
) -> dict[str, Any]:
    orders = queries.orders_of_customer(session, customer_id, limit=limit)
    if not orders:
        raise HTTPException(404, f"There is no customer {customer_id}.")
    return {"orders": [order_view(order) for order in orders]}


@router.get("/reports/top-products")
def report_top_products(session: SessionDependency, limit: ReportSize = 10) -> dict[str, Any]:
    lines = reports.top_products(session, limit=limit)
    return {
        "products": [
            {"product": product_view(product), "units": units, "revenue_cents": revenue}
            for product, units, revenue in lines
        ]
    }
