"""PostgreSQL's plans: what they cost, what they filter by, which index they lack."""
