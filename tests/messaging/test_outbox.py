"""The outbox: of what stands only the newest waits, of what happened a bounded number, in its order."""

from threading import Thread

from hypothesis import given
from hypothesis import strategies as st

from messaging.outbox import Outbox
from messaging.topics import Message


def event(n: int) -> Message:
    return Message("bot/fill", str(n), retain=False)


def standing(name: str, n: int) -> Message:
    return Message(f"bot/{name}", str(n), retain=True)


def taken_from(outbox: Outbox) -> list[str]:
    payloads = []
    while (message := outbox.take()) is not None:
        payloads.append(message.payload)
    return payloads


def test_of_a_retained_topic_only_the_newest_message_waits() -> None:
    outbox = Outbox()
    for n in range(10_000):
        outbox.put(standing("pnl", n))
        outbox.put(standing("state", -n))

    assert len(outbox) == 2
    assert taken_from(outbox) == ["9999", "-9999"]


def test_how_things_stand_leaves_before_what_happened() -> None:
    outbox = Outbox()
    outbox.put(event(1))
    outbox.put(standing("pnl", 2))

    assert taken_from(outbox) == ["2", "1"]


@given(count=st.integers(0, 30), bound=st.integers(1, 10))
def test_the_oldest_events_give_way_and_are_counted(count: int, bound: int) -> None:
    outbox = Outbox(bound)
    for n in range(count):
        outbox.put(event(n))

    assert outbox.take_dropped() == max(count - bound, 0)
    assert outbox.take_dropped() == 0
    assert taken_from(outbox) == [str(n) for n in range(count)][-bound:]


@given(sent=st.integers(0, 10), waiting=st.integers(0, 10), bound=st.integers(1, 8))
def test_what_may_not_have_arrived_is_told_again_before_the_rest(sent: int, waiting: int, bound: int) -> None:
    outbox = Outbox(bound)
    for n in range(sent, sent + waiting):
        outbox.put(event(n))
    outbox.put_back([event(n) for n in range(sent)])

    assert taken_from(outbox) == [str(n) for n in range(sent + waiting)][-bound:]
    assert outbox.take_dropped() == max(sent + waiting - bound, 0)


def test_what_stands_can_be_forgotten_without_the_events() -> None:
    outbox = Outbox()
    outbox.put(standing("pnl", 1))
    outbox.put(event(2))

    outbox.forget_standing()

    assert taken_from(outbox) == ["2"]


def test_nothing_is_lost_between_threads() -> None:
    outbox = Outbox(10_000)

    def fill() -> None:
        for n in range(1000):
            outbox.put(event(n))

    threads = [Thread(target=fill) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(taken_from(outbox)) == 4000
