"""An import into the database: what is stored, what is counted, and that a kill anywhere changes nothing."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from core.actors import Actor
from core.errors import InvalidInput, NotAllowed
from core.models import Activity, Job
from integrations.contracts import Rejection, SourceMessage
from tests.tickets.builders import (
    NOW,
    SYSTEM,
    ListSource,
    counters,
    imported,
    new_batch,
    rows_of,
    stored,
    ticket,
)
from tickets import workflow
from tickets.bulk_upsert import Upsert
from tickets.models import ImportBatch, ImportRejection, RawText, Ticket, TicketText
from tickets.services import batch_apply, batch_stop, masking, raw_texts_forget, writing
from tickets.services.masking import Masking
from tickets.services.writing import Superseded, chunk_prepare, chunk_store

pytestmark = pytest.mark.django_db
MANY = [
    *(ticket(str(n), closed_days_ago=n, subject=f"Subject {n}") for n in range(1, 13)),
    Rejection("bad_date", "created_at is “soon”."),
    ticket("old", closed_days_ago=91),
    ticket("open", status="open"),
    ticket("3", closed_days_ago=2, subject="Newer"),
    ticket("4", closed_days_ago=50, subject="Older"),
]


class Killed(BaseException):
    """Stands for the end of the process: nothing catches it."""


@pytest.fixture
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Write three rows a transaction."""
    monkeypatch.setattr(workflow, "CHUNK_ROWS", 3)


@pytest.mark.row("1.1")
def test_of_four_tickets_only_the_one_closed_89_days_ago_counts_and_the_window_is_kept() -> None:
    batch = imported(
        ticket("1", closed_days_ago=89),
        ticket("2", closed_days_ago=91),
        ticket("3", status="open"),
        ticket("4", status="merged"),
    )
    assert counters(batch) == {"created": 1, "outside_window": 3, "not_closed": 2}
    assert (batch.state, batch.rows_in, batch.rows_total) == ("done", 4, 4)
    assert (batch.window_start, batch.window_end) == (NOW - timedelta(days=90), NOW)
    assert list(Ticket.objects.counting().values_list("external_id", flat=True)) == ["1"]


@pytest.mark.row("1.1", "R17")
def test_the_same_file_again_adds_and_changes_nothing() -> None:
    imported(*MANY)
    before = stored()
    batch = imported(*MANY)
    assert counters(batch) == {"unchanged": 14, "rejected": 1, "outside_window": 2, "not_closed": 1}
    assert stored() == before
    assert (Ticket.objects.count(), TicketText.objects.count(), RawText.objects.count()) == (12, 12, 12)


def test_a_ticket_is_told_apart_by_its_source() -> None:
    imported(ticket("1"))
    assert counters(imported(ticket("1"), source="zendesk")) == {"created": 1}


@pytest.mark.row("1.10")
def test_texts_are_cleaned_and_masked_and_the_raw_ones_are_kept_apart_for_90_days() -> None:
    note = SourceMessage("agent", "Card <b>4111 1111 1111 1111</b>", NOW, is_html=True, is_public=False)
    question = SourceMessage(
        "customer", "<p>Charged twice.</p><p>Mail kim@example.com</p>", NOW, is_html=True
    )
    imported(
        ticket(
            subject="Invoice for kim@example.com",
            messages=(question, note),
            csat_comment="Call +44 20 7946 0958",
        )
    )
    text, raw = TicketText.objects.get(), RawText.objects.get()
    assert Ticket.objects.get().subject == "Invoice for [email]"
    assert text.customer_words == "Charged twice.\nMail [email]"
    assert text.conversation == [
        {
            "author": "customer",
            "at": NOW.isoformat(),
            "is_public": True,
            "text": "Charged twice.\nMail [email]",
        },
        {"author": "agent", "at": NOW.isoformat(), "is_public": False, "text": "Card [card]"},
    ]
    assert (text.csat_comment, text.pipeline_version) == ("Call [phone]", "masked")
    assert [m["text"] for m in raw.conversation] == [question.body, note.body]
    assert raw.delete_after - timezone.localdate() == timedelta(days=90)


def test_an_update_keeps_the_first_import_and_names_the_last() -> None:
    first = imported(ticket())
    second = imported(ticket(closed_days_ago=5, csat=4, escalated=True))
    row = Ticket.objects.get()
    assert (row.first_batch, row.last_batch, row.csat, row.escalated) == (first, second, 4, True)
    assert counters(second) == {"updated": 1}


