"""What a service finds beside it: PostgreSQL, one folder a kind of service."""
