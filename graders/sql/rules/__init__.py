"""The rules, one in each module; a rule's slug is its module's name with hyphens."""
