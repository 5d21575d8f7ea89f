"""The report: every figure is the ledger's to the last unit, whatever the state of the run, in both languages."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from bot.sources import load_settings
from bot.wiring.paper import paper_run
from domain.decision import Note, Weight
from domain.instrument import Side
from domain.order import OrderState
from domain.reason import reason
from domain.snapshot import Mode, PriceSource, RunState
from ledger.columns import ReasonText
from ledger.places import SqlitePlace
from reports.figures import snapshot_of
from reports.rendering import page_of
from reports.statement import statement_of
from reports.twin import twin_of
from reports.wording import LANGUAGES, TEXTS, Wording, sentences_of
from strategy.grid.state import CellState
from tests.bot.rehearsal import candles_of, unheard
from tests.ledger.desk import SYMBOL, Desk
from tests.oracle.market import random_case
from tests.reports.books import (
    BEGIN,
    ROW,
    Seen,
    cell,
    counted,
    describe,
    draw,
    fixture_two,
    page,
    stated,
    trade,
    twin,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

D = Decimal
TEMPLATES = TEXTS.parent / "templates"


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """Trades on a new ledger."""
    with Desk.at(SqlitePlace(tmp_path / "dry_run")) as desk:
        yield desk


def test_a_run_on_candles_is_reported_to_the_last_unit(tmp_path: Path) -> None:
    canary = "canary-4f1d"
    random_bars, settings = random_case(2102)
    settings.pop("SELF_CROSS", None)
    secrets = {"BITHUMB_ACCESS_KEY": canary, "BITHUMB_SECRET_KEY": canary, "MQTT_PASSWORD": canary}
    candles = candles_of(random_bars)
    with paper_run(
        load_settings(environ={**settings, **secrets, "DATA_DIR": str(tmp_path)}), candles, unheard, lambda: False
    ) as run:
        run.play(candles)
        reader = run.ledger.reader
        shown, book = snapshot_of(reader), reader.book(run.strategy.symbol)
        with reader.frozen() as frozen:
            statement = statement_of(frozen)

    told = twin_of(statement, Wording("ko"))
    text = page_of(statement, Wording("ko"))
    read = Seen(text).exact

    assert book.buys
    assert told["summary"] == shown.summary()
    assert {
        name: D(read[name]) for name in ("total_pnl", "matched_pnl", "inventory_pnl", "fees", "position", "cost")
    } == {
        "total_pnl": book.total(candles[-1].close),
        "matched_pnl": book.matched,
        "inventory_pnl": book.inventory(candles[-1].close),
        "fees": book.fees,
        "position": book.position,
        "cost": book.cost,
    }
    assert (int(read["buys"]), int(read["sells"]), int(read["cycles"])) == (book.buys, book.sells, book.cycles)
    assert canary not in text + json.dumps(told)


def test_page_and_twin_tell_the_break_evens_of_the_sheet(desk: Desk) -> None:
    fixture_two(desk)

    read, told = Seen(page(desk)).exact, twin(desk)

    assert round(D(read["break_even_lot"]), 4) == D("100.2002")
    assert round(D(read["break_even_bot"]), 4) == D("98.3964")
    for kind in ("lot", "average", "bot"):
        assert told["figures"][f"break_even_{kind}"] == read[f"break_even_{kind}"]
    assert told["lots"][0]["break_even"] == read["break_even_lot"]
    assert (read["total_pnl"], read["total_yield"]) == ("0.702", "0.000702")
    assert told["figures"]["total_yield"] == "0.000702"


def test_a_cycle_is_shown_with_both_legs(desk: Desk) -> None:
    fixture_two(desk)

    (cycle,) = twin(desk)["cycles"]

    assert (cycle["cell"], cycle["buy"]["price"], cycle["sell"]["price"]) == ("c1", "98", "100")
    assert (cycle["fees"], cycle["profit"]) == ("0.198", "1.802")


def test_holding_is_compared_from_the_first_price_on(desk: Desk) -> None:
    fixture_two(desk)
    draw(desk, ["101", "90", "99"])

    read = Seen(page(desk)).exact

    # It opened at 100: the grid's 1,000 won were 10 coins, now worth 99 each.
    assert read["held_pnl"] == "-10"


def test_holding_needs_no_account_with_a_limit(desk: Desk) -> None:
    describe(desk, unlimited=True, cash_start="0", capital="500")
    draw(desk, ["101", "90", "99"])

    told = twin(desk)

    assert (told["figures"]["held_start"], told["figures"]["held_value"]) == ("500", "495")
    assert told["course"]["start"] == "500"
    assert Wording("en").text("report_key_holding") in Seen(page(desk)).text


def test_of_a_grid_that_is_not_laid_yet_nothing_is_held_against_it(desk: Desk) -> None:
    describe(desk, capital=None)
    draw(desk, ["101", "99"])

    assert twin(desk)["figures"]["held_value"] is None
    assert Wording("en").text("report_key_holding") not in Seen(page(desk)).text


def test_the_deepest_fall_stands_with_its_dates(desk: Desk) -> None:
    describe(desk)
    draw(desk, ["100", "110", "95", "105"], position="2", cash_flow="-200")

    told = twin(desk)["figures"]

    assert (told["deepest"], told["deepest_peak"], told["deepest_low"]) == ("-30", "20", "-10")
    assert (told["deepest_peak_at"], told["deepest_low_at"]) == ("2026-11-01T04:00:00Z", "2026-11-01T05:00:00Z")
    assert [point["below_peak"] for point in twin(desk)["course"]["points"]] == ["0", "0", "-30", "-10"]


def test_a_day_is_worth_what_total_changed_in_it(desk: Desk) -> None:
    describe(desk, last="103")
    draw(desk, ["100", "102"], position="1", cash_flow="-100")
    desk.buy("100", "1")

    days = {day["day"]: day["change"] for day in twin(desk)["days"]}

    assert days == {"2026-11-01": "0", "2026-11-02": "3", "2026-11-20": None}


def test_the_ladder_says_how_each_cell_stands_and_why(desk: Desk) -> None:
    desk.buy("102", "1", slot="1.2")
    describe(desk)
    with desk.ledger.commit() as written:
        written.state(
            f"cell/{SYMBOL}/1.0",
            cell("1.0", "98", "100", order="buy", why=reason("paused", line=D(98), last=D(99), currency="KRW")),
        )
        written.state(f"cell/{SYMBOL}/1.2", cell("1.2", "102", "104", order="sell"))
        written.state(f"cell/{SYMBOL}/1.1", cell("1.1", "100", "102"))

    cells = twin(desk)["cells"]

    assert [(c["cell"], c["state"], c["held"]) for c in cells] == [
        ("1.2", "selling", "1"),
        ("1.1", "empty", "0"),
        ("1.0", "buying", "0"),
    ]
    assert Wording("en").sentence(reason("paused", line=D(98), last=D(99), currency="KRW")) in Seen(page(desk)).text


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    ("changes", "code"),
    [
        (
            {"last": None, "at": None, "started_at": None, "lines": [], "capital": None, "state": "waiting"},
            "report_no_price_yet",
        ),
        ({}, "report_no_fills"),
        ({}, "report_held_unknown"),
        ({"capital": "0"}, "report_no_capital"),
        ({"capital": None}, "report_held_no_capital"),
        ({"last": None}, "report_held_no_price"),
        ({"at": "2026-11-01T03:00:00Z"}, "report_apr_too_early"),
    ],
)
def test_where_nothing_is_to_be_shown_a_sentence_says_so(
    desk: Desk, language: str, changes: dict[str, object], code: str
) -> None:
    describe(desk, **changes)

    assert Wording(language).text(code) in Seen(page(desk, language)).text


def test_of_a_ledger_from_before_there_were_marks_all_else_is_shown(desk: Desk) -> None:
    desk.buy("100", "1", "0.1")
    with desk.ledger.commit() as written:
        added = {"unlimited", "prices", "fee_buy", "fee_sell", "capital", "standing"}
        written.state("run", {name: value for name, value in ROW.items() if name not in added - {"unlimited"}})

    text = Seen(page(desk)).text

    assert Wording("en").text("report_fee_unknown") in text
    assert Wording("en").text("report_held_no_capital") in text


def test_dust_alone_is_said_to_be_dust(desk: Desk) -> None:
    desk.buy("100", "1")
    desk.move("c1", "dust", "1")
    describe(desk)

    text = Seen(page(desk)).text

    assert Wording("en").text("report_only_dust") in text
    assert Wording("en").text("report_slot_dust") in text


def test_a_former_market_has_a_line_of_its_own_and_no_part_in_the_figures(desk: Desk) -> None:
    desk.buy("10", "1", slot="f1", symbol="KRW-XRP")
    desk.sell("12", "1", slot="f1", symbol="KRW-XRP")
    fixture_two(desk)

    told = twin(desk)

    assert [(market["symbol"], market["matched_pnl"]) for market in told["former_markets"]] == [("KRW-XRP", "2")]
    assert told["summary"]["matched_pnl"] == "1.802"
    assert "KRW-XRP" in Seen(page(desk)).text


def test_the_safe_state_is_told_first_with_its_reason(desk: Desk) -> None:
    grave, other = reason("worker_died", error="X"), reason("owner_pause")
    describe(desk, state="safe", standing=[ReasonText().written(other), ReasonText().written(grave)])
    with desk.ledger.commit() as written:
        written.state("safe", {"why": ReasonText().written(grave), "doubts": []})

    assert stated(desk).standing == (grave, other)
    text = Seen(page(desk)).text
    assert text.count(Wording("en").sentence(grave)) == 1
    assert Wording("en").text("report_agrees_no") in text


@pytest.mark.parametrize(
    ("row", "code"),
    [
        ({"differences": []}, "report_agrees_yes"),
        ({"differences": ["order 3"]}, "report_agrees_no"),
        ({}, "report_agrees_seen"),
        ({"seen_at": None}, "report_agrees_not_yet"),
    ],
)
def test_the_stamp_says_whether_the_books_agree(desk: Desk, row: dict[str, object], code: str) -> None:
    describe(desk, **row)

    assert Wording("en").text(code) in Seen(page(desk)).text


@pytest.mark.parametrize(("source", "shown"), [("synthetic", "SYNTHETIC"), ("recorded", "RECORDED"), ("live", None)])
def test_what_is_no_real_money_and_no_real_market_says_so(desk: Desk, source: str, shown: str | None) -> None:
    describe(desk, prices=source)

    text = Seen(page(desk, "ko")).text

    assert "DRY-RUN" in text
    assert ("SYNTHETIC" in text, "RECORDED" in text) == (shown == "SYNTHETIC", shown == "RECORDED")


def filled_page(desk: Desk, language: str) -> str:
    """Return a page on which every table has a row."""
    fixture_two(desk)
    draw(desk, ["100", "97", "99"], position="1", cash_flow="-98")
    desk.rest(Side.SELL, "102", "1", slot="c2")
    with desk.ledger.commit() as written:
        written.state(f"cell/{SYMBOL}/1.0", cell("1.0", "98", "100", order="buy"))
        written.decision(BEGIN, SYMBOL, Note("grid", reason("paused", line=D(98), last=D(99)), Weight.WARNING))
    return page(desk, language)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_needs_nothing_from_outside_and_runs_nothing(desk: Desk, language: str) -> None:
    text = filled_page(desk, language)
    seen = Seen(text)

    policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
    assert ("content", policy) in seen.attributes
    assert ("lang", language) in seen.attributes
    assert not {"script", "link", "iframe", "object", "img", "form", "base"} & set(seen.tags)
    assert not [name for name, _ in seen.attributes if name in {"src", "href", "action"} or name.startswith("on")]
    assert not re.search(r"https?://|url\(|@import", text)


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_word_of_the_page_is_missing(desk: Desk, language: str) -> None:
    text = filled_page(desk, language)

    assert "report_" not in text
    known = sentences_of(language)
    used = {
        code
        for file in TEMPLATES.glob("*.html")
        for code in re.findall(r"'(report_[a-z_]*[a-z])'", file.read_text("utf-8"))
    }
    assert used - set(known) == set()
    kinds = {"mode": Mode, "state": RunState, "cell": CellState, "side": Side}
    words = {f"report_{kind}_{word}" for kind, enum in kinds.items() for word in enum}
    words |= {
        f"report_order_{state}"
        for state in OrderState
        if state
        not in {OrderState.FILLED, OrderState.CANCELED, OrderState.REJECTED, OrderState.EXPIRED, OrderState.VOID}
    }
    words |= {f"report_prices_{source}" for source in PriceSource if source is not PriceSource.LIVE}
    assert words - set(known) == set()


def test_what_strangers_wrote_is_text_and_nothing_else(desk: Desk) -> None:
    hostile = "<script>alert(1)</script>\"' onload=x"
    describe(
        desk,
        differences=[hostile],
        version=hostile,
        standing=[ReasonText().written(reason("venue_says", text=hostile))],
    )
    with desk.ledger.commit() as written:
        written.decision(BEGIN, hostile, Note(hostile, reason(hostile, figure=hostile), Weight.WARNING))

    seen = Seen(page(desk))

    assert "script" not in seen.tags
    assert not [name for name, _ in seen.attributes if name.startswith("on")]
    assert hostile in seen.text


def test_the_page_and_what_is_read_for_it_stay_small(desk: Desk) -> None:
    describe(desk)
    trade(desk, 150)
    few = counted(desk)
    trade(desk, 1000)

    assert counted(desk) == few
    assert len(page(desk, "ko").encode()) < 400_000


@pytest.mark.parametrize("language", LANGUAGES)
def test_numbers_on_the_page_are_grouped_and_marked(desk: Desk, language: str) -> None:
    desk.buy("1000000", "1", "2500.4")
    describe(desk, last="1234567.8")

    text = Seen(page(desk, language)).text

    assert "▲ +232,067" in text
    assert "1,234,568" in text


def test_the_report_says_when_it_was_made(desk: Desk) -> None:
    describe(desk)
    with desk.ledger.reader.frozen() as frozen:
        statement = statement_of(frozen, datetime(2026, 11, 20, 15, 0, tzinfo=UTC))

    assert "2026-11-21 00:00:00" in Seen(page_of(statement, Wording("ko"))).text


def test_before_anything_has_run_there_is_nothing_to_report(desk: Desk) -> None:
    with pytest.raises(LookupError):
        stated(desk)
