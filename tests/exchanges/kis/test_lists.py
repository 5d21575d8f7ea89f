"""Lists of orders: whole or not at all, Korea's midnight, revised orders, and what became of each."""

import threading
from datetime import timedelta
from decimal import Decimal

import pytest

from domain.errors import OrderNotFound, VenueUnavailable
from domain.instrument import Side
from domain.order import OrderState
from exchanges.kis import KisOverseasExchange
from tests.exchanges.kis.desk import (
    CHANGE,
    LIST,
    OPEN,
    ORDER,
    RESTING,
    SYMBOL,
    Json,
    filled,
    fine,
    nothing,
    refused,
    row,
    taken,
)
from tests.exchanges.stub import HandClock, Said, Stub, page

D = Decimal
ID = "2026-03-05-40840"
CANCELED = [row(nccs_qty="0"), row(40841, orgn_odno="0000040840", rvse_cncl_dvsn="02", nccs_qty="0")]
CLOSE = OPEN.replace(hour=21, minute=0)


def ctx(nk: str = "8105^2") -> Json:
    return {"ctx_area_fk200": "8105^01^NASD".ljust(200), "ctx_area_nk200": nk.ljust(200)}


def test_the_practice_account_is_asked_without_filters(exchange: KisOverseasExchange, stub: Stub) -> None:
    stub.says("GET", LIST, nothing())

    assert exchange.open_orders(SYMBOL) == ()

    (asked,) = stub.asked_for(LIST)
    assert asked.query == (
        "CANO=12345678&ACNT_PRDT_CD=01&PDNO=&ORD_STRT_DT=20260305&ORD_END_DT=20260306&SLL_BUY_DVSN=00"
        "&CCLD_NCCS_DVSN=00&OVRS_EXCG_CD=&SORT_SQN=DS&ORD_DT=&ORD_GNO_BRNO=&ODNO=&CTX_AREA_FK200=&CTX_AREA_NK200="
    )
    assert (asked.headers["tr_id"], asked.headers["custtype"], asked.headers["tr_cont"]) == ("VTTS3035R", "P", "")


def test_a_list_is_followed_to_its_last_page_with_the_keys_as_received(
    exchange: KisOverseasExchange, stub: Stub
) -> None:
    stub.says(
        "GET",
        LIST,
        fine([row(1)], more="F", **ctx()),
        fine([row(2)], more="M", **ctx("8105^3")),
        fine([row(3)], more="E"),
    )

    assert [order.order_id[-1] for order in exchange.open_orders(SYMBOL)] == ["1", "2", "3"]

    first, second, third = stub.asked_for(LIST)
    assert [asked.headers["tr_cont"] for asked in (first, second, third)] == ["", "N", "N"]
    assert second.query.endswith(f"CTX_AREA_FK200=8105%5E01%5ENASD{'%20' * 188}&CTX_AREA_NK200=8105%5E2{'%20' * 194}")


@pytest.mark.parametrize("keys", [ctx(), {}, {"ctx_area_fk200": " " * 200, "ctx_area_nk200": ""}])
def test_a_list_that_says_more_and_gives_no_new_key_is_at_its_end(
    exchange: KisOverseasExchange, stub: Stub, keys: Json
) -> None:
    stub.says("GET", LIST, fine([row(1)], more="F", **keys))

    assert len(exchange.open_orders(SYMBOL)) == 1
    assert len(stub.asked_for(LIST)) == (2 if keys == ctx() else 1)


@pytest.mark.parametrize("broken", [page(502), Said(drop=True), refused("APBK9999"), Said(200, raw=b'{"rt_cd"')])
def test_one_page_that_cannot_be_had_fails_the_whole_list(
    exchange: KisOverseasExchange, stub: Stub, broken: Said
) -> None:
    stub.says("GET", LIST, fine([row(1)], more="F", **ctx()), broken)

    with pytest.raises(VenueUnavailable):
        exchange.open_orders(SYMBOL)


def test_a_list_without_end_is_not_believed(exchange: KisOverseasExchange, stub: Stub) -> None:
    stub.says("GET", LIST, *(fine([row(n)], more="M", **ctx(f"8105^{n}")) for n in range(1, 102)))

    with pytest.raises(VenueUnavailable):
        exchange.open_orders(SYMBOL)


@pytest.mark.parametrize(
    ("rows", "state"),
    [
        ([row()], OrderState.OPEN),
        ([filled(1, "90")], OrderState.PARTIALLY_FILLED),
        ([filled(3, "270")], OrderState.FILLED),
        (CANCELED, OrderState.CANCELED),
        ([filled(1, "90", nccs_qty="0"), CANCELED[1]], OrderState.CANCELED),
        ([row(), row(40841, orgn_odno="40840", rvse_cncl_dvsn="02", prcs_stat_name="거부")], OrderState.OPEN),
        ([row(nccs_qty="0", prcs_stat_name="거부", rjct_rson_name="잔고부족")], OrderState.REJECTED),
        # The same order twice: the row that knows of more counts.
        ([filled(1, "90"), row()], OrderState.PARTIALLY_FILLED),
    ],
)
def test_the_rows_tell_what_became_of_an_order(
    exchange: KisOverseasExchange, stub: Stub, rows: list[Json], state: OrderState
) -> None:
    stub.says("GET", LIST, fine(rows))

    assert exchange.get_order(ID).state is state
    assert [order.order_id for order in exchange.closed_orders(SYMBOL, OPEN)] == (
        [] if state in {OrderState.OPEN, OrderState.PARTIALLY_FILLED} else [ID]
    )


