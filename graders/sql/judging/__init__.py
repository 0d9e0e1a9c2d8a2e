"""What rules know beside the statements: the request, its answer, its client and tenant."""
