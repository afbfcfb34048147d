"""Stand-ins for the vendors' APIs, as real servers on loopback: one file each, that exports `CASE`.

`tests/bot/crm/test_vendors.py` holds every vendor to the same promises by them.
"""
