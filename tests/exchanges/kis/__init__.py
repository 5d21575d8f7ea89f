"""KIS at a scripted wire: calls, token, pace, orders, fills, balances and names."""
