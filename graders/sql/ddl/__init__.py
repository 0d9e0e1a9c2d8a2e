"""What a schema change does, read from its text: statements cut apart, trees, hazards."""