def test_an_order_with_nothing_left_and_no_reason_is_over_once_it_stays_so(
    exchange: KisOverseasExchange, stub: Stub, clock: HandClock
) -> None:
    stub.says("GET", LIST, fine([filled(1, "90", nccs_qty="0")]))

    states = []
    for _ in range(2):
        states.append(exchange.get_order(ID).state)
        clock.at += timedelta(seconds=11)

    assert states == [OrderState.PARTIALLY_FILLED, OrderState.CANCELED]


def test_an_order_expires_only_when_its_session_is_over_for_five_minutes(
    exchange: KisOverseasExchange, stub: Stub, clock: HandClock
) -> None:
    stub.says("GET", LIST, fine([row(), filled(3, "270", 40841)]))

    states = []
    for minutes in (-1, 1, 4, 6):
        clock.at = CLOSE + timedelta(minutes=minutes)
        states.append(exchange.get_order(ID).state)

    assert states == [OrderState.OPEN] * 3 + [OrderState.EXPIRED]
    assert exchange.open_orders(SYMBOL) == ()
    assert exchange.get_order("2026-03-05-40841").state is OrderState.FILLED


def test_a_list_that_fails_expires_nothing(exchange: KisOverseasExchange, stub: Stub, clock: HandClock) -> None:
    stub.says("GET", LIST, fine([row()], more="F", **ctx()), page(503))
    clock.at = CLOSE + timedelta(hours=1)

    with pytest.raises(VenueUnavailable):
        exchange.closed_orders(SYMBOL, OPEN)


@pytest.mark.parametrize(
    ("changes", "at"),
    [
        ({"ord_tmd": "235959", "dmst_ord_dt": "20260305"}, "2026-03-05T14:59:59+00:00"),
        ({"ord_tmd": "000001", "dmst_ord_dt": "20260306"}, "2026-03-05T15:00:01+00:00"),
        ({"ord_tmd": "000001", "dmst_ord_dt": ""}, "2026-03-05T15:00:01+00:00"),
        ({"ord_tmd": "235959", "dmst_ord_dt": ""}, "2026-03-05T14:59:59+00:00"),
        # Dated by Korea's day, which the sheet does not say and a server may do.
        ({"ord_tmd": "000001", "dmst_ord_dt": "20260306", "ord_dt": "20260306"}, "2026-03-05T15:00:01+00:00"),
    ],
)
def test_a_night_has_two_korean_dates_and_one_in_new_york(
    exchange: KisOverseasExchange, stub: Stub, changes: dict[str, str], at: str
) -> None:
    stub.says("GET", LIST, fine([row(**changes)]))

    order = exchange.get_order(ID)

    assert order.at.isoformat() == at


def test_an_orders_number_is_a_number_however_it_is_padded(exchange: KisOverseasExchange, stub: Stub) -> None:
    stub.says("GET", LIST, fine([row(odno="40840")]))

    assert exchange.get_order(ID).order_id == ID


def test_an_order_that_the_whole_list_lacks_is_not_found(exchange: KisOverseasExchange, stub: Stub) -> None:
    stub.says("GET", LIST, nothing())

    with pytest.raises(OrderNotFound):
        exchange.get_order(ID)
    with pytest.raises(OrderNotFound):
        exchange.get_order("no-such-order")


def test_an_order_just_placed_is_there_before_the_list_shows_it_and_not_for_ever(
    exchange: KisOverseasExchange, stub: Stub, clock: HandClock
) -> None:
    stub.says("POST", ORDER, taken())
    stub.says("GET", LIST, nothing())

    order = exchange.place_order(SYMBOL, Side.BUY, D(3), D(90))
    assert exchange.get_order(ID) == order
    assert exchange.open_orders(SYMBOL) == (order,)

    clock.at += timedelta(seconds=61)
    assert exchange.open_orders(SYMBOL) == ()


def test_a_revised_order_is_followed_under_the_name_that_we_know(exchange: KisOverseasExchange, stub: Stub) -> None:
    first = filled(1, "90", nccs_qty="0")
    second = row(40850, orgn_odno="0000040840", rvse_cncl_dvsn="01", ft_ord_unpr3="91", ft_ord_qty="2", nccs_qty="2")
    third = filled(
        1, "92", 40860, orgn_odno="40850", rvse_cncl_dvsn="01", ft_ord_unpr3="92", ft_ord_qty="2", nccs_qty="1"
    )
    stub.says("GET", LIST, fine([first, second | {"nccs_qty": "0"}, third]))
    exchange.follow(SYMBOL, ID)

    (shown,) = exchange.open_orders(SYMBOL)
    (fill,) = exchange.fills_since(SYMBOL, OPEN)

    assert (shown.order_id, shown.price, shown.qty, shown.filled) == (ID, D(92), D(3), D(2))
    assert shown.state is OrderState.PARTIALLY_FILLED
    assert exchange.get_order("2026-03-05-40860").filled == 2
    assert (fill.order_id, fill.fill.qty, fill.fill.notional) == (ID, D(2), D(182))


