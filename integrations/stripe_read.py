"""Stripe, to be read and never written: customers, invoices, charges, subscriptions, disputes.

The client cannot write, whatever its key may do: integrations.stripe_client. Everything is
asked for one customer, who is found by e-mail first: an invoice of somebody else is never shown, even to
those who know its number.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from core.errors import InvalidInput, Unavailable
from integrations.money import major_units
from integrations.outgoing import (
    DONE,
    READ,
    REFUSED,
    Access,
    Json,
    Outcome,
    Parameter,
)

SYSTEM = "stripe"
BASE_URL = "https://api.stripe.com"
MAX_CUSTOMERS = 5  # of one e-mail address
MAX_ROWS = 100
KEY_PREFIXES = ("rk_", "sk_")
EMAIL = Parameter("email", "E-mail address of the customer", max_length=254)
OPEN_DISPUTES = ("needs_response", "under_review", "warning_needs_response", "warning_under_review")


class _Reading:
    """What the operations share. ``read`` returns the data of found rows, or None where there are none."""

    name: str
    label: str
    path: str
    system = SYSTEM
    effect = READ
    repeatable = True
    more_parameters = False
    data_names: tuple[str, ...] = ()
    setting_names: tuple[str, ...] = ()
    parameters: tuple[Parameter, ...] = (EMAIL,)
    nothing = "Stripe has no customer with this e-mail address."

    def prepare(self, *, arguments: Mapping[str, str], settings: Json, base_url: str, key: str) -> Json:
        """Return the requests in order; the second one needs what the first one finds."""
        email = arguments.get("email", "").strip()
        if "@" not in email:
            raise InvalidInput("The e-mail address of the customer is missing.", code="bad_argument")
        first = f"{base_url}/v1/customers?{urlencode({'email': email, 'limit': MAX_CUSTOMERS})}"
        payload: dict[str, Any] = {"method": "GET", "url": first, "arguments": dict(arguments)}
        if self.path:
            payload["then"] = f"GET {base_url}{self.path}?customer={{id of each}}&limit={MAX_ROWS}"
        return payload

    def perform(self, access: Access, payload: Json, *, key: str, deadline: float) -> Outcome:
        """Read once. What is not there is a refusal that says so."""
        from integrations.stripe_client import read  # noqa: PLC0415 - slow to import

        arguments = payload["arguments"]

        def work(client: Any) -> tuple[bool, dict[str, str] | None]:
            email = arguments["email"].strip()
            customers = _rows(client.v1.customers.list({"email": email, "limit": MAX_CUSTOMERS}))
            return bool(customers), self.read(client, customers, arguments) if customers else None

        found = read(access, deadline, work)
        if isinstance(found, Outcome):
            return found
        customers, data = found
        if data is None:
            message = self.nothing if customers else _Reading.nothing
            return Outcome(REFUSED, message=message, code="not_found")
        return Outcome(DONE, data=data, message="Read from Stripe.")

    def look_up(
        self, access: Access, payload: Json, *, key: str, since: datetime, deadline: float
    ) -> Outcome:
        """Say that nothing happened: reading has no effect."""
        return Outcome(REFUSED, message="Reading has no effect.", code="read_only")

    def read(self, client: Any, customers: list[Any], arguments: Json) -> dict[str, str] | None:
        """Return the data of what is asked, or None."""
        raise NotImplementedError


class FindCustomer(_Reading):
    """``stripe_find_customer``."""

    name, label, path = "stripe_find_customer", "Stripe: find a customer", ""
    data_names = (
        "customer_id",
        "customer_name",
        "customer_email",
        "customer_delinquent",
    )

    def read(self, client: Any, customers: list[Any], arguments: Json) -> dict[str, str] | None:
        """Return the first customer of that address."""
        found = customers[0]
        return {
            "customer_id": _text(found, "id"),
            "customer_name": _text(found, "name"),
            "customer_email": _text(found, "email"),
            "customer_delinquent": "yes" if found.get("delinquent") else "no",
        }


class FindInvoice(_Reading):
    """``stripe_find_invoice``."""

    name, label, path = "stripe_find_invoice", "Stripe: find an invoice", "/v1/invoices"
    data_names = (
        "invoice_number",
        "invoice_status",
        "amount_due",
        "amount_paid",
        "amount_remaining",
        "currency",
        "due_date",
        "hosted_invoice_url",
    )
    nothing = "Stripe has no such invoice of this customer."
    parameters = (
        EMAIL,
        Parameter("invoice_number", "Number of the invoice; the newest without it", False, 60),
    )

    def read(self, client: Any, customers: list[Any], arguments: Json) -> dict[str, str] | None:
        """Return the invoice of that number, or the newest one where no number is given."""
        number = arguments.get("invoice_number", "").strip().casefold()
        found = [
            row
            for row in _of_all(client.v1.invoices.list, customers)
            if number in ("", _text(row, "number").casefold())
        ]
        if not found:
            return None
        invoice = max(found, key=lambda row: row.get("created") or 0)
        currency = _text(invoice, "currency")
        return {
            "invoice_number": _text(invoice, "number"),
            "invoice_status": _text(invoice, "status"),
            "amount_due": _amount(invoice, "amount_due", currency),
            "amount_paid": _amount(invoice, "amount_paid", currency),
            "amount_remaining": _amount(invoice, "amount_remaining", currency),
            "currency": currency.upper(),
            "due_date": _day(invoice.get("due_date")),
            "hosted_invoice_url": _https(_text(invoice, "hosted_invoice_url")),
        }


class ListCharges(_Reading):
    """``stripe_list_charges``."""

    name, label, path = "stripe_list_charges", "Stripe: list charges", "/v1/charges"
    data_names = (
        "charge_count",
        "charge_amount",
        "charge_currency",
        "charge_status",
        "charge_date",
        "amount_refunded",
        "charge_disputed",
    )
    nothing = "Stripe has no charge of this customer."

    def read(self, client: Any, customers: list[Any], arguments: Json) -> dict[str, str] | None:
        """Return how many charges there are, and the newest."""
        found = _of_all(client.v1.charges.list, customers)
        if not found:
            return None
        newest = max(found, key=lambda row: row.get("created") or 0)
        currency = _text(newest, "currency")
        return {
            "charge_count": str(len(found)),
            "charge_amount": _amount(newest, "amount", currency),
            "charge_currency": currency.upper(),
            "charge_status": _text(newest, "status"),
            "charge_date": _day(newest.get("created")),
            "amount_refunded": _amount(newest, "amount_refunded", currency),
            "charge_disputed": "yes" if newest.get("disputed") else "no",
        }


class FindSubscription(_Reading):
    """``stripe_find_subscription``."""

    name, label, path = "stripe_find_subscription", "Stripe: find a subscription", "/v1/subscriptions"
    data_names = (
        "subscription_status",
        "cancels_at_period_end",
        "period_end",
    )
    nothing = "Stripe has no subscription of this customer."

    def read(self, client: Any, customers: list[Any], arguments: Json) -> dict[str, str] | None:
        """Return the newest subscription; its period's end sits on the items in newer API versions."""
        found = _of_all(client.v1.subscriptions.list, customers)
        if not found:
            return None
        newest = max(found, key=lambda row: row.get("created") or 0)
        items = (newest.get("items") or {}).get("data") or [{}]
        end = newest.get("current_period_end") or items[0].get("current_period_end")
        return {
            "subscription_status": _text(newest, "status"),
            "cancels_at_period_end": "yes" if newest.get("cancel_at_period_end") else "no",
            "period_end": _day(end),
        }


