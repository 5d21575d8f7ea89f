"""The door: what left and what came back is told apart, nothing is repeated that may have happened, nothing leaks."""

import gzip
import socket
import time
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import OutcomeUnknown, VenueUnavailable
from exchanges.transport import (
    BODY_BYTES_MAX,
    OFFSET_MAX,
    Door,
    NoAnswer,
    Reply,
    Request,
    ServerClock,
    Unreadable,
)
from tests.exchanges.stub import NOON, HandClock, Said, Stub, page

CANARY = "canary-4f1d"
ORDER = Request("POST", "/orders", "q=" + CANARY, {"Authorization": "Bearer " + CANARY}, CANARY.encode())
READ = Request("GET", "/read")


@pytest.fixture
def door(stub: Stub, clock: HandClock) -> Iterator[Door]:
    door = door_to(stub.url, clock)
    yield door
    door.close()


def door_to(url: str, clock: HandClock) -> Door:
    return Door(url, clock, clock.wait, connect_s=1, read_s=0.4, total_s=0.8, stopwatch_s=time.monotonic)


def shown_by(error: BaseException) -> str:
    """Return all that a log could write of an error."""
    seen: list[BaseException] = []
    rest: list[BaseException | None] = [error]
    while rest:
        each = rest.pop()
        if each is not None and each not in seen:
            seen.append(each)
            rest += [each.__cause__, each.__context__]
    return " ".join(f"{each!r} {each} {vars(each)}" for each in seen)


def test_a_request_arrives_as_it_was_written(stub: Stub, door: Door) -> None:
    stub.says("POST", "/orders", {"fine": 1})

    reply = door.send(ORDER)

    asked = stub.asked[0]
    assert (asked.method, asked.path, asked.query, asked.body) == ("POST", "/orders", "q=" + CANARY, CANARY.encode())
    assert asked.headers["Authorization"] == "Bearer " + CANARY
    assert asked.headers["Accept-Encoding"] == "identity"
    assert (reply.status, reply.json()) == (200, {"fine": 1})


def test_a_request_shows_nothing_but_method_and_path() -> None:
    assert str(ORDER) == "POST /orders"
    assert CANARY not in repr(ORDER)


@pytest.mark.parametrize("status", [200, 400, 401, 404, 422, 500, 503])
def test_any_whole_answer_is_handed_over(stub: Stub, door: Door, status: int) -> None:
    stub.says("POST", "/orders", Said(status, {"error": {"name": "x"}}))

    assert door.send(ORDER).status == status


LOST = {
    "no answer": Said(hold=True),
    "a dropped connection": Said(drop=True),
    "half a body": Said(value={"order_id": "C1"}, cut=5),
    "half a body in pieces": Said(raw=b'5\r\n{"a"', content_type="x", headers={"Transfer-Encoding": "chunked"}),
    "a trickle": Said(raw=b"x" * 1000, trickle=True),
    "too much": Said(raw=b"x" * (BODY_BYTES_MAX + 1)),
    "a bomb": Said(raw=gzip.compress(bytes(3 * BODY_BYTES_MAX)), headers={"Content-Encoding": "gzip"}),
    "a redirect": Said(307, headers={"Location": "http://elsewhere.invalid/"}),
    "a permanent redirect": Said(301, headers={"Location": "/orders"}),
}


@pytest.mark.parametrize("said", LOST.values(), ids=LOST.keys())
def test_a_lost_answer_to_an_order_leaves_its_outcome_unknown_and_is_not_repeated(
    stub: Stub, door: Door, said: Said
) -> None:
    stub.says("POST", "/orders", said)

    with pytest.raises(OutcomeUnknown) as lost:
        door.send(ORDER)

    assert len(stub.asked) == 1
    assert CANARY not in shown_by(lost.value)