def test_a_reopened_ticket_leaves_the_audit_and_a_deleted_one_loses_its_words() -> None:
    imported(ticket("1"), ticket("2"))
    later = NOW - timedelta(days=1)
    batch = imported(
        ticket("1", status="open", updated_at=later), ticket("2", status="deleted", updated_at=later)
    )
    assert counters(batch) == {"outside_window": 2, "not_closed": 2}
    assert list(Ticket.objects.order_by("external_id").values_list("status", "in_window")) == [
        ("open", False),
        ("deleted", False),
    ]
    assert [t.ticket.external_id for t in TicketText.objects.select_related("ticket")] == ["1"]
    assert [t.ticket.external_id for t in RawText.objects.select_related("ticket")] == ["1"]


@pytest.mark.row("1.2", "R16")
def test_bad_rows_are_kept_with_line_and_reason_and_the_rest_is_imported(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(writing, "KEPT_REJECTIONS", 2)
    bad = Rejection("bad_date", "created_at is “\ud83dsoon\x00”.")
    batch = imported(ticket("1"), bad, ticket("2", csat=9), bad, ticket("3"))
    assert counters(batch) == {"created": 2, "rejected": 3}
    kept = list(ImportRejection.objects.values_list("line", "code", "message"))
    assert kept == [
        (2, "bad_date", "created_at is “?soon”."),
        (3, "bad_csat", "CSAT is 9; it must be 1 to 5."),
    ]
    assert batch.rows_in == batch.created + batch.rejected


def test_a_text_with_a_zero_byte_is_stored_without_it() -> None:
    imported(ticket(subject="A\x00B", kind="x\x00", messages=(SourceMessage("customer", "C\x00D", NOW),)))
    assert (Ticket.objects.get().subject, Ticket.objects.get().kind) == ("AB", "x")
    assert RawText.objects.get().conversation[0]["text"] == "CD"


@pytest.mark.row("R17")
@pytest.mark.usefixtures("small_chunks")
@pytest.mark.parametrize("cut_at", range(len(MANY)))
def test_an_import_killed_while_it_reads_goes_on_and_stores_the_same(cut_at: int) -> None:
    expected, batch = uninterrupted(), new_batch()
    with pytest.raises(Killed):
        batch_apply(
            actor=SYSTEM, batch=batch, source=ListSource(rows_of(*MANY), cut_at=cut_at, error=Killed())
        )
    left = ImportBatch.objects.get()
    assert (left.state, left.rows_in) == ("running", cut_at // 3 * 3)
    batch_apply(actor=SYSTEM, batch=left, source=ListSource(rows_of(*MANY)))
    assert [stored(), counters(left)] == expected


@pytest.mark.row("R17")
@pytest.mark.usefixtures("small_chunks")
@pytest.mark.parametrize("writes", range(16))
def test_an_import_killed_while_it_writes_goes_on_and_stores_the_same(
    monkeypatch: pytest.MonkeyPatch, writes: int
) -> None:
    expected, batch = uninterrupted(), new_batch()
    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(Upsert, "execute", killed_after(writes))
        batch_apply(actor=SYSTEM, batch=batch, source=ListSource(rows_of(*MANY)))
    left = ImportBatch.objects.get()
    assert left.rows_in == left.created + left.updated + left.unchanged + left.rejected + left.outside_window
    batch_apply(actor=SYSTEM, batch=left, source=ListSource(rows_of(*MANY)))
    assert [stored(), counters(left)] == expected


@pytest.mark.row("R16")
def test_a_source_that_cannot_be_read_to_its_end_is_refused_with_nothing_stored() -> None:
    class Broken(ListSource):
        def rows(self) -> Any:
            yield from rows_of(ticket("1"))
            raise InvalidInput("The file ends in the middle of line 2.")

    batch = new_batch()
    with pytest.raises(InvalidInput):
        batch_apply(actor=SYSTEM, batch=batch, source=Broken([]))
    batch.refresh_from_db()
    assert (batch.state, batch.error) == ("failed", "The file ends in the middle of line 2.")
    assert (batch.rows_in, Ticket.objects.count()) == (0, 0)


@pytest.mark.usefixtures("small_chunks")
def test_of_two_workers_with_one_import_the_second_writes_nothing() -> None:
    mine, other = new_batch(), ImportBatch.objects.get()
    batch_apply(actor=SYSTEM, batch=mine, source=ListSource(rows_of(*MANY)), seconds=0)
    assert mine.rows_in == 3
    other.state = "running"
    before = stored()
    with pytest.raises(Superseded):
        chunk_store(other, chunk_prepare(other, rows_of(*MANY)[:3], Masking()), Masking())
    assert stored() == before
    assert ImportBatch.objects.get().rows_in == 3


@pytest.mark.usefixtures("small_chunks")
def test_a_stopped_import_ends_after_the_rows_that_it_has_stored() -> None:
    batch = new_batch()

    def stop(done: int, total: int, message: str) -> None:
        if done == 6:
            batch_stop(actor=SYSTEM, batch=ImportBatch.objects.get())

    batch = batch_apply(actor=SYSTEM, batch=batch, source=ListSource(rows_of(*MANY)), progress=stop)
    assert (batch.state, batch.rows_in, Ticket.objects.count()) == ("stopped", 6, 6)
    assert batch_apply(actor=SYSTEM, batch=batch, source=ListSource(rows_of(*MANY))).rows_in == 6


def test_what_another_import_changed_meanwhile_is_planned_again(monkeypatch: pytest.MonkeyPatch) -> None:
    imported(ticket(subject="Old", closed_days_ago=20))
    prepare, calls = masking.prepare, []

    def outpaced(*args: Any) -> Any:
        calls.append(1)
        if len(calls) == 1:
            Ticket.objects.update(updated_at=NOW, content_hash="newer")
        return prepare(*args)

    monkeypatch.setattr(masking, "prepare", outpaced)
    assert counters(imported(ticket(subject="New", closed_days_ago=10))) == {"unchanged": 1}
    assert (len(calls), Ticket.objects.get().subject) == (2, "Old")


@pytest.mark.parametrize(
    "changes",
    [
        {"rows_in": 1},
        {"created": 1},
        {"state": "done"},
        {"not_closed": 1},
        {"window_start": NOW},
        {"state": "draft", "rows_in": 1, "created": 1},
    ],
)
def test_the_database_refuses_an_import_that_does_not_add_up(changes: dict[str, Any]) -> None:
    batch = new_batch()
    with pytest.raises(IntegrityError), transaction.atomic():
        ImportBatch.objects.filter(pk=batch.pk).update(**changes)


@pytest.mark.parametrize("changes", [{"status": "open"}, {"csat": 6}])
def test_the_database_refuses_a_ticket_that_cannot_be(changes: dict[str, Any]) -> None:
    imported(ticket())
    with pytest.raises(IntegrityError), transaction.atomic():
        Ticket.objects.update(**changes)


def test_who_may_not_import_writes_nothing(make_user: Any) -> None:
    with pytest.raises(NotAllowed):
        new_batch(actor=Actor.of_user(make_user("kim", "tickets.view_ticket")))
    with pytest.raises(InvalidInput):
        new_batch(window_days=0)
    with pytest.raises(InvalidInput):
        new_batch(source="fax")
    assert (ImportBatch.objects.count(), Job.objects.count(), Activity.objects.count()) == (0, 0, 0)


def test_raw_texts_are_deleted_when_their_time_is_over_and_cleaned_ones_stay() -> None:
    imported(ticket("1"), ticket("2"))
    today = timezone.localdate()
    RawText.objects.filter(ticket__external_id="1").update(delete_after=today - timedelta(days=1))
    RawText.objects.filter(ticket__external_id="2").update(delete_after=today)
    assert (raw_texts_forget(), raw_texts_forget()) == (1, 0)
    assert RawText.objects.get().ticket.external_id == "2"
    assert TicketText.objects.count() == 2
    assert counters(imported(ticket("1"), ticket("2"))) == {"unchanged": 2}
    assert RawText.objects.count() == 1  # an unchanged ticket does not bring its raw text back


def killed_after(writes: int) -> Any:
    """Return Upsert.execute that ends the process at the write after so many."""
    execute, done = Upsert.execute, []

    def run(self: Upsert, rows: Any) -> None:
        if len(done) == writes:
            raise Killed
        done.append(1)
        execute(self, rows)

    return run


def uninterrupted() -> list[Any]:
    """Return what an import stores that nobody disturbs, and take it back."""
    with transaction.atomic():
        batch = imported(*MANY)
        result = [stored(), counters(batch)]
        transaction.set_rollback(True)
    return result


def test_other_processes_store_what_one_alone_does() -> None:
    alone = new_batch()
    batch_apply(actor=SYSTEM, batch=alone, source=ListSource(rows_of(*MANY)))
    rows = stored()
    Ticket.objects.all().delete()
    together = new_batch()
    together = batch_apply(actor=SYSTEM, batch=together, source=ListSource(rows_of(*MANY)), processes=2)
    assert (together.state, stored() == rows) == ("done", True)
