"""Use cases between domain and outside: recording, checking, attention, decisions, consent."""
