"""The first categories: clusters of all tickets that count, put together to 10 to 15, for people to curate.

Only where there are no categories yet, or where a person says to begin anew; then the former ones are retired
with their history. The clustering works outside of any transaction; its rows come in one.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

import numpy as np
from django.db import transaction
from django.db.models import Count
from django.utils import timezone

from core import activity
from core.actors import Actor
from core.errors import Conflict
from core.permissions import require
from nlp import clustering
from nlp.cluster_merging import Proposal, propose_merges
from nlp.terms import cluster_terms, name_of
from tickets.models import Category, CategoryChange, Classification, Cluster, Clustering, Ticket, TicketVector
from tickets.models.categories import NAME_LENGTH
from tickets.vectors import floats, stored_floats, text_to_encode, unpack

SMALLEST_SHARE, SMALLEST = 0.002, 3  # a cluster of fewer tickets is no topic: its tickets go to the nearest
REST_NAME = "Everything else"
SHARED_SUBJECT = 0.3  # of the tickets: then it names the category better than any words would
MAX_TERM_TEXTS = 20_000
MAX_DIVIDED = 20_000
ROWS = 1_000


def categories_propose(*, actor: Actor, encoder: str, seed: int = 1) -> Clustering | None:
    """Cluster the tickets that count and write categories for them; None where no ticket says anything.

    Categories in use are retired first. Raises Conflict when somebody changed categories meanwhile.
    """
    seen = CategoryChange.objects.order_by("-pk").values_list("pk", flat=True).first()
    ids, vectors = _vectors(encoder)
    if not len(ids):
        return None
    found = clustering.cluster(vectors, seed=seed)
    large = np.flatnonzero(found.sizes >= max(SMALLEST, SMALLEST_SHARE * len(ids)))
    if not len(large):
        large = np.arange(len(found.sizes))
    centroids = found.centroids[large]
    labels, similarity = clustering.assign(vectors, centroids, found.mean)
    labels = np.where(similarity >= found.least_similarity, labels, -1)
    sizes = np.bincount(labels[labels >= 0], minlength=len(centroids))
    terms = _terms(ids, labels, len(centroids))
    subjects = _subjects(ids, labels)
    proposal = propose_merges(centroids, sizes)
    with transaction.atomic():
        if CategoryChange.objects.order_by("-pk").values_list("pk", flat=True).first() != seen:
            raise Conflict("Somebody has changed categories meanwhile. Start again.", code="stale")
        _retire_all()
        stored = Clustering.objects.create(
            seed=seed,
            encoder=encoder,
            settings=found.settings,
            tickets=len(ids),
            mean=stored_floats(found.mean),
            least_similarity=found.least_similarity,
            made_by=actor.label[:150],
        )
        clusters = _write(stored, proposal, centroids, sizes, terms, subjects)
        _assign(ids, labels, similarity, clusters)
        summary = f"{len(proposal.core)} categories proposed from {len(ids):,} tickets"
        CategoryChange.objects.create(kind="propose", summary=summary, made_by=actor.label[:150])
        activity.record(actor, "category.propose", stored, after={"what": summary, "seed": seed})
    return stored


def _vectors(encoder: str) -> tuple[np.ndarray, np.ndarray]:
    """Return ids and vectors of the tickets that count and say something, in a stable order."""
    rows = (
        TicketVector.objects.filter(ticket__in_window=True, encoder=encoder)
        .exclude(vector=b"")
        .order_by("ticket__source", "ticket__external_id")
        .values_list("pk", "vector")
    )
    ids, stored = [], []
    for pk, vector in rows.iterator(chunk_size=ROWS):
        ids.append(pk)
        stored.append(bytes(vector))
    return np.array(ids, dtype=np.int64), unpack(stored) if stored else np.zeros((0, 1), dtype=np.float32)


def _terms(ids: np.ndarray, labels: np.ndarray, count: int) -> list[list[str]]:
    """Return the terms of each cluster, from at most MAX_TERM_TEXTS of its tickets."""
    step = max(1, len(ids) // MAX_TERM_TEXTS)
    label_of = {
        int(pk): int(label) for pk, label in zip(ids[::step], labels[::step], strict=True) if label >= 0
    }
    wanted = list(label_of)
    texts: dict[int, str] = {}
    for start in range(0, len(wanted), ROWS):
        rows = Classification.objects.filter(pk__in=wanted[start : start + ROWS])
        for pk, subject, words in rows.values_list("pk", "ticket__subject", "ticket__text__customer_words"):
            texts[pk] = text_to_encode(subject, words or "")
    known = [pk for pk in wanted if pk in texts]
    found = cluster_terms(
        [texts[pk] for pk in known], np.array([label_of[pk] for pk in known], dtype=np.int64)
    )
    return [*found, *([] for _ in range(count - len(found)))]


def _subjects(ids: np.ndarray, labels: np.ndarray) -> dict[int, Counter[str]]:
    """Return how often each subject stands over the tickets of each label."""
    found: defaultdict[int, Counter[str]] = defaultdict(Counter)
    label_of = {int(pk): int(label) for pk, label in zip(ids, labels, strict=True) if label >= 0}
    rows = Ticket.objects.counting().values_list("pk", "subject")
    for pk, subject in rows.iterator(chunk_size=ROWS):
        if pk in label_of:
            found[label_of[pk]][subject[:NAME_LENGTH]] += 1
    return found


def _retire_all() -> None:
    Category.objects.in_use().update(retired_at=timezone.now())


def _write(
    clustering_row: Clustering,
    proposal: Proposal,
    centroids: np.ndarray,
    sizes: np.ndarray,
    terms: Sequence[Sequence[str]],
    subjects: Mapping[int, Counter[str]],
) -> dict[int, int]:
    """Write categories and clusters; return the cluster row of each label."""
    rows: dict[int, int] = {}
    taken: list[str] = []
    groups = [(group.clusters, True) for group in proposal.core]
    if proposal.rest:
        groups.append((proposal.rest, False))
    for members, is_core in groups:
        name = _name(members, sizes, terms, subjects, taken) if is_core else REST_NAME
        taken.append(name)
        category = Category.objects.create(name=name, is_core=is_core)
        for place in members:
            rows[place] = Cluster.objects.create(
                clustering=clustering_row,
                category=category,
                centroid=stored_floats(centroids[place]),
                terms=list(terms[place]),
                size=int(sizes[place]),
            ).pk
    return rows


def _name(
    members: Sequence[int],
    sizes: np.ndarray,
    terms: Sequence[Sequence[str]],
    subjects: Mapping[int, Counter[str]],
    taken: Sequence[str],
) -> str:
    """Return a name: the subject that many of the tickets share, or else the terms that set them apart."""
    counts = sum((subjects.get(place, Counter()) for place in members), Counter[str]())
    subject, count = counts.most_common(1)[0] if counts else ("", 0)
    if subject and subject not in taken and count >= SHARED_SUBJECT * counts.total():
        return name_of([subject], taken=taken)
    return name_of(_group_terms(members, sizes, terms), taken=taken)


def _group_terms(members: Sequence[int], sizes: np.ndarray, terms: Sequence[Sequence[str]]) -> list[str]:
    """Return the terms by which a group is named: those of its largest clusters, in turn."""
    order = sorted(members, key=lambda place: -int(sizes[place]))
    if len(order) == 1:
        return list(terms[order[0]])
    return list(dict.fromkeys(terms[place][0] for place in order if terms[place]))


def _assign(ids: np.ndarray, labels: np.ndarray, similarity: np.ndarray, clusters: dict[int, int]) -> None:
    Classification.objects.exclude(cluster=None).update(cluster=None, similarity=None, by_hand=False)
    rows = [
        Classification(pk=int(pk), cluster_id=clusters[int(label)], similarity=float(near))
        for pk, label, near in zip(ids, labels, similarity, strict=True)
        if label >= 0
    ]
    for start in range(0, len(rows), ROWS):
        Classification.objects.bulk_update(
            rows[start : start + ROWS], ["cluster", "similarity"], batch_size=300
        )


def category_divide(*, actor: Actor, category: Category) -> None:
    """Divide the largest cluster of a category in two by what its tickets say, so that it can be split.

    The figures of the category do not change. Raises Conflict where there is nothing to divide.
    """
    require(actor, "tickets.change_category")
    largest = (
        Cluster.objects.filter(category=category)
        .annotate(n=Count("tickets"))
        .order_by("-n", "pk")
        .select_related("clustering")
        .first()
    )
    rows = list(
        TicketVector.objects.filter(ticket__classification__cluster=largest)
        .exclude(vector=b"")
        .order_by("ticket__source", "ticket__external_id")
        .values_list("pk", "vector")[:MAX_DIVIDED]
    )
    if largest is None or len(rows) < 2 * SMALLEST:
        raise Conflict(f"“{category.name}” has too few tickets to divide.", code="too_few")
    ids = np.array([pk for pk, _ in rows], dtype=np.int64)
    vectors = unpack([bytes(vector) for _, vector in rows])
    labels = clustering.split(vectors)
    mean = floats(largest.clustering.mean)
    centroids = clustering.centroids_of(vectors, labels, mean)
    _, similarity = clustering.assign(vectors, centroids, mean)
    terms = _terms(ids, labels, len(centroids))
    if len(centroids) < 2:
        raise Conflict(f"The tickets of “{category.name}” all say the same.", code="nothing_to_divide")
    with transaction.atomic():
        current = Cluster.objects.select_for_update().get(pk=largest.pk)
        parts = [
            Cluster.objects.create(
                clustering=current.clustering,
                category_id=current.category_id,
                centroid=stored_floats(centroid),
                terms=list(words),
                size=int((labels == place).sum()),
            )
            for place, (centroid, words) in enumerate(zip(centroids, terms, strict=True))
        ]
        members = [
            Classification(pk=int(pk), cluster=parts[label], similarity=float(near))
            for pk, label, near in zip(ids, labels, similarity, strict=True)
        ]
        Classification.objects.bulk_update(members, ["cluster", "similarity"], batch_size=300)
        Classification.objects.filter(cluster=current).update(cluster=parts[0])
        summary = f"The cluster “{current}” of “{category.name}” divided in two"[:300]
        before = {"cluster": current.pk, "parts": [part.pk for part in parts]}
        CategoryChange.objects.create(
            kind="divide", summary=summary, before=before, made_by=actor.label[:150]
        )
        activity.record(actor, "category.divide", category, after={"what": summary})
