"""Stand-ins for the APIs and webhooks of vendors, one file each, found by its `VENDOR`."""
