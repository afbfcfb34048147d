"""What can be typed after `coach`, one file each: its options, help and examples."""
