"""The audit of the demo's tickets against what is planted in them; one run, looked at from all sides."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime

import pytest
from sklearn.metrics import normalized_mutual_info_score

from supportadmin.demo.tickets.plan import plan
from supportadmin.demo.tickets.source import SEED, DemoTickets
from tests.tickets.builders import SYSTEM
from tickets.figures import ticket_audit
from tickets.models import Classification, RawText, TicketText
from tickets.services import audit_run, batch_apply, batch_create
from tickets.services.classifying import Budget
from tickets.uploads import Upload

NOW = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)
COUNT = 1_000
LEAST_PATHS_RIGHT, LEAST_NMI, LEAST_COVERED = 0.8, 0.5, 0.6


@pytest.mark.row("1.1", "1.3", "1.4", "1.5", "1.11")
@pytest.mark.django_db
@pytest.mark.timeout(180)
def test_the_audit_finds_what_is_planted_in_the_demos_tickets() -> None:
    cases = {case.external_id: case for case in plan(seed=SEED, now=NOW, count=COUNT)}
    batch = batch_create(actor=SYSTEM, source="zendesk", upload=Upload("demo", "0" * 64, 0), now=NOW)
    batch = batch_apply(actor=SYSTEM, batch=batch, source=DemoTickets(NOW, COUNT))
    fates = Counter(case.fate for case in cases.values())
    assert (batch.created, batch.outside_window, batch.rejected) == (COUNT, len(cases) - COUNT, 0)
    assert fates["counts"] == COUNT
    assert audit_run(actor=SYSTEM, budget=Budget.of(600))
    found = {
        row[0]: row[1:]
        for row in Classification.objects.values_list(
            "ticket__external_id", "resolution_path", "escalation_outcome", "cluster__category"
        )
    }
    assert set(found) == {key for key, case in cases.items() if case.fate == "counts"}
    assert all(found[key][1] == cases[key].thread.outcome for key in found)
    right = sum(found[key][0] == cases[key].thread.path for key in found)
    assert right >= LEAST_PATHS_RIGHT * COUNT
    truth = [cases[key].category.slug for key in found]
    assert normalized_mutual_info_score(truth, [str(row[2]) for row in found.values()]) >= LEAST_NMI
    audit = ticket_audit()
    assert 10 <= len(audit.core) <= 15
    assert audit.core[-1].cumulative_share >= LEAST_COVERED
    planted = [case for case in cases.values() if case.personal and case.fate == "counts"]
    assert len(planted) >= 10
    for case in planted:
        text = TicketText.objects.get(ticket__external_id=case.external_id)
        raw = RawText.objects.get(ticket__external_id=case.external_id)
        assert case.personal.value in str(raw.conversation)
        assert case.personal.value not in text.customer_words + str(text.conversation), case.personal
