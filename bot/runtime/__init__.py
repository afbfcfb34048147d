"""What every room uses: settings, parts, clock, loops, back-off and logs."""
