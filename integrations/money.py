"""Amounts as payment systems count them: whole numbers of a currency's smallest unit.

Source: Stripe, "Supported currencies" (zero-decimal and three-decimal currencies; ISK and UGX are counted in
hundredths there although they have none).
"""

from __future__ import annotations

from decimal import Decimal

ZERO_DECIMAL = frozenset(
    "bif clp djf gnf jpy kmf krw mga pyg rwf vnd vuv xaf xof xpf".split()  # noqa: SIM905 - reads as a list
)
THREE_DECIMAL = frozenset({"bhd", "jod", "kwd", "omr", "tnd"})


def major_units(amount: int, currency: str) -> str:
    """Return the amount as decimal text: 1999 usd is 19.99, 500 jpy is 500, 1500 kwd is 1.500."""
    code = currency.lower()
    places = 0 if code in ZERO_DECIMAL else 3 if code in THREE_DECIMAL else 2
    return f"{Decimal(amount).scaleb(-places):.{places}f}"
