"""Price files: played exactly as they say, or refused with the line and the fix."""

from __future__ import annotations

import gzip
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.pricefile import read_prices
from domain.errors import ExitCode, SetupError
from domain.market import Candle
from reports.wording import Wording

if TYPE_CHECKING:
    from pathlib import Path

HEADER = "time_utc,open,high,low,close,volume"
ROW = "2024-01-01T00:00:00Z,100,110.5,90,101,12.5"
NEXT = "2024-01-01T00:01:00Z,101,102,100,100.5,0"
CANDLES = (
    Candle(datetime(2024, 1, 1, tzinfo=UTC), *map(Decimal, ("100", "110.5", "90", "101", "12.5"))),
    Candle(datetime(2024, 1, 1, 0, 1, tzinfo=UTC), *map(Decimal, ("101", "102", "100", "100.5", "0"))),
)


def write(tmp_path: Path, content: str | bytes, name: str = "prices.csv") -> Path:
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def fault_of(path: Path, **wanted: int) -> str:
    """Return the fault of a file without its path; it has a sentence that names the file in both languages."""
    with pytest.raises(SetupError) as caught:
        read_prices(path, bars=wanted.get("bars"))
    assert caught.value.exit_code is ExitCode.PRICE_FILE
    (fault,) = caught.value.faults
    for language in ("ko", "en"):
        assert str(path) in (sentence := Wording(language).sentence(fault))
        assert "path=" not in sentence
    return str(fault).replace(f" path={path}", "")


def lines(*rows: str) -> str:
    return "\n".join((HEADER, *rows)) + "\n"


@pytest.mark.parametrize(
    "content",
    [
        lines(ROW, NEXT),
        lines(ROW, NEXT).replace("\n", "\r\n"),
        lines(ROW, NEXT).strip(),
        f"\ufeff{lines(ROW, NEXT)}",
        f"\n{HEADER}\n\n{ROW}\n\n{NEXT}\n\n",
        lines(ROW.replace("T00:00:00Z", " 00:00:00+00:00"), NEXT),
        lines(ROW.replace("T00:00:00Z", "T09:00:00+09:00"), NEXT),
        lines(*(",".join(f'"{value}"' for value in row.split(",")) for row in (ROW, NEXT))),
        lines(ROW.replace("100,", "1e2,", 1), NEXT),
        "\n".join(
            f"{r[5]},x,{r[4]},{r[3]},{r[2]},{r[1]},{r[0]}"
            for r in (HEADER.upper().split(","), ROW.split(","), NEXT.split(","))
        ),
    ],
)
@pytest.mark.parametrize("packed", [False, True])
def test_a_file_is_read_in_whatever_dress_it_comes(tmp_path: Path, content: str, packed: bool) -> None:  # noqa: FBT001 - pytest names it
    path = write(tmp_path, gzip.compress(content.encode()) if packed else content)

    assert read_prices(path).candles == CANDLES


def test_a_scale_multiplies_prices_exactly_and_leaves_the_volume(tmp_path: Path) -> None:
    (candle,) = read_prices(write(tmp_path, lines(ROW)), scale=Decimal("0.1")).candles

    assert [str(price) for price in (candle.open, candle.high, candle.low, candle.close)] == [
        "10.0",
        "11.05",
        "9.0",
        "10.1",
    ]
    assert candle.volume == Decimal("12.5")


def test_only_the_bars_asked_for_are_read(tmp_path: Path) -> None:
    path = write(tmp_path, lines(ROW, NEXT, "what follows is of no concern"))

    assert read_prices(path, bars=2).candles == CANDLES
    assert read_prices(path, bars=1).candles == CANDLES[:1]
    assert fault_of(path, bars=0) == "prices_no_bars_wanted value=0"


def test_gaps_are_told_and_no_fault(tmp_path: Path) -> None:
    days = [1, 2, 3, 6, 7, 20]
    rows = [f"2024-01-{day:02}T00:00:00Z,1,1,1,1,1" for day in days]

    prices = read_prices(write(tmp_path, lines(*rows)))

    assert prices.interval == timedelta(days=1)
    assert [(a.day, b.day) for a, b in prices.gaps] == [(3, 6), (7, 20)]


