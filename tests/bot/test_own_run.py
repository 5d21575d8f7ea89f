"""The owner's bot over real threads and HTTP: it trades, stops, is killed, and goes on with books that agree."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bot.exits import run_guarded
from bot.feed import Feed, Question
from bot.sources import load_settings
from bot.wiring.own import own_run
from bot.workers import FeedThread, ThreadWorker, VenueCalls
from domain.errors import ExitCode
from domain.order import OrderState
from domain.snapshot import Mode
from reports.figures import snapshot_of
from reports.wording import Wording
from tests.bot.own_rig import (
    FIRST_BUY,
    PRICE,
    ByHand,
    canaries,
    disagreements,
    dry,
    ledger_in,
    live,
    market,
    owner,
    run_here,
    terminated,
    waiting,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from bot.wiring.own import OwnRun
    from domain.events import Event
    from domain.order import Order

_S = OrderState
STOP_MAX_S = 8


def states(folder: Path, mode: Mode = Mode.LIVE) -> list[OrderState]:
    with ledger_in(folder, mode) as reader:
        return [order.state for order in reader.open_orders()]


def test_a_live_run_trades_stops_in_time_and_goes_on_where_it_stood(tmp_path: Path) -> None:
    with market() as venue, owner(tmp_path, live(venue.url)) as own:
        first = own.start()
        assert first.until(lambda: len(venue.orders("wait")) == 3)
        venue.trade_at(FIRST_BUY)
        assert first.until(lambda: "bought 0.000202 BTC at 49,504,000" in first.said())
        assert first.until(lambda: [row["side"] for row in venue.orders("wait")] == ["buy", "buy", "sell"])
        stopped = terminated(first)
        left = states(tmp_path)

        second = own.start()
        assert second.until(lambda: "Trading with real money begins" in second.said())
        venue.trade_at(PRICE)
        assert second.until(lambda: "sold 0.000202 BTC at 50,000,000 KRW, earned 49.94248" in second.said())
        assert second.until(lambda: len(venue.orders("wait")) == 3)
        stopped_again = terminated(second)

        assert stopped[0] == stopped_again[0] == ExitCode.OK
        assert max(stopped[1], stopped_again[1]) < STOP_MAX_S
        assert left == [_S.OPEN] * 3
        assert len(venue.orders("wait")) == 3
        assert disagreements(venue, tmp_path) == []
        assert canaries(tmp_path) == []
        assert "profit and loss: 49.94248 KRW" in second.said()


def test_a_bot_killed_while_it_places_loses_no_order_and_places_none_twice(tmp_path: Path) -> None:
    with market() as venue, owner(tmp_path, live(venue.url)) as own:
        venue.arm("place", "lose_reply_after_accept")
        venue.arm("place", "delay", processed=True, delay_s="3")
        first = own.start()
        assert first.until(lambda: len(venue.orders()) == 2)
        first.kill()
        left = states(tmp_path)

        second = own.start()
        assert second.until(lambda: states(tmp_path) == [_S.OPEN] * 3)
        code, _ = terminated(second)

        assert left == [_S.UNKNOWN, _S.SUBMITTED, _S.PENDING]
        assert code == ExitCode.OK
        assert len(venue.orders()) == 3
        assert disagreements(venue, tmp_path) == []


def test_calls_that_hang_do_not_keep_it_from_stopping_in_time(tmp_path: Path) -> None:
    with market() as venue, owner(tmp_path, live(venue.url)) as own:
        venue.arm("place", "delay", processed=True, delay_s="60")
        start = own.start()
        assert start.until(lambda: len(venue.orders()) == 1)
        asked = venue.asked("ticker")
        venue.arm("ticker", "delay", delay_s="60", count=None)
        assert start.until(lambda: venue.armed()[-1]["fired"] > 0)
        code, seconds = terminated(start)
        left = states(tmp_path)
        venue.clear()
        recovered = run_here(tmp_path, live(venue.url), waiting(lambda: states(tmp_path) == [_S.OPEN] * 3))

        assert (code, recovered) == (ExitCode.OK, ExitCode.OK)
        assert seconds < STOP_MAX_S
        assert venue.asked("ticker") > asked
        assert left.count(_S.SUBMITTED) == 1
        assert len(venue.orders()) == 3
        assert disagreements(venue, tmp_path) == []


def test_a_venue_that_is_away_is_waited_for_and_told_of_once(tmp_path: Path) -> None:
    with market(served=False) as venue, owner(tmp_path, live(venue.url)) as own:
        start = own.start()
        assert start.until(lambda: "does not answer" in start.said())
        venue.serve()
        assert start.until(lambda: len(venue.orders("wait")) == 3)
        venue.close()
        assert start.until(lambda: start.said().count("does not answer") == 2)
        venue.serve()
        assert start.until(lambda: start.said().count("The exchange answers again") == 2)
        venue.trade_at(FIRST_BUY)
        assert start.until(lambda: "bought" in start.said())
        code, _ = terminated(start)

        assert code == ExitCode.OK
        assert start.said().count("does not answer") == 2
        assert disagreements(venue, tmp_path) == []


def test_a_dry_run_trades_on_paper_alone_and_keeps_its_account_over_restarts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with market() as venue:

        def buys() -> Iterator[None]:
            yield from waiting(lambda: len(states(tmp_path, Mode.DRY_RUN)) == 3)
            venue.trade_at(FIRST_BUY)
            yield from waiting(lambda: fills_in(tmp_path) == 1)

        def sells() -> Iterator[None]:
            venue.trade_at(PRICE)
            yield from waiting(lambda: fills_in(tmp_path) == 2)

        first = run_here(tmp_path, dry(venue.url), buys())
        second = run_here(tmp_path, dry(venue.url, PAPER_CASH="5000000"), sells())

        with ledger_in(tmp_path, Mode.DRY_RUN) as reader:
            shown = snapshot_of(reader)
            ids = [record.order.venue_id for record in reader.each_order()]
        said = capsys.readouterr().err
        assert (first, second) == (ExitCode.OK, ExitCode.OK)
        assert shown.differences == ()
        assert str(shown.cash) == "10000049.94248"
        assert len(set(ids)) == len(ids)
        assert "no order is sent" in said
        assert "The dry run goes on with the cash it began with (10000000)" in said
        assert venue.orders() == []
        # Nothing that is signed was asked for.
        assert {name.partition(" ")[0] for name in venue.books()["requests"]} <= PUBLIC
        assert canaries(tmp_path, said) == []


PUBLIC = {"ticker", "orderbook", "markets", "warnings"}


def fills_in(folder: Path) -> int:
    with ledger_in(folder, Mode.DRY_RUN) as reader:
        return len(reader.fills(10))


@pytest.mark.parametrize(
    ("first", "then"),
    [
        ({"GRID_START": "adopt", "ADOPT_QTY": "0.001", "GRID_STEPS_ABOVE": "3"}, {"ADOPT_QTY": "0.002"}),
        ({"PAPER_CASH": "unlimited"}, {"PAPER_CASH": "10000000"}),
        ({"PAPER_CASH": "10000000"}, {"PAPER_CASH": "unlimited"}),
    ],
)
def test_what_the_paper_account_began_with_stays_whatever_is_set_later(
    tmp_path: Path, first: dict[str, str], then: dict[str, str]
) -> None:
    def until_priced() -> Iterator[None]:
        yield from waiting(lambda: bool(states(tmp_path, Mode.DRY_RUN)))

    with market() as venue:
        codes = [run_here(tmp_path, dry(venue.url, **each), until_priced()) for each in (first, first | then)]

    assert codes == [ExitCode.OK, ExitCode.OK]


class DyingCalls(VenueCalls):
    """Places one order and dies before it can tell."""

    def place(self, order: Order) -> Event:
        super().place(order)
        raise KeyError(order.client_id)


def run_hurt(folder: Path, environ: dict[str, str], hurt: Callable[[OwnRun], None]) -> int:
    """Run the bot with a part of it replaced before it begins."""
    settings = load_settings(environ={**environ, "DATA_DIR": str(folder / "data")})
    stop = ByHand(limit_s=30)

    def main() -> int:
        with own_run(settings, lambda _: None, lambda _: None, stop) as (own, patience):
            hurt(own)
            own.trade(patience, stop, resume=False, import_orders=False)
        return ExitCode.OK

    return run_guarded(main, Wording("en"))


def test_a_worker_that_dies_ends_the_bot_and_the_next_start_finds_its_order(tmp_path: Path) -> None:
    with market() as venue:

        def with_a_dying_worker(own: OwnRun) -> None:
            account, clock = own.run.venue.market, own.run.venue.clock
            worker = ThreadWorker(DyingCalls(account, clock), clock, own.run.loop.inbox.put)  # type: ignore[arg-type]  # the adapter is both ports
            own.run.loop.desk.worker = worker

        code = run_hurt(tmp_path, live(venue.url), with_a_dying_worker)
        left = states(tmp_path)
        recovered = run_here(tmp_path, live(venue.url), waiting(lambda: states(tmp_path) == [_S.OPEN] * 3))

        assert code == ExitCode.OUR_FAULT
        assert left.count(_S.SUBMITTED) == 1
        assert recovered == ExitCode.OK
        assert len(venue.orders()) == 3
        assert disagreements(venue, tmp_path) == []


@pytest.mark.parametrize("settings_at", [live, dry])
def test_a_feed_that_dies_ends_the_bot_live_and_dry(
    tmp_path: Path, settings_at: Callable[[str], dict[str, str]]
) -> None:
    def dies() -> Sequence[Event]:
        raise KeyError("what nobody expected")

    def with_a_dying_feed(own: OwnRun) -> None:
        feed = Feed([Question("prices", dies, None)], own.run.venue.clock, own.run.loop.inbox.put, lambda: None)
        feed.ask_anew()
        own.feed = FeedThread(feed, own.run.venue.clock, own.run.loop.inbox.put)

    with market() as venue:
        assert run_hurt(tmp_path, settings_at(venue.url), with_a_dying_feed) == ExitCode.OUR_FAULT


def test_asked_to_stop_before_it_has_begun_it_ends_well(tmp_path: Path) -> None:
    with market(served=False) as venue:
        assert run_here(tmp_path, live(venue.url), iter(())) == ExitCode.OK


def test_a_start_says_what_still_holds_the_bot_back(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def codes() -> list[str]:
        with ledger_in(tmp_path) as reader:
            return [decision.note.why.code for decision in reader.each_decision()]

    with market() as venue:
        stops = live(venue.url, GRID_STOP_LOW="49000000")

        def fall() -> Iterator[object]:
            yield from waiting(lambda: states(tmp_path) == [_S.OPEN] * 3)
            while "stop_low_pause" not in codes():
                venue.trade_at(48_990_000)
                yield None

        told: list[str] = []

        def is_told() -> bool:
            told.append(capsys.readouterr().err)
            return "GRID_STOP_LOW has fired" in "".join(told)

        first = run_here(tmp_path, stops, fall())
        capsys.readouterr()
        second = run_here(tmp_path, stops, waiting(is_told))

    assert (first, second) == (ExitCode.OK, ExitCode.OK)
