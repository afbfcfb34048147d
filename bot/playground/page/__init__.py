"""The page on which to use both: its files, the calls it makes, and the stream it listens to."""
