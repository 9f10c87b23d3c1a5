"""Bulk moves: made, forecast, started, done row by row in the name of the person, taken back.

Every article goes through the service that its button calls, with that person's rights: what the button
refuses is refused here, and says why. A job may be killed anywhere; it goes on with the rows that wait.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection
from typing import Any

from django.db import transaction
from django.db.models import Count, F, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone

from core import activity, jobs
from core.actors import Actor
from core.errors import Conflict, DomainError, InvalidInput, NotAllowed
from core.permissions import require
from core.transitions import move
from kb import workflow
from kb.exchange.known import facets_of
from kb.models import Article, AudienceValue, BulkMove, BulkMoveRow, Revision
from kb.review import revision_approve, revision_publish, revision_submit
from kb.services import article_set_audience, article_set_labels, check_labels, person

TASK = "kb.tasks.bulk_move"
MAX_ARTICLES = 5_000
BATCH = 500
STEPS = {"ready": ("queued",), "queued": ("running",), "running": ("done",), "done": ()}
PERMISSIONS = {
    BulkMove.Kind.SUBMIT: "kb.change_article",
    BulkMove.Kind.APPROVE: "kb.review_revision",
    BulkMove.Kind.PUBLISH: "kb.publish_revision",
    BulkMove.Kind.EVERYONE: "kb.change_article",
    BulkMove.Kind.LABEL: "kb.change_article",
}
UNDOABLE = (BulkMove.Kind.EVERYONE, BulkMove.Kind.LABEL)
# What a revision must be for the move, and how that is told.
WANTED_STATE = {
    BulkMove.Kind.SUBMIT: (workflow.DRAFT, "is no draft"),
    BulkMove.Kind.APPROVE: (workflow.IN_REVIEW, "is not in review"),
    BulkMove.Kind.PUBLISH: (workflow.APPROVED, "is not approved"),
}


@transaction.atomic
def bulk_create(
    *, actor: Actor, kind: str, articles: Collection[int], labels: Collection[str] = ()
) -> BulkMove:
    """Note which articles are to be moved; nothing is moved by that."""
    if kind not in BulkMove.Kind.values:
        raise InvalidInput("There is no such move.", code="unknown_move")
    made_by = person(actor, PERMISSIONS[BulkMove.Kind(kind)])
    names = sorted({" ".join(name.split()) for name in labels} - {""})
    if kind == BulkMove.Kind.LABEL and not names:
        raise InvalidInput("Name the labels beside the action.", code="bad_labels")
    check_labels(names)
    if not 0 < len(articles) <= MAX_ARTICLES:
        raise InvalidInput(f"Choose 1 to {MAX_ARTICLES} articles.", code="too_many")
    made = BulkMove.objects.create(
        kind=kind, labels=names if kind == BulkMove.Kind.LABEL else [], made_by_id=made_by
    )
    rows = [BulkMoveRow(move=made, article_id=article_id) for article_id in sorted(set(articles))]
    BulkMoveRow.objects.bulk_create(rows, batch_size=BATCH)
    return made


def bulk_forecast(made: BulkMove) -> list[tuple[str, int]]:
    """Say in words how many articles would be moved and how many refused, and why; a few queries."""
    ids = made.rows.values("article_id")
    total = made.rows.count()
    wanted = WANTED_STATE.get(BulkMove.Kind(made.kind))
    if wanted is None:
        return [("articles", total)]
    state, otherwise = wanted
    ready = Revision.objects.filter(article_id__in=ids, state=state)
    told = [(f"of {total} can be moved as they are now", ready.count())]
    own = 0
    if made.kind == BulkMove.Kind.APPROVE:
        own = _written_by(made.made_by_id, ready).count()
        told = [(f"of {total} can be approved by you as they are now", ready.count() - own)]
        if own:
            told.append(("hold text that you wrote: somebody else has to review it", own))
    if total - ready.count():
        told.append((f"will be refused: the newest text {otherwise}", total - ready.count()))
    if made.kind == BulkMove.Kind.PUBLISH:
        nobody = ready.filter(article__for_everyone=False, article__audience_values=None).count()
        told += [("will be refused: nobody has said whom they are for", nobody)] if nobody else []
    return told


@transaction.atomic
def bulk_start(*, actor: Actor, made: BulkMove) -> None:
    """Queue the move; only the person who chose the articles may."""
    _require_own(actor, made)
    move(made, to="queued", allowed=STEPS)
    job = jobs.enqueue(TASK, dedupe_key=f"{TASK}:{made.pk}", requested_by=actor.label, move_id=made.pk)
    BulkMove.objects.filter(pk=made.pk).update(job=job)
    activity.record(
        actor, "bulk_move.started", made, after={"kind": made.kind, "articles": made.rows.count()}
    )


def bulk_run(move_id: int, *, progress: jobs.Progress) -> dict[str, Any]:
    """Move each article that waits, in the name of the person, if they still may; idempotent."""
    made = BulkMove.objects.select_related("made_by").get(pk=move_id)
    if made.state == "queued":
        move(made, to="running", allowed=STEPS)
    if made.state != "running":
        return {"state": made.state}
    actor = Actor.of_user(made.made_by)
    total = made.rows.count()
    waiting = list(made.rows.filter(outcome="waiting").order_by("pk").values_list("pk", flat=True))
    for done, row_id in enumerate(waiting, start=total - len(waiting) + 1):
        _row(actor, made, row_id)
        if done % 5 == 0 or done == total:
            progress(done, total, f"{done} of {total} articles")
    counts = bulk_counts(made)
    with transaction.atomic():
        move(made, to="done", allowed=STEPS, finished_at=timezone.now())
        activity.record(actor, "bulk_move.done", made, after={"kind": made.kind, **counts})
    return counts


def bulk_counts(made: BulkMove) -> dict[str, int]:
    """Return how many articles had each outcome."""
    found = dict(made.rows.order_by().values_list("outcome").annotate(Count("pk")))
    return {name: found.get(name, 0) for name in BulkMoveRow.Outcome.values}


def bulk_refusals(made: BulkMove) -> list[tuple[str, int]]:
    """Return the reasons of refusals with how many articles each has, the most frequent first."""
    reasons = made.rows.filter(outcome="refused").values_list("reason", flat=True)
    return Counter(reasons).most_common()


def bulk_undo(*, actor: Actor, made: BulkMove) -> dict[str, int]:
    """Put back audiences or labels, where nobody has changed them since; submissions go on by review."""
    if made.kind not in UNDOABLE or made.state != "done":
        raise Conflict("This cannot be taken back. Use the review of each article.", code="not_undoable")
    require(actor, "kb.change_article")
    done = list(made.rows.filter(outcome="done").select_related("article").order_by("pk"))
    for row in done:
        try:
            with transaction.atomic():
                _put_back(actor, made, row)
                made.rows.filter(pk=row.pk).update(outcome="undone", reason="")
        except DomainError as refusal:
            made.rows.filter(pk=row.pk).update(reason=f"Not taken back: {refusal.message}"[:500])
    counts = bulk_counts(made)
    with transaction.atomic():
        activity.record(actor, "bulk_move.undone", made, after={"kind": made.kind, **counts})
    return counts


def _row(actor: Actor, made: BulkMove, row_id: int) -> None:
    row = BulkMoveRow.objects.select_related("article").get(pk=row_id)
    act = ACTS[BulkMove.Kind(made.kind)]
    try:
        if made.kind == BulkMove.Kind.PUBLISH:  # its checks encode text: not inside a transaction of ours
            before = act(actor, made, row.article)
            made.rows.filter(pk=row_id).update(outcome="done", before=before)
            return
        with transaction.atomic():
            before = act(actor, made, row.article)
            made.rows.filter(pk=row_id).update(outcome="done", before=before)
    except DomainError as refusal:
        made.rows.filter(pk=row_id).update(outcome="refused", reason=refusal.message[:500])


def _open(article: Article, kind: BulkMove.Kind) -> Revision:
    """Return the newest text, if the move is for texts in its state."""
    revision = article.open_revision
    state, otherwise = WANTED_STATE[kind]
    if revision is None:
        raise Conflict("Its newest text is published already.", code="nothing_open")
    if revision.state != state:
        raise Conflict(f"Its newest text {otherwise}, it is {revision.get_state_display().lower()}.")
    return revision


def _submit(actor: Actor, made: BulkMove, article: Article) -> dict[str, Any]:
    revision_submit(actor=actor, revision=_open(article, BulkMove.Kind.SUBMIT))
    return {}


def _approve(actor: Actor, made: BulkMove, article: Article) -> dict[str, Any]:
    revision_approve(actor=actor, revision=_open(article, BulkMove.Kind.APPROVE))
    return {}


def _publish(actor: Actor, made: BulkMove, article: Article) -> dict[str, Any]:
    live = article.published_revision
    if (
        live is not None
        and article.open_revision is None
        and (live.published_at or made.made_at) > made.made_at
    ):
        return {}  # by this very job, before it was killed, or by somebody meanwhile: it is as was asked for
    revision_publish(actor=actor, revision=_open(article, BulkMove.Kind.PUBLISH))
    return {}


def _everyone(actor: Actor, made: BulkMove, article: Article) -> dict[str, Any]:
    audience = facets_of(article)
    if audience.for_everyone:
        raise Conflict("It is for everyone already.", code="nothing_to_do")
    article_set_audience(actor=actor, article=article, for_everyone=True)
    return {"audience": sorted(audience.values)}


def _label(actor: Actor, made: BulkMove, article: Article) -> dict[str, Any]:
    labels = {label.name for label in article.labels.all()}
    added = sorted(set(made.labels) - labels)
    if not added:
        raise Conflict("It has these labels already.", code="nothing_to_do")
    article_set_labels(actor=actor, article=article, names=labels | set(added))
    return {"added": added}


ACTS: dict[BulkMove.Kind, Callable[[Actor, BulkMove, Article], dict[str, Any]]] = {
    BulkMove.Kind.SUBMIT: _submit,
    BulkMove.Kind.APPROVE: _approve,
    BulkMove.Kind.PUBLISH: _publish,
    BulkMove.Kind.EVERYONE: _everyone,
    BulkMove.Kind.LABEL: _label,
}


def _put_back(actor: Actor, made: BulkMove, row: BulkMoveRow) -> None:
    article = row.article
    if made.kind == BulkMove.Kind.LABEL:
        labels = {label.name for label in article.labels.all()}
        article_set_labels(actor=actor, article=article, names=labels - set(row.before["added"]))
        return
    if not article.for_everyone:
        raise Conflict("Somebody has changed the audience since.", code="changed_since")
    wanted = Q()
    for kind, value in row.before["audience"]:
        wanted |= Q(kind=kind, value=value)
    values = list(AudienceValue.objects.filter(wanted)) if row.before["audience"] else []
    if len(values) != len(row.before["audience"]):
        raise Conflict("An audience that it had is not there any more.", code="unknown_audience")
    article_set_audience(actor=actor, article=article, for_everyone=False, values=values)


def _written_by(person_id: int, revisions: Any) -> Any:
    """Keep revisions of which the person wrote a part: any text since the published one."""
    since = Coalesce("article__published_revision__number", 0)
    written = Revision.objects.filter(article_id=OuterRef("article_id"), author_id=person_id)
    newest = written.order_by("-number").values("number")[:1]
    return revisions.annotate(since=since, own=Subquery(newest)).filter(own__gt=F("since"))


def _require_own(actor: Actor, made: BulkMove) -> None:
    if actor.user_id != made.made_by_id:
        raise NotAllowed("Somebody else chose these articles. Choose them yourself.", code="not_yours")
    require(actor, PERMISSIONS[BulkMove.Kind(made.kind)])
