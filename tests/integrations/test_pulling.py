"""Tickets pulled from an API: page by page, patiently, resumably, and from nowhere else."""

from __future__ import annotations

import socket
import traceback
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from core.errors import InvalidInput, Unavailable
from integrations import freshdesk_api, http_json
from integrations.freshdesk_api import FreshdeskPull
from integrations.http_json import HelpDeskClient, NoSuchRecord
from integrations.http_transport import may_be_asked
from integrations.zendesk_api import EXPORT_PATH, ZendeskPull
from tests.integrations.exports import freshdesk_ticket, zendesk_ticket
from tests.integrations.help_desk import HelpDesk, Reply, running

START = datetime(2026, 1, 1, tzinfo=UTC)
SECRET = "very-secret-token"


@pytest.fixture
def desk() -> Iterator[HelpDesk]:
    with running() as found:
        yield found


@pytest.fixture
def waits() -> list[float]:
    return []


@pytest.fixture
def client(desk: HelpDesk, waits: list[float]) -> HelpDeskClient:
    return HelpDeskClient(desk.url, "kim@example.com/token", SECRET, allow_loopback=True, sleep=waits.append)


def bare(ticket: dict[str, Any], *names: str) -> dict[str, Any]:
    return {key: value for key, value in ticket.items() if key not in names}


def zendesk_page(*numbers: int, after: str, end: bool = False) -> Reply:
    tickets = [bare(zendesk_ticket(n), "comments") for n in numbers]
    return Reply({"tickets": tickets, "after_cursor": after, "end_of_stream": end})


@pytest.mark.row("1.2")
def test_zendesk_is_pulled_with_comments_and_the_cursor_moves_page_by_page(desk, client):
    desk.reply(EXPORT_PATH, zendesk_page(1, 2, after="c1"), zendesk_page(3, after="c2", end=True))
    comments = zendesk_ticket()["comments"]
    users = [{"id": 77, "role": "end-user"}, {"id": 5, "role": "agent"}]
    more = {"meta": {"has_more": True}, "links": {"next": f"{desk.url}/api/v2/tickets/1/comments/more?x=1"}}
    desk.reply("/api/v2/tickets/1/comments.json", Reply({"comments": comments[:1], "users": users} | more))
    desk.reply("/api/v2/tickets/1/comments/more", Reply({"comments": comments[1:], "users": users}))
    pull = ZendeskPull(client, start=START)
    cursors, found = [], []
    for row in pull.rows():
        found.append(row)
        cursors.append(pull.cursor)
    assert [row.ticket.external_id for row in found] == ["1", "2", "3"]
    assert [(m.author, m.external_id) for m in found[0].ticket.messages] == [
        ("customer", "10"),
        ("agent", "11"),
    ]
    assert [(m.author, m.external_id) for m in found[1].ticket.messages] == [
        ("customer", "")
    ]  # described only
    assert cursors == ["", "", "c1"]
    assert pull.cursor == "c2"
    assert desk.asked[0] == f"{EXPORT_PATH}?start_time=1767225600&include=metric_sets&per_page=100"
    assert set(desk.authorizations) == {"Basic a2ltQGV4YW1wbGUuY29tL3Rva2VuOnZlcnktc2VjcmV0LXRva2Vu"}


@pytest.mark.row("1.2", "R17")
def test_a_pull_that_stopped_goes_on_from_its_cursor(desk, client):
    desk.reply(EXPORT_PATH, zendesk_page(1, after="c1"), Reply(status=500))
    pull = ZendeskPull(client, start=START)
    rows = pull.rows()
    assert next(rows).ticket.external_id == "1"
    with pytest.raises(Unavailable):
        next(rows)
    assert pull.cursor == "c1"
    desk.replies.clear()
    desk.reply(EXPORT_PATH, zendesk_page(2, after="c2", end=True))
    again = ZendeskPull(client, start=START, cursor=pull.cursor)
    assert [row.ticket.external_id for row in again.rows()] == ["2"]
    assert f"{EXPORT_PATH}?cursor=c1&include=metric_sets&per_page=100" in desk.asked


def test_an_export_that_does_not_move_on_ends(desk, client):
    desk.reply(EXPORT_PATH, zendesk_page(after="c1"))
    assert list(ZendeskPull(client, start=START, cursor="c1").rows()) == []


