"""What New York and the broker demand of an order: ticks, whole shares, exchange codes."""

from __future__ import annotations

from decimal import Decimal

from domain.instrument import TickTable

# Source: Rule 612 of Regulation NMS (17 CFR 242.612); the broker takes nothing under a cent online (APBK1507).
TICKS = TickTable(((Decimal(0), Decimal("0.0001")), (Decimal(1), Decimal("0.01"))))
PRICE_MIN = Decimal("0.01")

LISTINGS = {"NASD": "NAS", "NYSE": "NYS", "AMEX": "AMS"}
"""Exchanges as orders name them, and as quotes do."""
DAYTIME_LISTINGS = {"NASD": "BAQ", "NYSE": "BAY", "AMEX": "BAA"}
MARKET_NAMES = {"NASD": "나스닥", "NYSE": "뉴욕거래소", "AMEX": "아멕스"}
PRODUCT_TYPES = {"NASD": "512", "NYSE": "513", "AMEX": "529"}