def test_nothing_left_where_nobody_listens(clock: HandClock) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        door = door_to(f"http://127.0.0.1:{unused.getsockname()[1]}", clock)

        with pytest.raises(VenueUnavailable) as refused:
            door.send(ORDER)

    assert not isinstance(refused.value, OutcomeUnknown)
    assert CANARY not in shown_by(refused.value)


def test_an_older_trouble_says_nothing_about_a_new_call(stub: Stub, clock: HandClock, door: Door) -> None:
    stub.says("POST", "/orders", Said(drop=True))
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        try:
            socket.create_connection(unused.getsockname())
        except ConnectionRefusedError:
            with pytest.raises(OutcomeUnknown):
                door.send(ORDER)


def test_a_read_is_asked_again_and_signed_anew(stub: Stub, clock: HandClock, door: Door) -> None:
    stub.says("GET", "/read", Said(drop=True), Said(hold=True), {"fine": 1})
    made: list[Request] = []

    def request() -> Request:
        made.append(Request("GET", "/read", f"n={len(made)}"))
        return made[-1]

    assert door.read(request, Reply.json) == {"fine": 1}
    assert [asked.query for asked in stub.asked] == ["n=0", "n=1", "n=2"]
    assert clock.waits == [0.5, 1.5]


def test_a_read_gives_up_after_three_attempts(stub: Stub, door: Door) -> None:
    stub.says("GET", "/read", Said(raw=b"{"))

    with pytest.raises(Unreadable) as trouble:
        door.read(lambda: READ, Reply.json)

    assert trouble.value.why.code == "venue_answer_unreadable"
    assert len(stub.asked) == 3


def test_silence_is_told_as_such(stub: Stub, door: Door) -> None:
    stub.says("GET", "/read", Said(drop=True))

    with pytest.raises(NoAnswer) as trouble:
        door.read(lambda: READ, Reply.json)

    assert trouble.value.why.code == "venue_silent"


def test_only_a_read_is_ever_repeated(stub: Stub, door: Door) -> None:
    with pytest.raises(ValueError, match="not a read"):
        door.read(lambda: ORDER, Reply.json)

    assert stub.asked == []


UNREADABLE = {
    "a page": page(),
    "text": Said(raw=b"ok", content_type="text/plain"),
    "half a value": Said(raw=b'{"a": '),
    "nothing": Said(raw=b""),
    "no number": Said(raw=b'{"a": NaN}'),
    "an endless number": Said(raw=b'{"a": Infinity}'),
    "a number beyond all bounds": Said(raw=b'{"a": 1.5e99999999999999999999}'),
    "a number of too many digits": Said(raw=b'{"a": ' + b"9" * 5000 + b"}"),
    "a key twice": Said(raw=b'{"a": 1, "a": 2}'),
    "broken letters": Said(raw=b'{"a": "\xff"}'),
    "too deep": Said(raw=b"[" * 100_000 + b"]" * 100_000),
}


@pytest.mark.parametrize("said", UNREADABLE.values(), ids=UNREADABLE.keys())
def test_what_is_no_json_is_refused(stub: Stub, door: Door, said: Said) -> None:
    stub.says("POST", "/orders", said)
    reply = door.send(ORDER)

    with pytest.raises(Unreadable) as refused:
        reply.json()

    assert refused.value.__context__ is None


def test_numbers_keep_every_digit(stub: Stub, door: Door) -> None:
    stub.says("GET", "/read", Said(raw=b'{"a": 0.1000000000000000000001, "b": 9007199254740993}', content_type=""))

    assert door.send(READ).json() == {"a": Decimal("0.1000000000000000000001"), "b": 9007199254740993}


