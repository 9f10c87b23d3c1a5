"""Tickets pulled from a help desk's API into the database: all of them, once, however often it breaks."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client

from core import jobs
from core.models import Activity, Job, User
from integrations import http_json
from integrations.zendesk_api import EXPORT_PATH
from tests.integrations.exports import freshdesk_ticket, zendesk_ticket
from tests.integrations.help_desk import HelpDesk, Reply, running
from tests.tickets.builders import SYSTEM, stored
from tickets.models import ImportBatch, ImportRejection, Ticket
from tickets.services import batch_enqueue, batch_stop, pulling

pytestmark = [pytest.mark.django_db, pytest.mark.row("1.1", "1.2")]
ROOT = Path(__file__).parents[2]
SECRET = "very-secret-token"
DAYS = 3_000  # the tickets of tests.integrations.exports have a fixed age
LIST, PAGE = "/admin/tickets/importbatch/", "/admin/tickets/importbatch/from-help-desk/"


@pytest.fixture
def desk() -> Iterator[HelpDesk]:
    with running() as found:
        yield found


@pytest.fixture(autouse=True)
def credentials(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.ALLOW_LOOPBACK_HELP_DESK = True
    settings.HELP_DESK_CREDENTIALS = {
        "ZENDESK_EMAIL": "kim@example.com",
        "ZENDESK_TOKEN": SECRET,
        "FRESHDESK_API_KEY": SECRET,
    }
    monkeypatch.setattr(http_json, "PAUSES_SECONDS", (0, 0, 0, 0))


def zendesk_page(*numbers: int, after: str, end: bool = False) -> Reply:
    tickets = []
    for number in numbers:
        ticket = zendesk_ticket(number)
        ticket.pop("comments", None)
        tickets.append(ticket)
    return Reply({"tickets": tickets, "after_cursor": after, "end_of_stream": end})


def three_pages(desk: HelpDesk) -> None:
    desk.replies.clear()
    desk.reply(
        EXPORT_PATH,
        zendesk_page(1, 2, after="c1"),
        zendesk_page(3, 4, after="c2"),
        zendesk_page(5, after="c3", end=True),
    )


def by_cursor(desk: HelpDesk, pages: list[Reply], pause: float = 0) -> None:
    """Answer each cursor with its page, as often as it is asked for; comments are gone."""

    def take(target: str) -> Reply:
        desk.asked.append(target)
        if not target.startswith(EXPORT_PATH):
            time.sleep(pause)
            return Reply({"error": "gone"}, status=404)
        place = target.partition("?cursor=c")[2].partition("&")[0]
        return pages[int(place or 0)]

    desk.take = take  # type: ignore[method-assign]


def pull(desk: HelpDesk, source: str = "zendesk", **options: Any) -> int:
    """Run the command; return its exit status."""
    try:
        call_command("pull_tickets", source=source, url=desk.url, days=DAYS, verbosity=0, **options)
    except SystemExit as end:
        return int(end.code or 0)
    return 0


def test_zendesk_is_pulled_page_by_page_and_a_second_pull_changes_nothing(
    desk: HelpDesk, tmp_path: Path
) -> None:
    three_pages(desk)
    assert pull(desk, json=tmp_path / "r.json") == 0
    result = json.loads((tmp_path / "r.json").read_text())
    assert (result["rows_in"], result["created"], result["rejected"], result["state"]) == (5, 5, 0, "done")
    before = stored()
    three_pages(desk)
    assert pull(desk) == 0
    assert stored() == before
    assert list(ImportBatch.objects.order_by("pk").values_list("unchanged", flat=True)) == [0, 5]


def test_freshdesk_is_pulled_too(desk: HelpDesk) -> None:
    ticket = freshdesk_ticket(1)
    desk.reply("/api/v2/tickets", Reply([ticket]))
    assert pull(desk, "freshdesk") == 0
    assert list(Ticket.objects.values_list("source", "external_id")) == [("freshdesk", "1")]


@pytest.mark.row("R17")
def test_a_help_desk_that_breaks_keeps_what_came_and_the_next_pull_goes_on_from_the_cursor(
    desk: HelpDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pulling, "CHUNK_ROWS", 1)
    desk.reply(EXPORT_PATH, zendesk_page(1, 2, after="c1"), zendesk_page(3, after="c2"), Reply(status=500))
    assert pull(desk) == 2
    batch = ImportBatch.objects.get()
    assert (batch.state, batch.cursor, batch.error) == (
        "failed",
        "c1",  # the page after it was not known to be taken whole
        "The help desk does not answer: it answered 500.",
    )
    assert Ticket.objects.count() == 3
    desk.replies.clear()
    desk.asked.clear()
    desk.reply(EXPORT_PATH, zendesk_page(3, after="c2"), zendesk_page(4, after="c3", end=True))
    assert pull(desk) == 0
    assert "cursor=c1" in desk.asked[0]
    batch.refresh_from_db()
    assert (batch.state, batch.created, batch.unchanged, ImportBatch.objects.count()) == ("done", 4, 1, 1)
    assert sorted(Ticket.objects.values_list("external_id", flat=True)) == ["1", "2", "3", "4"]


def test_one_429_is_waited_for_and_costs_nothing(desk: HelpDesk) -> None:
    limited = Reply(status=429, headers={"Retry-After": "0"})
    desk.reply(EXPORT_PATH, limited, zendesk_page(1, after="c1", end=True))
    assert pull(desk) == 0
    assert Ticket.objects.count() == 1


@pytest.mark.row("R12")
def test_a_wrong_token_is_refused_and_stores_no_ticket_and_no_secret(
    desk: HelpDesk, capsys: pytest.CaptureFixture[str]
) -> None:
    desk.reply(EXPORT_PATH, Reply(status=401))
    assert pull(desk) == 2
    assert Ticket.objects.count() == 0
    batch = ImportBatch.objects.get()
    said = [*capsys.readouterr(), batch.error, str(list(Activity.objects.values())), str(batch.__dict__)]
    assert not any(SECRET in text for text in said)
    assert batch.state == "failed"


@pytest.mark.parametrize(
    ("url", "credentials"),
    [
        ("http://acme.zendesk.com", {"ZENDESK_EMAIL": "kim@example.com", "ZENDESK_TOKEN": SECRET}),
        ("https://169.254.169.254/latest", {"ZENDESK_EMAIL": "kim@example.com", "ZENDESK_TOKEN": SECRET}),
        ("https://acme.zendesk.com", {"ZENDESK_EMAIL": "kim@example.com", "ZENDESK_TOKEN": ""}),
    ],
)
def test_what_may_not_be_asked_is_refused_before_anything_is_written(
    settings: Any, url: str, credentials: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    settings.HELP_DESK_CREDENTIALS = credentials
    with pytest.raises(SystemExit) as end:
        call_command("pull_tickets", source="zendesk", url=url, verbosity=0)
    assert end.value.code == 2
    assert "Refused: " in capsys.readouterr().err
    assert ImportBatch.objects.count() == 0


def test_a_bad_ticket_of_a_page_is_listed_and_the_others_come_in(desk: HelpDesk) -> None:
    page = zendesk_page(1, 3, after="c1", end=True)
    page.value["tickets"].insert(1, {"id": 2})
    desk.reply(EXPORT_PATH, page)
    assert pull(desk) == 1
    assert Ticket.objects.count() == 2
    assert list(ImportRejection.objects.values_list("line", flat=True)) == [2]


def test_a_long_pull_is_cut_into_jobs_at_page_borders(
    desk: HelpDesk, monkeypatch: pytest.MonkeyPatch, make_user: Callable[..., User]
) -> None:
    monkeypatch.setattr("tickets.tasks.MAX_SECONDS", -1)
    monkeypatch.setattr(pulling, "CHUNK_ROWS", 1)
    pages = [zendesk_page(1, 2, after="c1"), zendesk_page(3, 4, after="c2")]
    by_cursor(desk, [*pages, zendesk_page(5, after="c3", end=True)])
    batch = pulling.pull_create(actor=SYSTEM, source="zendesk", address=desk.url, window_days=DAYS)
    batch_enqueue(batch, requested_by="tests")
    assert jobs.run_due() >= 3
    batch.refresh_from_db()
    assert (batch.state, Ticket.objects.count()) == ("done", 5)
    assert Job.objects.filter(task="tickets.tasks.pull_tickets", state="succeeded").count() >= 2


def test_a_stopped_pull_stays_stopped_until_somebody_goes_on(desk: HelpDesk) -> None:
    three_pages(desk)
    batch = pulling.pull_create(actor=SYSTEM, source="zendesk", address=desk.url, window_days=DAYS)
    batch_stop(actor=SYSTEM, batch=batch)
    assert pulling.pull_apply(actor=SYSTEM, batch=batch, pull=None).state == "stopped"
    assert Ticket.objects.count() == 0
    assert pull(desk) == 0
    batch.refresh_from_db()
    assert (batch.state, Ticket.objects.count()) == ("done", 5)


@pytest.mark.django_db(transaction=True)
def test_a_lead_pulls_from_the_admin_and_sees_it_done(
    desk: HelpDesk, make_user: Callable[..., User], sign_in: Callable[[User], Client]
) -> None:
    three_pages(desk)
    lead = sign_in(make_user("lee", "tickets.view_importbatch", "tickets.add_importbatch"))
    assert "Pull from a help desk" in lead.get(LIST).content.decode()
    assert lead.get(PAGE).status_code == 200
    response = lead.post(PAGE, {"source": "zendesk", "address": f"{desk.url}/", "window_days": DAYS})
    batch = ImportBatch.objects.get()
    assert response["Location"] == f"{LIST}{batch.pk}/change/"
    jobs.run_due()
    page = lead.get(response["Location"]).content.decode()
    assert (batch.created_by.username, Ticket.objects.count()) == ("lee", 5)
    assert "<dt>New</dt><dd>5</dd>" in page


def test_the_page_refuses_what_cannot_be_pulled_and_keeps_what_was_typed(
    settings: Any, make_user: Callable[..., User], sign_in: Callable[[User], Client]
) -> None:
    lead = sign_in(make_user("lee", "tickets.view_importbatch", "tickets.add_importbatch"))
    bad = lead.post(PAGE, {"source": "zendesk", "address": "http://acme.zendesk.com", "window_days": 90})
    assert bad.status_code == 400
    assert "must begin with https://" in bad.content.decode()
    assert 'value="http://acme.zendesk.com"' in bad.content.decode()
    settings.HELP_DESK_CREDENTIALS = {}
    page = lead.get(PAGE).content.decode()
    assert "set ZENDESK_EMAIL and ZENDESK_TOKEN on the server first" in page
    assert "Pull the tickets" not in page
    reader = sign_in(make_user("kim", "tickets.view_importbatch"))
    assert reader.get(PAGE).status_code == 403
    assert reader.post(PAGE, {"source": "zendesk", "address": "https://a.example"}).status_code == 403
    assert ImportBatch.objects.count() == 0


@pytest.mark.row("R17")
def test_a_pull_that_is_killed_anywhere_ends_with_the_same_tickets(desk: HelpDesk, tmp_path: Path) -> None:
    pages = [zendesk_page(*range(n * 20 + 1, n * 20 + 21), after=f"c{n + 1}", end=n == 5) for n in range(6)]
    by_cursor(desk, pages, pause=0.005)
    environment = {
        **{name: value for name, value in os.environ.items() if name != "DATABASE_URL"},
        "DATA_DIR": str(tmp_path),
        "DJANGO_SETTINGS_MODULE": "supportadmin.settings",
        "ALLOW_LOOPBACK_HELP_DESK": "1",
        "ZENDESK_EMAIL": "kim@example.com",
        "ZENDESK_TOKEN": SECRET,
    }

    def run(verb: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "tests.tickets.in_a_process", verb, desk.url]
        return subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE)

    assert run("migrate").wait(120) == 0
    for count in (25, 70):  # tickets asked for by then
        process = run("pull")
        while len(desk.asked) < count and process.poll() is None:
            time.sleep(0.005)
        process.kill()
        process.wait()
    done = run("pull")
    assert done.wait(120) == 0
    counted = run("count")
    output, _ = counted.communicate(timeout=60)
    assert output.decode() == "120 done True"
