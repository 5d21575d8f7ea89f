"""The registry: a venue's rules cost nothing, and its adapter is loaded only when it is chosen."""

import subprocess
import sys
from importlib import import_module

from exchanges.bithumb import BithumbExchange
from exchanges.registry import VENUES
from tests.house.tree import ROOT

RULES_ALONE = """
import sys
from exchanges.registry import venue_rules
venue_rules("BITHUMB")
print(sorted({"requests", "jwt", "exchanges.transport", "exchanges.bithumb.exchange"} & set(sys.modules)))
"""


def test_rules_are_read_without_loading_the_adapter() -> None:
    run = subprocess.run(
        [sys.executable, "-c", RULES_ALONE], cwd=ROOT, capture_output=True, text=True, check=True, timeout=30
    )

    assert run.stdout.strip() == "[]"


def test_the_adapter_is_where_the_registry_says() -> None:
    module, _, name = VENUES["BITHUMB"].adapter.partition(":")

    assert getattr(import_module(module), name) is BithumbExchange
    assert not hasattr(import_module(module), "Nonsense")
