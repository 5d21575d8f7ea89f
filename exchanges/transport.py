"""The one door to HTTP: what left us, what came back, and how far the venue's clock is from ours."""

from __future__ import annotations

import json
import ssl
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal, InvalidOperation
from email.utils import parsedate_to_datetime
from ipaddress import ip_address
from typing import TYPE_CHECKING, Protocol, TypeVar
from urllib.parse import urlsplit

import requests
import urllib3
from requests.adapters import HTTPAdapter
from requests.structures import CaseInsensitiveDict

from domain.errors import OutcomeUnknown, VenueError, VenueUnavailable
from domain.reason import reason

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from datetime import datetime

    from domain.clock import Clock
    from domain.reason import Reason

BODY_BYTES_MAX = 8 * 1024 * 1024
OFFSET_MAX = timedelta(days=1)
"""A venue's date further off than this is not believed: it says more about the answer than about our clock."""
OFFSET_WARNED = timedelta(seconds=2)

_CHUNK_BYTES = 64 * 1024
_DATE_STEP = timedelta(seconds=1)  # the header tells whole seconds
_BACK_OFF_S = (0.5, 1.5)  # between the attempts of a read; as many attempts as pauses, and one
_RETRY_AFTER_MAX_S = 86_400

T = TypeVar("T")


class Wait(Protocol):
    """The port through which a pause passes."""

    def __call__(self, pause_s: float, /) -> None:
        """Return when so many seconds have passed."""
        ...


class NoAnswer(VenueUnavailable):
    """A question got no usable answer; it may be asked again. `why` has the words for the owner."""

    def __init__(self, message: str, *, why: Reason) -> None:
        """Keep the reason."""
        super().__init__(message)
        self.why = why


class Unreadable(NoAnswer):
    """What came back is not what the venue's sheet describes."""

    def __init__(self, message: str) -> None:
        """Say what could not be read, never what it held."""
        super().__init__(message, why=reason("venue_answer_unreadable"))


@dataclass(frozen=True, slots=True)
class Request:
    """One call. Only method and path are ever shown: query, body and headers may hold what is secret."""

    method: str
    path: str
    query: str = field(default="", repr=False)  # as it stands on the wire
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes | None = field(default=None, repr=False)

    def __str__(self) -> str:
        """Show what may be shown."""
        return f"{self.method} {self.path}"


@dataclass(frozen=True, slots=True)
class Reply:
    """One whole answer, whatever its status."""

    to: str
    status: int
    content_type: str
    body: bytes = field(repr=False)
    retry_after_s: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)  # by name in any letter case

    @property
    def is_page(self) -> bool:
        """Whether it is a page for people: maintenance, a block, a portal in between."""
        return "html" in self.content_type or self.body.lstrip()[:1] == b"<"

    def json(self) -> object:
        """Return the value it holds, numbers with a fraction as `Decimal`; raises `Unreadable`."""
        if self.content_type and "json" not in self.content_type:
            raise Unreadable(f"{self.to}: status {self.status} without JSON")
        try:
            return json.loads(
                self.body, parse_float=_exact, parse_constant=_no_number, object_pairs_hook=_without_doubles
            )
        except (ValueError, RecursionError):
            pass
        # Raised out here, so that no piece of the body travels along as the error's context.
        raise Unreadable(f"{self.to}: status {self.status} with broken JSON")


