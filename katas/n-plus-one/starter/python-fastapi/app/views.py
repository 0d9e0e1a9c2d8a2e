"""The JSON that clients see."""

from datetime import UTC, datetime
from typing import Any

from app.models import Order, OrderItem, Product


def order_view(order: Order) -> dict[str, Any]:
    return {
        "id": order.id,
        "status": order.status,
        "placed_at": instant(order.placed_at),
        "customer": {"id": order.customer.id, "name": order.customer.name},
        "items": [item_view(item) for item in order.items],
        "total_cents": order.total_cents,
        "paid_cents": order.paid_cents,
        "balance_cents": order.total_cents - order.paid_cents,
    }


def item_view(item: OrderItem) -> dict[str, Any]:
    return {
        "product": product_view(item.product),
        "quantity": item.quantity,
        "unit_price_cents": item.unit_price_cents,
    }


def product_view(product: Product) -> dict[str, Any]:
    return {"id": product.id, "sku": product.sku, "name": product.name}


def instant(moment: datetime) -> str:
    """RFC 3339, in UTC."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
