"""The ledger keeps what it was told, on both databases, and refuses what it cannot trust."""
