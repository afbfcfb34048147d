"""The domain: what the coach knows, decides and says; no Slack, HTTP, SQL or clock inside."""
