"""The admin door: time, faults, settings and the judge's view, for whoever holds the token on this machine."""

from __future__ import annotations

import hmac
import json
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from domain.clock import iso
from domain.exact import plain
from simulator.bookrows import order_row, print_row
from simulator.faults import Fault
from simulator.purses import FEES, OUTSIDE, BooksBroken
from simulator.venue import CUSTOMER, PrintDue

if TYPE_CHECKING:
    from simulator.venue import Venue

Body = dict[str, Any]
Commands = Mapping[str, Callable[[Body], Body]]
"""What one venue alone can be told to do, by path; they raise `Unfit`."""


class _Step(BaseModel):
    """How far to go; `play` says whether a print may be played on the way."""

    model_config = ConfigDict(extra="forbid")

    until: AwareDatetime | None = None
    play: bool = True


class _Print(BaseModel):
    """A trade of the market on command; without a volume it fills all that it touches and counts as none."""

    model_config = ConfigDict(extra="forbid")

    price: Decimal = Field(gt=0)
    volume: Decimal | None = Field(None, ge=0)


class _Deposit(BaseModel):
    """What the customer gets from nowhere."""

    model_config = ConfigDict(extra="forbid")

    currency: str
    amount: Decimal


class Unfit(Exception):
    """An admin request that cannot be carried out."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class AdminDoor:
    """Answers admin requests; `/admin/step` and `/admin/stop` have a real-time side that the server sees to."""

    def __init__(self, venue: Venue, route_names: frozenset[str], commands: Commands | None = None) -> None:
        self._venue = venue
        self._route_names = route_names
        self._routes: dict[tuple[str, str], Callable[[Body], Body]] = {
            ("POST", "/admin/step"): self._step,
            ("POST", "/admin/print"): self._print,
            ("GET", "/admin/clock"): lambda _: self.clock(),
            ("GET", "/admin/books"): lambda _: self.books(),
            ("GET", "/admin/faults"): lambda _: self._armed(),
            ("POST", "/admin/faults"): self._arm,
            ("GET", "/admin/settings"): lambda _: self._settings(),
            ("POST", "/admin/settings"): self._set,
            ("POST", "/admin/deposit"): self._deposit,
            ("POST", "/admin/save"): self._save,
            ("POST", "/admin/stop"): lambda _: {"stopping": True},
        }
        for path, command in (commands or {}).items():
            self._routes["POST", f"/admin/{path}"] = command

    def answer(self, method: str, path: str, body: bytes, token: str, ip: str) -> tuple[int, Body]:
        """Carry out one request; returns status and body."""
        if ip not in {"127.0.0.1", "::1"} or not hmac.compare_digest(
            token.encode(), self._venue.keys.admin_token.encode()
        ):
            return 403, {"error": "the admin door wants the token that was printed at the start"}
        route = self._routes.get((method, path))
        if route is None:
            return 404, {"error": f"no {method} {path} here"}
        try:
            asked = json.loads(body) if body else {}
            if not isinstance(asked, dict):
                return 400, {"error": "the body is no JSON object"}
            answer = route(asked)
        except ValidationError as error:
            return 400, {"error": "; ".join(f"{e['loc']}: {e['msg']}" for e in error.errors(include_url=False))}
        except ValueError as error:
            return 400, {"error": f"no JSON: {error}"}
        except Unfit as unfit:
            return unfit.status, {"error": str(unfit)}
        self._venue.commit()
        return 200, answer

    def clock(self) -> Body:
        """Tell the time, the next print, and what was asked since the last one."""
        venue = self._venue
        coming = venue.market.print_at(venue.played)
        return {
            "now": iso(venue.now()),
            "last": plain(venue.last),
            "last_at": iso(venue.last_at),
            "played": venue.played,
            "left": venue.market.prints_left(venue.played),
            "next_at": None if coming is None else iso(coming.at),
            "ended": coming is None,
            "prices_asked": venue.prices_asked,
            "orders_asked": venue.orders_asked,
            "market": venue.market_code,
            "label": venue.market.label,
        }

    def books(self) -> Body:
        """Show everything as the judge sees it; a broken book is told, not hidden."""
        venue = self._venue
        book = venue.book
        try:
            book.check()
            broken = None
        except BooksBroken as fault:
            broken = str(fault)
        purses = book.purses
        return {
            **self.clock(),
            "accounts": {
                currency: {"free": plain(purse.free), "locked": plain(purse.locked)}
                for (owner, currency), purse in purses.by_owner.items()
                if owner == CUSTOMER
            },
            "deposited": {currency: plain(amount) for currency, amount in purses.deposited.items()},
            "fees": plain(purses.of(FEES, book.quote).free),
            "outside": {
                currency: plain(purse.free) for (owner, currency), purse in purses.by_owner.items() if owner == OUTSIDE
            },
            "conserved": broken is None,
            "broken": broken,
            "orders": [order_row(order) for order in book.orders.values()],
            **venue.shown(),
            "repeats": venue.repeats,
            "requests": dict(sorted(venue.requests.items())),
            "hash_forms": dict(sorted(venue.hash_forms.items())),
        }

    def _step(self, asked: Body) -> Body:
        step = _Step.model_validate(asked)
        printed = self._venue.step(step.until, play=step.play)
        return {**self.clock(), "print": None if printed is None else print_row(printed)}

    def _print(self, asked: Body) -> Body:
        wanted = _Print.model_validate(asked)
        try:
            printed = self._venue.print_now(wanted.price, wanted.volume)
        except PrintDue as due:
            raise Unfit(409, f"the market's print of {due} comes first: step to it") from None
        return {**self.clock(), "print": print_row(printed)}

    def _arm(self, asked: Body) -> Body:
        faults = self._venue.faults
        if asked == {"clear": True}:
            faults.clear()
            return self._armed()
        fault = Fault.model_validate(asked)
        if fault.route != "*" and fault.route not in self._route_names:
            raise Unfit(400, f"no route {fault.route}; there are {', '.join(sorted(self._route_names))}")
        faults.arm(fault)
        return self._armed()

    def _armed(self) -> Body:
        return {"armed": [fault.model_dump(mode="json") for fault in self._venue.faults.armed]}

    def _set(self, asked: Body) -> Body:
        self._venue.apply(self._venue.settings.patched(asked))
        return self._settings()

    def _settings(self) -> Body:
        return {"settings": self._venue.settings.model_dump(mode="json")}

    def _deposit(self, asked: Body) -> Body:
        deposit = _Deposit.model_validate(asked)
        try:
            self._venue.deposit(deposit.currency, deposit.amount)
        except BooksBroken as broken:
            raise Unfit(400, str(broken)) from None
        return {"deposited": {deposit.currency: plain(deposit.amount)}}

    def _save(self, _: Body) -> Body:
        self._venue.save()
        return {"saved": True, "now": iso(self._venue.now())}