class ServerClock:
    """Our clock, corrected by what a venue's answers say of theirs.

    A `Date` of whole seconds and the two ends of a call bound the difference; the estimate stays where it is while it
    is within the bounds, so a clock that is right is never corrected.
    """

    def __init__(self, clock: Clock) -> None:
        """Begin without a correction."""
        self._clock = clock
        self._offset = timedelta(0)

    @property
    def offset(self) -> timedelta:
        """Return how far the venue is ahead of us."""
        return self._offset

    def now(self) -> datetime:
        """Return the venue's time."""
        return self._clock.now() + self._offset

    def learn(self, date: str, sent_at: datetime) -> None:
        """Take in the `Date` of an answer to a call that began at `sent_at`."""
        try:
            told = parsedate_to_datetime(date)
            least, most = told - self._clock.now(), told + _DATE_STEP - sent_at
        except (ValueError, TypeError, OverflowError):
            return
        # Where our own clock was set while the call was under way, the two ends contradict each other.
        if least <= most and least >= -OFFSET_MAX and most <= OFFSET_MAX:
            self._offset = min(max(self._offset, least), most)

    def warning(self) -> Reason | None:
        """Tell the owner when the machine's clock is off."""
        if abs(self._offset) <= OFFSET_WARNED:
            return None
        return reason("venue_clock_off", seconds=round(abs(self._offset).total_seconds()))


class Door:
    """Calls one host. Nothing is ever sent elsewhere: no redirect is followed, no proxy or cookie is used.

    It stands on the adapter of requests, which keeps the connections; a `Session` would follow its own mind on top:
    read a redirect's body without bound, and take proxies, certificates and passwords from the environment.

    `stopwatch_s` tells real seconds for the deadline of a whole call; without it the clock is asked.
    """

    def __init__(
        self,
        base_url: str,
        clock: Clock,
        wait: Wait,
        *,
        connect_s: float = 5.0,
        read_s: float = 10.0,
        total_s: float = 20.0,
        stopwatch_s: Callable[[], float] | None = None,
        body_bytes_max: int = BODY_BYTES_MAX,
    ) -> None:
        """Prepare; the first call connects. Raises `ValueError` for an address that would send keys in the clear."""
        self._base_url = _checked(base_url)
        self._clock = clock
        self._wait = wait
        self._timeouts_s = (connect_s, read_s)
        self._total_s = total_s
        self._stopwatch_s = stopwatch_s or (lambda: clock.now().timestamp())
        self._body_bytes_max = body_bytes_max
        self._adapter = HTTPAdapter(pool_connections=1, pool_maxsize=4, max_retries=0)
        self.server_clock = ServerClock(clock)

    def close(self) -> None:
        """Let the connections go; the next call connects anew."""
        self._adapter.close()

    def send(self, request: Request) -> Reply:
        """Call once, whatever the method.

        Raises `VenueUnavailable` where nothing left us, and `OutcomeUnknown` where something may have and no whole
        answer came back.
        """
        sent_at, begun_s = self._clock.now(), self._stopwatch_s()
        response = self._begun(request)
        try:
            body = self._whole_body(request, response, begun_s)
        finally:
            response.close()
        headers = response.headers
        if "Age" not in headers:  # a stored answer tells the time of its storing
            self.server_clock.learn(headers.get("Date", ""), sent_at)
        if response.status_code // 100 == 3:  # noqa: PLR2004 - the family of redirects
            raise OutcomeUnknown(f"{request}: answered by a redirect")
        return Reply(
            str(request),
            response.status_code,
            headers.get("Content-Type", "").lower(),
            body,
            _retry_after_s(headers.get("Retry-After", ""), self.server_clock.now()),
            headers,
        )

    def read(self, request_of: Callable[[], Request], judge: Callable[[Reply], T]) -> T:
        """Ask until `judge` finds an answer in the reply, a few times at most; only for calls that change nothing.

        `request_of` makes each attempt anew: a signature and its nonce serve once.
        """
        for pause_s in _BACK_OFF_S:
            try:
                return self._attempt(request_of, judge)
            except NoAnswer:
                self._wait(pause_s)
        return self._attempt(request_of, judge)

    def _attempt(self, request_of: Callable[[], Request], judge: Callable[[Reply], T]) -> T:
        request = request_of()
        if request.method != "GET":
            message = f"{request} is not a read"
            raise ValueError(message)
        try:
            reply = self.send(request)
        except (OutcomeUnknown, VenueUnavailable) as trouble:
            message = str(trouble)
        else:
            return judge(reply)
        raise NoAnswer(message, why=reason("venue_silent"))

    def _begun(self, request: Request) -> requests.Response:
        """Send, and return with the head of the answer."""
        # Built by hand: the text that was signed is the text that is sent.
        prepared = requests.PreparedRequest()
        prepared.method = request.method
        prepared.url = self._base_url + request.path + (f"?{request.query}" if request.query else "")
        prepared.headers = CaseInsensitiveDict({"Accept-Encoding": "identity", **request.headers})
        prepared.prepare_body(request.body, None)
        try:
            return self._adapter.send(prepared, stream=True, timeout=self._timeouts_s, verify=True)
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            failure = _failure(request, error)
        # Raised out here: the library's own error holds the request with its headers.
        raise failure

    def _whole_body(self, request: Request, response: requests.Response, begun_s: float) -> bytes:
        parts: list[bytes] = []
        size = 0
        try:
            for part in _parts(response.raw):
                parts.append(part)
                size += len(part)
                if size > self._body_bytes_max:
                    failure = f"{request}: the answer is over {self._body_bytes_max} bytes"
                    break
                if self._stopwatch_s() - begun_s > self._total_s:
                    failure = f"{request}: the answer takes too long"
                    break
            else:
                return b"".join(parts)
        except (urllib3.exceptions.HTTPError, OSError, ValueError):
            failure = f"{request}: the answer broke off"
        raise OutcomeUnknown(failure)


