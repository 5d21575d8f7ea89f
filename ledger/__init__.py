"""Remembering: the append-only book of orders, fills and decisions; one writer, many readers."""
