"""CRM providers: one file each, found by its name; every file exports `PROVIDER`."""
