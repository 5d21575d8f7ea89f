"""The indexes of the ledger's tables; only who makes or compares tables needs them, and loads what comes with them."""

from __future__ import annotations

from sqlalchemy import Index, text

from ledger.schema import IS_WARNING, adjustments, decisions, fills, metadata, orders, rescales

__all__ = ["metadata"]

# An index on a part of the rows loads both dialects whole, with all their drivers: a bot that runs needs one of them.
_IS_OPEN = text("closed_at IS NULL")

Index(
    "one_open_order_per_slot",
    orders.c.symbol,
    orders.c.slot,
    unique=True,
    sqlite_where=_IS_OPEN,
    postgresql_where=_IS_OPEN,
)
Index("orders_by_sent_at", orders.c.sent_at)
Index("orders_by_slot", orders.c.symbol, orders.c.slot, orders.c.created_at)

Index("fills_by_symbol", fills.c.symbol, fills.c.entry)
Index("fills_by_slot", fills.c.symbol, fills.c.slot, fills.c.entry)

Index("adjustments_by_symbol", adjustments.c.symbol, adjustments.c.entry)
Index("adjustments_by_slot", adjustments.c.symbol, adjustments.c.slot, adjustments.c.entry)
Index("adjustments_by_to_slot", adjustments.c.symbol, adjustments.c.to_slot, adjustments.c.entry)

Index("rescales_by_symbol", rescales.c.symbol, rescales.c.entry)

Index("warnings", decisions.c.id, sqlite_where=IS_WARNING, postgresql_where=IS_WARNING)
