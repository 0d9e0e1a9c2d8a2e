"""The context of the rules: the request, its answer, canaries and tenants."""
