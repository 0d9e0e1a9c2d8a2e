"""PostgreSQL's plans: costs, conditions, missing indexes."""
