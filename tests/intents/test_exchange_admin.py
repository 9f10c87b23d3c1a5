"""Imports of phrasings in the admin: upload, preview, application, download, and who may."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from core.models import Activity, User
from intents.exchange.csv_files import read_csv
from intents.models import Example, Intent, PhrasingImport
from supportadmin.roles import roles_sync
from tests.intents.test_exchange import CSV_FILE

pytestmark = pytest.mark.django_db
ADD, LIST = "admin:intents_phrasingimport_add", "admin:intents_phrasingimport_changelist"


@pytest.fixture
def lead(make_user: Callable[..., User], sign_in: Callable[[User], Client]) -> Client:
    """Return the browser of a support lead."""
    roles_sync()
    return sign_in(make_user("lee", roles=("Support lead",)))


def upload(client: Client, data: bytes, name: str = "a.csv", source: str = "csv") -> Any:
    return client.post(reverse(ADD), {"source": source, "file": SimpleUploadedFile(name, data)})


def address_of(batch: PhrasingImport, move: str = "") -> str:
    if move:
        return reverse("admin:intents_phrasingimport_transition", args=(batch.pk, move))
    return reverse("admin:intents_phrasingimport_change", args=(batch.pk,))


def test_the_empty_list_says_the_next_step_and_offers_downloads(lead: Client) -> None:
    page = lead.get(reverse(LIST)).content.decode()
    assert "No imports yet." in page
    assert "Download all as CSV" in page


@pytest.mark.row("3.4")
def test_an_upload_is_shown_row_by_row_before_anything_is_written_and_then_taken_in(
    lead: Client, make_intent: Callable[..., Intent]
) -> None:
    make_intent("other", real=1)
    taken = Example.objects.get().text
    extra = f"{taken},billing_inquiry,T-8,\n<b>bold</b> words,billing_inquiry,T-9,\n".encode()
    response = upload(lead, CSV_FILE + extra)
    batch = PhrasingImport.objects.get()
    assert response.url == address_of(batch)
    assert Example.objects.count() == 1
    page = lead.get(address_of(batch)).content.decode()
    assert "nothing is written yet" in page
    assert "a.csv, line 6" in page
    assert "move it from there" in page
    assert "&lt;b&gt;bold&lt;/b&gt; words" in page
    assert "Billing inquiry (billing_inquiry)" in page
    only = lead.get(address_of(batch), {"outcome": "refused"}).content.decode()
    assert taken in only
    assert "Where is my bill?" not in only
    confirm = lead.get(address_of(batch, "apply")).content.decode()
    assert "5 phrasings are added, 0 are there already, 1 are refused." in confirm
    assert lead.post(address_of(batch, "apply"), {"_seen": ""}).status_code == 302
    batch.refresh_from_db()
    assert (batch.state, batch.rows, batch.result["created"]) == ("done", [], 5)
    assert Example.objects.filter(intent__slug="billing_inquiry").count() == 5
    assert Activity.objects.filter(verb="phrasingimport.applied", actor_label="lee").count() == 1
    assert lead.post(address_of(batch, "apply"), {"_seen": ""}).status_code == 302
    assert Example.objects.count() == 6


@pytest.mark.parametrize(
    ("data", "name", "source", "words"),
    [
        (b"text,name\na,b\n", "a.csv", "csv", "a.csv, line 1: the header has no column label"),
        (b"text,label\nna\xefve,b\n", "a.csv", "csv", "a.csv, line 2: this is not UTF-8"),
        (b"nlu: [", "nlu.yml", "rasa", "this is not sound YAML"),
        (b"PK\x03\x04 cut off", "agent.zip", "dialogflow", "cut off"),
        (b"  ", "a.csv", "csv", "The file is empty."),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_beside_its_field_and_nothing_is_kept(
    lead: Client, data: bytes, name: str, source: str, words: str
) -> None:
    response = upload(lead, data, name, source)
    assert response.status_code == 200
    assert words in response.content.decode()
    assert PhrasingImport.objects.count() == 0


def test_dropping_forgets_the_rows_and_takes_nothing_in(lead: Client) -> None:
    upload(lead, CSV_FILE)
    batch = PhrasingImport.objects.get()
    assert lead.post(address_of(batch, "drop"), {"_seen": ""}).status_code == 302
    batch.refresh_from_db()
    assert (batch.state, batch.rows, Example.objects.count()) == ("dropped", [], 0)


def test_uploads_that_nobody_came_back_to_are_forgotten_with_the_next_one(lead: Client) -> None:
    upload(lead, CSV_FILE)
    PhrasingImport.objects.update(created_at=timezone.now() - timedelta(days=8))
    upload(lead, CSV_FILE)
    assert [(b.state, bool(b.rows)) for b in PhrasingImport.objects.order_by("pk")] == [
        ("dropped", False),
        ("ready", True),
    ]


def test_the_download_is_what_the_upload_reads(lead: Client, make_intent: Callable[..., Intent]) -> None:
    make_intent("billing", real=3)
    response = lead.get(reverse("admin:intents_phrasings_export", args=("csv",)))
    assert response["Content-Disposition"] == 'attachment; filename="phrasings.csv"'
    assert len(read_csv(response.content, "a.csv").phrasings) == 3
    assert lead.get(reverse("admin:intents_phrasings_export", args=("rasa",))).status_code == 200
    assert lead.get(reverse("admin:intents_phrasings_export", args=("exe",))).status_code == 404


@pytest.mark.parametrize("role", ["Tagger", "Reviewer", "KB owner"])
def test_only_leads_import(
    role: str, make_user: Callable[..., User], sign_in: Callable[[User], Client], lead: Client
) -> None:
    upload(lead, CSV_FILE)
    batch, client = PhrasingImport.objects.get(), sign_in(make_user("kim", roles=(role,)))
    assert upload(client, CSV_FILE).status_code == 403
    assert client.get(address_of(batch)).status_code in (302, 403)
    assert client.post(address_of(batch, "apply"), {"_seen": ""}).status_code in (302, 403)
    assert (PhrasingImport.objects.count(), Example.objects.count()) == (1, 0)


def test_the_preview_needs_as_many_queries_for_thirty_rows_as_for_three(
    lead: Client,
    django_assert_max_num_queries: Callable[..., Any],
    django_assert_num_queries: Callable[..., Any],
) -> None:
    header = "text,label,source_ref\n"
    for rows in (3, 30):
        upload(lead, (header + "".join(f"text {n},billing,T-{n}\n" for n in range(rows))).encode())
    few, many = PhrasingImport.objects.order_by("pk")
    lead.get(address_of(few))
    with django_assert_max_num_queries(14) as queries:
        lead.get(address_of(few))
    with django_assert_num_queries(len(queries)):
        lead.get(address_of(many))
