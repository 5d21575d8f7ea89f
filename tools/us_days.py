"""Writes the days off of US exchanges from the `holidays` package: `python -m tools.us_days [--check]`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from holidays import HALF_DAY, PUBLIC, financial_holidays

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date

ROOT = Path(__file__).resolve().parent.parent
PLACE = "exchanges/us_days.py"

FIRST_YEAR = 2000
LAST_YEAR = 2028
"""New York tells its days off three years ahead: what a rule makes of a later year nobody has confirmed."""

_SATURDAY = 5
_EARLY = "(markets close at 1:00pm)"

_HEAD = '''"""On which days US exchanges stay closed, or close at 13:00; written by `tools/us_days.py`."""

# A table and not the package it is made from: that one brings 350 modules and 12 MiB, which a daemon would carry for
# one country's ten days a year. A year that is missing here is unknown.
'''


def table() -> str:
    """Return the file as it should be; raises `ValueError` for a half day that does not end at 13:00."""
    lines = [_HEAD.rstrip("\n")]
    for name, category in (("CLOSED", PUBLIC), ("EARLY", HALF_DAY)):
        lines += ["", f"{name} = {{", *_years(category), "}"]
    return "\n".join(lines) + "\n"


def _years(category: str) -> Iterator[str]:
    for year in range(FIRST_YEAR, LAST_YEAR + 1):
        days = financial_holidays("XNYS", years=year, categories=(category,))
        if category == HALF_DAY and (odd := [name for name in days.values() if _EARLY not in name]):
            raise ValueError(odd)
        found = [_of_year(day) for day in sorted(days) if day.year == year and day.weekday() < _SATURDAY]
        yield f'    {year}: "{" ".join(found)}",'


def _of_year(day: date) -> str:
    return day.isoformat().partition("-")[2]


def main(arguments: Sequence[str], root: Path = ROOT) -> int:
    """Write the file, or with `--check` only say whether it is up to date."""
    parser = argparse.ArgumentParser(prog="python -m tools.us_days", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 when the file is not up to date")
    checks = parser.parse_args(arguments).check
    place, wanted = root / PLACE, table()
    if place.exists() and place.read_text(encoding="utf-8") == wanted:
        return 0
    if not checks:
        place.write_text(wanted, encoding="utf-8")
    print(f"{'not up to date' if checks else 'written'}: {PLACE}")
    return int(checks)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
