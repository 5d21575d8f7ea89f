"""Every source keeps every rule of style, and every rule finds its planted fault."""

from collections.abc import Callable, Iterator

import pytest

from tests.house import rules
from tests.house.tree import Source, shipped, sources

Rule = Callable[[Source], Iterator[str]]

EVERYWHERE: tuple[Rule, ...] = (
    rules.opens_with_one_sentence,
    rules.has_a_telling_name,
    rules.is_short,
    rules.keeps_floats_out,
    rules.explains_what_it_suppresses,
    rules.speaks_english_inside,
)
SHIPPED: tuple[Rule, ...] = (rules.takes_time_and_chance_as_given, rules.starts_no_thread)

LONG_FUNCTION = '"""Doc."""\n\ndef f() -> None:\n' + "    pass\n" * rules.FUNCTION_LINES_MAX

FAULTS: list[tuple[Rule, str, str]] = [
    (rules.opens_with_one_sentence, "bot/x.py", "import os\n"),
    (rules.opens_with_one_sentence, "bot/x.py", '"""\nToo late.\n"""\n'),
    (rules.opens_with_one_sentence, "bot/x.py", '"""It knows this. It knows that."""\n'),
    (rules.opens_with_one_sentence, "bot/__init__.py", ""),
    (rules.has_a_telling_name, "bot/utils.py", ""),
    (rules.is_short, "bot/x.py", LONG_FUNCTION),
    (rules.is_short, "bot/x.py", "\n" * (rules.FILE_LINES_MAX + 1)),
    (rules.keeps_floats_out, "domain/x.py", "price = 0.1\n"),
    (rules.keeps_floats_out, "domain/x.py", "def f(price: float) -> None: ...\n"),
    (rules.keeps_floats_out, "ledger/x.py", "def f(price: str) -> int:\n    return g(float(price))\n"),
    (rules.keeps_floats_out, "exchanges/x.py", "def wait_s() -> float:\n    price = 0.1\n    return price\n"),
    (rules.keeps_floats_out, "bot/x.py", "def f(timeout_s: int, price: str = 0.5, *, gap_pct=0.5) -> None: ...\n"),
    (rules.keeps_floats_out, "bot/x.py", "prices: dict[str, float | None] = {}\n"),
    (rules.takes_time_and_chance_as_given, "bot/x.py", "now = datetime.now(tz=UTC)\n"),
    (rules.takes_time_and_chance_as_given, "bot/x.py", "now = dt.datetime.utcnow()\n"),
    (rules.takes_time_and_chance_as_given, "bot/x.py", "now = time.time()\n"),
    (rules.takes_time_and_chance_as_given, "bot/x.py", "from time import monotonic\n"),
    (rules.takes_time_and_chance_as_given, "bot/x.py", "from random import choice\n"),
    (rules.takes_time_and_chance_as_given, "bot/x.py", "i = uuid.uuid4()\n"),
    (rules.does_not_sleep, "tests/x.py", "time.sleep(1)\n"),
    (rules.does_not_sleep, "tests/x.py", "from time import sleep\n"),
    (rules.explains_what_it_suppresses, "bot/x.py", "x = 1  # " + "noqa\n"),
    (rules.explains_what_it_suppresses, "bot/x.py", "x = 1  # " + "noqa: E501\n"),
    (rules.explains_what_it_suppresses, "bot/x.py", "x = 1  # " + "type: ignore\n"),
    (rules.explains_what_it_suppresses, "bot/x.py", "x = 1  # " + "type: ignore[misc]\n"),
    (rules.starts_no_thread, "bot/x.py", "import threading\n"),
    (rules.starts_no_thread, "ledger/x.py", "from concurrent.futures import Executor\n"),
    (rules.speaks_english_inside, "domain/x.py", 'print("안녕하세요")\n'),
]

FINE: list[tuple[Rule, str, str]] = [
    (rules.opens_with_one_sentence, "bot/x.py", '"""It knows this, i.e. that: 0.1 is no price."""\n'),
    (
        rules.keeps_floats_out,
        "exchanges/x.py",
        "def f(url: str, timeout_s: float = 0.5, *, wait_s: float = 1.5) -> None: ...\n",
    ),
    (rules.keeps_floats_out, "exchanges/x.py", "get(url, timeout_s=2.5)\nTIMEOUT_S = 1.5\n"),
    (rules.keeps_floats_out, "exchanges/x.py", "def wait_s() -> float: ...\n"),
    (rules.keeps_floats_out, "reports/x.py", "width_px = 0.5\n"),
    (rules.takes_time_and_chance_as_given, "bot/x.py", "now = clock.now()\nlater = datetime.fromisoformat(text)\n"),
    (rules.takes_time_and_chance_as_given, "bot/x.py", "from datetime import date, datetime, time\n"),
    (rules.explains_what_it_suppresses, "bot/x.py", "x = 1  # " + "noqa: E501  # the link is one word\n"),
    (rules.explains_what_it_suppresses, "bot/x.py", "x = 1  # " + "type: ignore[misc]  # a stub lacks it\n"),
    (rules.starts_no_thread, "bot/workers.py", "import threading\n"),
    (rules.starts_no_thread, "bot/x.py", "import queue\n"),
    (rules.speaks_english_inside, "bot/x.py", 'print("안녕하세요")\n'),
]


def _name(rule: Rule) -> str:
    return rule.__name__


@pytest.mark.parametrize("rule", EVERYWHERE, ids=_name)
def test_every_source_keeps_the_rule(rule: Rule) -> None:
    assert [fault for source in sources() for fault in rule(source)] == []


@pytest.mark.parametrize("rule", SHIPPED, ids=_name)
def test_every_shipped_source_keeps_the_rule(rule: Rule) -> None:
    assert [fault for source in shipped() for fault in rule(source)] == []


def test_no_test_sleeps() -> None:
    assert [fault for source in sources() if source.floor == "tests" for fault in rules.does_not_sleep(source)] == []


@pytest.mark.parametrize(("rule", "path", "text"), FAULTS)
def test_a_planted_fault_is_found(rule: Rule, path: str, text: str) -> None:
    assert len(list(rule(Source(path, text)))) >= 1


@pytest.mark.parametrize(("rule", "path", "text"), FINE)
def test_what_keeps_the_rule_is_left_alone(rule: Rule, path: str, text: str) -> None:
    assert list(rule(Source(path, text))) == []


def test_the_rules_look_at_the_whole_house() -> None:
    floors = {source.floor for source in sources()}

    assert floors >= {"domain", "reports", "tests", "tools"}
    assert not any(source.path.startswith(".venv") for source in sources())


def test_a_permission_names_a_file_that_is_there() -> None:
    paths = {source.path for source in sources()}

    assert {path for path, _ in rules.FLOATS_ALLOWED} <= paths
