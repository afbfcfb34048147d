"""The stand-in for Slack: its API, what people press in it, and its checks of blocks."""
