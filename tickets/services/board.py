"""The board of categories: rename, merge, split, move, decide what is core, and take the last act back.

Each act is one short transaction that writes the rows, one CategoryChange with what it takes to undo it, and
one line of the activity log. Tickets stay in their clusters; only single tickets that a person moves change
theirs. Acts are undone from the newest on, so that what an undo finds is what the act left.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Any

from django.db import transaction
from django.utils import timezone

from core import activity
from core.actors import Actor
from core.errors import Conflict, InvalidInput
from core.permissions import require
from tickets.models import Category, CategoryChange, Classification, Cluster
from tickets.models.categories import NAME_LENGTH

Kind = CategoryChange.Kind
MAX_MOVED_TICKETS = 1_000
CHANGE = "tickets.change_category"


@transaction.atomic
def category_rename(*, actor: Actor, category: Category, name: str, description: str = "") -> None:
    """Give a category another name and description."""
    require(actor, CHANGE)
    current = _locked([category])[0]
    name = free_name(name, besides=current)
    before = {"id": current.pk, "name": current.name, "description": current.description}
    summary = f"“{current.name}” is now “{name}”"
    Category.objects.filter(pk=current.pk).update(name=name, description=description.strip())
    _keep(actor, Kind.RENAME, summary, before, current)


@transaction.atomic
def categories_merge(*, actor: Actor, sources: Sequence[Category], into: Category) -> None:
    """Put all clusters of the sources into another category; the sources are retired, not forgotten."""
    require(actor, CHANGE)
    sources = [category for category in sources if category.pk != into.pk]
    if not sources:
        raise InvalidInput("Choose at least two different categories.", code="nothing_to_merge")
    *given, target = _locked([*sources, into])
    before = {
        "into": target.pk,
        "sources": [{"id": category.pk, "clusters": _cluster_ids(category)} for category in given],
    }
    Cluster.objects.filter(category__in=given).update(category=target)
    Category.objects.filter(pk__in=[category.pk for category in given]).update(
        retired_at=timezone.now(), merged_into=target
    )
    names = ", ".join(f"“{category.name}”" for category in given)
    _keep(actor, Kind.MERGE, f"{names} merged into “{target.name}”", before, target)


@transaction.atomic
def category_split(*, actor: Actor, category: Category, clusters: Collection[int], name: str) -> Category:
    """Take clusters out of a category into a new one, which has no label yet; return the new one."""
    require(actor, CHANGE)
    current = _locked([category])[0]
    own = set(_cluster_ids(current))
    taken = own & set(clusters)
    if not taken:
        raise InvalidInput("Choose the clusters that become a category of their own.", code="no_clusters")
    if taken == own:
        raise InvalidInput("Leave at least one cluster where it is.", code="nothing_left")
    new = Category.objects.create(name=free_name(name), is_core=current.is_core)
    Cluster.objects.filter(pk__in=taken).update(category=new)
    before = {"from": current.pk, "new": new.pk, "clusters": sorted(taken)}
    _keep(actor, Kind.SPLIT, f"“{new.name}” split off “{current.name}”", before, new)
    return new


@transaction.atomic
def clusters_move(*, actor: Actor, clusters: Collection[int], into: Category) -> None:
    """Move clusters to another category; a category that has none left stays, empty."""
    require(actor, CHANGE)
    target = _locked([into])[0]
    moved = list(Cluster.objects.select_for_update().filter(pk__in=clusters).exclude(category=target))
    if not moved:
        raise InvalidInput("Choose clusters of another category.", code="no_clusters")
    before = {"clusters": {str(cluster.pk): cluster.category_id for cluster in moved}}
    Cluster.objects.filter(pk__in=[cluster.pk for cluster in moved]).update(category=target)
    _keep(actor, Kind.MOVE, f"{len(moved)} clusters moved to “{target.name}”", before, target)


@transaction.atomic
def tickets_move(*, actor: Actor, tickets: Collection[int], into: Category) -> int:
    """Move single tickets to a category, by hand: later runs leave them there. Return how many were moved."""
    require(actor, CHANGE)
    if len(tickets) > MAX_MOVED_TICKETS:
        raise InvalidInput(f"Move at most {MAX_MOVED_TICKETS} tickets at a time.", code="too_many")
    target = _locked([into])[0]
    home = Cluster.objects.filter(category=target).order_by("-size", "pk").first()
    if home is None:
        raise Conflict(f"“{target.name}” has no clusters; move one there first.", code="no_clusters")
    found = (
        Classification.objects.select_for_update(of=("self",))
        .filter(pk__in=tickets)
        .exclude(cluster__category=target)
    )
    rows = list(found)
    if not rows:
        raise InvalidInput("These tickets are in that category already.", code="nothing_to_move")
    before = {"tickets": [[row.pk, row.cluster_id, row.similarity, row.by_hand] for row in rows]}
    Classification.objects.filter(pk__in=[row.pk for row in rows]).update(
        cluster=home, by_hand=True, similarity=None
    )
    _keep(actor, Kind.MOVE, f"{len(rows)} tickets moved to “{target.name}”", before, target)
    return len(rows)


@transaction.atomic
def category_set_core(*, actor: Actor, category: Category, is_core: bool) -> None:
    """Say whether a category is among those that the training starts with."""
    require(actor, CHANGE)
    current = _locked([category])[0]
    if current.is_core == is_core:
        return
    Category.objects.filter(pk=current.pk).update(is_core=is_core)
    summary = f"“{current.name}” is {'now' if is_core else 'no longer'} core"
    _keep(actor, Kind.CORE, summary, {"id": current.pk, "is_core": current.is_core}, current)


@transaction.atomic
def category_label(
    *,
    actor: Actor,
    category: Category,
    label: str,
    reason: str,
    needs_judgement: bool = False,
    policy_exception: bool = False,
    multi_system: bool = False,
) -> None:
    """Decide who resolves a category, why, and which flags it carries; the log keeps who and why."""
    require(actor, "tickets.label_category")
    if label not in Category.Label.values:
        raise InvalidInput("Choose AI-resolvable, AI-assisted or human-only.", code="unknown_label")
    if not reason.strip():
        raise InvalidInput("Say why, in a sentence.", code="reason_missing")
    current = _locked([category])[0]
    fields = {
        "label": label,
        "label_reason": reason.strip()[:500],
        "labelled_by_id": actor.user_id,
        "labelled_at": timezone.now(),
        "needs_judgement": needs_judgement,
        "policy_exception": policy_exception,
        "multi_system": multi_system,
    }
    before = {"id": current.pk, **{name: getattr(current, name) for name in fields if name != "labelled_at"}}
    before["labelled_at"] = current.labelled_at.isoformat() if current.labelled_at else None
    Category.objects.filter(pk=current.pk).update(**fields)
    summary = f"“{current.name}” is {Category.Label(label).label}: {fields['label_reason']}"
    _keep(actor, Kind.LABEL, summary, before, current)


@transaction.atomic
def change_undo(*, actor: Actor, change: CategoryChange) -> None:
    """Take the newest act back that has not been taken back yet."""
    require(actor, CHANGE)
    newest = undoable()
    if newest is None or newest.pk != change.pk:
        raise Conflict("Only the newest change can be taken back; begin there.", code="not_the_newest")
    undone = CategoryChange.objects.filter(pk=change.pk, undone_at=None).update(
        undone_at=timezone.now(), undone_by=actor.label[:150]
    )
    if not undone:
        raise Conflict("Somebody else has taken this back already.", code="stale_transition")
    _UNDO[Kind(change.kind)](change.before)
    activity.record(actor, "categorychange.undone", change)


def undoable() -> CategoryChange | None:
    """Return the act that an undo would take back: the newest, unless it was a proposal."""
    newest = CategoryChange.objects.filter(undone_at=None).order_by("-pk").first()
    return newest if newest is not None and newest.kind in _UNDO else None


def free_name(name: str, *, besides: Category | None = None) -> str:
    """Return a name as it can be given; raises InvalidInput where it is empty, too long or taken."""
    name = " ".join(name.split())
    if not name or len(name) > NAME_LENGTH:
        raise InvalidInput(f"A name has 1 to {NAME_LENGTH} characters.", code="bad_name")
    taken = Category.objects.in_use().filter(name__iexact=name)
    if besides is not None:
        taken = taken.exclude(pk=besides.pk)
    if taken.exists():
        raise Conflict(f"There is a category “{name}” already; merge the two instead.", code="name_taken")
    return name


def _locked(categories: Sequence[Category]) -> list[Category]:
    """Return the categories as they are now, in the given order, locked; raises Conflict for retired ones."""
    ids = [category.pk for category in categories]
    found = {c.pk: c for c in Category.objects.select_for_update().filter(pk__in=ids).order_by("pk")}
    for category in categories:
        if category.pk not in found or found[category.pk].retired_at is not None:
            raise Conflict(
                f"“{category.name}” has been merged meanwhile. Look again.", code="category_retired"
            )
    return [found[pk] for pk in ids]


def _cluster_ids(category: Category) -> list[int]:
    return list(Cluster.objects.filter(category=category).order_by("pk").values_list("pk", flat=True))


def _keep(actor: Actor, kind: str, summary: str, before: dict[str, Any], target: Category) -> None:
    CategoryChange.objects.create(kind=kind, summary=summary[:300], before=before, made_by=actor.label[:150])
    activity.record(actor, f"category.{kind}", target, before=_short(before), after={"what": summary})


def _short(before: dict[str, Any]) -> dict[str, Any]:
    """Return what the log keeps of the state before: not the list of every ticket."""
    return {name: f"{len(value)} rows" if name == "tickets" else value for name, value in before.items()}


def _undo_fields(before: dict[str, Any]) -> None:
    fields = {name: value for name, value in before.items() if name != "id"}
    if "name" in fields:
        free_name(fields["name"], besides=Category(pk=before["id"]))
    Category.objects.filter(pk=before["id"]).update(**fields)


def _undo_merge(before: dict[str, Any]) -> None:
    for source in before["sources"]:
        category = Category.objects.get(pk=source["id"])
        free_name(category.name, besides=category)
        Category.objects.filter(pk=category.pk).update(retired_at=None, merged_into=None)
        Cluster.objects.filter(pk__in=source["clusters"]).update(category=category)


def _undo_split(before: dict[str, Any]) -> None:
    Cluster.objects.filter(pk__in=before["clusters"]).update(category_id=before["from"])
    Category.objects.filter(pk=before["new"]).update(retired_at=timezone.now(), merged_into_id=before["from"])


def _undo_move(before: dict[str, Any]) -> None:
    for cluster, category in before.get("clusters", {}).items():
        Cluster.objects.filter(pk=int(cluster)).update(category_id=category)
    for pk, cluster, similarity, by_hand in before.get("tickets", ()):
        Classification.objects.filter(pk=pk).update(cluster=cluster, similarity=similarity, by_hand=by_hand)


def _undo_divide(before: dict[str, Any]) -> None:
    Classification.objects.filter(cluster__in=before["parts"]).update(cluster=before["cluster"])
    Cluster.objects.filter(pk__in=before["parts"]).delete()


_UNDO: dict[Kind, Callable[[dict[str, Any]], None]] = {
    Kind.RENAME: _undo_fields,
    Kind.CORE: _undo_fields,
    Kind.LABEL: _undo_fields,
    Kind.MERGE: _undo_merge,
    Kind.SPLIT: _undo_split,
    Kind.MOVE: _undo_move,
    Kind.DIVIDE: _undo_divide,
}
