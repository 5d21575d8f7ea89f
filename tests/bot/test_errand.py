"""An errand in a thread of its own: whatever becomes of it, who asked for it goes on at once."""

from collections.abc import Callable
from queue import SimpleQueue
from threading import Event as Signal

from bot.workers import Errand

WAIT_S = 30


def errand(do: Callable[[], None], failed: Callable[[Exception], None] = lambda _: None) -> Errand:
    made = Errand("test-errand", do, failed)
    made.start()
    return made


def test_an_errand_that_is_asked_for_often_is_done_once_more_and_not_ten_times() -> None:
    begun, may_end, times = Signal(), Signal(), SimpleQueue[int]()

    def work() -> None:
        times.put(1)
        begun.set()
        may_end.wait(WAIT_S)

    made = errand(work)
    made.ask()
    assert begun.wait(WAIT_S)
    for _ in range(10):
        made.ask()
    may_end.set()

    assert made.finish(WAIT_S, once_more=False)
    assert times.qsize() == 2


def test_an_errand_that_fails_is_told_and_done_again_when_asked() -> None:
    told: SimpleQueue[Exception] = SimpleQueue()

    def fail() -> None:
        raise OSError("no space")

    made = errand(fail, told.put)
    made.ask()
    assert str(told.get(timeout=WAIT_S)) == "no space"
    made.ask()
    assert str(told.get(timeout=WAIT_S)) == "no space"

    assert made.finish(WAIT_S, once_more=False)


def test_an_errand_that_hangs_is_left_after_the_time_it_is_given() -> None:
    may_end = Signal()

    def hang() -> None:
        may_end.wait(WAIT_S)

    made = errand(hang)
    made.ask()

    assert not made.finish(0.01, once_more=True)
    may_end.set()
    assert made.finish(WAIT_S, once_more=False)


def test_the_last_errand_is_done_though_it_would_rest() -> None:
    times: SimpleQueue[int] = SimpleQueue()
    made = Errand("test-errand", lambda: times.put(1), lambda _: None, rest_s=WAIT_S)
    made.start()
    made.ask()
    assert times.get(timeout=WAIT_S)

    assert made.finish(WAIT_S, once_more=True)
    assert times.qsize() == 1