@pytest.mark.parametrize("bad", [{"id": 2, "subject": "\ud83d"}, {"id": 10**30}, {"id": 2}, 7])
def test_a_bad_record_of_a_page_is_rejected_by_its_number(bad, desk, client):
    page = {"tickets": [bare(zendesk_ticket(1), "comments"), bad, zendesk_ticket(3)], "end_of_stream": True}
    desk.reply(EXPORT_PATH, Reply(page))
    rows = list(ZendeskPull(client, start=START).rows())
    assert [(row.line, row.ticket is not None) for row in rows] == [(1, True), (2, False), (3, True)]


def freshdesk_page(desk: HelpDesk, *numbers: int, following: str = "") -> Reply:
    tickets = [
        bare(
            freshdesk_ticket(n, updated_at=f"2026-03-03T10:00:{n:02}Z"),
            "conversations",
            "satisfaction_ratings",
        )
        for n in numbers
    ]
    return Reply(tickets, headers={"Link": f'<{desk.url}{following}>; rel="next"'} if following else {})


@pytest.mark.row("1.2")
def test_freshdesk_is_pulled_with_conversations_and_ratings(desk, client):
    whole = freshdesk_ticket()
    desk.reply("/api/v2/tickets", freshdesk_page(desk, 1, 2, following="/api/v2/tickets?page=2"))
    desk.reply("/api/v2/tickets", freshdesk_page(desk, 3))
    desk.reply("/api/v2/tickets/1/conversations", Reply(whole["conversations"]))
    desk.reply("/api/v2/tickets/1/satisfaction_ratings", Reply(whole["satisfaction_ratings"]))
    desk.reply("/api/v2/tickets/2/satisfaction_ratings", Reply(status=403))
    pull = FreshdeskPull(client, start=START)
    found = list(pull.rows())
    assert [row.ticket.external_id for row in found] == ["1", "2", "3"]
    assert [(m.author, m.external_id) for m in found[0].ticket.messages] == [
        ("customer", ""),
        ("agent", "11"),
    ]
    assert [row.ticket.csat for row in found] == [5, None, None]
    assert pull.cursor == "2026-03-03T10:00:03Z"
    assert "/api/v2/tickets?page=2" in desk.asked
    assert "/api/v2/tickets/3/satisfaction_ratings" not in desk.asked  # refused once is refused for all
    assert (
        "updated_since=2026-01-01T00%3A00%3A00Z&include=stats,description&order_by=updated_at"
        in desk.asked[0]
    )


def test_after_freshdesks_last_page_the_list_begins_anew(desk, client, monkeypatch):
    monkeypatch.setattr(freshdesk_api, "MAX_PAGES", 1)
    desk.reply("/api/v2/tickets", freshdesk_page(desk, 1, 2, following="/api/v2/tickets?page=2"))
    desk.reply("/api/v2/tickets", freshdesk_page(desk, 2, 3))
    pull = FreshdeskPull(client, start=START, with_ratings=False)
    assert [row.ticket.external_id for row in pull.rows()] == ["1", "2", "2", "3"]
    assert any("updated_since=2026-03-03T10%3A00%3A02Z" in target for target in desk.asked)


@pytest.mark.parametrize(
    ("first", "least", "most"),
    [
        (Reply(status=429, headers={"Retry-After": "7"}), 7, 8.75),
        (
            Reply(
                status=429, headers={"Retry-After": format_datetime(datetime.now(UTC) + timedelta(hours=-1))}
            ),
            0,
            0,
        ),
        (Reply(status=429), 1, 1.25),
        (Reply(status=500), 1, 1.25),
        (Reply({"a": "x" * 100}, cut=50), 1, 1.25),
        (Reply({"a": "x" * 100}, cut=50, with_length=False), 1, 1.25),
        (Reply(b"<html>"), 1, 1.25),
    ],
)
def test_a_try_that_fails_is_repeated_after_a_pause(first, least, most, desk, client, waits):
    desk.reply("/x", first, Reply({"ok": True}))
    assert client.get("/x").value == {"ok": True}
    assert len(waits) == 1
    assert least <= waits[0] <= most


def test_patience_has_an_end(desk, client, waits):
    desk.reply("/x", Reply(status=503))
    with pytest.raises(Unavailable, match="it answered 503"):
        client.get("/x")
    assert len(desk.asked) == 5
    assert all(pause <= wait <= pause * 1.25 for wait, pause in zip(waits, (1, 2, 4, 8), strict=True))
    desk.reply("/y", Reply(status=429, headers={"Retry-After": "3600"}))
    with pytest.raises(Unavailable):
        client.get("/y")
    assert len(waits) == 4


