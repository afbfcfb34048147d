"""A stand-in for Slack and a small CRM on loopback, so that the coach runs without either."""
