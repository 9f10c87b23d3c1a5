"""Signing the map: a new version with its baseline, both for ever as they are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from core import activity
from core.actors import Actor
from core.errors import Conflict, InvalidInput, NotAllowed
from core.permissions import require
from nlp.cluster_merging import AT_LEAST, AT_MOST
from tickets.contracts import CategoryFigures, TicketAudit
from tickets.figures import ticket_audit
from tickets.map_content import content_of, digest_of
from tickets.models import AuditReport, Baseline, BaselineRow
from tickets.services.auditing import audit_job

MAX_TEXT = 2_000


@transaction.atomic
def report_sign(
    *,
    actor: Actor,
    seen: str,
    knowledge_base: Mapping[str, Any],
    not_founded: Iterable[Mapping[str, str]],
    note: str = "",
    size_reason: str = "",
) -> AuditReport:
    """Sign the map as it stands now, and take the baseline with it; return the new version.

    ``seen`` is the digest of the content that the person looked at: where it has changed since, nothing is
    signed. Refused while a category has no label, while an audit runs, and for a number of core categories
    outside 10 to 15 without a reason.
    """
    require(actor, "tickets.sign_auditreport")
    if actor.user_id is None:
        raise NotAllowed("A person signs the map.", code="not_a_person")
    audit = ticket_audit()
    content = content_of(audit, knowledge_base=knowledge_base, not_founded=not_founded)
    check_signable(audit, size_reason)
    digest = digest_of(content)
    if digest != seen:
        raise Conflict("The map has changed since you opened it. Look again, then sign.", code="stale")
    latest = AuditReport.objects.aggregate(latest=Max("version"))["latest"] or 0
    signed_at = timezone.now()
    report = AuditReport.objects.create(
        version=latest + 1,
        content=content,
        content_sha256=digest,
        note=note.strip()[:MAX_TEXT],
        size_reason=size_reason.strip()[:MAX_TEXT],
        signed_by_id=actor.user_id,
        signed_by_name=actor.label[:150],
        signed_at=signed_at,
    )
    _take_baseline(report, audit)
    activity.record(
        actor, "auditreport.signed", report, after={"version": report.version, "content": digest[:16]}
    )
    return report


def check_signable(audit: TicketAudit, size_reason: str) -> None:
    """Raise Conflict or InvalidInput, saying what is missing, where the map cannot be signed."""
    if not audit.lines:
        raise Conflict("There are no categories yet. Find them first.", code="no_categories")
    if audit_job() is not None:
        raise Conflict("An audit is under way. Sign when it is done.", code="under_way")
    unlabelled = [line.name for line in audit.lines if not line.label]
    if unlabelled:
        names = ", ".join(f"“{name}”" for name in unlabelled[:5])
        more = f" and {len(unlabelled) - 5} more" if len(unlabelled) > 5 else ""
        raise Conflict(
            f"Not every category has a label yet: {names}{more}. Label them, then sign.",
            code="unlabelled",
            extra={"categories": unlabelled[:100]},
        )
    core = len(audit.core)
    if not AT_LEAST <= core <= AT_MOST and not size_reason.strip():
        raise InvalidInput(
            f"There are {core} core categories; the guide says {AT_LEAST} to {AT_MOST}. "
            "Write down why, or change the number on the board.",
            code="size_reason_missing",
        )


def _take_baseline(report: AuditReport, audit: TicketAudit) -> None:
    now = report.signed_at
    baseline = Baseline.objects.create(
        report=report,
        window_start=audit.window_start or now,
        window_end=audit.window_end or now,
        taken_at=now,
    )
    figures = [line.figures for line in audit.lines]
    BaselineRow.objects.bulk_create([_row(baseline, part) for part in [*figures, audit.total]])


def _row(baseline: Baseline, figures: CategoryFigures) -> BaselineRow:
    return BaselineRow(
        baseline=baseline,
        category_id=figures.category_id,
        name=figures.name,
        tickets=figures.tickets,
        escalated=figures.escalated.part,
        escalation_known=figures.escalated.whole,
        csat_sum=figures.csat_sum,
        csat_good=figures.csat_good.part,
        csat_count=figures.csat_good.whole,
        resolution_median_seconds=figures.resolution_median_seconds,
        resolution_p90_seconds=figures.resolution_p90_seconds,
        resolution_count=figures.resolution_count,
        reopened=figures.reopened.part,
        reopen_known=figures.reopened.whole,
    )
