"""Puts a run against a venue together: settings in; adapter, ledger, desk, loop and feed out."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from bot.board import Shield
from bot.diary import Diary
from bot.engine import Engine
from bot.inbox import Inbox
from bot.loop import Loop
from bot.marks import Marks
from bot.memory import dial_name, restored_dial
from bot.orders import OrderDesk, id_prefix
from bot.reconcile import OVERLAP, Reconciler, strangers
from bot.recovery import restored_state
from bot.search import Search
from bot.sessions import SessionWatch
from bot.trail import Trail
from bot.wiring.opening import opening_of
from bot.wiring.parts import KOREAN_DAYS, day_of, gate_of, limits_of, strategy_of
from bot.wiring.run import VenueRun
from domain.errors import ExitCode, SetupError
from domain.events import Dial
from domain.exact import ZERO
from domain.reason import reason
from domain.session import MarketHours
from domain.snapshot import PriceSource
from exchanges.registry import venue_rules
from reports.figures import RUN

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from decimal import Decimal

    from bot.engine import FillBooked
    from bot.orders import OrderWorker
    from bot.recovery import Patience
    from bot.settings import Settings
    from bot.wiring.faces import Faces
    from bot.wiring.venue import Venue
    from domain.decision import Note
    from domain.events import Event
    from domain.venue import VenueOrder
    from ledger.reader import Reader
    from ledger.writer import Ledger

STRANGERS_FOR = timedelta(days=7)
"""A ledger that knows nothing yet asks for orders of ours so far back."""


def venue_run(
    settings: Settings,
    ledger: Ledger,
    venue: Venue,
    patience: Patience,
    *,
    strict: bool,
    worker: Callable[[Callable[[Event], None]], OrderWorker],
    tell: Callable[[Note], None],
    watch: Callable[[FillBooked], None],
    faces: Faces | None = None,
    prices: PriceSource = PriceSource.LIVE,
    bars: int | None = None,
) -> VenueRun:
    """Prepare a run on a venue; raises `SetupError` where it must not go on.

    `strict`: real money, or the broker's practice account, is at stake, so a grid that cannot pay is refused. `faces`:
    where the owner looks, if anywhere.
    """
    as_set, settings = settings, _dialed(settings, ledger.reader)
    symbol = settings.symbol
    former = ledger.reader.state(RUN)
    # A share that its venue does not know any more, and that we hold, is watched without it: its owner has to look.
    ask = patience.if_known if ledger.reader.book(symbol).position else patience.answered
    told = ask(lambda: venue.market.refresh_instrument(symbol))
    instrument = told or venue_rules(str(settings.exchange)).instrument(symbol, settings.fees())
    instruments = {symbol: instrument}
    opening = opening_of(former, ledger.reader, instrument, patience, venue.account)
    unlimited = not strict and settings.paper_cash is None
    diary = Diary(symbol, instruments, opening, bars=bars, unlimited=unlimited, prices=prices)
    diary.fees_estimated = not venue.market.capabilities.tells_fees
    diary.go_on_from(former)
    loop = _loop(settings, ledger, venue, diary, strict=strict, worker=worker, tell=tell, watch=watch)
    if faces is not None:
        loop.faces = Shield(faces.board)
        faces.attach(diary, ledger, loop.inbox.put, venue.clock)
    prefix = loop.desk.prefix
    strange = patience.answered(lambda: _strange_orders(venue, symbol, prefix, diary.seen_at, ledger.reader))
    sessions = _sessions(settings, venue, loop)
    reconciler = Reconciler(
        venue.account,
        symbol,
        prefix,
        lambda: loop.state.orders,
        venue.clock,
        # Our clock and the venue's are never quite one; what is told twice is booked once.
        min([diary.seen_at or venue.clock.now(), *(order.at for order in strange)]) - OVERLAP,
        [order.client_order_id or "" for order in strange],
        _search(loop, diary, symbol, None if sessions is None else sessions.hours),
    )
    return VenueRun(
        settings, venue, loop, reconciler, ledger, diary, strict, strange, as_set, sessions, patience.stopped
    )


def _sessions(settings: Settings, venue: Venue, loop: Loop) -> SessionWatch | None:
    """Return what watches the market's day; raises `SetupError` where it has none in sight."""
    symbol, hours = settings.symbol, venue.market.market_session(settings.symbol)
    if not isinstance(hours, MarketHours):
        return None
    now = venue.clock.now()
    if hours.regular_at(now) is None and hours.next_regular(now) is None:
        raise SetupError(ExitCode.SETTINGS, reason("market_never_opens", symbol=symbol))
    return SessionWatch.restored(hours, symbol, settings.open_delay_s, venue.clock, loop.state.strategies[symbol])


def _search(loop: Loop, diary: Diary, symbol: str, hours: MarketHours | None) -> Search | None:
    """Return how a lost order is looked for; None where the venue knows it by our id."""
    trail = loop.desk.trail
    if trail is None:
        return None

    def expected() -> Decimal:
        held: Decimal = loop.state.strategies[symbol].book.position
        return diary.opening.holdings + held

    return Search(trail, loop.instruments[symbol].base, hours, expected)


def _loop(
    settings: Settings,
    ledger: Ledger,
    venue: Venue,
    diary: Diary,
    *,
    strict: bool,
    worker: Callable[[Callable[[Event], None]], OrderWorker],
    tell: Callable[[Note], None],
    watch: Callable[[FillBooked], None],
) -> Loop:
    """Put the loop together as the ledger left it; what the account has now, `VenueRun.recover` finds out."""
    symbol, inbox, instruments = settings.symbol, Inbox(), diary.instruments
    days = venue.market.market_session(symbol)
    grid = settings.grid(strict=strict, bars=False, free_cash=diary.opening.cash, adopt_qty=ZERO)
    engine = Engine({symbol: strategy_of(instruments[symbol], grid, venue.market)})
    gate = gate_of(settings, ledger, instruments, grid.free_cash, venue)
    desk = OrderDesk(ledger, gate, worker(inbox.put), id_prefix(settings.instance), venue.clock, inbox.put)
    if not venue.account.capabilities.client_order_id:
        desk.trail = Trail.restored(ledger.reader, symbol, venue.clock.now())
    return Loop(
        engine,
        restored_state(engine, ledger.reader),
        desk,
        ledger,
        inbox,
        limits_of(settings, grid.free_cash),
        instruments,
        day_of(days),
        tell,
        diary.row_of,
        watch,
        marks=Marks.restored(symbol, days or KOREAN_DAYS, ledger.reader),
    )


def _dialed(settings: Settings, reader: Reader) -> Settings:
    """Return the settings with the dials as the owner has set them on the running grid."""
    symbol = settings.symbol
    gap = restored_dial(reader.state(dial_name(symbol, Dial.GAP)), settings.grid_gap_pct)
    size = restored_dial(reader.state(dial_name(symbol, Dial.SIZE)), settings.size.amount)
    return settings.with_dials(gap, size)


def _strange_orders(
    venue: Venue, symbol: str, prefix: str, seen_at: datetime | None, reader: Reader
) -> tuple[VenueOrder, ...]:
    """Return the orders under our name that the ledger does not know, oldest first."""
    since = venue.clock.now() - STRANGERS_FOR if seen_at is None else seen_at - OVERLAP
    found = strangers(venue.account, symbol, prefix, since, lambda client_id: reader.order(client_id) is not None)
    return tuple(sorted(found, key=lambda order: (order.at, order.order_id)))
