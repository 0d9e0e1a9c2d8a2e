"""What comes along when orders are loaded to be shown."""

from sqlalchemy.orm import joinedload, selectinload

from app.models import Order, OrderItem

WHOLE_ORDER = (
    joinedload(Order.customer),
    joinedload(Order.items).joinedload(OrderItem.product),
    selectinload(Order.payments),
)
