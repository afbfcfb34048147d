"""The small CRM: its board, what it sends, and what it begins with."""
