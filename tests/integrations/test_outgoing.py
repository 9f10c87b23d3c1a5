"""The adapters against stand-ins: what goes out, what comes back, and what never leaves."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
import stripe as official
from standardwebhooks import Webhook

from core.errors import InvalidInput, Unavailable
from core.sealing import Secret
from integrations import signed_webhook, slack
from integrations.http_transport import HttpRequest, Limits, NotSent, Origin, Unclear, exchange
from integrations.money import major_units
from integrations.outgoing import Access, encoded, key_uuid
from integrations.stripe_client import ReadOnlyHttp, WriteRefused, read_only_client
from integrations.systems import OPERATIONS, SYSTEMS, check_base_url
from tests.integrations.stand_ins import help_desks, server, systems
from tests.integrations.stand_ins.server import StandIn, running


def soon() -> float:
    return time.monotonic() + 10


def access(stand_in: StandIn, secret: str) -> Access:
    user = help_desks.ZENDESK_ACCOUNT  # counts for Zendesk only
    return Access(stand_in.url, Secret(secret), allow_loopback=True, user=user)


def error_of(code: str) -> dict[str, Any]:
    return {"errors": [{"message": "x", "extensions": {"code": code}}]}


@pytest.fixture
def stripe() -> Iterator[StandIn]:
    with running(systems.Stripe().answer) as found:
        yield found
    assert found.methods <= {"GET"}


def read(stand_in: StandIn, operation: str, **arguments: str) -> Any:
    one = OPERATIONS[operation]
    payload = one.prepare(arguments=arguments, settings={}, base_url=stand_in.url, key="k")
    return one.perform(access(stand_in, systems.STRIPE_KEY), payload, key="k", deadline=soon())


@pytest.mark.row("3.13")
def test_an_invoice_is_found_by_customer_and_number(stripe):
    outcome = read(stripe, "stripe_find_invoice", email="kim@example.com", invoice_number="lrk-0007")
    assert outcome.data == {
        "invoice_number": "LRK-0007",
        "invoice_status": "open",
        "amount_due": "19.99",
        "amount_paid": "5.00",
        "amount_remaining": "14.99",
        "currency": "USD",
        "due_date": "2026-12-01",
        "hosted_invoice_url": "https://invoice.stripe.com/i/x",
    }
    newest = read(stripe, "stripe_find_invoice", email="kim@example.com")
    assert (newest.data["invoice_number"], newest.data["amount_due"], newest.data["currency"]) == (
        "LRK-0008",
        "1500",
        "JPY",
    )


@pytest.mark.row("3.13")
def test_an_invoice_of_somebody_else_is_not_shown(stripe):
    outcome = read(stripe, "stripe_find_invoice", email="kim@example.com", invoice_number="LRK-0009")
    assert (outcome.kind, outcome.code, outcome.data) == ("refused", "not_found", {})
    stranger = read(stripe, "stripe_find_invoice", email="nobody@example.com", invoice_number="LRK-0007")
    assert stranger.message == "Stripe has no customer with this e-mail address."


@pytest.mark.row("3.13")
def test_customers_charges_subscriptions_and_disputes_are_read(stripe):
    kim = {"email": "kim@example.com"}
    assert read(stripe, "stripe_find_customer", **kim).data["customer_delinquent"] == "yes"
    charges = read(stripe, "stripe_list_charges", **kim).data
    assert (charges["charge_amount"], charges["amount_refunded"]) == ("1234.567", "1.500")
    assert read(stripe, "stripe_find_subscription", **kim).data == {
        "subscription_status": "active",
        "cancels_at_period_end": "yes",
        "period_end": "2026-12-01",
    }
    assert read(stripe, "stripe_list_disputes", **kim).data == {
        "dispute_count": "1",
        "open_disputes": "1",
        "dispute_reason": "fraudulent",
        "dispute_status": "needs_response",
    }


@pytest.mark.row("3.13", "R40")
def test_nothing_but_get_leaves_for_stripe(stripe):
    client = read_only_client(access(stripe, systems.STRIPE_KEY), soon())
    for write in (
        lambda: client.v1.customers.create({"email": "a@example.com"}),
        lambda: client.v1.customers.delete("cus_1"),
        lambda: client.v1.invoices.pay("in_1"),
        lambda: client.v1.refunds.create({"charge": "ch_1"}),
        lambda: client.raw_request("post", "/v1/refunds", charge="ch_1"),
    ):
        with pytest.raises(WriteRefused):
            write()
    http = ReadOnlyHttp(access(stripe, systems.STRIPE_KEY), soon())
    for method in ("post", "put", "patch", "delete", "head"):
        with pytest.raises(WriteRefused):
            http.request(method, f"{stripe.url}/v1/customers", {})
    with pytest.raises(WriteRefused):
        http.request("get", f"{stripe.url}/v1/customers", {}, post_data="a=b")
    with pytest.raises(WriteRefused):
        http.request_stream("get", f"{stripe.url}/v1/customers", {})
    assert stripe.requests == []


@pytest.mark.parametrize(
    ("fault", "kind", "code"),
    [
        (server.ERROR_BEFORE, "unclear", "status_500"),
        (server.BUSY, "no_effect", "rate_limited_there"),
        (server.REDIRECT, "refused", "redirected"),
        (server.RESET_BEFORE, "unclear", "no_answer"),
        (server.GARBAGE_AFTER, "unclear", "bad_answer"),
        (server.TRUNCATED_AFTER, "unclear", "cut_off"),
    ],
)
def test_stripes_faults_have_names(fault, kind, code, stripe):
    stripe.faults.append(fault)
    outcome = read(stripe, "stripe_find_customer", email="kim@example.com")
    assert (outcome.kind, outcome.code) == (kind, code)


def test_a_refused_key_is_said_without_the_key(stripe):
    one = OPERATIONS["stripe_find_customer"]
    payload = one.prepare(arguments={"email": "a@b"}, settings={}, base_url=stripe.url, key="k")
    outcome = one.perform(access(stripe, "rk_test_wrong_key_here"), payload, key="k", deadline=soon())
    assert (outcome.code, "rk_" in outcome.message) == ("credentials_refused", False)


@pytest.mark.parametrize(
    ("amount", "currency", "shown"),
    [
        (1999, "usd", "19.99"),
        (5, "EUR", "0.05"),
        (-1999, "usd", "-19.99"),
        (500, "jpy", "500"),
        (1500, "kwd", "1.500"),
        (500, "ugx", "5.00"),
        (0, "gbp", "0.00"),
    ],
)
def test_amounts_are_in_major_units(amount, currency, shown):
    assert major_units(amount, currency) == shown


@pytest.mark.row("3.13", "R43")
def test_a_webhook_is_signed_as_the_standard_says_and_a_new_secret_signs_beside_the_old():
    hook = systems.Receiver()
    old = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"
    one = OPERATIONS["webhook_send"]
    with running(hook.answer) as stand_in:
        payload = one.prepare(
            arguments={"email": "a@b"},
            settings={"event_type": "support.bug_reported"},
            base_url=f"{stand_in.url}/in?x=1",
            key="k",
        )
        both = Access(
            f"{stand_in.url}/in?x=1", Secret(f"{systems.WEBHOOK_SECRET} {old}"), allow_loopback=True
        )
        assert one.perform(both, payload, key="k", deadline=soon()).kind == "done"
        sent = stand_in.requests[0]
        assert sent.path == "/in"
        assert sent.headers["webhook-id"] == signed_webhook.message_id("k")
        assert len(sent.headers["webhook-signature"].split()) == 2
        for secret in (systems.WEBHOOK_SECRET, old):
            assert Webhook(secret).verify(sent.body, dict(sent.headers))["data"] == {"email": "a@b"}
        assert sent.body == encoded(payload["body"])


def test_a_message_that_is_too_large_is_not_sent():
    with pytest.raises(InvalidInput, match="20 kB"):
        OPERATIONS["webhook_send"].prepare(
            arguments={"a": "x" * 20_000},
            settings={"event_type": "a.b"},
            base_url="https://x.example",
            key="k",
        )


@pytest.mark.parametrize(
    "secret", ["", "abc", "whsec_", "whsec_c2hvcnQ=", "whsec_a b c", "sk_MfKQ9r8GKYqrTwjUPD8ILPZIo2"]
)
def test_a_weak_or_foreign_signing_secret_is_refused(secret):
    with pytest.raises(InvalidInput):
        signed_webhook.check_secret(secret)


@pytest.mark.row("3.13")
def test_slack_is_told_not_to_link_or_unfurl_and_carries_our_key():
    payload = OPERATIONS["slack_post_message"].prepare(
        arguments={"text": "<!channel> hi", "plan": "*pro*"},
        settings={"channel": systems.CHANNEL},
        base_url=slack.BASE_URL,
        key="k",
    )
    body = payload["body"]
    assert body["text"] == "&lt;!channel&gt; hi\n*Plan:* \u200b*\u200bpro\u200b*\u200b"
    assert (body["link_names"], body["parse"], body["unfurl_links"]) == (False, "none", False)
    assert body["metadata"]["event_payload"] == {"key": str(key_uuid("k"))}


def test_an_incoming_webhooks_address_is_in_no_payload():
    channel = systems.Slack()
    one = OPERATIONS["slack_webhook_post"]
    with running(channel.answer) as stand_in:
        secret = f"{stand_in.url}/services/T0/B0/SECRETPART"
        payload = one.prepare(arguments={"text": "hi"}, settings={}, base_url=stand_in.url, key="k")
        assert "SECRETPART" not in str(payload)
        assert one.perform(access(stand_in, secret), payload, key="k", deadline=soon()).kind == "done"
        assert stand_in.requests[0].path == "/services/T0/B0/SECRETPART"
        with pytest.raises(InvalidInput, match="begins with"):
            one.perform(access(stand_in, "https://evil.example/x"), payload, key="k", deadline=soon())
    assert [message["text"] for message in channel.messages] == ["hi"]


@pytest.mark.row("3.13")
@pytest.mark.parametrize(
    ("answer", "kind", "code"),
    [
        ((200, {"errors": [{"message": "Argument Validation Error"}], "data": None}), "refused", "refused"),
        ((200, error_of("RATELIMITED")), "no_effect", "rate_limited_there"),
        ((400, error_of("RATELIMITED")), "no_effect", "rate_limited_there"),
        ((200, error_of("INTERNAL_SERVER_ERROR")), "unclear", "internal_error"),
        ((401, {"errors": [{"message": "no"}]}), "refused", "credentials_refused"),
        ((200, {"data": {"issueCreate": {"success": False, "issue": None}}}), "refused", "refused"),
        ((200, {"data": {}}), "unclear", "bad_answer"),
        ((200, b"[]"), "unclear", "bad_answer"),
        ((200, b"{"), "unclear", "bad_answer"),
    ],
)  # fmt: skip
def test_linears_answers_are_read_for_what_they_mean(answer, kind, code):
    def once(request: server.Request) -> server.Answer:
        if b"issueCreate" in request.body:
            return answer
        return 200, {"errors": [{"message": "Entity not found: Issue"}], "data": None}

    one = OPERATIONS["linear_create_issue"]
    with running(once) as stand_in:
        payload = one.prepare(
            arguments={"title": "x"}, settings={"team_id": "t"}, base_url=stand_in.url, key="k"
        )
        outcome = one.perform(access(stand_in, "key"), payload, key="k", deadline=soon())
    assert (outcome.kind, outcome.code) == (kind, code)


def test_an_id_that_is_taken_is_our_issue():
    book = systems.LinearBook()
    one = OPERATIONS["linear_create_issue"]
    with running(systems.linear_answer(book)) as stand_in:
        payload = one.prepare(
            arguments={"title": "x"}, settings={"team_id": systems.TEAM_ID}, base_url=stand_in.url, key="k"
        )
        outcomes = [one.perform(access(stand_in, "key"), payload, key="k", deadline=soon()) for _ in range(2)]
    assert outcomes[0] == outcomes[1]
    assert (outcomes[0].kind, len(book.effects)) == ("done", 1)


@pytest.mark.parametrize("system", SYSTEMS)
def test_each_connection_can_be_tested_without_an_effect(system):
    book, channel, hook = systems.LinearBook(api_key=systems.LINEAR_KEY), systems.Slack(), systems.Receiver()
    answers = {
        "linear": systems.linear_answer(book),
        "stripe": systems.Stripe().answer,
        "slack": channel.answer,
        "slack_webhook": channel.answer,
        "webhook": hook.answer,
        "zendesk": help_desks.Zendesk().answer,
        "freshdesk": help_desks.Freshdesk().answer,
    }
    secrets = {
        "linear": systems.LINEAR_KEY,
        "stripe": systems.STRIPE_KEY,
        "slack": systems.SLACK_TOKEN,
        "webhook": systems.WEBHOOK_SECRET,
        "zendesk": help_desks.ZENDESK_TOKEN,
        "freshdesk": help_desks.FRESHDESK_KEY,
    }
    with running(answers[system]) as stand_in:
        secret = secrets.get(system, f"{stand_in.url}/services/x")
        shown = SYSTEMS[system].test(access(stand_in, secret), soon())
        assert shown
        assert secret not in shown
        if system not in ("slack_webhook", "webhook"):
            with pytest.raises(Unavailable):
                SYSTEMS[system].test(access(stand_in, "rk_wrong"), soon())
    assert (book.effects, channel.messages) == ([], [])


@pytest.mark.row("R44")
@pytest.mark.parametrize(
    "url",
    [
        "http://hook.example/x",
        "http://127.0.0.1/x",
        "https://127.0.0.1/x",
        "https://[::1]/",
        "https://10.0.0.5/",
        "https://192.168.0.1:8443/",
        "https://169.254.169.254/latest/meta-data/",
        "https://168.63.129.16/",
        "https://[::ffff:169.254.169.254]/",
        "https://[64:ff9b::a9fe:a9fe]/",
        "https://[fd00::1]/",
        "https://user:pw@hook.example/",
        "ftp://hook.example/",
        "file:///etc/passwd",
        "https://",
        "https://hook.example:99999/",
        "gopher://hook.example/",
    ],
)
def test_hostile_addresses_are_refused_when_typed(url):
    with pytest.raises(InvalidInput):
        check_base_url("webhook", url, allow_loopback=False)


@pytest.mark.row("R44")
@pytest.mark.parametrize("host", ["2130706433", "0x7f000001", "0177.0.0.1", "127.1", "localhost"])
def test_other_spellings_of_this_machine_are_refused_when_connecting(host):
    origin = Origin("https", host, 443)
    with pytest.raises((InvalidInput, NotSent)) as refusal:
        exchange(origin, HttpRequest("GET", "/"), Limits(total_seconds=1))
    if isinstance(refusal.value, InvalidInput):
        assert refusal.value.code == "private_address"


def test_a_known_systems_key_goes_to_that_system_only():
    check_base_url("linear", "https://api.linear.app", allow_loopback=False)
    with pytest.raises(InvalidInput, match="only"):
        check_base_url("linear", "https://linear.evil.example", allow_loopback=True)
    check_base_url("linear", "http://127.0.0.1:4010", allow_loopback=True)


def test_an_answer_that_trickles_and_one_that_is_too_large_are_cut_off():
    with running(lambda request: (200, {"x": "y" * 3000})) as stand_in:
        origin = Origin.of(stand_in.url, allow_loopback=True)
        stand_in.faults.append(server.DRIP_AFTER)
        started = time.monotonic()
        with pytest.raises(Unclear):
            exchange(origin, HttpRequest("GET", "/"), Limits(read_seconds=0.3, total_seconds=0.4))
        assert time.monotonic() - started < 2
        with pytest.raises(InvalidInput, match="larger"):
            exchange(origin, HttpRequest("GET", "/"), Limits(max_body_bytes=1000))


def test_headers_and_secrets_are_in_no_repr():
    request = HttpRequest("POST", "/", {"Authorization": "Bearer hidden-value"})
    assert "hidden-value" not in repr(request)
    assert "hidden-value" not in repr(Access("https://x", Secret("hidden-value")))
    assert "hidden-value" not in f"{Secret('hidden-value')}"
    assert official.VERSION  # the official client is what is wrapped
