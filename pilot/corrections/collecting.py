"""Draw corrections from what pilots have shown. Reads rows; a second run finds nothing new.

What must be there and is not is looked for each time (no watermark), so nothing is lost to a crash, to late
feedback or to a transaction that was committed late. Each batch is one transaction that holds its drafts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import replace

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from core.jobs import Progress
from core.writing import write_transaction
from pilot import workflow as w
from pilot.corrections.facts import IS_BAD, facts_of
from pilot.corrections.proposals import Proposal, proposals_of
from pilot.drafts.collecting import drafts_collect
from pilot.drafts.sampling import NOT_UNDERSTOOD
from pilot.models import CollectedReview, Correction, Draft, Review
from runtime.models import Feedback

BATCH = 100
COLLECT_TASK = "pilot.tasks.collect_corrections"
TAKEN_BACK = "The review was taken back."
OVERTAKEN = "Something else is known of this draft by now; see its other corrections."
# Declined by nobody: it comes back when its reason does.
WITHDRAWN = Q(state=w.DECLINED, decided_by="")
Missing = Callable[[], QuerySet[Draft]]


def corrections_collect(
    *, progress: Progress | None = None, max_batches: int | None = None
) -> dict[str, int]:
    """Propose what drafts, reviews and feedback say; return how many were proposed, changed, withdrawn.

    Idempotent by draft, source and kind. Cheap where there is nothing to do, so pages call it, too, with
    ``max_batches``: the rest is left to the job.
    """
    drafts_collect(progress=progress)
    counts: Counter[str] = Counter(proposed=0, changed=0, withdrawn=0)
    left = max_batches if max_batches is not None else -1
    for missing in (_not_understood, _incorrect, _reviewed):
        after = 0
        while left and (ids := _next(missing(), after)):
            counts.update(_settle(ids))
            after, left = ids[-1], left - 1
            if progress is not None:
                progress(counts.total(), counts.total(), "Collecting corrections")
    return dict(counts)


def _next(missing: QuerySet[Draft], after: int) -> list[int]:
    return list(missing.filter(pk__gt=after).order_by("pk").values_list("pk", flat=True)[:BATCH])


def _not_understood() -> QuerySet[Draft]:
    """Return the drafts of messages that were not understood and have no correction that says so."""
    return Draft.objects.filter(turn__reason__in=NOT_UNDERSTOOD).exclude(_has(w.NOT_UNDERSTOOD))


def _incorrect() -> QuerySet[Draft]:
    """Return the drafts that customers complained of and that have no correction that says so."""
    complaints = Feedback.objects.filter(IS_BAD, turn_id=OuterRef("turn_id"))
    return Draft.objects.filter(Exists(complaints)).exclude(_has(w.INCORRECT))


def _reviewed() -> QuerySet[Draft]:
    """Return the drafts with a review, or one taken back, that has not been read as it stands."""
    unread = Q(undone_at=None, collected=None) | Q(undone_at__isnull=False, collected__undone=False)
    return Draft.objects.filter(Exists(Review.objects.filter(unread, draft_id=OuterRef("pk"))))


def _has(source: str) -> Exists:
    rows = Correction.objects.filter(draft_id=OuterRef("pk"), source=source)
    return Exists(rows.exclude(WITHDRAWN))


def _settle(draft_ids: list[int]) -> Counter[str]:
    """Bring the corrections of these drafts in line with what is known of them, in one transaction."""
    counts: Counter[str] = Counter()
    with write_transaction():
        held = Draft.objects.select_for_update(of=("self",)).filter(pk__in=draft_ids)
        drafts = list(held.select_related("turn").order_by("pk"))
        _mark_read(draft_ids)  # before they are read: one that comes in between is read again
        facts = facts_of(drafts)
        rows: dict[int, list[Correction]] = {}
        for row in Correction.objects.filter(draft__in=draft_ids).select_related("review").order_by("pk"):
            rows.setdefault(row.draft_id, []).append(row)
        fresh: list[Correction] = []
        for draft in drafts:
            fresh += _reconcile(draft.pk, rows.get(draft.pk, []), proposals_of(facts[draft.pk]), counts)
        Correction.objects.bulk_create(fresh)
        counts["proposed"] += len(fresh)
    return counts


def _mark_read(draft_ids: Iterable[int]) -> None:
    reviews = Review.objects.filter(draft__in=draft_ids).values_list("pk", "undone_at")
    CollectedReview.objects.bulk_create(
        [CollectedReview(review_id=pk, undone=undone_at is not None) for pk, undone_at in reviews],
        update_conflicts=True,
        unique_fields=["review"],
        update_fields=["undone"],
    )


def _reconcile(
    draft_id: int, rows: list[Correction], wanted: list[Proposal], counts: Counter[str]
) -> list[Correction]:
    """Return the rows to add; change those that say something else now, decline those without a reason.

    What a person has decided, or chosen the kind of, stays.
    """
    fresh: list[Correction] = []
    kept: set[int] = set()
    wanted = _beside_decided(wanted, rows)
    keys = {(one.source, one.kind) for one in wanted}
    for proposal in wanted:
        row = _row_for(proposal, rows, keys)
        if row is None:
            fresh.append(_new(draft_id, proposal))
            continue
        kept.add(row.pk)
        counts["changed"] += _refresh(row, proposal)
    for row in rows:
        if row.state == w.PROPOSED and row.pk not in kept:
            counts["withdrawn"] += _withdraw(row)
    return fresh


def _beside_decided(wanted: list[Proposal], rows: list[Correction]) -> list[Proposal]:
    """Add what a review says of a failure for which a person has decided something else already."""
    added = []
    for one in wanted:
        decided = [row for row in rows if row.source == one.source and row.decided_by]
        is_new = one.review_id is not None and all(row.kind != one.kind for row in decided)
        if one.source != w.FROM_REVIEW and decided and is_new:
            added.append(replace(one, source=w.FROM_REVIEW))
    taken = {one.kind for one in wanted if one.source == w.FROM_REVIEW}
    return wanted + [one for one in added if one.kind not in taken]


def _row_for(proposal: Proposal, rows: list[Correction], keys: set[tuple[str, str]]) -> Correction | None:
    """Return the row that holds the proposal: the same kind, else the one of its source that is replaced.

    A failure has one row, whatever is proposed because of it. A row whose kind a person has chosen stands for
    the kind that it was, too.
    """
    same = [row for row in rows if row.source == proposal.source]
    held = (row for row in same if proposal.kind in (row.kind, row.payload.get("instead_of")))
    exact = next(held, None)
    if exact is not None or proposal.source == w.FROM_REVIEW:
        return exact
    return next((row for row in same if (row.source, row.kind) not in keys), None)


def _refresh(row: Correction, proposal: Proposal) -> int:
    """Write what the proposal says by now, unless a person has had a say; return how many rows changed."""
    is_withdrawn = row.state == w.DECLINED and not row.decided_by
    if row.payload.get("chosen_by") or not (row.state == w.PROPOSED or is_withdrawn):
        return 0
    says = {
        "kind": proposal.kind,
        "priority": proposal.priority,
        "title": proposal.title,
        "payload": proposal.payload,
        "review_id": proposal.review_id,
    }
    if not is_withdrawn and all(getattr(row, name) == value for name, value in says.items()):
        return 0
    back = {"state": w.PROPOSED, "decided_at": None, "note": ""}
    return _while_undecided(row, **says, **back)


def _withdraw(row: Correction) -> int:
    undone = row.review is not None and row.review.undone_at is not None
    note = TAKEN_BACK if undone else OVERTAKEN
    return _while_undecided(row, state=w.DECLINED, decided_at=timezone.now(), decided_by="", note=note)


def _while_undecided(row: Correction, **changes: object) -> int:
    """Change the row where it is still as it was read; a person who was faster keeps what they did."""
    return Correction.objects.filter(pk=row.pk, state=row.state, decided_by=row.decided_by).update(**changes)


def _new(draft_id: int, proposal: Proposal) -> Correction:
    return Correction(
        draft_id=draft_id,
        review_id=proposal.review_id,
        source=proposal.source,
        kind=proposal.kind,
        priority=proposal.priority,
        title=proposal.title,
        payload=proposal.payload,
    )
