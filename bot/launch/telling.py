"""What the launcher says on stderr while a run goes on, and how it hears that it should stop."""

from __future__ import annotations

import json
import signal
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from bot.clock import stopwatch_s
from bot.recovery import Interrupted
from bot.wiring.parts import KOREAN_DAYS
from domain.clock import iso
from domain.instrument import Side
from domain.reason import reason
from strategy.grid.config import SizeUnit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

    from bot.engine import FillBooked
    from bot.pricefile import PriceFile
    from bot.settings import Settings
    from bot.wiring.faces import Faces
    from domain.decision import Note
    from domain.reason import Reason
    from domain.snapshot import Snapshot
    from reports.wording import Wording


_AGAIN_S = 3600


class StopRequest:
    """Set by Ctrl-C or SIGTERM; the run ends where nothing is half done."""

    def __init__(self) -> None:
        """Listen from now on."""
        self.came = False
        self._at_once = False
        self._then: list[Callable[[], None]] = []
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._take)

    def __call__(self) -> bool:
        """Say whether it came."""
        return self.came

    def then(self, action: Callable[[], None]) -> None:
        """Do something the moment it comes; it must be safe to be done between any two steps."""
        self._then.append(action)

    @contextmanager
    def at_once(self) -> Iterator[None]:
        """End the block by `Interrupted` when it comes, even in a call that hangs: for a start, which can be redone."""
        self._at_once = True
        try:
            yield
        finally:
            self._at_once = False

    def _take(self, number: int, frame: FrameType | None) -> None:
        del number, frame
        self.came = True
        for action in self._then:
            action()
        if self._at_once:
            raise Interrupted


class Teller:
    """Says on stderr what the owner has to know at once.

    Of warnings of one kind one an hour, the ledger has them all; but every time that the venue goes and comes.
    """

    def __init__(self, wording: Wording, currency: str) -> None:
        """Speak one language; amounts are in this currency."""
        self.wording = wording
        self._currency = currency
        self._said_s: dict[str, float] = {}

    def say(self, why: Reason) -> None:
        """Say a reason in the owner's language."""
        sys.stderr.write(f"{self.wording.sentence(why)}\n")
        sys.stderr.flush()

    def warn(self, note: Note) -> None:
        """Say a warning, so that it cannot be overlooked."""
        now_s = stopwatch_s()
        said_s = self._said_s.get(note.why.code)
        if said_s is None or now_s - said_s >= _AGAIN_S or note.slot == "venue":
            self._said_s[note.why.code] = now_s
            self.say(reason("warning", sentence=self.wording.sentence(note.why)))

    def size(self, settings: Settings) -> str:
        """Write what one cell's order is for, as people say it."""
        size = settings.size
        if size.unit is SizeUnit.MONEY:
            return self.wording.sentence(reason("size_money", amount=size.amount, currency=settings.currency))
        code = "size_shares" if settings.whole_shares else "size_coins"
        return self.wording.sentence(reason(code, qty=size.amount, base=settings.base))

    def look_here(self, faces: Faces) -> None:
        """Say where the owner can look."""
        if faces.url is not None:
            if faces.port != faces.settings.web_port:
                self.say(reason("page_moved", wanted=faces.settings.web_port, port=faces.port))
            self.say(reason("page_is_at", url=faces.url))
        if faces.report is not None:
            self.say(reason("report_is_at", path=str(faces.report.page)))
        if faces.settings.mqtt_host is None:
            self.say(reason("mqtt_off"))

    def gaps(self, prices: PriceFile) -> None:
        """Say where a file of prices has no bars."""
        if not prices.gaps:
            return
        begin, end = max(prices.gaps, key=lambda gap: gap[1] - gap[0])
        self.say(reason("prices_gaps", count=len(prices.gaps), from_at=iso(begin), to_at=iso(end)))

    def fill(self, booked: FillBooked) -> None:
        """Say that something was bought or sold, at Korea's time, and what a sale earned."""
        order, fill = booked.order, booked.fill
        base, currency = order.symbol.rpartition("-")[2], self._currency
        at = f"{fill.at.astimezone(KOREAN_DAYS.zone):%m-%d %H:%M:%S}"
        if order.side is Side.BUY:
            self.say(reason("bought", qty=fill.qty, base=base, price=fill.price, currency=currency, at=at))
        else:
            earned = booked.after.matched - booked.before.matched
            self.say(reason("sold", qty=fill.qty, base=base, price=fill.price, earned=earned, currency=currency, at=at))


def print_line(shown: Snapshot) -> None:
    """Print the run's last line: its summary as one JSON object."""
    sys.stdout.write(json.dumps(shown.summary(), ensure_ascii=False) + "\n")
    sys.stdout.flush()
