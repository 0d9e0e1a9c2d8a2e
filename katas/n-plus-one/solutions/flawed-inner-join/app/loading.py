"""What comes along when orders are loaded to be shown."""

from sqlalchemy.orm import joinedload, selectinload

from app.models import Order, OrderItem

WHOLE_ORDER = (
    joinedload(Order.customer, innerjoin=True),
    joinedload(Order.items, innerjoin=True).joinedload(OrderItem.product, innerjoin=True),
    selectinload(Order.payments),
)