@pytest.mark.parametrize(
    ("said", "is_page"), [(page(), True), (Said(raw=b" <html>", content_type="text/plain"), True), (Said(), False)]
)
def test_a_page_for_people_is_recognized(stub: Stub, door: Door, said: Said, is_page: bool) -> None:  # noqa: FBT001 - pytest hands it in by name
    stub.says("GET", "/read", said)

    assert door.send(READ).is_page is is_page


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("7", 7),
        ("0", 0),
        ("999999999999", 86_400),
        ("Fri, 20 Nov 2026 03:00:30 GMT", 30),
        ("Fri, 20 Nov 2026 02:00:00 GMT", 0),
        ("soon", None),
        ("", None),
    ],
)
def test_the_time_to_stay_away_is_read(stub: Stub, door: Door, text: str, seconds: int | None) -> None:
    stub.says("GET", "/read", Said(429, headers={"Retry-After": text} if text else {}))

    assert door.send(READ).retry_after_s == seconds


@pytest.mark.parametrize("minutes", [-7, 5, 600])
def test_a_clock_that_is_minutes_off_is_corrected_and_told(
    stub: Stub, door: Door, clock: HandClock, minutes: int
) -> None:
    stub.date = NOON + timedelta(minutes=minutes)
    stub.says("GET", "/read", {})

    door.send(READ)

    assert abs(door.server_clock.now() - stub.date) <= timedelta(seconds=1)
    warning = door.server_clock.warning()
    assert warning is not None
    assert warning.code == "venue_clock_off"
    assert abs(int(warning.plain_figures()["seconds"]) - abs(minutes) * 60) <= 1


def test_a_clock_that_is_right_is_left_alone(stub: Stub, door: Door, clock: HandClock) -> None:
    clock.at = NOON + timedelta(milliseconds=700)
    stub.says("GET", "/read", {})

    door.send(READ)

    assert door.server_clock.offset == timedelta(0)
    assert door.server_clock.warning() is None


def test_a_date_is_not_believed_beyond_a_day_nor_from_a_stored_answer(stub: Stub, door: Door) -> None:
    stub.says(
        "GET",
        "/read",
        Said(value={}, date=NOON + OFFSET_MAX + timedelta(hours=1)),
        Said(value={}, date=NOON + timedelta(hours=1), headers={"Age": "3600"}),
    )

    door.send(READ)
    door.send(READ)

    assert door.server_clock.offset == timedelta(0)


@given(
    ahead=st.integers(min_value=-80_000_000, max_value=80_000_000),
    trips=st.lists(st.integers(min_value=0, max_value=3000), min_size=1, max_size=20),
)
def test_the_estimate_never_leaves_what_the_answers_allow(ahead: int, trips: list[int]) -> None:
    clock = HandClock()
    server = ServerClock(clock)
    truth = timedelta(milliseconds=ahead)

    for trip in trips:
        sent_at = clock.at
        clock.at += timedelta(milliseconds=trip)
        told = (sent_at + truth).replace(microsecond=0)
        server.learn(told.strftime("%a, %d %b %Y %H:%M:%S GMT"), sent_at)

    assert abs(server.offset - truth) <= timedelta(milliseconds=min(trips) + 1000)


@given(text=st.text())
def test_no_date_breaks_the_clock(text: str) -> None:
    ServerClock(HandClock()).learn(text, NOON)


@pytest.mark.parametrize(
    "url",
    [
        "http://api.bithumb.com",
        "http://127.0.0.1.example.com",
        "ftp://127.0.0.1",
        "https://user:pass@api.bithumb.com",
        "https://",
        "api.bithumb.com",
        "https://api.bithumb.com?x=1",
    ],
)
def test_an_address_that_would_send_keys_in_the_clear_is_refused(clock: HandClock, url: str) -> None:
    with pytest.raises(ValueError, match="https"):
        door_to(url, clock)


@pytest.mark.parametrize("url", ["https://api.bithumb.com/", "http://localhost:1", "http://[::1]:1"])
def test_https_and_this_machine_are_fine(clock: HandClock, url: str) -> None:
    door_to(url, clock).close()


def test_the_environment_cannot_reroute_a_call(stub: Stub, clock: HandClock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    stub.says("GET", "/read", {"fine": 1})
    door = door_to(stub.url, clock)

    assert door.send(READ).json() == {"fine": 1}
    door.close()
