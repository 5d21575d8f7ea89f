"""Bithumb (빗썸): coins against won, around the clock."""
