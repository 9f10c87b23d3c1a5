"""One category in the admin: its figures, the suggested label and why, its clusters, its history."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db import models
from django.db.models import F, Window
from django.db.models.functions import RowNumber
from django.http import HttpRequest, HttpResponse
from unfold.enums import ActionVariant

from core.admin_base import ReadOnlyAdmin
from core.admin_transitions import Transition, TransitionMixin
from core.models import Activity
from tickets.admin.board import BoardMixin
from tickets.admin.category_forms import LabelForm, MergeForm, MoveClustersForm, NameForm, SplitForm
from tickets.figures import ticket_audit
from tickets.labelling import suggest
from tickets.models import Category, Classification, Cluster
from tickets.services import (
    categories_merge,
    category_divide,
    category_label,
    category_rename,
    category_split,
    clusters_move,
)

CHANGE = "tickets.change_category"
SAMPLES = 3
SHOWN_LOG = 10


def _in_use(request: HttpRequest, category: Category) -> bool:
    return category.retired_at is None


def _has_several(request: HttpRequest, category: Category) -> bool:
    return _in_use(request, category) and category.clusters.count() > 1


def _initial_label(category: Category) -> dict[str, Any]:
    """Return the decided label, or the suggested one for a person to confirm."""
    if category.label:
        names = ("label", "needs_judgement", "policy_exception", "multi_system")
        return {**{name: getattr(category, name) for name in names}, "reason": category.label_reason}
    line = next((line for line in ticket_audit().lines if line.category_id == category.pk), None)
    if line is None:
        return {}
    found = suggest(line.figures)
    return {
        "label": found.label,
        "reason": " ".join(found.reasons),
        "needs_judgement": found.needs_judgement,
        "policy_exception": found.policy_exception,
        "multi_system": found.multi_system,
    }


@admin.register(Category)
class CategoryAdmin(BoardMixin, TransitionMixin, ReadOnlyAdmin):
    """Categories of closed tickets."""

    change_form_template = "admin/tickets/category.html"
    search_fields = ("name",)
    fields = ("name", "description", "is_core", "label", "label_reason", "labelled_by", "merged_into")
    transitions = (
        Transition(
            name="label",
            label="Label",
            permission="tickets.label_category",
            form=LabelForm,
            initial=_initial_label,
            service=lambda actor, category, **data: category_label(actor=actor, category=category, **data),
            description="Say who resolves such tickets. Who decided and why is kept; it can be changed.",
            shown=_in_use,
            variant=ActionVariant.PRIMARY,
        ),
        Transition(
            name="rename",
            label="Rename",
            permission=CHANGE,
            form=NameForm,
            initial=lambda category: {"name": category.name, "description": category.description},
            service=lambda actor, category, **data: category_rename(actor=actor, category=category, **data),
            shown=_in_use,
        ),
        Transition(
            name="merge",
            label="Merge into …",
            permission=CHANGE,
            form=MergeForm,
            service=lambda actor, category, into: categories_merge(
                actor=actor, sources=[category], into=into
            ),
            description="All of its tickets go there, and this category is retired. It can be taken back.",
            shown=_in_use,
        ),
        Transition(
            name="split",
            label="Split",
            permission=CHANGE,
            form=SplitForm,
            service=lambda actor, category, name, clusters: category_split(
                actor=actor, category=category, clusters=clusters, name=name
            ),
            description="The ticked clusters become a category of their own, without a label.",
            shown=_has_several,
        ),
        Transition(
            name="move",
            label="Move clusters",
            permission=CHANGE,
            form=MoveClustersForm,
            service=lambda actor, category, into, clusters: clusters_move(
                actor=actor, clusters=clusters, into=into
            ),
            description="The ticked clusters and all of their tickets go to another category.",
            shown=_in_use,
        ),
        Transition(
            name="divide",
            label="Divide by content",
            permission=CHANGE,
            service=lambda actor, category: category_divide(actor=actor, category=category),
            description="Its largest cluster is divided in two by what the tickets say; then split it.",
            shown=_in_use,
        ),
    )

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        category = self.get_object(request, object_id)
        context = {**(extra_context or {}), **(_evidence(category) if category else {})}
        return super().change_view(request, object_id, form_url, context)

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Category]:
        return super().get_queryset(request).select_related("labelled_by", "merged_into")


def _evidence(category: Category) -> dict[str, Any]:
    """Return what stands beside the fields: figures, suggestion, clusters with their tickets, history."""
    audit = ticket_audit()
    line = next((line for line in audit.lines if line.category_id == category.pk), None)
    found = suggest(line.figures) if line else None
    return {
        "category": category,
        "line": line,
        "paths": _counted(line.figures.paths, Classification.Path) if line else [],
        "outcomes": _counted(line.figures.outcomes, Classification.Escalation) if line else [],
        "suggestion": found,
        "suggested": Category.Label(found.label).label if found else "",
        "clusters": _clusters(category),
        "history": Activity.objects.filter(
            target_type="tickets.category", target_id=str(category.pk)
        ).order_by("-pk")[:SHOWN_LOG],
    }


def _counted(counts: Any, choices: type[models.TextChoices]) -> list[tuple[str, int]]:
    return [(str(choices(name).label), count) for name, count in sorted(counts.items(), key=lambda c: -c[1])]


def _clusters(category: Category) -> list[dict[str, Any]]:
    """Return each cluster with the tickets nearest to its centre."""
    order = Window(RowNumber(), partition_by=[F("cluster")], order_by=[F("similarity").desc(), F("pk").asc()])
    nearest = (
        Classification.objects.filter(
            cluster__category=category, ticket__in_window=True, similarity__isnull=False
        )
        .annotate(place=order)
        .filter(place__lte=SAMPLES)
        .values_list("cluster", "ticket", "ticket__subject", "ticket__text__customer_words")
    )
    samples: dict[int, list[tuple[int, str]]] = {}
    for cluster, ticket, subject, words in nearest:
        samples.setdefault(cluster, []).append((ticket, (words or subject or "–")[:160]))
    counts = dict(
        Classification.objects.filter(cluster__category=category, ticket__in_window=True)
        .values_list("cluster")
        .annotate(n=models.Count("pk"))
    )
    return [
        {"cluster": cluster, "tickets": counts.get(cluster.pk, 0), "samples": samples.get(cluster.pk, [])}
        for cluster in Cluster.objects.filter(category=category)
    ]
