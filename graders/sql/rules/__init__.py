"""One SQL fault a module; the slug of the rule is the module's name with hyphens."""