def test_revising_gives_an_order_its_new_name(exchange: KisOverseasExchange, stub: Stub) -> None:
    stub.says("GET", LIST, fine([filled(1, "90")]))
    stub.says("POST", CHANGE, taken(40850, "003100"))

    order = exchange.revise_order(ID, D("91"))

    (asked,) = stub.asked_for(CHANGE)
    assert b'"RVSE_CNCL_DVSN_CD":"01","ORD_QTY":"2","OVRS_ORD_UNPR":"91.00"' in asked.body
    assert (order.order_id, order.price, order.qty, order.filled) == ("2026-03-05-40850", D(91), D(3), D(1))
    # Until the list shows the new number, the old one is not shown beside it.
    assert [each.order_id for each in exchange.open_orders(SYMBOL)] == ["2026-03-05-40850"]


def test_a_cancel_goes_to_the_number_that_an_order_has_now(exchange: KisOverseasExchange, stub: Stub) -> None:
    revised = row(40850, orgn_odno="0000040840", rvse_cncl_dvsn="01")
    stub.says("GET", LIST, fine([row(nccs_qty="0"), revised]))
    stub.says("POST", CHANGE, taken(40851))
    exchange.open_orders(SYMBOL)

    exchange.cancel_order(ID)

    assert b'"ORGN_ODNO":"0000040850"' in stub.asked_for(CHANGE)[0].body


def test_one_look_fetches_each_list_once_and_the_next_look_anew(exchange: KisOverseasExchange, stub: Stub) -> None:
    stub.says("GET", LIST, fine([row(), filled(3, "270", 7)]))

    for _ in range(2):
        with exchange.single_look():
            exchange.open_orders(SYMBOL)
            exchange.get_order(ID)
            exchange.closed_orders(SYMBOL, OPEN)
            exchange.fills_since(SYMBOL, OPEN)

    assert len(stub.asked_for(LIST)) == 2


def test_a_look_is_nobody_elses(exchange: KisOverseasExchange, stub: Stub) -> None:
    stub.says("GET", LIST, fine([row()]))
    seen: list[int] = []

    with exchange.single_look():
        exchange.open_orders(SYMBOL)
        other = threading.Thread(target=lambda: seen.append(len(exchange.open_orders(SYMBOL))))
        other.start()
        other.join()
        exchange.open_orders(SYMBOL)

    assert seen == [1]
    assert len(stub.asked_for(LIST)) == 2


def test_within_a_look_what_was_done_since_is_seen(exchange: KisOverseasExchange, stub: Stub) -> None:
    stub.says("GET", LIST, fine([row()]), fine(CANCELED))
    stub.says("POST", CHANGE, taken(40841))

    with exchange.single_look():
        exchange.open_orders(SYMBOL)
        exchange.cancel_order(ID)
        assert exchange.get_order(ID).state is OrderState.CANCELED


def test_a_live_account_is_asked_for_its_open_orders_outright(live: KisOverseasExchange, stub: Stub) -> None:
    named = {key: value for key, value in row().items() if key not in {"rvse_cncl_dvsn", "dmst_ord_dt"}}
    stub.says("GET", RESTING, fine([named | {"rvse_cncl_dvsn_cd": "00"}]))

    (order,) = live.open_orders(SYMBOL)

    assert (order.order_id, order.at) == (ID, OPEN)
    assert stub.asked_for(RESTING)[0].headers["tr_id"] == "TTTS3018R"
    assert stub.asked_for(LIST) == []


@pytest.mark.parametrize(
    "said", [fine([row(7)], more="F", **ctx()), fine([row(7, orgn_odno="6", rvse_cncl_dvsn="01")])]
)
def test_where_the_list_of_open_orders_may_be_half_the_list_of_the_day_decides(
    live: KisOverseasExchange, stub: Stub, said: Said
) -> None:
    stub.says("GET", RESTING, said, fine([row(8)], more="D"))
    stub.says("GET", LIST, fine([row(7), row(8), row(9)]))

    assert [order.order_id[-1] for order in live.open_orders(SYMBOL)] == ["7", "8", "9"]


def test_what_others_trade_is_told_apart_by_its_symbol(exchange: KisOverseasExchange, stub: Stub) -> None:
    stub.says("GET", LIST, fine([row(), row(7, pdno="SPY", ft_ord_unpr3="0.00000000")]))

    assert [order.order_id for order in exchange.open_orders(SYMBOL)] == [ID]
    assert [order.price for order in exchange.open_orders("SPY")] == [0]
