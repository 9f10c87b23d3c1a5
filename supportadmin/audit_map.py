"""Put the audit's map together from every app that has a part in it. Counts nothing itself.

Tickets know categories and figures, the knowledge base its findings, intents and escalation what rests on
them. Reads through their selectors only.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from core.actors import Actor
from core.models import Job
from escalation.selectors import thresholds
from intents.selectors import intents_outside, live_release
from kb.audit.checks import CategoryQuestions
from kb.audit.running import audit_start
from kb.selectors import audit_findings
from tickets.contracts import TicketAudit
from tickets.figures import ticket_audit
from tickets.map_content import content_of, digest_of
from tickets.models import AuditReport
from tickets.selectors import category_questions, founded_categories, latest_report


@dataclass(frozen=True, slots=True)
class Map:
    """The map as it stands now: ``content`` as JSON, its digest, and what is not part of what is signed."""

    audit: TicketAudit
    content: dict[str, Any]
    digest: str
    report: AuditReport | None

    @property
    def has_changed(self) -> bool:
        """Whether what holds now is not what was signed last."""
        return self.report is None or self.report.content_sha256 != self.digest


def current_map() -> Map:
    """Return the map as it stands now."""
    audit = ticket_audit()
    report = latest_report()
    content = content_of(audit, knowledge_base=audit_findings(), not_founded=not_founded(audit, report))
    return Map(audit, content, digest_of(content), report)


def knowledge_base_check_start(actor: Actor) -> Job:
    """Queue a check of the published articles against the most typical tickets of each category."""
    return audit_start(actor=actor, categories=category_rows())


def category_rows() -> list[CategoryQuestions]:
    """Return what customers typically ask, by category."""
    return [CategoryQuestions(*row) for row in category_questions().values()]


def not_founded(audit: TicketAudit, report: AuditReport | None) -> list[dict[str, str]]:
    """Return the intents that no category of the map stands behind, and the thresholds without a baseline.

    An intent counts as founded by a category that is in use, so that the map can be signed with it.
    """
    categories = frozenset(line.category_id for line in audit.lines) | founded_categories(report)
    rows = [
        {
            "kind": "intent",
            "name": label,
            "why": "its category is not in the map any more"
            if has_one
            else "it comes from no category of the audit",
        }
        for label, has_one in intents_outside(categories)
    ]
    if report is not None:
        return rows
    release = live_release()
    if release is not None and release.model_version.threshold is not None:
        rows.append(
            {
                "kind": "threshold",
                "name": f"Confidence threshold {release.model_version.threshold:.2f} of the live model",
                "why": "no baseline has been taken that it could be compared with",
            }
        )
    rows += [
        {
            "kind": "threshold",
            "name": f"{rule}: {what} {value:g}",
            "why": "no baseline has been taken that it could be compared with",
        }
        for rule, what, value in thresholds()
    ]
    return rows
