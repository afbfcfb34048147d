"""/coach sub-commands: one file each, found by its name; every file exports `SUBCOMMAND`."""
