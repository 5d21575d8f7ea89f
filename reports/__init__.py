"""What the owner sees of a run, made from the ledger."""
