"""What people do with gaps: merge, split, dismiss, open again, start a draft; the last act can be taken back.

Each is one transaction with its line in the activity log. A draft is only ever a draft here: submitting,
approving and publishing are kb.review's business and need people of their own.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.text import slugify

from core import activity
from core.actors import Actor
from core.errors import Conflict, InvalidInput
from core.permissions import require
from core.transitions import move
from kb.gaps import workflow
from kb.gaps.material import draft_body
from kb.gaps.replies import best_replies
from kb.gaps.signals import gap_recount, title_of
from kb.models import Article, ArticleQuestion, DraftSource, Gap, GapChange, GapSignal, Revision
from kb.questions.services import key_of, question_add, short_question
from kb.services import MAX_SLUG_LENGTH, article_create, person

CHANGE = "kb.change_article"
Kind = GapChange.Kind
MAX_REASON = 400
MAX_MERGED = 50
MAX_TEST_QUESTIONS = 8


@transaction.atomic
def gaps_merge(*, actor: Actor, into: Gap, others: Collection[Gap]) -> int:
    """Put the signals of other gaps into one; return how many moved. The others leave the queue."""
    require(actor, CHANGE)
    ids = {gap.pk for gap in others} - {into.pk}
    if not ids or len(ids) > MAX_MERGED:
        raise InvalidInput(f"Choose 1 to {MAX_MERGED} other gaps to merge.", code="nothing_to_merge")
    target, *rest = _locked([into.pk, *sorted(ids)])
    if any(gap.state == workflow.DRAFTING for gap in rest):
        raise Conflict(
            "A gap that is being written cannot be merged away; merge the others into it.", code="has_draft"
        )
    moved = {gap.pk: list(gap.signals.order_by("pk").values_list("pk", flat=True)) for gap in rest}
    GapSignal.objects.filter(gap_id__in=ids).update(gap=target)
    Gap.objects.filter(pk__in=ids).update(merged_into=target, count=0)
    gap_recount(target)
    names = ", ".join(f"“{gap.title}”" for gap in rest)
    _keep(actor, target, Kind.MERGE, f"Merged {names} into it", {"moved": moved})
    return sum(map(len, moved.values()))


@transaction.atomic
def signals_split(*, actor: Actor, gap: Gap, signals: Collection[GapSignal]) -> Gap:
    """Take signals out of a gap into a new one; return it."""
    require(actor, CHANGE)
    locked = _locked([gap.pk])[0]
    ids = list(locked.signals.filter(pk__in=[s.pk for s in signals]).values_list("pk", flat=True))
    if not ids or len(ids) >= locked.count:
        raise InvalidInput(
            "Choose some of the signals, and leave at least one where it is.", code="nothing_to_split"
        )
    first = GapSignal.objects.get(pk=ids[0])
    made = Gap.objects.create(
        title=title_of(first.text), centroid=first.vector, encoder=first.encoder, last_seen=first.day
    )
    GapSignal.objects.filter(pk__in=ids).update(gap=made)
    gap_recount(locked)
    gap_recount(made)
    summary = f"{len(ids)} signals split into “{made.title}”"
    _keep(actor, locked, Kind.SPLIT, summary, {"new": made.pk, "ids": ids})
    return made


@transaction.atomic
def gap_dismiss(*, actor: Actor, gap: Gap, reason: str) -> None:
    """Say why nothing will be written; it comes back after some new signals."""
    require(actor, CHANGE)
    reason = " ".join(reason.split())
    if not reason or len(reason) > MAX_REASON or "\x00" in reason:
        raise InvalidInput(f"Say why, in at most {MAX_REASON} characters.", code="reason_missing")
    before = _state_of(gap)
    move(gap, to=workflow.DISMISSED, allowed=workflow.GAP_STEPS, note=reason, since_closed=0, **_now())
    _keep(actor, gap, Kind.DISMISS, f"Dismissed: {reason}", before)


@transaction.atomic
def gap_reopen(*, actor: Actor, gap: Gap) -> None:
    """Open a closed gap again."""
    require(actor, CHANGE)
    before = _state_of(gap)
    if gap.state not in workflow.CLOSED:
        raise Conflict("Only a dismissed or resolved gap can be opened again.", code="not_closed")
    move(gap, to=workflow.OPEN, allowed=workflow.GAP_STEPS, note="", since_closed=0, **_now())
    _keep(actor, gap, Kind.REOPEN, "Opened again", before)


def gap_start_draft(*, actor: Actor, gap: Gap, title: str, ticket_ids: Collection[int] = ()) -> Revision:
    """Create an article's draft for the gap, with customers' phrasings as its test questions.

    ``ticket_ids`` choose among the best replies; the draft keeps the tickets that it comes from. It is a
    draft and stays one until people submit, approve and publish it.
    """
    person(actor, CHANGE)
    title = " ".join(title.split())
    offers = {offer.ticket_id: offer for offer in best_replies(gap)}
    if unknown := set(ticket_ids) - set(offers):
        raise Conflict(
            f"{len(unknown)} of the chosen replies are no longer among the best. Look again.",
            code="stale_replies",
        )
    chosen = [offer for pk, offer in offers.items() if pk in set(ticket_ids)]
    if not title:
        raise InvalidInput("Write the title as the question that the article answers.", code="empty_text")
    texts = list(gap.signals.order_by("pk").values_list("text", "source", "kind")[:200])
    with transaction.atomic():
        locked = _locked([gap.pk])[0]
        before = _state_of(locked)
        if locked.state != workflow.OPEN:
            raise Conflict(
                f"This gap is {locked.get_state_display().lower()}; no second draft is started.",
                code="transition_not_allowed",
            )
        revision = article_create(
            actor=actor,
            slug=_free_slug(title, gap.pk),
            title=title,
            body=draft_body(title, [offer.material for offer in chosen]),
            summary=f"Drafted for a gap with {locked.count} signals, from {len(chosen)} replies of agents",
        )
        DraftSource.objects.bulk_create(
            [DraftSource(revision=revision, ticket_id=o.ticket_id, label=o.label[:140]) for o in chosen]
        )
        _add_questions(actor, revision.article, texts)
        changes = {"article": revision.article, "note": "", **_now()}
        move(locked, to=workflow.DRAFTING, allowed=workflow.GAP_STEPS, **changes)
        summary = f"Draft “{title}” started from {len(chosen)} replies"
        _keep(actor, locked, Kind.DRAFT, summary, {**before, "article": revision.article_id})
    gap.state, gap.article, gap.note = locked.state, locked.article, ""
    return revision


@transaction.atomic
def gap_change_undo(*, actor: Actor, gap: Gap) -> GapChange:
    """Take back the newest act on the gap that has not been taken back yet; return it."""
    require(actor, CHANGE)
    locked = _locked([gap.pk])[0]
    change = undoable(locked)
    if change is None:
        raise Conflict("There is nothing to take back.", code="nothing_to_undo")
    _UNDO[Kind(change.kind)](locked, change.before)
    change.undone_at, change.undone_by = timezone.now(), actor.label[:150]
    change.save(update_fields=["undone_at", "undone_by"])
    activity.record(actor, "gap.undone", locked, after={"what": change.summary})
    return change


def undoable(gap: Gap) -> GapChange | None:
    """Return the act that an undo would take back."""
    return gap.changes.filter(undone_at=None).order_by("-pk").first()


def _undo_merge(gap: Gap, before: dict[str, Any]) -> None:
    for pk, ids in before["moved"].items():
        other = Gap.objects.select_for_update().get(pk=int(pk))
        GapSignal.objects.filter(pk__in=ids, gap=gap).update(gap=other)
        Gap.objects.filter(pk=other.pk).update(merged_into=None)
        other.refresh_from_db()
        gap_recount(other)
    gap_recount(gap)


def _undo_split(gap: Gap, before: dict[str, Any]) -> None:
    made = _locked([before["new"]])[0]
    if made.state != workflow.OPEN:
        raise Conflict("The gap that was split off has moved on; it stays.", code="moved_on")
    GapSignal.objects.filter(gap=made).update(gap=gap)
    Gap.objects.filter(pk=made.pk).update(merged_into=gap, count=0)
    gap_recount(gap)


def _undo_state(gap: Gap, before: dict[str, Any]) -> None:
    if gap.state == workflow.RESOLVED:
        raise Conflict("The gap is resolved by now; open it again instead.", code="moved_on")
    article = None if before["state"] == workflow.OPEN and "article" in before else gap.article_id
    Gap.objects.filter(pk=gap.pk).update(
        state=before["state"], note=before["note"], since_closed=before["since_closed"], article_id=article
    )


_UNDO = {
    Kind.MERGE: _undo_merge,
    Kind.SPLIT: _undo_split,
    Kind.DISMISS: _undo_state,
    Kind.REOPEN: _undo_state,
    Kind.DRAFT: _undo_state,
}


def _add_questions(actor: Actor, article: Article, texts: list[tuple[str, str, str]]) -> None:
    """Make customers' phrasings the article's test questions."""
    seen: set[str] = set()
    for text, source, kind in texts:
        question = short_question(text)
        if len(seen) == MAX_TEST_QUESTIONS:
            return
        if key_of(question) in seen or len(question) < 6:
            continue
        seen.add(key_of(question))
        ticket = kind == GapSignal.Kind.TICKET
        origin = ArticleQuestion.Origin.TICKET if ticket else ArticleQuestion.Origin.QUERY
        question_add(actor=actor, article=article, text=question, origin=origin, source=source)


def _locked(ids: Sequence[int]) -> list[Gap]:
    """Return the gaps in the order of their ids as given, locked; raise Conflict for merged ones."""
    found = {gap.pk: gap for gap in Gap.objects.apart().select_for_update().filter(pk__in=ids).order_by("pk")}
    if len(found) < len(set(ids)):
        raise Conflict("One of these gaps has been merged meanwhile. Look again.", code="gap_merged")
    return [found[pk] for pk in ids]


def _free_slug(title: str, gap_id: int) -> str:
    base = slugify(title)[: MAX_SLUG_LENGTH - 20].strip("-") or "gap"
    return base if not Article.objects.filter(slug=base).exists() else f"{base}-gap-{gap_id}"


def _state_of(gap: Gap) -> dict[str, Any]:
    return {"state": gap.state, "note": gap.note, "since_closed": gap.since_closed}


def _now() -> dict[str, Any]:
    return {"updated_at": timezone.now()}


def _keep(actor: Actor, gap: Gap, kind: str, summary: str, before: dict[str, Any]) -> None:
    GapChange.objects.create(
        gap=gap, kind=kind, summary=summary[:600], before=before, made_by=actor.label[:150]
    )
    short = {name: value for name, value in before.items() if name not in ("moved", "ids")}
    activity.record(actor, f"gap.{kind}", gap, before=short, after={"what": summary[:600]})