def test_one_bar_lasts_a_minute(tmp_path: Path) -> None:
    prices = read_prices(write(tmp_path, lines(ROW)))

    assert (prices.interval, prices.gaps) == (timedelta(minutes=1), ())


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        ("", "prices_empty line=0"),
        ("\ufeff\n\n", "prices_empty line=2"),
        (lines(), "prices_no_rows"),
        ("time_utc,open,high\n1,2,3\n", f"prices_column_missing line=1 columns=low, close, volume wanted={HEADER}"),
        (f"{HEADER},close\n", "prices_column_twice line=1 columns=close"),
        (lines(ROW, "2024-01-01T00:01:00Z,1,1,1"), "prices_row_width line=3 found=4 wanted=6"),
        (lines(ROW.replace("100", "1,000", 1)), "prices_row_width line=2 found=7 wanted=6"),
        (lines(ROW.replace("101", "")), "prices_value_missing line=2 columns=close"),
        (lines(" ,1,1,,1,1"), "prices_value_missing line=2 columns=time_utc, low"),
        (lines(ROW.replace("12.5", "")), "prices_value_missing line=2 columns=volume"),
        (lines(ROW.replace("101", "abc")), "prices_not_a_number line=2 value=abc"),
        (lines(ROW.replace("101", "nan")), "prices_not_a_number line=2 value=nan"),
        (lines(ROW.replace("101", "inf")), "prices_not_a_number line=2 value=inf"),
        (lines(ROW.replace("101", "1e999")), "prices_not_a_number line=2 value=1e999"),
        (lines(ROW.replace("101", "1_01")), "prices_not_a_number line=2 value=1_01"),
        (lines(ROW.replace("12.5", "many")), "prices_not_a_number line=2 value=many"),
        (lines("2024-01-01T00:00:00Z,1,1,0,1,1"), "prices_not_positive line=2 value=0"),
        (lines("2024-01-01T00:00:00Z,-1,1,1,1,1"), "prices_not_positive line=2 value=-1"),
        (lines("2024-01-01T00:00:00Z,1,1,1,1,-1"), "prices_volume_negative line=2 value=-1"),
        (lines("2024-01-01T00:00:00Z,5,4,6,5,1"), "prices_out_of_range line=2 open=5 high=4 low=6 close=5"),
        (lines("2024-01-01T00:00:00Z,9,6,4,5,1"), "prices_out_of_range line=2 open=9 high=6 low=4 close=5"),
        (lines("2024-01-01T00:00:00Z,5,6,4,3,1"), "prices_out_of_range line=2 open=5 high=6 low=4 close=3"),
        (lines(ROW.replace("2024-01-01T00:00:00Z", "yesterday")), "prices_time_form line=2 value=yesterday"),
        (
            lines(ROW.replace("2024-01-01T", "0001-01-01T").replace("Z", "+09:00")),
            "prices_time_form line=2 value=0001-01-01T00:00:00+09:00",
        ),
        (
            lines(ROW.replace("Z", "")),
            "prices_time_zone line=2 value=2024-01-01T00:00:00 suggestion=2024-01-01T00:00:00Z",
        ),
        (lines(ROW, ROW), "prices_time_twice line=3 value=2024-01-01T00:00:00Z"),
        (lines(NEXT, ROW), "prices_time_order line=3 value=2024-01-01T00:00:00Z"),
        (lines(f'"{"x" * 200000}"'), "prices_not_csv line=2 problem=field larger than field limit (131072)"),
        (b"\xff\xfet\x00i\x00", "prices_not_text"),
        (b"\x89PNG\r\n", "prices_not_text"),
        (b"\x1f\x8bnot gzip at all", "prices_gzip_broken"),
        (gzip.compress(lines(ROW, NEXT).encode(), mtime=0)[:-9], "prices_gzip_broken"),
    ],
)
def test_a_file_that_cannot_be_played_is_refused_with_its_line(
    tmp_path: Path, content: str | bytes, fault: str
) -> None:
    assert fault_of(write(tmp_path, content)) == fault


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    assert fault_of(tmp_path / "none.csv") == "prices_not_found"
    assert fault_of(tmp_path) == "prices_folder"
    assert fault_of(tmp_path / ("x" * 300)) == "prices_unreadable problem=File name too long"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=200) | st.text(max_size=200).map(lambda text: f"{HEADER}\n{text}".encode()))
def test_no_content_raises_anything_but_a_setup_error(tmp_path: Path, content: bytes) -> None:
    path = write(tmp_path, content)

    try:
        bars = len(read_prices(path).candles)
    except SetupError:
        bars = 0

    assert bars >= 0
