"""Mutated exports through the whole import into the database: no crash, no row lost, nothing twice."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from core.errors import InvalidInput
from integrations.csv_mapping import CsvMapping
from tests.integrations.exports import CSV_MAPPING
from tests.integrations.test_fuzz import FORMS, Case
from tests.tickets.builders import SYSTEM
from tickets.models import ImportBatch, Ticket
from tickets.services import batch_apply, batch_create
from tickets.sources import open_source, stored_mapping
from tickets.uploads import upload_describe

pytestmark = [pytest.mark.django_db, pytest.mark.row("1.2", "R16")]
WINDOW_DAYS = 3_000  # the tickets of tests.integrations.exports have a fixed age
MAPPING: dict[str, Any] = stored_mapping(CSV_MAPPING) if isinstance(CSV_MAPPING, CsvMapping) else CSV_MAPPING


def imported(path: Path, name: str) -> ImportBatch | None:
    """Import the file as the command does; None where it is refused as a whole, with nothing stored of it."""
    before, batch = Ticket.objects.count(), None
    try:
        upload = upload_describe(path, name)
        mapping = MAPPING if name == "csv" else {}
        source = open_source(path, name, mapping)
        batch = batch_create(
            actor=SYSTEM, source=name, upload=upload, mapping=mapping, window_days=WINDOW_DAYS
        )
        return batch_apply(actor=SYSTEM, batch=batch, source=source)
    except InvalidInput as error:
        refusal = error.message
    assert refusal
    if batch is not None:
        batch.refresh_from_db()
        assert (batch.state, batch.error) == ("failed", refusal)
        assert batch.rows_in or Ticket.objects.count() == before
    return None


def check(seed: int, path: Path) -> None:
    Ticket.objects.all().delete()
    name, form = FORMS[seed % len(FORMS)]
    case = Case(random.Random(seed), name, form)
    path.write_bytes(case.content)
    told = f"seed {seed}: {name} {form} {case.encoding} {case.mutation.__name__}"
    batch = imported(path, name)
    if batch is None:
        assert case.may_be_refused, told
        return
    assert batch.state == "done", told
    parts = (batch.created, batch.updated, batch.unchanged, batch.rejected, batch.outside_window)
    assert batch.rows_in == sum(parts), told
    assert batch.rejections.count() == batch.rejected, told
    kept = {int(key) for key in Ticket.objects.values_list("external_id", flat=True) if key.isdigit()}
    lost = case.expected - kept
    assert not lost or (case.may_be_refused and name == "csv"), f"{told}: lost {sorted(lost)}"
    before = list(Ticket.objects.order_by("pk").values_list("pk", "content_hash", "updated_at"))
    again = imported(path, name)
    assert again is not None, told
    assert (again.created, again.rows_in) == (0, batch.rows_in), told
    assert again.rejected == batch.rejected, told
    assert list(Ticket.objects.order_by("pk").values_list("pk", "content_hash", "updated_at")) == before, told


@pytest.mark.parametrize("batch", range(4))
def test_60_mutated_exports_come_in_whole(batch: int, tmp_path: Path) -> None:
    for seed in range(50_000 + batch * 15, 50_000 + batch * 15 + 15):
        check(seed, tmp_path / "export")


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_2_000_mutated_exports_come_in_whole(tmp_path: Path) -> None:
    for seed in range(60_000, 62_000):
        check(seed, tmp_path / "export")
