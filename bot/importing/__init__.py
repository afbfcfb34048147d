"""From a CRM's CSV export to events: reading, recognising, understanding, applying."""
