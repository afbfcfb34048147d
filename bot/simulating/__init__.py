"""See it before you trust it: what the coach would have said, on a copy and a clock that runs."""
