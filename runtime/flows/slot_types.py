"""What a slot may hold, and what it is called. Pure data; values are found by runtime.flows.slots."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

EMAIL, REFERENCE, AMOUNT, DATE = "email", "reference", "amount", "date"
CHOICE, YES_NO, PHONE, TEXT = "choice", "yes_no", "phone", "text"
SLOT_TYPES: Mapping[str, str] = {
    EMAIL: "E-mail address",
    REFERENCE: "Order or invoice number",
    AMOUNT: "Amount of money",
    DATE: "Date",
    CHOICE: "One of a list, such as a plan",
    YES_NO: "Yes or no",
    PHONE: "Phone number",
    TEXT: "Free text",
}
# How 03/04/2026 is read: not at all (the agent asks again), day first, or month first.
DATE_ORDERS = ("ask", "day_first", "month_first")
# INV-1234, ORD_99, #20417 and long bare numbers. RE2 syntax; case does not matter.
REFERENCE_PATTERN = r"[A-Z]{2,6}[-_]\d[\dA-Z]*(?:-\d+)*|[A-Z]{2,6}\d{3,}|#\d{3,}|\d{5,}"


@dataclass(frozen=True, slots=True)
class SlotSpec:
    """What a value must be like. ``pattern`` is for references, ``choices`` for choices, ``region`` (of two
    letters) for phone numbers without a country code."""

    type: str
    pattern: str = ""
    choices: tuple[str, ...] = ()
    date_order: str = DATE_ORDERS[0]
    region: str = ""
