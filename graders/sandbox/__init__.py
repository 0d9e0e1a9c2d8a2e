"""Where foreign code runs: one file a sandbox, one contract for all."""
