"""Slack by Socket Mode: what it would post to a public address comes through a WebSocket we open.

`envelopes` says what comes and goes, `once` keeps what comes twice from acting twice, `line` is one
connection from its hello to its end, and `keeper` sees to it that there is always one.

slack_sdk has a client for this, too. It replaces its connection in place, so that an
acknowledgement may go out by another one than its envelope came by; it connects again for ever by
itself, has no limit to what it takes in, and tells nobody how it is. Of it only the call that asks
for an address is used.
"""
