"""The official Stripe client, so wrapped that it cannot write: nothing but GET leaves the process.

Apart from integrations.stripe_read because the client takes half a second to import, which only those who
read from Stripe should wait for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, NoReturn, TypeVar

import stripe

from integrations.outgoing import NO_EFFECT, REFUSED, UNCLEAR, Access, Outcome, send_json, words

NAME = "Stripe"
T = TypeVar("T")


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
    """Return the official client over the one above."""
    return stripe.StripeClient(
        access.secret.value,
        http_client=ReadOnlyHttp(access, deadline),
        base_addresses={"api": access.base_url},
        max_network_retries=0,
    )


def read(access: Access, deadline: float, work: Callable[[stripe.StripeClient], T]) -> T | Outcome:
    """Return what ``work`` reads with the client, or the outcome where Stripe gives no usable answer."""
    try:
        return work(read_only_client(access, deadline))
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
