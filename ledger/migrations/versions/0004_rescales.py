"""Splits of shares: what every lot was before."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

_COUNT = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Add the table; nothing was split so far."""
    text = _text()
    op.create_table(
        "rescales",
        sa.Column("entry", _COUNT, autoincrement=False, nullable=False),
        _must("symbol", text),
        *(_must(name, _COUNT) for name in ("new", "old")),
        *(_must(name, text) for name in ("step", "price", "lots", "at", "day")),
        sa.Column("won", text),
        sa.PrimaryKeyConstraint("entry", name="pk_rescales"),
    )
    op.create_index("rescales_by_symbol", "rescales", ["symbol", "entry"])


def _text() -> sa.String:
    """Return text that both databases compare byte by byte."""
    return sa.String(collation="C") if op.get_bind().dialect.name == "postgresql" else sa.Text()


def _must(name: str, kind: sa.types.TypeEngine[Any]) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=False)
