"""The twin of a page for programs: the summary and every figure shown, as plain strings."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from domain.clock import iso
from domain.exact import plain
from reports.formulas import falls

if TYPE_CHECKING:
    from datetime import datetime
    from decimal import Decimal

    from domain.reason import Reason
    from ledger.records import DecisionRecord, FillRecord, OrderRecord
    from reports.cells import CellShown
    from reports.history import DayShown
    from reports.legs import CycleShown, Leg
    from reports.statement import Course, LotShown, Statement
    from reports.wording import Wording

SCHEMA = 1
"""Version of the twin's form; the summary in it has a version of its own."""

Json = dict[str, object]


def twin_of(statement: Statement, wording: Wording) -> Json:
    """Return the figures as JSON values: numbers as plain strings, counts as integers, times ISO UTC."""
    return {
        "schema": SCHEMA,
        "language": wording.language,
        "summary": statement.snapshot.summary(),
        "prices": str(statement.snapshot.prices),
        "fees_estimated": statement.snapshot.fees_estimated,
        "made_at": _at(statement.made_at),
        "seen_at": _at(statement.seen_at),
        "standing": [_reason(why, wording) for why in statement.standing],
        "unlimited": statement.unlimited,
        "figures": _figures(statement),
        "won": _won(statement),
        "session": _session(statement, wording),
        "today": None if statement.today is None else _day(statement.today),
        "days": [_day(day) for day in statement.days],
        "cells": [_cell(cell, wording) for cell in statement.cells],
        "open_orders": [_order(record, wording) for record in statement.orders],
        "lots": [_lot(shown, statement.snapshot.last) for shown in statement.lots],
        "cycles": [_cycle(cycle) for cycle in statement.cycles],
        "incidents": [_decision(record, wording) for record in statement.warnings],
        "decisions": [_decision(record, wording) for record in statement.decisions],
        "former_markets": [
            {
                "symbol": market.symbol,
                "matched_pnl": plain(market.book.matched),
                "fees": plain(market.book.fees),
                "cycles": market.book.cycles,
                "position": plain(market.book.position),
                "cost": plain(market.book.cost),
            }
            for market in statement.former
        ],
        "course": _course(statement.course),
    }


def _figures(statement: Statement) -> Json:
    made, evens, held, deepest = statement.yields, statement.break_evens, statement.held, statement.deepest
    return {
        "last": _number(statement.snapshot.last),
        "cost": plain(statement.book.cost),
        "capital": _number(statement.capital),
        "days": _number(statement.days_run),
        "fee_buy": _number(statement.fee_buy),
        "fee_sell": _number(statement.fee_sell),
        "matched_yield": _number(made.matched),
        "inventory_yield": _number(made.inventory),
        "total_yield": _number(made.total),
        "grid_apr": _number(made.grid_apr),
        "total_apr": _number(made.total_apr),
        "break_even_lot": _number(evens.lot),
        "break_even_average": _number(evens.average),
        "break_even_bot": _number(evens.bot),
        "held_start": None if held is None else plain(held.start),
        "held_first": None if held is None else plain(held.first),
        "held_value": None if held is None else plain(held.value),
        "held_pnl": None if held is None else plain(held.pnl),
        "deepest": None if deepest is None else plain(-deepest.fall),
        "deepest_peak": None if deepest is None else plain(deepest.peak),
        "deepest_peak_at": None if deepest is None else iso(deepest.peak_at),
        "deepest_low": None if deepest is None else plain(deepest.low),
        "deepest_low_at": None if deepest is None else iso(deepest.low_at),
        "deepest_part": _number(statement.deepest_part),
        "cells": statement.counted.cells,
        "lots": statement.counted.lots,
    }


