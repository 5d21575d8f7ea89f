"""Command lines for the owner."""
