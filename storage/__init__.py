"""Tables and the store: the only place where SQL is spoken."""
