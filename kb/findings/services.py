"""Verdicts on findings, and what a text that waits for publication contradicts."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils import timezone

from core import activity
from core.actors import Actor
from core.errors import InvalidInput
from core.transitions import move
from kb.findings.comparing import draft_conflicts
from kb.models import PairFinding, Revision
from kb.models.findings import MAX_REASON
from kb.services import person

OPEN, DISMISSED = PairFinding.State.OPEN.value, PairFinding.State.DISMISSED.value
STEPS = {OPEN: (DISMISSED,), DISMISSED: (OPEN,)}
SHOWN_CONFLICTS = 5


def finding_dismiss(*, actor: Actor, finding: PairFinding, reason: str) -> None:
    """Say that it is no problem, and why; holds until the words are changed."""
    person(actor, "kb.change_article")
    reason = " ".join(reason.split())
    if not reason or len(reason) > MAX_REASON:
        raise InvalidInput(f"Say why, in at most {MAX_REASON} characters.", code="reason_needed")
    with transaction.atomic():
        changes: dict[str, Any] = {"decided_by": actor.label[:150], "decided_at": timezone.now()}
        move(finding, to=DISMISSED, allowed=STEPS, reason=reason, **changes)
        activity.record(actor, "finding.dismissed", finding, after={"reason": reason})


def finding_reopen(*, actor: Actor, finding: PairFinding) -> None:
    """Take a verdict back."""
    person(actor, "kb.change_article")
    with transaction.atomic():
        before = {"reason": finding.reason, "decided_by": finding.decided_by}
        changes: dict[str, Any] = {"decided_by": "", "decided_at": None}
        move(finding, to=OPEN, allowed=STEPS, reason="", **changes)
        activity.record(actor, "finding.reopened", finding, before=before)


def conflicts_of(revision: Revision) -> list[str]:
    """Return in words what a text contradicts in other articles, verdicts respected; at most a few."""
    if revision.pk == revision.article.published_revision_id:
        rows = PairFinding.objects.open().filter(kind=PairFinding.Kind.CONTRADICTION)
        return [
            f"“{row.first_sentence}” – “{row.second_sentence}”"
            for row in rows
            if any(revision.article_id in pair for pair in row.pairs)
        ][:SHOWN_CONFLICTS]
    found = draft_conflicts(revision)
    judged = PairFinding.objects.filter(key__in=[pair.key for pair in found], state=DISMISSED)
    dismissed = set(judged.values_list("key", flat=True))
    words = []
    for pair in found:
        if pair.key not in dismissed:
            own, other = pair.sentences if pair.articles[0] == revision.article_id else pair.sentences[::-1]
            words.append(f"“{own}” here, “{other}” there ({pair.text.removesuffix('.')}).")
    return words[:SHOWN_CONFLICTS]
