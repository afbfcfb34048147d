"""Looking for faults: each part checked on its own, each fault with a line how to mend it."""
