"""The dialogue that prepares a bot: what it proposes, what it shows, and how it keeps the answers."""
