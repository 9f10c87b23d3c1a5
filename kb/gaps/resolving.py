"""Whether a gap is closed: its article is live, and what customers asked finds it now.

Looked at after each indexing and with each collection. A gap that is not closed says why.
"""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from core import activity
from core.actors import Actor
from core.errors import Conflict
from core.permissions import require
from core.transitions import move
from kb.gaps import workflow
from kb.index_loading import LoadedIndex, fresh_index
from kb.models import Article, Gap
from kb.questions.asking import WITHIN, ask, audiences_of
from kb.retrieval import readable_ids

ASKED = 20  # signals of a gap, the newest
RESOLVED_SHARE = 0.6  # of them must find the article: customers' words are rougher than test questions
MAX_CHECKED = 500
NOTE_LENGTH = 500


def gaps_check(*, actor: Actor, article_id: int | None = None) -> int:
    """Check the gaps that are being written, of one article or of all; return how many are closed by now."""
    rows = Gap.objects.apart().filter(state=workflow.DRAFTING).select_related("article").order_by("pk")
    if article_id is not None:
        rows = rows.filter(article_id=article_id)
    return sum(_check(actor, gap) for gap in rows[:MAX_CHECKED])


def gap_check(*, actor: Actor, gap: Gap) -> bool:
    """Check one gap now; return whether it is resolved."""
    require(actor, "kb.change_article")
    if gap.state != workflow.DRAFTING:
        raise Conflict("Only a gap that is being written can be checked.", code="not_drafting")
    return _check(actor, gap)


def _check(actor: Actor, gap: Gap) -> bool:
    article = gap.article
    if article is None or not article.is_live:
        return False
    index = fresh_index()
    asked = list(gap.signals.order_by("-pk").values_list("text", flat=True)[:ASKED])
    found, missed = _found(index, article, asked)
    resolved = bool(asked) and found >= RESOLVED_SHARE * len(asked)
    said = f"{found} of {len(asked)} customers' questions find “{article.title}” among the first {WITHIN}"
    if not resolved and missed:
        said += f"; “{missed[0]}” finds {f'“{missed[1]}” first' if missed[1] else 'nothing'}"
    note = f"{'Resolved' if resolved else 'Not resolved yet'}: {said}."[:NOTE_LENGTH]
    if not resolved and note == gap.note:
        return False
    before = {"state": gap.state, "note": gap.note}
    with transaction.atomic():
        if resolved:
            move(
                gap,
                to=workflow.RESOLVED,
                allowed=workflow.GAP_STEPS,
                note=note,
                since_closed=0,
                updated_at=timezone.now(),
            )
            activity.record(
                actor, "gap.resolved", gap, before=before, after={"state": gap.state, "note": note}
            )
        else:
            Gap.objects.filter(pk=gap.pk, state=workflow.DRAFTING).update(note=note)
            gap.note = note
    return resolved


def _found(index: LoadedIndex, article: Article, texts: list[str]) -> tuple[int, tuple[str, str] | None]:
    """Return how many texts find the article as its own readers, and the first that does not."""
    if article.pk not in index.snapshot.article_ids:
        return 0, (texts[0], "") if texts else None
    readable = [readable_ids(index, audience) for audience in audiences_of(article)]
    asked = ask(index.snapshot, article.pk, readable, texts)
    missed = next(((one.text[:120], one.first) for one in asked if not one.found), None)
    return sum(one.found for one in asked), missed
