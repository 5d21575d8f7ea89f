"""What a currency was worth in won at each booking, and what the sales of a day brought in won."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_COUNT = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Add what is new; of no booking so far is the rate known, so of no sale."""
    text = _text()
    for table in ("fills", "adjustments", "lots"):
        op.add_column(table, sa.Column("won", text))
    for name in ("won_price", "won_fx", "won_cross"):
        op.add_column("days", sa.Column(name, text, nullable=False, server_default="0"))
    op.add_column("days", sa.Column("unrated", _COUNT, nullable=False, server_default="0"))
    op.execute("UPDATE days SET unrated = sells")


def _text() -> sa.String:
    """Return text that both databases compare byte by byte."""
    return sa.String(collation="C") if op.get_bind().dialect.name == "postgresql" else sa.Text()
