"""The first tables."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_COUNT = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Create every table of the first form."""
    text = _text()
    op.create_table("meta", _must("key", text), _must("value", text), sa.PrimaryKeyConstraint("key", name="pk_meta"))
    op.create_table("state", _must("name", text), _must("body", text), sa.PrimaryKeyConstraint("name", name="pk_state"))
    _create_orders(text)
    _create_journals(text)
    _create_book(text)


def _create_orders(text: sa.String) -> None:
    op.create_table(
        "orders",
        sa.Column("seq", _COUNT, autoincrement=False, nullable=False),
        *(_must(name, text) for name in ("client_id", "intent_key", "symbol", "slot")),
        *(_must(name, _COUNT) for name in ("epoch", "cycle", "attempt")),
        sa.Column("session", text),
        *(_must(name, text) for name in ("side", "price", "qty", "filled", "fee", "state")),
        sa.Column("venue_id", text),
        _must("accepted", sa.Boolean()),
        sa.Column("why", text),
        _must("created_at", text),
        sa.Column("sent_at", text),
        sa.Column("closed_at", text),
        sa.PrimaryKeyConstraint("seq", name="pk_orders"),
        sa.UniqueConstraint("client_id", name="uq_orders_client_id"),
        sa.UniqueConstraint("symbol", "intent_key", name="uq_orders_symbol_intent_key"),
        sa.UniqueConstraint("venue_id", name="uq_orders_venue_id"),
    )
    op.create_index(
        "one_open_order_per_slot",
        "orders",
        ["symbol", "slot"],
        unique=True,
        sqlite_where=sa.text("closed_at IS NULL"),
        postgresql_where=sa.text("closed_at IS NULL"),
    )
    op.create_index("orders_by_sent_at", "orders", ["sent_at"])
    op.create_index("orders_by_slot", "orders", ["symbol", "slot", "created_at"])


def _create_journals(text: sa.String) -> None:
    op.create_table(
        "transitions",
        sa.Column("id", _COUNT, autoincrement=False, nullable=False),
        _must("order_seq", _COUNT),
        *(_must(name, text) for name in ("at", "state", "filled")),
        sa.Column("why", text),
        sa.PrimaryKeyConstraint("id", name="pk_transitions"),
        _of_an_order("transitions"),
    )
    op.create_table(
        "decisions",
        sa.Column("id", _COUNT, autoincrement=False, nullable=False),
        *(_must(name, text) for name in ("at", "symbol", "slot", "code", "figures", "weight")),
        sa.Column("order_seq", _COUNT),
        sa.PrimaryKeyConstraint("id", name="pk_decisions"),
        _of_an_order("decisions"),
    )


def _create_book(text: sa.String) -> None:
    op.create_table(
        "fills",
        sa.Column("entry", _COUNT, autoincrement=False, nullable=False),
        _must("symbol", text),
        _must("fill_id", text),
        _must("order_seq", _COUNT),
        *(_must(name, text) for name in ("slot", "side", "price", "qty", "fee", "at", "day")),
        sa.PrimaryKeyConstraint("entry", name="pk_fills"),
        sa.UniqueConstraint("symbol", "fill_id", name="uq_fills_symbol_fill_id"),
        _of_an_order("fills"),
    )
    op.create_table(
        "adjustments",
        sa.Column("entry", _COUNT, autoincrement=False, nullable=False),
        _must("symbol", text),
        _must("slot", text),
        sa.Column("to_slot", text),
        _must("qty", text),
        sa.Column("price", text),
        _must("closes_cycle", sa.Boolean()),
        _must("at", text),
        _must("day", text),
        sa.PrimaryKeyConstraint("entry", name="pk_adjustments"),
    )
    op.create_table(
        "lots",
        _must("symbol", text),
        _must("slot", text),
        _must("n", _COUNT),
        *(_must(name, text) for name in ("qty", "price", "fee")),
        sa.PrimaryKeyConstraint("symbol", "slot", "n", name="pk_lots"),
    )
    op.create_table(
        "days",
        _must("symbol", text),
        _must("day", text),
        *(_must(name, _COUNT) for name in ("fills", "buys", "sells", "cycles")),
        *(_must(name, text) for name in ("fees", "matched", "cash_flow", "adopted_cost", "position", "cost")),
        sa.PrimaryKeyConstraint("symbol", "day", name="pk_days"),
    )


def _text() -> sa.String:
    """Return text that both databases compare byte by byte."""
    return sa.String(collation="C") if op.get_bind().dialect.name == "postgresql" else sa.Text()


def _must(name: str, kind: sa.types.TypeEngine[Any]) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=False)


def _of_an_order(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["order_seq"], ["orders.seq"], name=f"fk_{table}_order_seq")
