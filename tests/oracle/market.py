"""Seeded markets and settings for comparing the engine with the oracle; all whole numbers, the same everywhere."""

import random
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

from tests.oracle.grid import NEW_YORK, Bar
from tests.oracle.rules import CONTEXT, PRICE_SCALE, VENUES, Venue, to_decimal, to_units

MILLION = 10**6
MINUTE = timedelta(minutes=1)
# Starts near the borders of the tick bands, and far from them.
WON_STARTS = "0.52 0.98 1.04 5 9.6 10.4 96 104 330 1200 4920 5100 7000 9800 10200 49500 98000 480000 1010000 5e6 9.1e7"
DOLLAR_STARTS = "0.4 0.97 1.03 2.5 15 61.5 140 480"
FIRST_DAYS = (date(2025, 3, 3), date(2025, 7, 7), date(2025, 10, 6), date(2025, 11, 17))
CLOSED_DAYS = (
    "2025-04-18 2025-05-26 2025-06-19 2025-07-04 2025-09-01 2025-11-27 2025-12-25 2026-01-01 2026-01-19 "
    "2026-02-16 2026-04-03 2026-05-25 2026-06-19 2026-07-03 2026-09-07 2026-11-26 2026-12-25"
)


def random_case(seed: int) -> tuple[list[Bar], dict[str, str]]:
    """Bars and settings that belong together; the same for the same seed."""
    rng = random.Random(seed)  # noqa: S311 - a test wants chance that can be repeated, not secrecy
    exchange = rng.choices(("BITHUMB", "KIS"), (55, 45))[0]
    venue = VENUES[exchange]
    start = to_units(rng.choice((DOLLAR_STARTS if venue.has_sessions else WON_STARTS).split()))
    start = venue.round_down(start * rng.randint(990_000, 1_010_000) // MILLION)
    tick_ppm = venue.tick_at(start) * MILLION // start
    gap_ppm = rng.choice((1500, 3000, 5100, 8000, 10000, 12500, 20000, 30000))
    if rng.random() < 0.97:  # else two buys may round to one price
        gap_ppm = max(gap_ppm, tick_ppm * rng.randint(15, 40) // 10)
    bars = _bars(rng, venue, start, gap_ppm)
    settings = {"EXCHANGE": exchange} if venue.has_sessions or rng.random() < 0.5 else {}
    settings |= _lines(rng, bars[0].close, gap_ppm)
    settings |= _size(rng, venue, bars[0].close)
    settings |= _start(rng, bars[0].close, gap_ppm, settings)
    settings |= _stops(rng, bars[0].close, gap_ppm)
    return bars, settings | _limits(rng, venue, bars[0].close)


def _bars(rng: random.Random, venue: Venue, start: int, gap_ppm: int) -> list[Bar]:
    count = rng.randint(80, 400)
    times = _times(rng, venue, count)
    swing, pull = gap_ppm * rng.randint(40, 150) // 100, rng.choice((0, 1, 3, 6, 10))
    drift, jumps = rng.choice((-6, -2, 0, 0, 0, 2, 6)) * gap_ppm // 100, rng.choice((0, 0, 1, 3))
    unit = 0 if rng.random() < 0.6 else rng.choice((1, 10**4, 10**6, 10**9))
    last, bars = start, list[Bar]()
    for at in times:
        opened = last
        is_new_day = bool(bars) and venue.has_sessions and at - bars[-1].at > timedelta(hours=8)
        if rng.randint(1, 100) <= (20 if is_new_day else jumps):
            opened = _moved(last, rng.randint(-6, 6) * gap_ppm)
        home = (start - opened) * MILLION // start * pull // 100
        close = _moved(opened, rng.randint(-swing, swing) + drift + home)
        high = _moved(max(opened, close), rng.randint(0, swing) * rng.randint(0, 1))
        low = _moved(min(opened, close), -rng.randint(0, swing) * rng.randint(0, 1))
        bars.append(Bar(at, *(_seen(venue, price, unit) for price in (opened, high, low, close))))
        last = close
    return bars


def _moved(price: int, ppm: int) -> int:
    return max(price * (MILLION + max(ppm, -300_000)) // MILLION, PRICE_SCALE // 100)


def _seen(venue: Venue, price: int, unit: int) -> Decimal:
    """On the venue's tick, or (bars of another source) on some finer unit."""
    return to_decimal(price // unit * unit if unit else venue.round_down(price)).normalize(CONTEXT)


def _times(rng: random.Random, venue: Venue, count: int) -> list[datetime]:
    if not venue.has_sessions:
        at, times = datetime(2025, 1, 1, tzinfo=UTC), []
        for _ in range(count):
            times.append(at)
            at += MINUTE * (1 if rng.random() < 0.98 else rng.randint(2, 90))
        return times
    shortest, longest = rng.choice(((1, 1), (2, 4), (3, 12), (20, 90)))
    day, sessions = rng.choice(FIRST_DAYS), list[list[datetime]]()
    while sum(map(len, sessions)) < count:
        if day.weekday() < 5 and day.isoformat() not in CLOSED_DAYS:
            opens = datetime(day.year, day.month, day.day, 9, 30, tzinfo=NEW_YORK).astimezone(UTC)
            sessions.append([opens + MINUTE * k for k in range(rng.randint(shortest, longest))])
        day += timedelta(days=1)
    return [at for session in sessions for at in session][:count]  # the last session may break off


def _near(rng: random.Random, price: Decimal, low_ppm: int, high_ppm: int) -> str:
    """A price some way from this one, in plain notation with few digits."""
    units = to_units(price) * (MILLION + rng.randint(min(low_ppm, high_ppm), max(low_ppm, high_ppm))) // MILLION
    unit = 10 ** max(len(str(units)) - 5, 0)
    return _plain(Fraction(units // unit * unit, PRICE_SCALE))


def _plain(value: Fraction, digits: int = 12) -> str:
    text = f"{CONTEXT.divide(Decimal(value.numerator), Decimal(value.denominator)):.{digits}f}"
    return text.rstrip("0").rstrip(".") or "0"


def _lines(rng: random.Random, price: Decimal, gap_ppm: int) -> dict[str, str]:
    settings: dict[str, str] = {}
    if rng.random() < 0.4:
        settings["GRID_SPACING"] = rng.choice(("arithmetic", "arithmetic", "geometric"))
    below, above = rng.choice((1, 3, 6, 10, 16, 20, 30)), rng.choice((0, 0, 1, 3, 6, 14))
    if below != 20 or rng.random() < 0.5:
        settings["GRID_STEPS"] = str(below)
    if rng.random() < 0.2:
        settings["GRID_LOWER"] = _near(rng, price, -gap_ppm * below, -gap_ppm * below // 2)
        settings["GRID_UPPER"] = _near(rng, price, gap_ppm * (below + 1) // 2, gap_ppm * (below + 4))
    else:
        settings["GRID_GAP_PCT"] = _plain(Fraction(gap_ppm, 10**4), 2)
        if above:
            settings["GRID_STEPS_ABOVE"] = str(above)
    if rng.random() < 0.6:
        settings["GRID_FOLLOW"] = rng.choice(("off", "flat", "up", "up"))
    if rng.random() < 0.15:
        settings["GRID_FOLLOW_MAX"] = _near(rng, price, gap_ppm, gap_ppm * (above + 12))
    return settings


def _size(rng: random.Random, venue: Venue, price: Decimal) -> dict[str, str]:
    if rng.random() < 0.1:
        return {}
    if venue.has_sessions:
        count = rng.randint(1, 7)
        money = _plain(Fraction(price) * rng.randint(15 if rng.random() < 0.9 else 8, 60) / 10, 2)
        return {"ORDER_SIZE": rng.choice((str(count), f"{count}shares", f"{money}USD"))}
    money = str(rng.choice((5300, 7777, 10000, 33333, 250000)) if rng.random() < 0.96 else 4990)
    coins = _plain(Fraction(rng.randint(9000, 60000)) / Fraction(price), 8 if price > MILLION else 4)
    return {"ORDER_SIZE": rng.choice((money, f"{money}KRW", f"{coins}BTC"))}


def _start(rng: random.Random, price: Decimal, gap_ppm: int, lines: dict[str, str]) -> dict[str, str]:
    settings: dict[str, str] = {}
    if rng.random() < 0.15:
        settings["GRID_ANCHOR"] = _near(rng, price, -3 * gap_ppm, 4 * gap_ppm)
    elif rng.random() < 0.15:
        settings["GRID_TRIGGER_PRICE"] = _near(rng, price, -2 * gap_ppm, 2 * gap_ppm)
    has_cells_above = "GRID_STEPS_ABOVE" in lines or "GRID_UPPER" in lines
    if rng.random() < (0.6 if has_cells_above else 0.02):
        settings["GRID_START"] = rng.choice(("balance", "adopt", "adopt", "buy_only"))
    if settings.get("GRID_START") == "adopt" and rng.random() < 0.97:
        coins = Fraction(rng.randint(8000, 400_000)) / Fraction(price)
        settings["ADOPT_QTY"] = str(rng.randint(1, 40)) if lines.get("EXCHANGE") == "KIS" else _plain(coins, 6)
    return settings


def _stops(rng: random.Random, price: Decimal, gap_ppm: int) -> dict[str, str]:
    settings: dict[str, str] = {}
    if rng.random() < 0.12:
        settings["GRID_STOP_LOW"] = _near(rng, price, -14 * gap_ppm, -3 * gap_ppm)
    if rng.random() < 0.12:
        settings["GRID_STOP_HIGH"] = _near(rng, price, 3 * gap_ppm, 12 * gap_ppm)
    if rng.random() < 0.12:
        settings["MAX_DRAWDOWN_PCT"] = rng.choice(("0.5", "2", "5", "10"))
    if rng.random() < 0.12:
        settings["TAKE_PROFIT"] = rng.choice(("0.3%", "1%", "2.5%", "5", "500", "3000"))
    for name in list(settings):
        if rng.random() < 0.75:
            settings[f"{name}_ACTION"] = rng.choice(("pause", "cancel", "cancel_sell", "cancel_sell"))
    return settings


def _limits(rng: random.Random, venue: Venue, price: Decimal) -> dict[str, str]:
    settings: dict[str, str] = {}
    chances: tuple[tuple[float, str, tuple[str, ...]], ...] = (
        (0.6, "MAX_OPEN_ORDERS", ("0", "1", "2", "3", "5", "8", "12")),
        (0.4, "FEE_BUY_PCT", ("0", "0.04", "0.1", "0.25")),
        (0.4, "FEE_SELL_PCT", ("0", "0.04", "0.1", "0.3")),
        (0.2, "SELL_TAX_PCT", ("0.15", "0.2")),
        (0.15, "SELF_CROSS", ("allow", "never")),
    )
    for chance, name, values in chances:
        if rng.random() < chance:
            settings[name] = rng.choice(values)
    if venue.has_sessions and rng.random() < 0.7:
        settings["GAP_POLICY"] = rng.choice(("limit", "skip"))
    if venue.has_sessions and rng.random() < 0.4:
        settings["MAX_LEVELS_PER_OPEN"] = rng.choice(("1", "2", "5"))
    if rng.random() < 0.5:
        low = Fraction(price) * rng.randint(2, 25) if venue.has_sessions else Fraction(rng.randint(20_000, 200_000))
        settings["PAPER_CASH"] = rng.choice(("unlimited", _plain(low, 0)))
        if rng.random() < 0.3:
            settings["CASH_RESERVE"] = _plain(low * rng.randint(1, 50) / 100, 2)
    return settings