def _won(statement: Statement) -> Json | None:
    """Return the profit in won with its rate, whose age is in whole seconds; None where prices are in won."""
    won, age = statement.snapshot.won, statement.rate_age
    if won is None:
        return None
    return {**won.row(statement.snapshot.at), "rate_age_s": None if age is None else age // timedelta(seconds=1)}


def _session(statement: Statement, wording: Wording) -> Json | None:
    seen = statement.session
    if seen is None:
        return None
    return {
        "kind": None if seen.kind is None else str(seen.kind),
        "day": None if seen.day is None else seen.day.isoformat(),
        "closes_at": _at(seen.closes_at),
        "next_open": _at(seen.next_open),
        "told": _reason(seen.told, wording),
    }


def _day(day: DayShown) -> Json:
    return {
        "day": day.day.isoformat(),
        "change": _number(day.change),
        "matched": plain(day.matched),
        "fees": plain(day.fees),
        "cycles": day.cycles,
        "fills": day.fills,
    }


def _cell(cell: CellShown, wording: Wording) -> Json:
    return {
        "cell": cell.key,
        "buy_price": plain(cell.buy_price),
        "sell_price": plain(cell.sell_price),
        "qty": plain(cell.qty),
        "state": str(cell.state),
        "order_price": _number(cell.order_price),
        "held": plain(cell.held),
        "cycles": cell.cycle,
        "legacy": cell.legacy,
        "why": None if cell.why is None else _reason(cell.why, wording),
    }


def _order(record: OrderRecord, wording: Wording) -> Json:
    order = record.order
    return {
        "order": order.client_id,
        "cell": order.cell,
        "side": str(order.side),
        "price": plain(order.price),
        "qty": plain(order.qty),
        "filled": plain(order.filled),
        "state": str(order.state),
        "created_at": iso(record.created_at),
        "why": None if record.why is None else _reason(record.why, wording),
    }


def _lot(shown: LotShown, last: Decimal | None) -> Json:
    return {
        "cell": shown.slot,
        "qty": plain(shown.lot.qty),
        "price": plain(shown.lot.price),
        "cost": plain(shown.lot.cost),
        "break_even": _number(shown.break_even),
        "inventory_pnl": None if last is None else plain(shown.lot.qty * last - shown.lot.cost),
    }


def _cycle(cycle: CycleShown) -> Json:
    return {
        "cell": cycle.slot,
        "cycle": cycle.cycle,
        "buy": _leg(cycle.buy),
        "sell": _leg(cycle.sell),
        "fees": plain(cycle.fees),
        "profit": plain(cycle.earned),
    }


def _leg(leg: Leg | None) -> Json | None:
    if leg is None:
        return None
    return {
        "begin_at": iso(leg.begin_at),
        "end_at": iso(leg.end_at),
        "price": plain(leg.price),
        "qty": plain(leg.qty),
        "fee": plain(leg.fee),
    }


def _decision(record: DecisionRecord, wording: Wording) -> Json:
    return {
        "at": iso(record.at),
        "symbol": record.symbol,
        "slot": record.note.slot,
        "why": _reason(record.note.why, wording),
    }


def _course(course: Course) -> Json:
    falling = falls(mark.total for mark in course.whole)
    return {
        "start": _number(course.start),
        "first": _number(course.first),
        "points": [
            {"at": iso(mark.at), "close": plain(mark.close), "total": plain(mark.total), "below_peak": plain(fall)}
            for mark, fall in zip(course.whole, falling, strict=True)
        ],
        "candles": [
            [iso(mark.at), plain(mark.open), plain(mark.high), plain(mark.low), plain(mark.close)]
            for mark in course.recent
        ],
        "fills": [_fill(record) for record in course.fills],
    }


def _fill(record: FillRecord) -> Json:
    fill = record.fill
    return {
        "at": iso(fill.at),
        "cell": record.slot,
        "side": str(record.side),
        "price": plain(fill.price),
        "qty": plain(fill.qty),
        "fee": plain(fill.fee),
        "earned": _number(record.earned),
    }


def _reason(why: Reason, wording: Wording) -> Json:
    return {"code": why.code, "figures": why.plain_figures(), "sentence": wording.sentence(why)}


def _number(value: Decimal | None) -> str | None:
    return None if value is None else plain(value)


def _at(at: datetime | None) -> str | None:
    return None if at is None else iso(at)