def _parts(raw: urllib3.HTTPResponse) -> Iterator[bytes]:
    # read1 returns with what is there, so that a body that trickles cannot outwit the deadline.
    while part := raw.read1(_CHUNK_BYTES, decode_content=True):
        yield part


def _checked(base_url: str) -> str:
    parts = urlsplit(base_url)
    secure = parts.scheme == "https" or (parts.scheme == "http" and _is_loopback(parts.hostname or ""))
    if not secure or not parts.hostname or parts.username or parts.query or parts.fragment:
        message = "a venue's address is https, or http on this machine"
        raise ValueError(message)
    return base_url.rstrip("/")


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _failure(request: Request, error: Exception) -> VenueError:
    """Tell a call that never left from one whose answer was lost; in doubt it left."""
    causes = tuple(_causes(error))
    names = ", ".join(dict.fromkeys(type(cause).__name__ for cause in causes))
    never_left = (
        requests.ConnectTimeout,
        ssl.SSLCertVerificationError,
        urllib3.exceptions.ConnectTimeoutError,
        urllib3.exceptions.NewConnectionError,
    )
    if any(isinstance(cause, never_left) for cause in causes):
        return VenueUnavailable(f"{request}: not reached ({names})")
    return OutcomeUnknown(f"{request}: no answer ({names})")


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield an error and all that stands behind it."""
    seen: list[BaseException] = []
    waiting: list[object] = [error]
    while waiting:
        cause = waiting.pop(0)
        if isinstance(cause, BaseException) and cause not in seen:
            seen.append(cause)
            yield cause
            # Not its context: that may be an older trouble which the caller is just dealing with.
            waiting += [*cause.args, getattr(cause, "reason", None), cause.__cause__]


def _retry_after_s(text: str, now: datetime) -> int | None:
    """Return the seconds of a Retry-After, which is a number or a date."""
    if text.isascii() and text.isdigit():
        return min(int(text[:6]), _RETRY_AFTER_MAX_S)
    try:
        seconds = -((now - parsedate_to_datetime(text)) // timedelta(seconds=1))
    except (ValueError, TypeError, OverflowError):
        return None
    return min(max(seconds, 0), _RETRY_AFTER_MAX_S)


def _exact(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:
        raise ValueError from None


def _no_number(text: str) -> object:
    raise ValueError(text)


def _without_doubles(pairs: list[tuple[str, object]]) -> dict[str, object]:
    value = dict(pairs)
    if len(value) != len(pairs):
        # Two readers of such an object may see different orders.
        raise ValueError
    return value
