"""What a service finds running: PostgreSQL, one folder a kind of service."""
