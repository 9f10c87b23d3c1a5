"""Stripe, to be read and never written: customers, invoices, charges, subscriptions, disputes.

The official client over an HTTP client of ours that lets nothing but GET leave the process, whatever the key
would be entitled to. Everything is asked for one customer, who is found by e-mail first: an invoice of
somebody else is never shown, even to those who know its number.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, ClassVar, NoReturn
from urllib.parse import urlencode

import stripe

from core.errors import InvalidInput, Unavailable
from integrations.money import major_units
from integrations.outgoing import (
    DONE,
    NO_EFFECT,
    READ,
    REFUSED,
    UNCLEAR,
    Access,
    Json,
    Outcome,
    Parameter,
    send_json,
    words,
)

SYSTEM = "stripe"
NAME = "Stripe"
BASE_URL = "https://api.stripe.com"
MAX_CUSTOMERS = 5  # of one e-mail address
MAX_ROWS = 100
KEY_PREFIXES = ("rk_", "sk_")
EMAIL = Parameter("email", "E-mail address of the customer", max_length=254)
OPEN_DISPUTES = ("needs_response", "under_review", "warning_needs_response", "warning_under_review")


class WriteRefused(Exception):
    """A request that is no GET was about to leave; nothing left."""


class _NoAnswer(Exception):
    """There was no answer to read; ``outcome`` says what that means."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome.code)
        self.outcome = outcome


class ReadOnlyHttp(stripe.HTTPClient):
    """Stripe's HTTP client over our transport: GET only, judged addresses, one deadline."""

    name: ClassVar[str] = "read_only"

    def __init__(self, access: Access, deadline: float) -> None:
        super().__init__()
        self._access, self._deadline = access, deadline

    def request(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str] | None,
        post_data: Any = None,
        **ignored: Any,
    ) -> tuple[str, int, Mapping[str, str]]:
        """Send a GET; raises WriteRefused for anything else, before it leaves."""
        if method.upper() != "GET" or post_data is not None:
            raise WriteRefused(f"{method.upper()} is not sent to Stripe: this product only reads there.")
        answer = send_json(
            self._access,
            url,
            {},
            headers={
                name: value for name, value in (headers or {}).items() if name.lower() != "accept-encoding"
            },
            deadline=self._deadline,
            name=NAME,
            method="GET",
        )
        if isinstance(answer, Outcome):
            raise _NoAnswer(answer)
        return answer.body.decode("utf-8", "replace"), answer.status, answer.headers

    def request_stream(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Refuse: nothing here is streamed."""
        raise WriteRefused("Nothing is streamed from Stripe.")

    async def request_async(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Refuse: nothing here is asynchronous."""
        raise WriteRefused("Nothing is sent to Stripe asynchronously.")

    def close(self) -> None:
        """Nothing is kept open."""


def read_only_client(access: Access, deadline: float) -> stripe.StripeClient:
    """Return the official client, which cannot write."""
    return stripe.StripeClient(
        access.secret.value,
        http_client=ReadOnlyHttp(access, deadline),
        base_addresses={"api": access.base_url},
        max_network_retries=0,
    )


class _Reading:
    """What the operations share. ``read`` returns the data of found rows, or None where there are none."""

    name: str
    label: str
    path: str
    system = SYSTEM
    effect = READ
    repeatable = True
    more_parameters = False
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
        arguments = payload["arguments"]
        client = read_only_client(access, deadline)
        try:
            customers = _rows(
                client.v1.customers.list({"email": arguments["email"].strip(), "limit": MAX_CUSTOMERS})
            )
            data = self.read(client, customers, arguments) if customers else None
        except _NoAnswer as nothing:
            return nothing.outcome
        except (stripe.AuthenticationError, stripe.PermissionError):
            message = "Stripe refuses the key, or it may not read this."
            return Outcome(REFUSED, message=message, code="credentials_refused")
        except stripe.RateLimitError:
            return Outcome(NO_EFFECT, message="Stripe is asked too often.", code="rate_limited_there")
        except stripe.InvalidRequestError as error:
            said = words(access, error.user_message or "the request is not valid")
            return Outcome(REFUSED, message=f"Stripe refuses: {said}", code="refused")
        except stripe.StripeError:
            return Outcome(UNCLEAR, message="Stripe's answer cannot be used.", code="bad_answer", broken=True)
        if data is None:
            message = self.nothing if customers else _Reading.nothing
            return Outcome(REFUSED, message=message, code="not_found", proven=True)
        return Outcome(DONE, data=data, message="Read from Stripe.")

    def look_up(self, access: Access, payload: Json, *, key: str, since: datetime, deadline: float) -> Outcome:
        """Say that nothing happened: reading has no effect."""
        return Outcome(REFUSED, message="Reading has no effect.", code="read_only", proven=True)

    def read(self, client: Any, customers: list[Any], arguments: Json) -> dict[str, str] | None:
        """Return the data of what is asked, or None."""
        raise NotImplementedError


class FindCustomer(_Reading):
    """``stripe_find_customer``: data customer_id, customer_name, customer_email, customer_delinquent."""

    name, label, path = "stripe_find_customer", "Stripe: find a customer", ""

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
    """``stripe_find_invoice``: data invoice_number, invoice_status, amount_due, amount_paid, currency, …"""

    name, label, path = "stripe_find_invoice", "Stripe: find an invoice", "/v1/invoices"
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
    """``stripe_list_charges``: data charge_count and the newest one's amount, currency, status, refunds."""

    name, label, path = "stripe_list_charges", "Stripe: list charges", "/v1/charges"
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
    """``stripe_find_subscription``: data subscription_status, cancels_at_period_end, period_end."""

    name, label, path = "stripe_find_subscription", "Stripe: find a subscription", "/v1/subscriptions"
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
    """``stripe_list_disputes``: data dispute_count, open_disputes, and the newest one's reason and status."""

    name, label, path = "stripe_list_disputes", "Stripe: list disputes", "/v1/charges"
    nothing = "Stripe has no charge of this customer."

    def read(self, client: Any, customers: list[Any], arguments: Json) -> dict[str, str] | None:
        """Return the disputes of the customer's charges: disputes cannot be asked for by customer."""
        charges = _of_all(client.v1.charges.list, customers)
        if not charges:
            return None
        disputed = [row["id"] for row in charges if row.get("disputed")][:MAX_CUSTOMERS]
        disputes = [
            row for charge in disputed for row in _rows(client.v1.disputes.list({"charge": charge}))
        ]
        newest = max(disputes, key=lambda row: row.get("created") or 0, default={})
        return {
            "dispute_count": str(len(disputes)),
            "open_disputes": str(sum(row.get("status") in OPEN_DISPUTES for row in disputes)),
            "dispute_reason": _text(newest, "reason"),
            "dispute_status": _text(newest, "status"),
        }


def account_reads(access: Access, *, deadline: float) -> str:
    """Ask for one customer, which the least key may read; return that it works. Raises Unavailable."""
    try:
        read_only_client(access, deadline).v1.customers.list({"limit": 1})
    except _NoAnswer as nothing:
        raise Unavailable(nothing.outcome.message, code="connection_failed") from None
    except (stripe.AuthenticationError, stripe.PermissionError):
        message = "Stripe refuses the key, or it may not read customers."
        raise Unavailable(message, code="connection_failed") from None
    except stripe.StripeError:
        raise Unavailable("Stripe's answer cannot be used.", code="connection_failed") from None
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
