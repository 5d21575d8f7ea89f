"""Bithumb API 2.0 as our own reading of its wire: what a strict venue would accept and answer."""