class ListDisputes(_Reading):
    """``stripe_list_disputes``."""

    name, label, path = "stripe_list_disputes", "Stripe: list disputes", "/v1/charges"
    data_names = (
        "dispute_count",
        "open_disputes",
        "dispute_reason",
        "dispute_status",
    )
    nothing = "Stripe has no charge of this customer."

    def read(self, client: Any, customers: list[Any], arguments: Json) -> dict[str, str] | None:
        """Return the disputes of the customer's charges: disputes cannot be asked for by customer."""
        charges = _of_all(client.v1.charges.list, customers)
        if not charges:
            return None
        disputed = [row["id"] for row in charges if row.get("disputed")][:MAX_CUSTOMERS]
        disputes = [row for charge in disputed for row in _rows(client.v1.disputes.list({"charge": charge}))]
        newest = max(disputes, key=lambda row: row.get("created") or 0, default={})
        return {
            "dispute_count": str(len(disputes)),
            "open_disputes": str(sum(row.get("status") in OPEN_DISPUTES for row in disputes)),
            "dispute_reason": _text(newest, "reason"),
            "dispute_status": _text(newest, "status"),
        }


def account_reads(access: Access, *, deadline: float) -> str:
    """Ask for one customer, which the least key may read; return that it works. Raises Unavailable."""
    from integrations.stripe_client import read  # noqa: PLC0415 - slow to import

    found = read(access, deadline, lambda client: client.v1.customers.list({"limit": 1}))
    if isinstance(found, Outcome):
        raise Unavailable(found.message, code="connection_failed")
    return "customers can be read"


def _of_all(listed: Callable[[Any], Any], customers: list[Any]) -> list[Any]:
    """Return the rows of each customer of the address, newest first each."""
    return [row for one in customers for row in _rows(listed({"customer": one["id"], "limit": MAX_ROWS}))]


def _rows(page: Any) -> list[dict[str, Any]]:
    return [row.to_dict() if hasattr(row, "to_dict") else dict(row) for row in page.data]


def _text(row: Any, name: str) -> str:
    value = row.get(name)
    return "" if value is None else str(value)[:500]


def _amount(row: Any, name: str, currency: str) -> str:
    value = row.get(name)
    return major_units(value, currency) if isinstance(value, int) else ""


def _day(seconds: Any) -> str:
    return datetime.fromtimestamp(seconds, UTC).date().isoformat() if isinstance(seconds, int) else ""


def _https(url: str) -> str:
    return url if url.startswith("https://") else ""


OPERATIONS = (FindInvoice(), FindCustomer(), ListCharges(), FindSubscription(), ListDisputes())
