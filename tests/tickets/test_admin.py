"""Admin pages of imports and closed tickets, as a support lead uses them."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from core import jobs
from core.models import Job, User
from integrations.contracts import Rejection, SourceMessage
from tests.tickets.builders import NOW, counters, csv_of, imported, new_batch, ticket, zendesk_of
from tickets.models import GlossaryTerm, ImportBatch, RawText, Ticket

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("upload_dir")]
IMPORTS, ADD = "/admin/tickets/importbatch/", "/admin/tickets/importbatch/add/"
TICKETS = "/admin/tickets/ticket/"
LEAD = (
    "tickets.view_importbatch",
    "tickets.add_importbatch",
    "tickets.change_importbatch",
    "tickets.view_ticket",
    "tickets.view_rawtext",
)


@pytest.fixture
def lead(make_user: Callable[..., User], sign_in: Callable[[User], Client]) -> Client:
    """Return the browser of a person who imports."""
    return sign_in(make_user("lee", *LEAD))


@pytest.fixture
def reader(make_user: Callable[..., User], sign_in: Callable[[User], Client]) -> Client:
    """Return the browser of a person who may only look, and not at raw texts."""
    return sign_in(make_user("kim", "tickets.view_ticket", "tickets.view_importbatch"))


def upload(client: Client, source: str, content: bytes, **fields: object) -> object:
    file = SimpleUploadedFile("closed.json", content)
    return client.post(ADD, {"source": source, "window_days": 90, "file": file, **fields})


def page_of(batch: ImportBatch) -> str:
    return reverse("admin:tickets_importbatch_change", args=(batch.pk,))


def button(batch: ImportBatch, name: str) -> str:
    return reverse("admin:tickets_importbatch_transition", args=(batch.pk, name))


def files(folder: Path) -> list[Path]:
    return list(folder.iterdir()) if folder.is_dir() else []


@pytest.mark.parametrize(
    ("address", "words"),
    [(IMPORTS, "No imports yet. Export 90 days"), (TICKETS, "No closed tickets yet. Add an export")],
)
def test_empty_lists_say_the_next_step(lead: Client, address: str, words: str) -> None:
    assert words in lead.get(address).content.decode()


@pytest.mark.row("1.1", "1.2")
@pytest.mark.django_db(transaction=True)
def test_an_export_is_uploaded_queued_followed_and_imported(lead: Client, upload_dir: Path) -> None:
    response = upload(lead, "zendesk", zendesk_of([{"id": "1", "days_ago": 89}, {"id": "2", "days_ago": 91}]))
    batch = ImportBatch.objects.get()
    assert (response.status_code, response["Location"]) == (302, page_of(batch))
    assert (batch.state, batch.file_name, batch.created_by.username) == ("queued", "closed.json", "lee")
    for address in (page_of(batch), IMPORTS):
        assert '<meta http-equiv="refresh" content="3">' in lead.get(address).content.decode()
    jobs.run_due()
    batch.refresh_from_db()
    assert (batch.state, counters(batch)) == ("done", {"created": 1, "outside_window": 1})
    page = lead.get(page_of(batch)).content.decode()
    assert "Rows read</dt><dd>2</dd>" in page
    assert 'http-equiv="refresh"' not in page + lead.get(IMPORTS).content.decode()
    assert files(upload_dir) == []


@pytest.mark.row("1.2")
@pytest.mark.django_db(transaction=True)
def test_a_csv_file_waits_until_its_first_rows_have_been_seen(lead: Client) -> None:
    rows = [{"id": str(n), "days_ago": n} for n in range(1, 25)] + [{"reject": "No id."}]
    rows[1] = {"reject": "<b>Bad</b>"}
    response = upload(lead, "csv", csv_of(rows).encode())
    batch = ImportBatch.objects.get()
    assert (batch.state, response["Location"], Job.objects.count()) == ("draft", button(batch, "start"), 0)
    page = lead.get(button(batch, "start")).content.decode()
    assert "The first 20 rows as they will be read" in page
    assert "I was charged twice. Mail [email]" in page
    assert "The row has no id." in page
    assert "kim@example.com" not in page
    lead.post(button(batch, "start"), {"_seen": seen(page)})
    jobs.run_due()
    assert (ImportBatch.objects.get().state, Ticket.objects.count()) == ("done", 23)


def seen(page: str) -> str:
    """Return what the page says that the person has looked at."""
    return html.unescape(re.search(r'name="_seen" value="([^"]*)"', page)[1])


def columns(**changes: object) -> dict[str, object]:
    """Return the form of the columns as a person sends it who leaves it as it is proposed."""
    return {
        "column_external_id": "Ticket ID",
        "column_created_at": "Created at",
        "column_closed_at": "Closed at",
        "column_status": "Status",
        "column_subject": "Subject",
        "text_columns": ["Message"],
        "reply_columns": ["Reply"],
        "date_format": "iso",
        "timezone": "UTC",
        "_seen": "",
        **changes,
    }


@pytest.mark.row("1.2")
def test_columns_are_proposed_and_named_by_form_and_come_back_with_the_next_such_file(lead: Client) -> None:
    upload(lead, "csv", csv_of([{"id": "1", "days_ago": 1}]).encode())
    batch = ImportBatch.objects.get()
    assert batch.mapping["columns"]["external_id"] == "Ticket ID"
    page = lead.get(button(batch, "columns")).content.decode()
    assert '<option value="Ticket ID" selected>' in page
    refused = lead.post(button(batch, "columns"), columns(column_external_id=""))
    assert (refused.status_code, "Say which column holds external_id" in refused.content.decode()) == (
        400,
        True,
    )
    assert ImportBatch.objects.get().mapping["columns"]["external_id"] == "Ticket ID"
    named = lead.post(button(batch, "columns"), columns(column_kind="Subject", reply_columns=[]))
    assert (named.status_code, named["Location"]) == (302, button(batch, "start"))
    mapping = ImportBatch.objects.get().mapping
    assert (mapping["columns"]["kind"], mapping["reply_columns"]) == ("Subject", [])
    assert lead.get(f"{page_of(batch).removesuffix('change/')}mapping.json").json() == mapping
    upload(lead, "csv", csv_of([{"id": "2", "days_ago": 2}]).encode())
    assert ImportBatch.objects.order_by("pk").last().mapping == mapping


def test_columns_that_changed_since_they_were_seen_are_shown_anew_and_nothing_starts(lead: Client) -> None:
    upload(lead, "csv", csv_of([{"id": "1", "days_ago": 1}]).encode())
    batch = ImportBatch.objects.get()
    before = seen(lead.get(button(batch, "start")).content.decode())
    lead.post(button(batch, "columns"), columns(reply_columns=[]))
    assert lead.post(button(batch, "start"), {"_seen": before}).status_code == 409
    assert (ImportBatch.objects.get().state, Job.objects.count()) == ("draft", 0)
    after = seen(lead.get(button(batch, "start")).content.decode())
    assert lead.post(button(batch, "start"), {"_seen": after}).status_code == 302
    assert (ImportBatch.objects.get().state, Job.objects.count()) == ("queued", 1)


@pytest.mark.row("R16")
@pytest.mark.parametrize(
    ("source", "content", "fields", "words"),
    [
        ("zendesk", b"id,subject\n1,x", {}, "This is not a JSON file"),
        ("csv", b"id\x00\x01,subject", {}, "This is no text file"),
        ("csv", b"", {}, "The submitted file is empty"),
        ("fax", b"{}", {}, "Select a valid choice"),
        ("zendesk", b"{}", {"window_days": 0}, "greater than or equal to 1"),
        ("zendesk", b"{}", {"window_days": 9999}, "less than or equal to 3650"),
    ],
)
def test_an_upload_that_will_not_do_is_refused_and_leaves_nothing(
    lead: Client, upload_dir: Path, source: str, content: bytes, fields: dict[str, object], words: str
) -> None:
    response = upload(lead, source, content, **fields)
    assert (response.status_code, words in response.content.decode()) == (200, True)
    assert (ImportBatch.objects.count(), Job.objects.count(), files(upload_dir)) == (0, 0, [])


def test_who_may_not_import_is_refused_and_leaves_nothing(reader: Client, upload_dir: Path) -> None:
    assert upload(reader, "zendesk", b"{}").status_code == 403
    batch = new_batch()
    assert reader.post(button(batch, "stop"), {"_seen": ""}).status_code == 403
    assert ImportBatch.objects.get().state == "queued"
    assert (Job.objects.count(), files(upload_dir)) == (0, [])


def test_an_import_is_stopped_and_gone_on_with_by_buttons(lead: Client) -> None:
    upload(lead, "zendesk", zendesk_of([{"id": "1", "days_ago": 1}]))
    batch = ImportBatch.objects.get()
    assert "/move/stop/" in lead.get(page_of(batch)).content.decode()
    lead.post(button(batch, "stop"), {"_seen": ""})
    page = lead.get(page_of(batch)).content.decode()
    assert ("/move/stop/" in page, "/move/resume/" in page) == (False, True)
    lead.post(button(batch, "resume"), {"_seen": ""})
    assert ImportBatch.objects.get().state == "queued"


def test_an_import_that_lost_its_worker_says_so(lead: Client) -> None:
    upload(lead, "zendesk", zendesk_of([{"id": "1", "days_ago": 1}]))
    Job.objects.update(state="quarantined", error="Its worker died 3 times.")
    batch = ImportBatch.objects.get()
    page = lead.get(page_of(batch)).content.decode()
    assert "lost its worker" in page
    assert "Its worker died 3 times." in page
    assert "Waits for you" in lead.get(IMPORTS).content.decode()


@pytest.mark.row("1.2", "R16")
def test_rejected_rows_are_shown_with_line_and_reason_and_downloaded_without_formulas(lead: Client) -> None:
    batch = imported(
        ticket("1"),
        Rejection("bad_date", "=HYPERLINK(1)"),
        Rejection("no_id", "＝1"),
        Rejection("x", "Plain"),
    )
    page = lead.get(page_of(batch)).content.decode()
    assert "line 2" in page
    assert "=HYPERLINK(1)" in page
    response = lead.get(reverse("admin:tickets_importbatch_rejections", args=(batch.pk,)))
    assert response["Content-Disposition"] == f'attachment; filename="import-{batch.pk}-rejected.csv"'
    assert response.content.decode().splitlines() == [
        "line,code,reason",
        "2,bad_date,'=HYPERLINK(1)",
        "3,no_id,'＝1",
        "4,x,Plain",
    ]
    assert lead.get("/admin/tickets/importbatch/999/rejections.csv").status_code == 404


@pytest.mark.row("1.10")
def test_raw_texts_stand_beside_cleaned_ones_for_those_who_may_see_them(lead: Client, reader: Client) -> None:
    message = SourceMessage("customer", "Mail <script>alert(1)</script> kim@example.com", NOW)
    imported(ticket(messages=(message,), customer_external_id="kim@customer.example"))
    address = reverse("admin:tickets_ticket_change", args=(Ticket.objects.get().pk,))
    with_raw, without = (client.get(address).content.decode() for client in (lead, reader))
    for page in (with_raw, without):
        assert "[email]" in page
        assert "<script>alert(1)" not in page
    assert ("kim@example.com" in with_raw, "kim@example.com" in without) == (True, False)
    assert ("kim@customer.example" in with_raw, "kim@customer.example" in without) == (True, False)
    RawText.objects.all().delete()
    page = lead.get(address).content.decode()
    assert "the raw text is deleted" in page
    assert "kim@example.com" not in page


@pytest.mark.row("1.10")
def test_a_raw_text_is_marked_with_what_cleaning_took_away_and_put_there(lead: Client) -> None:
    GlossaryTerm.objects.update_or_create(term="pw", defaults={"expansion": "password"})
    message = SourceMessage("customer", "My pw, for kim@example.com\n\nSent from my iPhone", NOW)
    imported(ticket(messages=(message,)))
    page = lead.get(reverse("admin:tickets_ticket_change", args=(Ticket.objects.get().pk,))).content.decode()
    assert '>kim@example.com</del><ins title="email">[email]</ins>' in page
    assert ">pw</del><ins" in page
    assert ">password</ins>" in page
    assert 'Sent from my iPhone</del> <span class="sa-tag">signature</span>' in page


def test_tickets_are_found_by_id_by_subject_and_by_the_customers_words(lead: Client) -> None:
    words = (SourceMessage("customer", "The export is empty.", NOW),)
    imported(ticket("A1", subject="Invoice"), ticket("B2", subject="Export", messages=words), ticket("C3"))
    for query, found in (
        ("A1", {"A1"}),
        ("Export", {"B2"}),
        ("export is empty", {"B2"}),
        ("A", {"A1", "C3"}),
    ):
        page = lead.get(TICKETS, {"q": query}).content.decode()
        shown = {key for key in ("A1", "B2", "C3") if f">{key}</a>" in page}
        assert shown >= found, query
    page = lead.get(TICKETS, {"in_window__exact": "0"}).content.decode()
    assert ">A1</a>" not in page


def test_nobody_edits_or_deletes_a_ticket(
    make_user: Callable[..., User], sign_in: Callable[[User], Client]
) -> None:
    root = sign_in(make_user("root", superuser=True))
    imported(ticket(subject="As it was"))
    address = reverse("admin:tickets_ticket_change", args=(Ticket.objects.get().pk,))
    assert root.post(address, {"subject": "Changed"}).status_code == 403
    assert root.post(address.replace("change", "delete"), {"post": "yes"}).status_code == 403
    assert Ticket.objects.get().subject == "As it was"


@pytest.mark.row("R29")
@pytest.mark.parametrize("address", [IMPORTS, TICKETS])
def test_lists_take_as_many_queries_for_30_rows_as_for_3(lead: Client, address: str) -> None:
    def queries(start: int, end: int) -> int:
        for number in range(start, end):
            imported(ticket(str(number)))
        with CaptureQueriesContext(connection) as captured:
            assert lead.get(address).status_code == 200
        return len(captured)

    lead.get(address)
    assert queries(0, 3) == queries(3, 30)
