"""How the files of a report are called."""

from __future__ import annotations


def report_name(exchange: str, instance: str) -> str:
    """Return the name without its ending: after the exchange, or after an instance that has a name of its own."""
    venue = exchange.lower()
    return f"{venue if instance == f'{venue}_bot' else instance}_report"
