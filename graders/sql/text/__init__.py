"""SQL as text and as a syntax tree: splitting, literals, fingerprints."""
