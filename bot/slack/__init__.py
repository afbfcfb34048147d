"""Slack: clients, the sender, look-ups, linking, and what people press and type."""
