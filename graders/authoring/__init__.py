"""How a kata is made and proved: audit, gate, mutants, scaffold."""
