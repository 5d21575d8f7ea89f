"""Lists of orders, whole or not at all: open ones page by page, closed ones window by window."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from domain.reason import reason
from exchanges.bithumb import client as calls
from exchanges.bithumb import parsing
from exchanges.bithumb.fields import rows_of
from exchanges.transport import NoAnswer, Unreadable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from exchanges.bithumb.client import Client
    from exchanges.bithumb.parsing import OrderRow
    from exchanges.transport import ServerClock

PAGE = 100
HISTORY_PAGE = 1000
WINDOW = timedelta(days=7)

_PAGES_MAX = 100
_PASSES_MAX = 4
_CLOSED_STATES = ("done", "cancel")
_WINDOW_MIN = timedelta(milliseconds=2)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class OrderLists:
    """Reads lists of one account's orders.

    The cursors of the venue's second version are not used: how a cursor is to be signed is not known for certain.
    """

    def __init__(self, client: Client, clock: ServerClock) -> None:
        """Remember whom to ask."""
        self._client = client
        self._clock = clock

    def open(self, symbol: str) -> tuple[OrderRow, ...]:
        """Return all orders at rest, oldest first.

        An order that ends between two pages draws the next ones forward, over the edge of a page already read. So more
        than one page is read until two passes agree; raises `NoAnswer` where they never do.
        """
        rows, pages = self._open_pass(symbol)
        for _ in range(_PASSES_MAX):
            if pages == 1:
                return tuple(rows.values())
            again, pages = self._open_pass(symbol)
            if again.keys() == rows.keys():
                return tuple(again.values())
            rows = again
        raise NoAnswer("the list of open orders changes while it is read", why=reason("bithumb_list_unstable"))

    def closed(self, symbol: str, since: datetime) -> tuple[OrderRow, ...]:
        """Return the orders done or canceled since a moment, in windows as long as the venue allows."""
        rows: dict[str, OrderRow] = {}
        now = self._clock.now()
        begin = min(since, now)
        while True:
            end = min(begin + WINDOW, now)
            for state in _CLOSED_STATES:
                rows |= {row.order.order_id: row for row in self._window(symbol, state, begin, end)}
            if end >= now:
                return tuple(rows.values())
            begin = end

    def _open_pass(self, symbol: str) -> tuple[dict[str, OrderRow], int]:
        rows: dict[str, OrderRow] = {}
        for number in range(1, _PAGES_MAX + 1):
            value = self._client.read(
                calls.OPEN_ORDERS,
                ("market", symbol),
                ("state", "wait"),
                ("page", str(number)),
                ("limit", str(PAGE)),
                ("order_by", "asc"),
            )
            page = [self._row(row, symbol) for row in rows_of(value, "orders")]
            rows |= {row.order.order_id: row for row in page}
            if len(page) < PAGE:
                return rows, number
        raise NoAnswer("the list of open orders has no end", why=reason("bithumb_list_unstable"))

    def _window(self, symbol: str, state: str, begin: datetime, end: datetime) -> Iterator[OrderRow]:
        value = self._client.read(
            calls.HISTORY,
            ("market", symbol),
            ("state", state),
            ("start_time", _milliseconds(begin)),
            ("end_time", _milliseconds(end)),
            ("limit", str(HISTORY_PAGE)),
            ("order_by", "asc"),
        )
        rows, has_next = parsing.page(value)
        if not has_next:
            yield from (self._row(row, symbol) for row in rows)
            return
        if end - begin <= _WINDOW_MIN:
            raise NoAnswer("the history does not end", why=reason("bithumb_list_unstable"))
        # More than a page: two halves, each with fewer.
        middle = begin + (end - begin) / 2
        yield from self._window(symbol, state, begin, middle)
        yield from self._window(symbol, state, middle, end)

    def _row(self, value: object, symbol: str) -> OrderRow:
        row = parsing.order_row(value, self._clock.now())
        if row.order.symbol != symbol:
            raise Unreadable("orders: of another market than asked for")
        return row


def _milliseconds(at: datetime) -> str:
    return str((at - _EPOCH) // timedelta(milliseconds=1))
