"""The inbox: events come out as they went in, and of prices that wait too long only the newest is left."""

from collections.abc import Sequence
from decimal import Decimal
from threading import Thread

from hypothesis import given
from hypothesis import strategies as st

from bot.inbox import QUOTES_AFTER, Inbox
from domain.events import Event, QuoteReceived, TimerFired
from domain.market import Quote
from tests.bot.rig import NOON, accepted, ended, filled, quote


def taken_from(inbox: Inbox) -> list[Event]:
    events = []
    while (event := inbox.take()) is not None:
        events.append(event)
    return events


def quote_of(symbol: str, price: int) -> QuoteReceived:
    return QuoteReceived(Quote(symbol, Decimal(price), NOON), NOON)


def test_an_empty_inbox_gives_nothing_and_does_not_wait() -> None:
    assert Inbox().take() is None
    assert Inbox().take(0) is None


def test_events_come_out_as_they_went_in() -> None:
    inbox = Inbox()
    events: list[Event] = [quote("1"), accepted("a"), quote("2"), filled("a"), ended("a")]

    for event in events:
        inbox.put(event)

    assert taken_from(inbox) == events


def test_in_a_long_queue_only_the_newest_price_of_a_symbol_is_kept() -> None:
    inbox = Inbox(quotes_after=1)
    inbox.put(TimerFired("t", NOON))
    for price in (1, 2):
        inbox.put(quote_of("A", price))
        inbox.put(quote_of("B", price))

    first, *quotes = taken_from(inbox)

    assert first == TimerFired("t", NOON)
    assert sorted(quotes, key=str) == [quote_of("A", 2), quote_of("B", 2)]


def test_what_a_venue_answers_is_never_dropped() -> None:
    inbox = Inbox(quotes_after=0)
    answers = [accepted(f"o{n}") for n in range(QUOTES_AFTER + 5)]

    for answer in answers:
        inbox.put(quote())
        inbox.put(answer)

    assert taken_from(inbox) == [*answers, quote()]


def test_a_price_that_waited_never_comes_after_a_newer_one() -> None:
    inbox = Inbox(quotes_after=2)
    inbox.put(accepted("a"))
    inbox.put(accepted("b"))
    inbox.put(quote("1"))
    inbox.take()
    inbox.put(quote("2"))

    assert taken_from(inbox) == [accepted("b"), quote("2")]


@given(steps=st.lists(st.sampled_from("ABOt"), max_size=60), quotes_after=st.integers(0, 4))
def test_prices_of_a_symbol_never_go_back_in_time_and_the_last_one_always_comes(
    steps: Sequence[str], quotes_after: int
) -> None:
    inbox = Inbox(quotes_after)
    out: list[Event] = []
    put: list[QuoteReceived] = []
    orders = 0
    for number, step in enumerate(steps):
        if step == "t":
            event = inbox.take()
            out += [] if event is None else [event]
        elif step == "O":
            orders += 1
            inbox.put(accepted(f"o{orders}"))
        else:
            put.append(quote_of(step, number))
            inbox.put(put[-1])
    out += taken_from(inbox)

    assert [event for event in out if not isinstance(event, QuoteReceived)] == [
        accepted(f"o{n}") for n in range(1, orders + 1)
    ]
    for symbol in "AB":
        came = [event.quote.last for event in out if isinstance(event, QuoteReceived) and event.symbol == symbol]
        went = [event.quote.last for event in put if event.symbol == symbol]
        assert came == sorted(came)
        assert came[-1:] == went[-1:]


def test_one_who_waits_is_woken_by_another_thread() -> None:
    inbox = Inbox()
    feed = Thread(target=inbox.put, args=(quote(),))

    feed.start()
    event = inbox.take(30)
    feed.join(30)

    assert event == quote()
