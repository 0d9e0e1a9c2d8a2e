"""What comes along when orders are loaded to be shown."""

from sqlalchemy.orm import joinedload, selectinload

from app.models import Order

WHOLE_ORDER = (
    joinedload(Order.customer),
    selectinload(Order.items),
    selectinload(Order.payments),
)
