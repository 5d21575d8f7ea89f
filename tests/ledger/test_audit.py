"""The audit finds every kind of disagreement, whoever made it."""

import pytest

from domain.errors import SetupError
from domain.instrument import Side
from ledger import engines
from ledger.audit import audit
from ledger.places import Place
from tests.ledger.desk import SYMBOL, Desk, opened


@pytest.fixture
def traded(place: Place) -> Place:
    """A closed ledger with orders in several states, lots, dust and two days."""
    with Desk.at(place) as desk:
        desk.adopt("c0", "2", "95.5")
        desk.buy("100", "1.5", fee="0.375", slot="c1")
        desk.sell("101", "1.5", fee="0.375", slot="c1")
        desk.buy("99", "1.5", fee="0.375", slot="c2")
        desk.move("c2", "dust", "0.5")
        desk.fill(desk.rest(Side.SELL, "110", "1", slot="c2"), "0.25")
        desk.rest(Side.BUY, "90", "1", slot="c3")
        assert audit(desk.ledger.reader) == []
    return place


TAMPERED = [
    ("UPDATE fills SET qty = '1.4' WHERE entry = 2", "audit_filled_differs"),
    ("UPDATE fills SET qty = '1.4' WHERE entry = 2", "audit_entry_unbookable"),
    ("UPDATE fills SET fee = '0.374' WHERE entry = 2", "audit_fee_differs"),
    ("UPDATE fills SET price = '100.5' WHERE entry = 3", "audit_book_differs"),
    ("UPDATE fills SET slot = 'c9' WHERE entry = 2", "audit_fill_of_another"),
    ("UPDATE fills SET day = '2026-11-21' WHERE entry = 2", "audit_day_differs"),
    ("DELETE FROM fills WHERE entry = 3", "audit_entry_gap"),
    ("DELETE FROM adjustments WHERE entry = 1", "audit_entry_gap"),
    ("UPDATE adjustments SET qty = '0.4'", "audit_lots_differ"),
    ("UPDATE adjustments SET closes_cycle = NOT closes_cycle WHERE entry = 5", "audit_book_differs"),
    ("UPDATE lots SET fee = '0.001' WHERE slot = 'dust'", "audit_lots_differ"),
    ("DELETE FROM lots WHERE slot = 'c0'", "audit_lots_differ"),
    ("UPDATE days SET matched = '1'", "audit_book_differs"),
    ("UPDATE days SET position = '1'", "audit_day_differs"),
    ("DELETE FROM days", "audit_book_differs"),
    ("UPDATE fills SET earned = '1' WHERE entry = 2", "audit_earned_differs"),
    ("UPDATE fills SET earned = NULL; UPDATE tallies SET orders = 4", "audit_tally_differs"),
    ("DELETE FROM tallies", "audit_tally_differs"),
    ("INSERT INTO tallies VALUES ('KRW-ETH', 1)", "audit_tally_differs"),
    ("UPDATE orders SET accepted = NOT accepted WHERE seq = 5", "audit_tally_differs"),
    ("UPDATE orders SET filled = '1.4' WHERE seq = 1", "audit_filled_differs"),
    ("UPDATE orders SET qty = '1.4' WHERE seq = 1", "audit_filled_differs"),
    ("UPDATE orders SET fee = '0' WHERE seq = 1", "audit_fee_differs"),
    ("UPDATE orders SET state = 'open' WHERE seq = 1", "audit_state_illegal"),
    ("UPDATE orders SET state = 'canceled' WHERE seq = 5", "audit_steps_differ"),
    ("UPDATE orders SET state = 'canceled' WHERE seq = 5", "audit_state_illegal"),
    ("UPDATE orders SET filled = '0.5' WHERE seq = 5", "audit_filled_differs"),
    ("UPDATE transitions SET state = 'filled' WHERE id = 1", "audit_step_illegal"),
    ("DELETE FROM transitions WHERE id = 2", "audit_step_gap"),
    ("DROP INDEX one_open_order_per_slot; UPDATE orders SET slot = 'c3' WHERE seq = 4", "audit_two_open_orders"),
    ("UPDATE orders SET price = '1e2' WHERE seq = 1", "ledger_damaged"),
    ("UPDATE orders SET why = '{}' WHERE seq = 1", "ledger_damaged"),
    ("UPDATE fills SET side = 'both' WHERE entry = 2", "ledger_damaged"),
    ("UPDATE fills SET at = '2026-11-20' WHERE entry = 2", "ledger_damaged"),
]


@pytest.mark.parametrize(("statements", "code"), TAMPERED)
def test_what_was_tampered_with_is_told(traded: Place, statements: str, code: str) -> None:
    tamper(traded, statements)

    try:
        ledger = opened(traded)
    except SetupError as error:
        found = error.faults
    else:
        with ledger:
            found = tuple(audit(ledger.reader))

    assert code in {fault.code for fault in found}, found


def tamper(place: Place, statements: str) -> None:
    """Change rows behind the ledger's back."""
    engine = engines.writing(place)
    with engine.connect() as connection:
        for statement in statements.split(";"):
            connection.exec_driver_sql(statement)
    engine.dispose()


def test_an_execution_booked_twice_is_told(traded: Place) -> None:
    tamper(
        traded,
        "CREATE TABLE loose AS SELECT * FROM fills; DROP TABLE fills;"
        "UPDATE loose SET fill_id = 'same' WHERE entry < 5;"
        "ALTER TABLE loose RENAME TO fills",
    )

    with opened(traded) as ledger:
        found = [fault for fault in audit(ledger.reader) if fault.code == "audit_fill_twice"]

    assert [fault.plain_figures() for fault in found] == [{"symbol": SYMBOL, "fill": "same"}]


def test_an_order_that_is_gone_is_told(traded: Place) -> None:
    tamper(
        traded,
        "CREATE TABLE kept AS SELECT * FROM orders WHERE seq <> 1; DELETE FROM transitions WHERE order_seq = 99;"
        "ALTER TABLE orders RENAME TO gone; ALTER TABLE kept RENAME TO orders",
    )

    with opened(traded) as ledger:
        codes = {fault.code for fault in audit(ledger.reader)}

    assert "audit_order_missing" in codes
