"""An alarm ends every pause, whoever rings it and whenever."""

import signal

from bot.clock import stopwatch_s
from bot.workers import Alarm

WAIT_S = 30


def test_an_alarm_that_has_rung_lets_no_pause_last() -> None:
    alarm = Alarm()
    alarm.wait(0)
    begun_s = stopwatch_s()
    alarm.ring()
    alarm.wait(WAIT_S)

    assert stopwatch_s() - begun_s < WAIT_S


def test_it_may_be_rung_by_a_signal_in_the_middle_of_a_wait_of_the_same_thread() -> None:
    alarm = Alarm()
    former = signal.signal(signal.SIGALRM, lambda *_: alarm.ring())
    try:
        begun_s = stopwatch_s()
        signal.setitimer(signal.ITIMER_REAL, 0.01)
        alarm.wait(WAIT_S)
    finally:
        signal.signal(signal.SIGALRM, former)

    assert stopwatch_s() - begun_s < WAIT_S
