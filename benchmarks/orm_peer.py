"""The usual way to keep orders: one mapped row, added and committed through SQLAlchemy's ORM."""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING, Any

from sqlalchemy import create_engine, event
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

if TYPE_CHECKING:
    from pathlib import Path


class Base(DeclarativeBase):
    """Holds the one table."""


class OrderRow(Base):
    """An order as a bot without lots, days and states would keep it."""

    __tablename__ = "orders"

    seq: Mapped[int] = mapped_column(primary_key=True)
    client_id: Mapped[str] = mapped_column(unique=True)
    venue_id: Mapped[str]
    symbol: Mapped[str]
    side: Mapped[str]
    price: Mapped[str]
    qty: Mapped[str]
    state: Mapped[str]
    at: Mapped[str]


class OrmPeer:
    """Writes one order per commit, as durably as our ledger."""

    def __init__(self, file: Path) -> None:
        """Make the table."""
        self._engine = create_engine(f"sqlite:///{file}")
        event.listen(self._engine, "connect", _as_durable)
        Base.metadata.create_all(self._engine)
        self._seq = 0

    def __call__(self) -> float:
        """Commit one order; returns the seconds it took."""
        self._seq += 1
        seq = self._seq
        begun = perf_counter()
        with Session(self._engine) as session:
            session.add(
                OrderRow(
                    seq=seq,
                    client_id=f"bp123456-{seq}",
                    venue_id=f"C{seq:019d}",
                    symbol="KRW-BTC",
                    side="buy",
                    price="95299000",
                    qty="0.00010493",
                    state="open",
                    at="2026-01-01T00:00:00Z",
                )
            )
            session.commit()
        return perf_counter() - begun

    def close(self) -> None:
        """Let go of the file."""
        self._engine.dispose()


def _as_durable(connection: Any, _record: object) -> None:  # noqa: ANN401  # the driver's own connection
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
