"""The JSON that clients see."""

from datetime import UTC, datetime
from typing import Any

from psycopg.rows import DictRow


def order_view(order: DictRow) -> dict[str, Any]:
    total = sum(item["quantity"] * item["unit_price_cents"] for item in order["items"])
    paid = sum(payment["amount_cents"] for payment in order["payments"])
    return {
        "id": order["id"],
        "status": order["status"],
        "placed_at": instant(order["placed_at"]),
        "customer": {"id": order["customer"]["id"], "name": order["customer"]["name"]},
        "items": [item_view(item) for item in order["items"]],
        "total_cents": total,
        "paid_cents": paid,
        "balance_cents": total - paid,
    }


def item_view(item: DictRow) -> dict[str, Any]:
    return {
        "product": product_view(item["product"]),
        "quantity": item["quantity"],
        "unit_price_cents": item["unit_price_cents"],
    }


def product_view(product: DictRow) -> dict[str, Any]:
    return {"id": product["id"], "sku": product["sku"], "name": product["name"]}


def line_view(line: DictRow) -> dict[str, Any]:
    return {"product": product_view(line), "units": line["units"], "revenue_cents": line["revenue_cents"]}


def instant(moment: datetime) -> str:
    """RFC 3339, in UTC."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