@pytest.mark.parametrize(
    ("reply", "code"),
    [
        (Reply(status=401), "credentials_refused"),
        (Reply(status=403), "credentials_refused"),
        (Reply(status=302, headers={"Location": "http://169.254.169.254/"}), "redirected"),
        (Reply(status=422), "request_refused"),
        (Reply({}, headers={"Content-Encoding": "gzip"}), "bad_answer"),
    ],
)
def test_a_refusal_is_final_and_says_why(reply, code, desk, client, waits):
    desk.reply("/x", reply)
    with pytest.raises(InvalidInput) as refusal:
        client.get("/x")
    assert refusal.value.code == code
    assert (len(desk.asked), waits) == (1, [])
    with pytest.raises(NoSuchRecord):
        client.get("/nothing")


def test_a_page_that_is_too_large_is_not_read(desk, client, monkeypatch):
    monkeypatch.setattr(http_json, "MAX_BODY_BYTES", 1000)
    desk.reply("/x", Reply({"a": "x" * 2000}))
    with pytest.raises(InvalidInput, match="larger than"):
        client.get("/x")


def test_a_server_that_says_nothing_is_given_up(waits, monkeypatch):
    monkeypatch.setattr(http_json, "READ_SECONDS", 0.05)
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
        client = HelpDeskClient(url, "kim", SECRET, allow_loopback=True, sleep=waits.append)
        with pytest.raises(Unavailable, match="took too long"):
            client.get("/x")


def test_nothing_secret_is_in_any_message(desk, client, caplog):
    desk.reply("/x", Reply(status=401))
    assert SECRET not in repr(client)
    with pytest.raises(InvalidInput) as refusal:
        client.get("/x")
    told = "".join(traceback.format_exception(refusal.value)) + caplog.text
    assert SECRET not in told
    assert "Basic" not in told


@pytest.mark.parametrize(
    "url",
    [
        "http://acme.zendesk.com",
        "http://127.0.0.1:80",
        "ftp://acme.zendesk.com",
        "https://kim:pw@acme.zendesk.com",
        "https://acme.zendesk.com/api",
        "https://acme.zendesk.com?x=1",
        "https://",
        "https://acme.zendesk.com:http",
        "acme.zendesk.com",
        "https://[::1",
    ],
)
def test_an_address_must_be_a_host_by_https(url):
    with pytest.raises(InvalidInput) as refusal:
        HelpDeskClient(url, "kim", SECRET)
    assert refusal.value.code == "bad_address"


@pytest.mark.parametrize(
    ("address", "asked"),
    [
        ("93.184.216.34", True),
        ("2606:2800:220:1::1", True),
        ("127.0.0.1", False),
        ("0.0.0.0", False),  # noqa: S104
        ("10.1.2.3", False),
        ("172.16.0.1", False),
        ("192.168.1.1", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("224.0.0.1", False),
        ("255.255.255.255", False),
        ("::", False),
        ("::1", False),
        ("::ffff:10.0.0.1", False),
        ("::ffff:169.254.169.254", False),
        ("64:ff9b::a00:1", False),
        ("2002:a00:1::", False),
        ("fd00::1", False),
        ("fe80::1%eth0", False),
        ("ff02::1", False),
        ("168.63.129.16", False),
        ("::10.0.0.1", False),
        ("fec0::1", False),
        ("host", False),
    ],
)
def test_only_public_addresses_are_asked(address, asked):
    assert may_be_asked(address) is asked


@pytest.mark.parametrize("address", ["10.0.0.1", "127.0.0.1", "169.254.169.254"])
def test_a_name_that_leads_into_a_private_network_is_refused_when_connecting(address, monkeypatch):
    client = HelpDeskClient("https://acme.zendesk.com", "kim", SECRET)  # the name alone looks sound
    found = [
        (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("93.184.216.34", 443)),
        (socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 443)),
    ]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
    with pytest.raises(InvalidInput) as refusal:
        client.get("/x")
    assert refusal.value.code == "private_address"


def test_a_next_page_on_another_host_is_not_asked(client, desk):
    with pytest.raises(InvalidInput, match="another host"):
        client.next_target("https://evil.example/api")
    assert client.next_target(f"{desk.url}/api?page=2") == "/api?page=2"
