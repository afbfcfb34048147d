"""Pure builders from values of the domain to Slack's blocks; nothing here sends."""
