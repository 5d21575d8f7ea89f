"""The tables of the ledger, the same on SQLite and PostgreSQL; amounts and times are text, numbers are given by us."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    Boolean,
    Column,
    ForeignKey,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    UniqueConstraint,
    text,
)

from domain.decision import Weight
from domain.instrument import Side
from domain.order import OrderState
from ledger.columns import Amount, BodyText, Count, Day, FiguresText, Moment, ReasonText, Word, Words

if TYPE_CHECKING:
    from sqlalchemy.types import TypeEngine

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    }
)


def _must(name: str, kind: TypeEngine[Any]) -> Column[Any]:
    return Column(name, kind, nullable=False)


def _may(name: str, kind: TypeEngine[Any]) -> Column[Any]:
    return Column(name, kind, nullable=True)


def _number(name: str) -> Column[Any]:
    """Return a primary key that the one writer counts up itself, without gaps."""
    return Column(name, Count(), primary_key=True, autoincrement=False)


meta = Table("meta", metadata, Column("key", Words(), primary_key=True), _must("value", Words()))

orders = Table(
    "orders",
    metadata,
    _number("seq"),
    _must("client_id", Words()),
    _must("intent_key", Words()),
    _must("symbol", Words()),
    _must("slot", Words()),
    _must("epoch", Count()),
    _must("cycle", Count()),
    _must("attempt", Count()),
    _may("session", Day()),
    _must("side", Word(Side)),
    _must("price", Amount()),
    _must("qty", Amount()),
    _must("filled", Amount()),
    _must("fee", Amount()),
    _must("state", Word(OrderState)),
    _may("venue_id", Words()),
    _must("accepted", Boolean()),
    _may("why", ReasonText()),
    _must("created_at", Moment()),
    _may("sent_at", Moment()),
    _may("closed_at", Moment()),
    UniqueConstraint("client_id"),
    # The key names no symbol, and one account may trade several.
    UniqueConstraint("symbol", "intent_key"),
    UniqueConstraint("venue_id"),
)

transitions = Table(
    "transitions",
    metadata,
    _number("id"),
    Column("order_seq", Count(), ForeignKey("orders.seq"), nullable=False),
    _must("at", Moment()),
    _must("state", Word(OrderState)),
    _must("filled", Amount()),
    _may("why", ReasonText()),
)

# `entry` counts fills, adjustments and rescales together: in this order they make the book again.
fills = Table(
    "fills",
    metadata,
    _number("entry"),
    _must("symbol", Words()),
    _must("fill_id", Words()),
    Column("order_seq", Count(), ForeignKey("orders.seq"), nullable=False),
    _must("slot", Words()),
    _must("side", Word(Side)),
    _must("price", Amount()),
    _must("qty", Amount()),
    _must("fee", Amount()),
    _must("at", Moment()),
    _must("day", Day()),
    # What it added to the matched profit; rows from before revision 0002 do not say.
    _may("earned", Amount()),
    # What a unit of the currency was worth in won; none in a won market, or where none knew.
    _may("won", Amount()),
    UniqueConstraint("symbol", "fill_id"),
)

adjustments = Table(
    "adjustments",
    metadata,
    _number("entry"),
    _must("symbol", Words()),
    _must("slot", Words()),
    # A move has a slot to go to, an adoption a price.
    _may("to_slot", Words()),
    _must("qty", Amount()),
    _may("price", Amount()),
    _must("closes_cycle", Boolean()),
    _must("at", Moment()),
    _must("day", Day()),
    # Of an adoption, as of an execution.
    _may("won", Amount()),
)

# A split counts every lot anew: `lots` is what there was before, from which the rest can be made again.
rescales = Table(
    "rescales",
    metadata,
    _number("entry"),
    _must("symbol", Words()),
    _must("new", Count()),
    _must("old", Count()),
    _must("step", Amount()),
    # At which a fraction of a share was paid out.
    _must("price", Amount()),
    _must("lots", BodyText()),
    _must("at", Moment()),
    _must("day", Day()),
    _may("won", Amount()),
)

lots = Table(
    "lots",
    metadata,
    _must("symbol", Words()),
    _must("slot", Words()),
    _must("n", Count()),
    _must("qty", Amount()),
    _must("price", Amount()),
    _must("fee", Amount()),
    _may("won", Amount()),
    PrimaryKeyConstraint("symbol", "slot", "n"),
)

days = Table(
    "days",
    metadata,
    _must("symbol", Words()),
    _must("day", Day()),
    _must("fills", Count()),
    _must("buys", Count()),
    _must("sells", Count()),
    _must("cycles", Count()),
    _must("fees", Amount()),
    _must("matched", Amount()),
    _must("cash_flow", Amount()),
    _must("adopted_cost", Amount()),
    _must("position", Amount()),
    _must("cost", Amount()),
    # What sales brought in won, by effect, and of how many it is not known.
    _must("won_price", Amount()),
    _must("won_fx", Amount()),
    _must("won_cross", Amount()),
    _must("unrated", Count()),
    PrimaryKeyConstraint("symbol", "day"),
)

marks = Table(
    "marks",
    metadata,
    _must("symbol", Words()),
    _must("step_s", Count()),
    _must("at", Moment()),
    _must("open", Amount()),
    _must("high", Amount()),
    _must("low", Amount()),
    _must("close", Amount()),
    _must("cash_flow", Amount()),
    _must("position", Amount()),
    _must("cost", Amount()),
    _must("matched", Amount()),
    _must("adopted_cost", Amount()),
    PrimaryKeyConstraint("symbol", "step_s", "at"),
)

# How many orders a venue ever accepted: to count them would cost more with each.
tallies = Table("tallies", metadata, _must("symbol", Words()), _must("orders", Count()), PrimaryKeyConstraint("symbol"))

decisions = Table(
    "decisions",
    metadata,
    _number("id"),
    _must("at", Moment()),
    _must("symbol", Words()),
    _must("slot", Words()),
    _must("code", Words()),
    _must("figures", FiguresText()),
    _must("weight", Word(Weight)),
    Column("order_seq", Count(), ForeignKey("orders.seq"), nullable=True),
)

# Written out, not bound: SQLite uses an index on a part of the rows only where the query names the same part.
IS_WARNING = text("weight = 'warning'")

state = Table("state", metadata, Column("name", Words(), primary_key=True), _must("body", Words()))
