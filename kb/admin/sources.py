"""Where articles come from, and the choice between the source's version and ours where both have changed."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db import models
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.html import format_html
from unfold.decorators import display
from unfold.enums import ActionVariant

from core.admin_base import ReadOnlyAdmin
from core.admin_transitions import Transition, TransitionMixin
from kb.diff import folded, side_by_side
from kb.exchange.conflicts import conflict_keep_ours, conflict_take_theirs, incoming_of
from kb.exchange.known import facets_of
from kb.models import ArticleSource


class ConflictFilter(admin.SimpleListFilter):
    """By whether somebody has to choose."""

    title = "choice"
    parameter_name = "waits"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", "Waits for a choice"), ("no", "In step")]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        match self.value():
            case "yes":
                return queryset.exclude(conflict="")
            case "no":
                return queryset.filter(conflict="")
            case _:
                return queryset


def conflict_evidence(request: HttpRequest, source: ArticleSource) -> str:
    """Return both versions side by side, with what differs besides the text, as safe HTML."""
    ours, theirs = source.article.revisions.latest("number"), incoming_of(source)
    rows = side_by_side(f"{ours.title}\n{ours.body}", f"{theirs.title}\n{theirs.body}")
    groups = [
        {"is_folded": fold.is_folded, "rows": [{"row": row, "comments": []} for row in fold.rows]}
        for fold in folded(rows)
    ]
    labels = sorted(label.name for label in source.article.labels.all())
    pages = sorted(page.name for page in source.article.pages.all())
    facts = [
        ("Audience", _audience(facets_of(source.article)), _audience(theirs.audience)),
        ("Labels", ", ".join(labels) or "none", _names(theirs.labels)),
        (
            "Pages",
            ", ".join(pages) or "none",
            _names(theirs.pages),
        ),
    ]
    context = {
        "groups": groups,
        "revision": ours,
        "source": source,
        "facts": facts,
        "is_unchanged": not any(row.is_changed for row in rows),
    }
    return render_to_string("admin/kb/conflict.html", context)


@admin.register(ArticleSource)
class ArticleSourceAdmin(TransitionMixin, ReadOnlyAdmin):
    """Articles that are kept in step with another system."""

    list_display = ("show_article", "system", "external_id", "show_state", "source_updated_at", "updated_at")
    list_filter = (ConflictFilter, "system")
    list_select_related = ("article",)
    search_fields = ("external_id", "article__title", "article__slug")
    fields = (
        ("show_article", "show_state"),
        ("system", "external_id", "show_url"),
        ("source_updated_at", "updated_at"),
        "show_conflict",
    )
    readonly_fields = ("show_article", "show_state", "show_url", "show_conflict")
    transitions = (
        Transition(
            name="theirs",
            label="Take theirs",
            permission="kb.change_article",
            service=lambda actor, source: conflict_take_theirs(actor=actor, source=source),
            description="The source's version becomes the newest text, a draft of yours; its audience, "
            "pages and labels are set at once. Our text stays in the history.",
            shown=lambda request, source: source.conflict != "",
            evidence=conflict_evidence,
            seen=lambda source: f"{source.pending.get('text_hash')} {source.article.latest_number}",
            done="Taken. It is a draft, which somebody else reviews.",
            variant=ActionVariant.PRIMARY,
        ),
        Transition(
            name="ours",
            label="Keep ours",
            permission="kb.change_article",
            service=lambda actor, source: conflict_keep_ours(actor=actor, source=source),
            description="Nothing changes here. You are asked again when the source changes once more.",
            shown=lambda request, source: source.conflict != "",
            evidence=conflict_evidence,
            seen=lambda source: f"{source.pending.get('text_hash')} {source.article.latest_number}",
            done="Ours stays.",
        ),
    )

    class Media:
        css = {"all": ("kb/articles.css",)}

    def has_view_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return request.user.has_perm("kb.view_article")

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    @display(description="Article")
    def show_article(self, source: ArticleSource) -> str:
        """Link to the article here, where the list does not link by itself."""
        address = reverse("admin:kb_article_change", args=(source.article_id,))
        return format_html('<a class="underline" href="{}">{}</a>', address, source.article)

    def get_list_display_links(self, request: HttpRequest, list_display: Any) -> Any:
        return ("external_id",)

    @display(description="State", label={"Waits for a choice": "danger", "In step": "success"})
    def show_state(self, source: ArticleSource) -> str:
        """Say whether somebody has to choose."""
        return "Waits for a choice" if source.conflict else "In step"

    @display(description="Address there")
    def show_url(self, source: ArticleSource) -> str:
        """Link to the article there."""
        if not source.url:
            return "–"
        return format_html(
            '<a class="underline break-all" rel="noopener noreferrer" href="{0}">{0}</a>', source.url
        )

    @display(description="Difference")
    def show_conflict(self, source: ArticleSource) -> str:
        """Show both versions."""
        return conflict_evidence(None, source) if source.conflict else "–"  # type: ignore[arg-type]


def _audience(audience: Any) -> str:
    if audience is None:
        return "not said"
    if audience.for_everyone:
        return "everyone"
    return ", ".join(f"{kind} = {value}" for kind, value in sorted(audience.values)) or "nobody yet"


def _names(names: Any) -> str:
    return "not said" if names is None else ", ".join(sorted(names)) or "none"
