"""CRMs: what they send is taken in and worked off, and changes go back to them."""
