"""Mutated exports through the whole import: upload, job, database, cleaning, and the same file once more.

Whatever a file holds, it is refused with a reason and nothing stored, or every row of it is accounted for.
"""

from __future__ import annotations

from datetime import datetime
from functools import cache
from pathlib import Path

import pytest
from django.conf import settings

from core import jobs
from core.errors import InvalidInput
from core.models import Job
from integrations.sources import open_source
from tests.integrations.exports import CSV_MAPPING, UPDATED
from tests.tickets.builders import SYSTEM, counters, stored
from tests.tickets.mutated import NUMBERS, Mutated, clean, mutated
from tickets import workflow
from tickets.import_plan import hash_of
from tickets.models import ImportBatch, RawText, Ticket, TicketText
from tickets.services import batch_create, batch_enqueue
from tickets.sources import stored_mapping
from tickets.uploads import upload_store

pytestmark = pytest.mark.django_db(transaction=True)
NOW = datetime.fromisoformat(UPDATED)
SEEDS = 60


@pytest.fixture(autouse=True)
def _uploads(upload_dir: Path) -> None:
    """Keep uploads apart."""


@cache
def sound_hashes(name: str, form: str, folder: Path) -> dict[str, str]:
    """Return the hash of each ticket of the export that nothing was done to."""
    path = folder / "clean"
    path.write_bytes(clean(name, form))
    tickets = [row.ticket for row in open_source(path, name, CSV_MAPPING).rows()]
    return {ticket.external_id: hash_of(ticket) for ticket in tickets if ticket is not None}


def run_import(case: Mutated) -> ImportBatch | None:
    """Upload the file and do every job that follows; None where the upload was refused."""
    Job.objects.all().delete()
    kept = set(Path(settings.UPLOAD_DIR).glob("*"))
    try:
        upload = upload_store(name="export", chunks=[case.content], source=case.name)
    except InvalidInput:
        assert set(Path(settings.UPLOAD_DIR).glob("*")) == kept, case.told
        return None
    mapping = stored_mapping(CSV_MAPPING) if case.name == "csv" else {}
    batch = batch_create(actor=SYSTEM, source=case.name, upload=upload, mapping=mapping, now=NOW)
    batch_enqueue(batch, requested_by="tests")
    jobs.run_due()
    batch.refresh_from_db()
    return batch


def check(seed: int, folder: Path) -> str:
    """Import the file of this seed twice; return how that ended."""
    case = mutated(seed)
    for model in (TicketText, RawText, Ticket):
        model.objects.all()._raw_delete(model.objects.db)
    batch = run_import(case)
    if batch is None:
        assert case.may_be_refused, case.told
        return "upload refused"
    told = f"{case.told}: {batch.state} {batch.error}"
    assert batch.state in (workflow.DONE, workflow.FAILED), f"{told} {list(Job.objects.values('error'))}"
    states = set(Job.objects.values_list("task", "state"))
    if batch.state == workflow.FAILED:
        assert (case.may_be_refused, bool(batch.error)) == (True, True), told
        assert states == {("tickets.tasks.import_tickets", "failed")}, told
        assert (batch.rows_in, Ticket.objects.count()) == (0, 0), told
        return "refused"
    assert {state for _, state in states} == {"succeeded"}, f"{told} {list(Job.objects.values('error'))}"
    check_rows(case, batch, folder)
    before = stored()
    again = run_import(case)
    assert again is not None, told
    assert (again.state, again.rows_in, again.created, again.updated) == ("done", batch.rows_in, 0, 0), told
    assert stored() == before, f"{told}: the same file again changed something"
    return "done"


def check_rows(case: Mutated, batch: ImportBatch, folder: Path) -> None:
    """Every row that the reader yields is stored, or listed as rejected, or outside the window."""
    path = folder / "export"
    path.write_bytes(case.content)
    rows = list(open_source(path, case.name, CSV_MAPPING).rows())
    told = f"{case.told}: {counters(batch)}"
    outcomes = ("created", "updated", "unchanged", "rejected", "outside_window")
    assert batch.rows_in == len(rows) == sum(getattr(batch, name) for name in outcomes), told
    rejected = list(batch.rejections.values_list("line", "code"))
    assert len(rejected) == batch.rejected, told
    assert {(row.line, row.rejection.code) for row in rows if row.rejection} <= set(rejected), told
    hashes = dict(Ticket.objects.counting().values_list("external_id", "content_hash"))
    lines = {line for line, _ in rejected}
    for row in rows:
        ticket = row.ticket
        if ticket is None or ticket.status not in workflow.CLOSED_STATUSES:
            continue
        if batch.window_start <= (ticket.closed_at or ticket.updated_at) <= batch.window_end:
            assert ticket.external_id in hashes or row.line in lines, f"{told}: lost {ticket.external_id}"
    sound = sound_hashes(case.name, case.form, folder)
    lost = [number for number in case.untouched if hashes.get(str(number)) != sound[str(number)]]
    assert lost == [], f"{told}: {lost} are not as they were"
    texts = TicketText.objects.filter(ticket__external_id__in=hashes).exclude(pipeline_version="masked")
    assert texts.count() == RawText.objects.count() == Ticket.objects.count(), told


@pytest.mark.row("R16", "1.2")
@pytest.mark.parametrize("part", range(4))
def test_60_mutated_exports_are_refused_with_a_reason_or_account_for_every_row(
    part: int, tmp_path: Path
) -> None:
    found = [check(seed, tmp_path) for seed in range(part * SEEDS // 4, (part + 1) * SEEDS // 4)]
    assert found.count("done") > len(found) // 3  # most of them do come in


@pytest.mark.soak
@pytest.mark.timeout(3600)
@pytest.mark.row("R16")
def test_2_000_mutated_exports_are_refused_with_a_reason_or_account_for_every_row(tmp_path: Path) -> None:
    found = [check(seed, tmp_path) for seed in range(1_000, 3_000)]
    assert found.count("done") > len(found) // 2


def test_the_exports_that_nothing_was_done_to_come_in_whole(tmp_path: Path) -> None:
    for name, form in (
        ("zendesk", "lines"),
        ("freshdesk", "array"),
        ("intercom", "envelope"),
        ("csv", "csv"),
    ):
        case = Mutated(name, form, clean(name, form))
        batch = run_import(case)
        assert batch is not None
        assert counters(batch) == {"created": len(NUMBERS)}
        check_rows(case, batch, tmp_path)
        Ticket.objects.all().delete()
