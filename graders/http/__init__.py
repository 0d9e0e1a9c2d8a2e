"""HTTP to a service that may be hostile: messages, one connection, a client that trusts nobody."""
