"""Signing the map: what is refused, what is kept for ever, and what the exports say."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from core.actors import Actor
from core.errors import DomainError
from core.models import Activity, User
from tests.tickets.audited import about, category
from tests.tickets.builders import SYSTEM, imported
from tickets import evidence_guard
from tickets.figures import ticket_audit
from tickets.map_content import content_of, digest_of, to_csv, to_json, to_markdown
from tickets.models import AuditReport, Baseline, BaselineRow, Category
from tickets.services import audit_start, category_label, report_sign

pytestmark = pytest.mark.django_db
NAMES = [f"Topic {letter}" for letter in "ABCDEFGHIJ"]


@pytest.fixture
def lead(make_user: Callable[..., User]) -> Actor:
    """Return a person who may sign."""
    return Actor.of_user(make_user("lee", "tickets.sign_auditreport"))


def categories(count: int = 10, *, labelled: bool = True) -> list[Category]:
    """Make so many categories of one to ``count`` tickets, with everything known of them."""
    made = []
    for number in range(1, count + 1):
        tickets = [
            about(
                f"topic{number}",
                n,
                escalated=number == count,
                reopens=n % 2,
                csat=5 if n % 2 else 2,
                agent_replies=1,
                reassignments=0,
                resolution_seconds=3600 * (n + 1),
            )
            for n in range(number)
        ]
        made.append(category(f"Topic {number}", *tickets))
        if labelled:
            category_label(actor=SYSTEM, category=made[-1], label="ai_assisted", reason="So decided.")
    return made


def content() -> dict[str, Any]:
    return content_of(ticket_audit(), knowledge_base={}, not_founded=[])


def sign(actor: Actor, **changes: Any) -> AuditReport:
    given = {"seen": digest_of(content()), "knowledge_base": {}, "not_founded": [], **changes}
    return report_sign(actor=actor, **given)


def refusal_of(act: Callable[[], object]) -> str:
    with pytest.raises(DomainError) as refusal:
        act()
    assert (AuditReport.objects.count(), Baseline.objects.count(), BaselineRow.objects.count()) == (0, 0, 0)
    assert not Activity.objects.filter(verb="auditreport.signed").exists()
    return str(refusal.value.code)


@pytest.mark.row("1.6")
def test_a_map_with_an_unlabelled_category_is_not_signed(lead: Actor) -> None:
    made = categories()
    Category.objects.filter(pk=made[0].pk).update(label="")
    assert refusal_of(lambda: sign(lead)) == "unlabelled"


@pytest.mark.row("1.5")
@pytest.mark.parametrize(("count", "needs_reason"), [(9, True), (10, False), (15, False), (16, True)])
def test_another_number_than_10_to_15_core_categories_needs_a_written_reason(
    lead: Actor, count: int, needs_reason: bool
) -> None:
    categories(count)
    if needs_reason:
        assert refusal_of(lambda: sign(lead)) == "size_reason_missing"
        assert refusal_of(lambda: sign(lead, size_reason="  ")) == "size_reason_missing"
    report = sign(lead, size_reason="We sell one thing." if needs_reason else "")
    assert (report.version, report.size_reason) == (1, "We sell one thing." if needs_reason else "")


@pytest.mark.row("1.13")
def test_what_changed_since_it_was_seen_is_not_signed_nor_by_a_program_nor_while_an_audit_runs(
    lead: Actor, make_user: Callable[..., User]
) -> None:
    assert refusal_of(lambda: sign(lead)) == "no_categories"
    categories()
    before = digest_of(content())
    imported(about("topic1", 99))
    assert refusal_of(lambda: sign(lead, seen=before)) == "stale"
    assert refusal_of(lambda: sign(SYSTEM)) == "not_a_person"
    assert refusal_of(lambda: sign(Actor.of_user(make_user("kim")))) == "not_allowed"
    audit_start(actor=SYSTEM)
    assert refusal_of(lambda: sign(lead)) == "under_way"


@pytest.mark.row("1.12")
def test_the_baseline_holds_each_categorys_figures_and_all(lead: Actor) -> None:
    categories()
    report = sign(lead)
    rows = {row.name: row for row in report.baseline.rows.all()}
    assert len(rows) == 11
    tenth, all_tickets = rows["Topic 10"], rows["All tickets"]
    figures = ("tickets", "escalated", "escalation_known", "csat_sum", "csat_good", "csat_count", "reopened")
    assert [getattr(tenth, name) for name in figures] == [10, 10, 10, 35, 5, 10, 5]
    assert (tenth.resolution_median_seconds, tenth.resolution_p90_seconds) == (5 * 3600, 9 * 3600)
    assert [getattr(all_tickets, name) for name in figures] == [55, 10, 55, 185, 25, 55, 25]
    assert all_tickets.category is None
    assert sum(row.tickets for row in rows.values()) == 2 * 55


@pytest.mark.row("1.12", "1.13")
def test_signed_maps_and_baselines_are_never_changed_or_deleted(lead: Actor) -> None:
    categories()
    report = sign(lead)
    for row in (report, report.baseline, report.baseline.rows.first()):
        with pytest.raises(TypeError):
            row.save()
        with pytest.raises(TypeError):
            row.delete()
    for guard in evidence_guard.GUARDS:
        guard.install(connection)
    try:
        for statement in (
            "UPDATE tickets_auditreport SET note = 'x'",
            "DELETE FROM tickets_baselinerow",
            "UPDATE tickets_baselinerow SET escalated = 0",
            "UPDATE tickets_baseline SET taken_at = '2020-01-01'",
        ):
            with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(statement)
    finally:
        if connection.vendor == "sqlite":
            for guard in evidence_guard.GUARDS:
                guard.remove(connection)
    assert AuditReport.objects.get().note == ""
    assert BaselineRow.objects.count() == 11


@pytest.mark.row("1.13")
def test_a_second_signature_is_the_next_version_and_the_first_stays(lead: Actor) -> None:
    made = categories()
    first = sign(lead, note="First")
    category_label(actor=SYSTEM, category=made[0], label="human_only", reason="Changed our mind.")
    second = sign(lead)
    assert (first.version, second.version) == (1, 2)
    labels = [
        {row["name"]: row["label"] for row in report.content["categories"]}["Topic 1"]
        for report in AuditReport.objects.order_by("version")
    ]
    assert labels == ["ai_assisted", "human_only"]
    assert Activity.objects.filter(verb="auditreport.signed").count() == 2


@pytest.mark.row("1.13")
def test_exports_say_what_was_signed_as_json_csv_and_markdown(lead: Actor) -> None:
    made = categories()
    Category.objects.filter(pk=made[9].pk).update(name="=Topic|10", needs_judgement=True)
    report = sign(lead, not_founded=[])
    signed = report.content
    assert json.loads(to_json(signed)) == signed
    assert report.content_sha256 == digest_of(signed)
    rows = list(csv.DictReader(io.StringIO(to_csv(signed))))
    assert [row["tickets"] for row in rows] == [*map(str, range(10, 0, -1)), "0", "55"]
    assert (rows[0]["category"], rows[0]["flags"], rows[0]["always_escalated"]) == (
        "'=Topic|10",
        "judgement",
        "yes",
    )
    text = to_markdown(signed, title="Map", signature="Signed.")
    assert (
        "| =Topic\\|10 | 10 | 18 % | 100 % (10 of 10) **always escalated** | AI-assisted | So decided. |"
        in text
    )
    assert "- Always escalated: =Topic\\|10" in text
    assert "| All tickets | 18 % (10 of 55) | 3.36 of 5 (55) | 4 hours | 45 % (25 of 55) |" in text


@pytest.mark.row("1.3")
def test_the_content_of_the_map_adds_up() -> None:
    categories()
    found = content()
    assert sum(cell["tickets"] for cell in found["pivot"]) == found["total"]["tickets"] == 55
    shares = [row["cumulative_share"] for row in found["categories"]]
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
