"""Patterns: one file each, found by its name; every file exports `PATTERN`."""
