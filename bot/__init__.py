"""Everything that touches the outside: Slack, CRMs, the clock and the terminal."""
