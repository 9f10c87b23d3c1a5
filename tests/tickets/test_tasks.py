"""Imports as background jobs: they run, fail, are stopped, go on, and delete their file."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.conf import settings as project_settings

from core import jobs
from core.errors import Conflict
from core.models import Activity, Job
from core.tasks import enqueue
from tests.tickets.builders import SYSTEM, counters, csv_of, new_batch
from tickets import tasks, workflow
from tickets.models import ImportBatch, RawText, Ticket
from tickets.services import batch_enqueue, batch_resume, batch_start, batch_stop, is_stalled
from tickets.uploads import upload_exists, upload_store

pytestmark = pytest.mark.django_db(transaction=True)
LINES = [{"id": str(n), "days_ago": n} for n in range(1, 8)]


def queued(lines: list[dict[str, object]] | None = None, text: str = "") -> ImportBatch:
    """Return an import of an uploaded file with its job queued."""
    content = text or csv_of(lines or LINES)
    batch = new_batch(upload=upload_store(name="x.csv", chunks=[content.encode()], source="csv"), now=None)
    batch_enqueue(batch, requested_by="tests")
    return batch


@pytest.fixture(autouse=True)
def _uploads(upload_dir: Path) -> None:
    """Keep uploads apart."""


def test_a_job_imports_the_file_shows_its_progress_and_deletes_it() -> None:
    batch = queued()
    stored_name = batch.stored_name
    assert jobs.run_due() == 2  # the import, and the cleaning of what it brought
    batch.refresh_from_db()
    job = Job.objects.get(task="tickets.tasks.import_tickets")
    assert (job.state, job.result) == ("succeeded", {"state": "done", "rows": 7, "rejected": 0})
    assert (job.progress_done, job.progress_total) == (7, 7)
    assert (batch.state, counters(batch), batch.stored_name) == ("done", {"created": 7}, "")
    assert not upload_exists(stored_name)
    verbs = Activity.objects.filter(target_id=str(batch.pk)).order_by("pk").values_list("verb", flat=True)
    assert list(verbs) == ["import.created", "import.running", "import.done"]


def test_a_file_that_cannot_be_read_fails_with_the_reason_and_can_be_tried_again() -> None:
    batch = queued(text="{nonsense")
    jobs.run_due()
    batch.refresh_from_db()
    why = "No column looks like external_id or created_at. Choose the columns yourself."
    assert (batch.state, batch.error) == ("failed", why)
    assert (Job.objects.get().state, Ticket.objects.count()) == ("failed", 0)
    assert upload_exists(batch.stored_name)
    jobs.retry(Job.objects.get(), actor=SYSTEM)
    jobs.run_due()
    assert (ImportBatch.objects.get().state, Job.objects.get().state) == ("failed", "failed")


@pytest.mark.row("R17")
def test_a_long_import_goes_on_in_the_next_job(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workflow, "CHUNK_ROWS", 3)
    monkeypatch.setattr(tasks, "MAX_SECONDS", 0)
    monkeypatch.setattr(tasks, "SLICE_SECONDS", 0)
    batch = queued()
    assert jobs.run_due() == 6  # 3 + 3 + 1 rows, one that finds the end, and two that clean
    batch.refresh_from_db()
    assert (batch.state, counters(batch)) == ("done", {"created": 7})


def test_a_stopped_import_is_left_alone_until_it_is_gone_on_with() -> None:
    batch = queued()
    batch_stop(actor=SYSTEM, batch=batch)
    jobs.run_due()
    assert (ImportBatch.objects.get().state, Ticket.objects.count()) == ("stopped", 0)
    batch_resume(actor=SYSTEM, batch=ImportBatch.objects.get())
    jobs.run_due()
    assert (ImportBatch.objects.get().state, Ticket.objects.count()) == ("done", 7)


def test_an_import_whose_worker_is_lost_can_be_gone_on_with() -> None:
    batch = queued()
    Job.objects.update(state="quarantined")
    ImportBatch.objects.update(state="running")
    batch = ImportBatch.objects.select_related("job").get()
    assert is_stalled(batch)
    batch_resume(actor=SYSTEM, batch=batch)
    jobs.run_due()
    assert (ImportBatch.objects.get().state, Ticket.objects.count()) == ("done", 7)


def test_an_import_under_way_or_without_its_file_is_not_gone_on_with() -> None:
    batch = queued()
    with pytest.raises(Conflict) as refusal:
        batch_resume(actor=SYSTEM, batch=batch)
    assert refusal.value.code == "under_way"
    jobs.run_due()
    with pytest.raises(Conflict) as refusal:
        batch_resume(actor=SYSTEM, batch=ImportBatch.objects.get())
    assert (refusal.value.code, Job.objects.count()) == ("file_gone", 2)


def test_a_draft_is_started_once() -> None:
    upload = upload_store(name="x.csv", chunks=[csv_of(LINES[:1]).encode()], source="csv")
    batch = new_batch(upload=upload, draft=True, now=None)
    batch_start(actor=SYSTEM, batch=batch)
    with pytest.raises(Conflict):
        batch_start(actor=SYSTEM, batch=batch)
    assert (Job.objects.count(), jobs.run_due(), Ticket.objects.count()) == (1, 2, 1)


def test_beat_queues_the_daily_deletion_and_its_job_does_it() -> None:
    entry = project_settings.CELERY_BEAT_SCHEDULE["forget"]
    assert (entry["task"], entry["args"]) == ("core.tasks.enqueue", ["tickets.tasks.forget"])
    queued()
    jobs.run_due()
    RawText.objects.filter(ticket__external_id="1").update(delete_after="2020-01-01")
    enqueue(*entry["args"])
    enqueue(*entry["args"])
    assert jobs.run_due() == 1
    assert Job.objects.get(task="tickets.tasks.forget").result == {"raw_texts": 1, "files": 0}
    assert RawText.objects.count() == 6
