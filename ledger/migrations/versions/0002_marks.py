"""Marks of price and book in buckets of time, tallies of orders, what each execution earned, and quicker searches."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_COUNT = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_WARNING = sa.text("weight = 'warning'")


def upgrade() -> None:
    """Add what is new; of what is there only the orders that a venue accepted are counted."""
    text = _text()
    op.create_table(
        "marks",
        _must("symbol", text),
        _must("step_s", _COUNT),
        _must("at", text),
        *(_must(name, text) for name in ("open", "high", "low", "close")),
        *(_must(name, text) for name in ("cash_flow", "position", "cost", "matched", "adopted_cost")),
        sa.PrimaryKeyConstraint("symbol", "step_s", "at", name="pk_marks"),
    )
    op.create_table(
        "tallies",
        _must("symbol", text),
        _must("orders", _COUNT),
        sa.PrimaryKeyConstraint("symbol", name="pk_tallies"),
    )
    op.execute("INSERT INTO tallies SELECT symbol, count(*) FROM orders WHERE accepted GROUP BY symbol")
    op.add_column("fills", sa.Column("earned", text))
    op.create_index("fills_by_symbol", "fills", ["symbol", "entry"])
    op.create_index("fills_by_slot", "fills", ["symbol", "slot", "entry"])
    op.create_index("adjustments_by_symbol", "adjustments", ["symbol", "entry"])
    op.create_index("adjustments_by_slot", "adjustments", ["symbol", "slot", "entry"])
    op.create_index("adjustments_by_to_slot", "adjustments", ["symbol", "to_slot", "entry"])
    op.create_index("warnings", "decisions", ["id"], sqlite_where=_WARNING, postgresql_where=_WARNING)


def _text() -> sa.String:
    """Return text that both databases compare byte by byte."""
    return sa.String(collation="C") if op.get_bind().dialect.name == "postgresql" else sa.Text()


def _must(name: str, kind: sa.types.TypeEngine[Any]) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=False)
