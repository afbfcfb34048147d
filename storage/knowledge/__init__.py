"""What rules may ask to be shown: one file each, found by its name; every file exports `LOADER`."""
