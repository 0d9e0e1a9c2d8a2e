"""Pure judgement of SQL: statements in, facts and findings out. No IO in this room."""
