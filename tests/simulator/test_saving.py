"""What was answered is still true after a kill."""

import json
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.saving import AlreadyRuns, BooksDamaged, SavedBooks
from simulator.venue import MarketChanged
from tests.simulator.customer import Customer, Json, bar, make_venue

BARS = tuple(bar(minute, "90000000", "90400000", "89600000", "90000000") for minute in range(30))


def books_of(customer: Customer) -> Json:
    """Return the judge's view without what only this process has seen."""
    books = customer.admin("books", method="GET")
    return {key: value for key, value in books.items() if key not in {"requests", "hash_forms"} and "asked" not in key}


def resumed(folder: Path) -> Customer:
    """Start a second venue on saved books, as a process after a kill would."""
    saved = SavedBooks(folder)
    venue = make_venue(BARS)
    venue.restore(saved.read())
    venue.keep_in(saved)
    return Customer(venue)


def let_go(customer: Customer) -> None:
    """Free the folder without saving anything, as a kill does."""
    assert customer.venue._saved is not None  # noqa: SLF001  # a killed process cannot be asked
    customer.venue._saved.close()  # noqa: SLF001  # a killed process cannot be asked


def started(folder: Path) -> Customer:
    venue = make_venue(BARS)
    venue.keep_in(SavedBooks(folder))
    return Customer(venue)


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("place"), st.sampled_from(["bid", "ask"]), st.integers(896, 904)),
        st.tuples(st.just("cancel"), st.integers(0, 5)),
        st.tuples(st.just("step"), st.integers(1, 3)),
        st.tuples(st.just("set"), st.sampled_from(["0", "7", "40"])),
        st.tuples(st.just("print"), st.integers(896, 904)),
    ),
    max_size=12,
)


@given(before=STEPS, after=STEPS)
def test_a_killed_venue_goes_on_as_if_nothing_had_been(
    tmp_path_factory: pytest.TempPathFactory, before: list[Json], after: list[Json]
) -> None:
    folder = tmp_path_factory.mktemp("killed")
    killed, lasting = started(folder), Customer(make_venue(BARS))
    for customer in (killed, lasting):
        act(customer, before)
    let_go(killed)
    second = resumed(folder)
    try:
        assert books_of(second) == books_of(lasting)
        second.signer.nonces = killed.signer.nonces
        for customer in (second, lasting):
            act(customer, after)
        assert books_of(second) == books_of(lasting)
        assert books_of(second)["conserved"] is True
    finally:
        let_go(second)


def act(customer: Customer, steps: list[Json]) -> None:
    for step in steps:
        match step:
            case "place", str(side), int(price):
                customer.place(side, f"{price}00000", "0.01")
            case "cancel", int(index):
                customer.cancel(f"C0101{index:015d}")
            case "step", int(count):
                for _ in range(count):
                    customer.step()
            case "print", int(price):
                customer.admin("print", {"price": f"{price}00000"})
            case "set", str(delay):
                customer.set(accept_delay_s=delay, cancel_delay_s=delay)
            case _:
                pytest.fail(str(step))


def test_settings_faults_keys_and_candles_come_back(tmp_path: Path) -> None:
    first = started(tmp_path)
    first.set(bid_fee="0.0004", names={"nonce_used": "twice"})
    first.admin("faults", {"route": "place", "kind": "html", "count": 3})
    for _ in range(9):
        first.step()
    first.place("bid", "89000000", "0.001", "c-1")
    first.admin("print", {"price": "91000000", "volume": "2"})
    first.step()
    pages = [
        ("/v1/candles/minutes/1", "market=KRW-BTC&count=9"),
        ("/v1/trades/ticks", "market=KRW-BTC&count=99"),
        ("/v1/ticker", "markets=KRW-BTC"),
    ]
    shown = [first.public(*page) for page in pages]
    let_go(first)

    second = resumed(tmp_path)

    assert second.venue.settings == first.venue.settings
    assert second.venue.faults.armed == first.venue.faults.armed
    assert [second.public(*page) for page in pages] == shown
    let_go(second)
    third = resumed(tmp_path)
    assert [third.public(*page) for page in pages] == shown
    let_go(third)


def test_a_line_torn_by_the_kill_was_never_answered(tmp_path: Path) -> None:
    first = started(tmp_path)
    first.placed("bid", "89000000", "0.001")
    whole = books_of(first)
    let_go(first)
    with (tmp_path / "books.jsonl").open("ab") as file:
        file.write(b'{"now": "2026-03-02T00:')

    second = resumed(tmp_path)

    assert books_of(second) == whole
    let_go(second)


def test_books_damaged_inside_are_refused(tmp_path: Path) -> None:
    first = started(tmp_path)
    first.step()
    let_go(first)
    path = tmp_path / "books.jsonl"
    path.write_bytes(b"x" + path.read_bytes())

    with closing(SavedBooks(tmp_path)) as saved, pytest.raises(BooksDamaged):
        saved.read()


def test_books_of_another_market_are_refused(tmp_path: Path) -> None:
    first = started(tmp_path)
    let_go(first)
    with closing(SavedBooks(tmp_path)) as saved:
        changes = saved.read()
    changes[0]["market"] = "KRW-ETH other"

    with pytest.raises(MarketChanged):
        make_venue(BARS).restore(changes)


def test_a_folder_has_one_simulator(tmp_path: Path) -> None:
    first = started(tmp_path)

    with pytest.raises(AlreadyRuns):
        SavedBooks(tmp_path)
    let_go(first)


def test_the_saved_books_are_readable_by_their_owner_alone_and_stay_small(tmp_path: Path) -> None:
    customer = started(tmp_path)
    for _ in range(100):
        customer.step()
    path = tmp_path / "books.jsonl"
    grown = path.stat().st_size
    customer.admin("save")

    assert path.stat().st_mode & 0o077 == 0
    assert len(path.read_bytes().splitlines()) == 1
    assert path.stat().st_size < grown < 20_000
    assert json.loads(path.read_bytes())["played"] == 101
    let_go(customer)
