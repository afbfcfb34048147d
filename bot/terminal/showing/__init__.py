"""What `coach show` can show: each kind with its pages, its JSON and the columns of its table."""
