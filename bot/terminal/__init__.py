"""The `coach` command: what can be typed, and the work behind it, a file for each command."""
