"""What this venue alone can be told through the admin door: to split its share, and to call it otherwise."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, Field

from domain.exact import plain

if TYPE_CHECKING:
    from simulator.admin import Commands
    from simulator.kis.venue import KisVenue

Body = dict[str, Any]


class _Split(BaseModel):
    """So many new shares for so many old ones: 10 for 1 divides prices by ten."""

    model_config = ConfigDict(extra="forbid")

    numerator: int = Field(ge=1)
    denominator: int = Field(ge=1)


class _Rename(BaseModel):
    """What the share is called from now on."""

    model_config = ConfigDict(extra="forbid")

    to: str = Field(pattern=r"^[A-Z0-9][A-Z0-9./]{0,11}$")


def commands(venue: KisVenue) -> Commands:
    """Return the commands by path."""

    def split(asked: Body) -> Body:
        wanted = _Split.model_validate(asked)
        return {"split": venue.split(wanted.numerator, wanted.denominator).row(), "last": plain(venue.last)}

    def rename(asked: Body) -> Body:
        venue.rename(_Rename.model_validate(asked).to)
        return {"market": venue.market_code}

    return {"split": split, "rename": rename}
