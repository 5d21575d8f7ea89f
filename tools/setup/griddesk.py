"""The part of the dialogue in which the grid is made: money, a proposal, its figures, and the owner's changes."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from bot.setting_rules import named
from bot.setting_values import Refused, order_size
from bot.settings import READERS
from domain.errors import GridRefused, SetupError
from domain.exact import ZERO, plain
from domain.instrument import BUY, SELL
from strategy.grid.config import SizeUnit
from tools.setup.asking import Option
from tools.setup.figures import cycles_of, faults_of, figures_of, hours_of, of_price, pct
from tools.setup.lines import padded
from tools.setup.proposal import HUNDRED, MARGIN, propose, smallest_gap

if TYPE_CHECKING:
    from collections.abc import Iterator

    from domain.reason import Reason
    from strategy.grid.config import GridSettings
    from tools.setup.asking import Asker
    from tools.setup.draft import Draft
    from tools.setup.figures import Figures
    from tools.setup.proposal import Proposal
    from tools.setup.purse import Purse
    from tools.setup.venue import Seen

SHAPE = ("GRID_GAP_PCT", "GRID_STEPS", "ORDER_SIZE", "GRID_LOWER", "GRID_UPPER")
_DAY_H = Decimal(24)
_FOR_SHARES = frozenset({"setup_money", "setup_ask_order_size"})


@dataclass(slots=True)
class GridDesk:
    """Makes the grid of a draft for one market; `money` is what may go into it, None where nobody said.

    `may_keep` says that the grid that is set already was made for this market.
    """

    draft: Draft
    asker: Asker
    seen: Seen
    purse: Purse
    may_keep: bool
    money: Decimal | None = None
    begun: bool = False

    def decide(self) -> str:
        """Come to a grid, or show again the one come to; returns `accept`, `market` or `leave`."""
        if not self.begun and not (self.may_keep and self._is_kept()):
            self._propose()
        self.begun = True
        while True:
            faults = self._show()
            blocked = self.asker.text("setup_not_yet") if faults else ""
            options = [
                Option("accept", self.asker.text("setup_accept"), closed=blocked),
                Option("GRID_GAP_PCT", self.asker.text("setup_change_gap")),
                Option("GRID_STEPS", self.asker.text("setup_change_steps")),
                Option("ORDER_SIZE", self.asker.text("setup_change_size")),
                Option("money", self.asker.text("setup_change_money")),
                Option("market", self.asker.text("setup_change_market")),
                Option("leave", self.asker.text("setup_leave")),
            ]
            match self.asker.choose("setup_grid_next", options):
                case "money":
                    self._propose()
                case ("accept" | "market" | "leave") as answer:
                    return answer
                case name:
                    self._change(name)

    def grid(self) -> GridSettings:
        """Return the draft's grid; raises `SetupError` where its settings do not go together."""
        return self.draft.settings().grid(strict=True, bars=False, free_cash=None, adopt_qty=ZERO)

    def needed(self) -> Decimal:
        """Return what all buys of the grid cost."""
        return figures_of(self.grid(), self.seen.instrument, self.seen.price).money

    def _is_kept(self) -> bool:
        if not any(self.draft.env.value(name) for name in SHAPE):
            return False
        options = [
            Option("keep", self.asker.text("setup_grid_keep")),
            Option("new", self.asker.text("setup_grid_new")),
        ]
        return self.asker.choose("setup_grid_there", options, "keep") == "keep"

    def _propose(self) -> None:
        """Ask for the money until some grid fits it, and take that."""
        asker = self.asker
        base = self._base()
        while (made := self._proposal(base, asker.ask(self._worded("setup_money")))) is None:
            continue
        self.draft.set(made.settings())
        asker.line()
        fees = self.seen.instrument.fees
        asker.say(
            "setup_proposal_why",
            margin_pct=pct(MARGIN * HUNDRED),
            smallest_pct=pct(smallest_gap(self.seen.instrument) * HUNDRED),
            buy_pct=pct(fees.rate(BUY) * HUNDRED),
            sell_pct=pct(fees.rate(SELL) * HUNDRED),
        )
        if not self.seen.past.is_known:
            asker.say("setup_little_past")
        else:
            asker.say(
                "setup_swing_days" if self.seen.past.is_daily else "setup_swing",
                swing_pct=pct(self.seen.past.swing() * HUNDRED),
            )
        if made.steps < made.wanted:
            asker.say("setup_shallow", steps=made.steps, wanted=made.wanted, gap_pct=pct(made.gap * HUNDRED))

    def _proposal(self, base: GridSettings, text: str) -> Proposal | None:
        """Return a grid for the money that a text names; None, with the reason said, where there is none."""
        if not text:
            return None
        try:
            self.money = self.purse.read(text)
            return propose(base, self.seen.instrument, self.seen.price, self.seen.past, self.money)
        except Refused as refused:
            self.asker.why(refused.why)
        except GridRefused as refused:
            self.asker.why(*(self.purse.fault(fault) for fault in refused.faults))
        return None

    def _base(self) -> GridSettings:
        """Return the draft's grid without its shape, which may be of another market."""
        self.draft.set(dict.fromkeys(SHAPE, ""))
        return self.grid()

    def _show(self) -> tuple[Reason, ...]:
        """Show the grid with its figures; returns why it cannot be accepted."""
        asker = self.asker
        asker.line()
        try:
            grid = self.grid()
            faults = faults_of(grid, self.seen.instrument, self.seen.price, self.money)
            placeable = not faults or faults[0].code in {
                "gap_loses",
                "gap_loses_always",
                "bounds_lose",
                "setup_over_money",
            }
        except SetupError as error:
            faults, placeable = error.faults, False
        else:
            if placeable:
                for line in padded(self._rows(grid)):
                    asker.tell(line)
                asker.say("setup_figures_note_days" if self.seen.past.is_daily else "setup_figures_note")
        if faults:
            asker.line()
            asker.why(*(self.purse.fault(fault) for fault in faults))
        asker.line()
        return faults

    def _rows(self, grid: GridSettings) -> Iterator[tuple[str, str]]:
        """Yield the figures, a label and a value each."""
        asker, seen = self.asker, self.seen
        figures = figures_of(grid, seen.instrument, seen.price)
        symbol = seen.instrument.symbol
        yield symbol, asker.text("setup_row_price", price=self.purse.price(seen.price))
        yield asker.text("setup_row_gap"), f"{pct(figures.gap_pct)} %"
        yield asker.text("setup_row_cells"), str(figures.cells)
        yield asker.text("setup_row_size"), self._size(grid)
        yield asker.text("setup_row_first"), self._pair(figures.first_buy, figures.first_sell)
        yield asker.text("setup_row_last"), self._pair(figures.last_buy, figures.last_sell)
        yield asker.text("setup_row_earned"), self._earned(figures)
        yield asker.text("setup_row_money"), self.purse.amount(figures.money)
        for code, loss in zip(
            ("setup_row_loss", "setup_row_loss_10", "setup_row_loss_30"), figures.losses, strict=True
        ):
            figures_at = {"amount": self.purse.amount(-loss.amount), "price": self.purse.price(loss.price)}
            yield asker.text(code), asker.text("setup_amount_at", **figures_at)
        if seen.past.is_known:
            cycles = cycles_of(seen.past.bars, figures.gap_pct / HUNDRED, seen.price)
            days = Decimal(hours_of(seen.past.bars, int(_DAY_H) if seen.past.is_daily else 1)) / _DAY_H
            shown = {"days": plain(round(days, 1)), "per_day": f"{cycles / days:.1f}"}
            yield asker.text("setup_row_past"), asker.text("setup_past", cycles=cycles, **shown)

    def _pair(self, buy: Decimal, sell: Decimal) -> str:
        return f"{self.purse.bare_price(buy)} → {self.purse.bare_price(sell)}"

    def _earned(self, figures: Figures) -> str:
        (low_pct, high_pct), (low, high) = figures.earned_pct, figures.earned
        return self.asker.text(
            "setup_earned",
            pcts=self._range(pct(low_pct), pct(high_pct)),
            amounts=self.purse.range(low, high),
        )

    def _range(self, low: str, high: str) -> str:
        return low if low == high else self.asker.text("setup_range", low=low, high=high)

    def _size(self, grid: GridSettings) -> str:
        if grid.size.unit is SizeUnit.MONEY:
            return self.purse.amount(grid.size.amount)
        if self.seen.instrument.whole_shares:
            return self.asker.text("setup_shares", qty=of_price(grid.size.amount))
        return f"{of_price(grid.size.amount)} {self.seen.instrument.base}"

    def _change(self, name: str) -> None:
        """Ask for another value of one setting; what is not understood changes nothing."""
        bounds = {"GRID_LOWER": "", "GRID_UPPER": ""} if name == "GRID_GAP_PCT" else {}
        text = self.asker.ask("setup_value", name=self.asker.text(self._worded(f"setup_ask_{name.lower()}")))
        if not text:
            return
        try:
            if name == "ORDER_SIZE":
                text = self._typed_size(text)
            elif name == "GRID_GAP_PCT":
                text = text.removesuffix("%").strip()
            READERS[name].read(text)
        except Refused as refused:
            why = refused.why
            self.asker.why(why if why.code.startswith("setup_") else named(why, name))
        else:
            self.draft.set({name: text, **bounds})

    def _typed_size(self, text: str) -> str:
        """Read the order of a cell: money for coins, whole shares (or the dollars of them) else; raises `Refused`."""
        coin = self.seen.instrument
        if not coin.whole_shares:
            return f"{self.purse.read(text):f}KRW"
        size = order_size(text, base=coin.base, currency=coin.quote, whole_shares=True)
        return f"{plain(size.amount)}{'shares' if size.unit is SizeUnit.BASE else coin.quote}"

    def _worded(self, code: str) -> str:
        """Return the code of a sentence, that for shares where there is one of its own."""
        return f"{code}_share" if self.seen.instrument.whole_shares and code in _FOR_SHARES else code
