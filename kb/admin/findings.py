"""What is wrong between two articles, with the verdicts; and the ledger of what articles state."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html, format_html_join
from unfold.decorators import action, display
from unfold.enums import ActionVariant

from core.admin_base import NextStepMixin, ReadOnlyAdmin, actor_of
from core.admin_transitions import Transition, TransitionForm, TransitionMixin
from core.errors import DomainError
from core.models import Job
from kb.diff import folded, side_by_side
from kb.findings.comparing import TASK, compare_queue
from kb.findings.services import finding_dismiss, finding_reopen
from kb.merging import article_merge, loses_readers
from kb.models import Article, ArticleClaim, ComparedArticle, PairFinding
from kb.models.findings import MAX_REASON
from kb.services import describe_audience

PERMISSION = "kb.change_article"
STATE_COLOURS = {"Open": "danger", "No problem": "info", "Settled": "success"}
KIND_COLOURS = {"Contradiction": "danger", "Near-duplicate": "warning"}
SHOWN_PAIRS = 10


class VerdictForm(TransitionForm):
    """Why both may stay as they are."""

    reason = forms.CharField(max_length=MAX_REASON, widget=forms.Textarea({"rows": 3}))


class MergeForm(TransitionForm):
    """Whether it is meant that some readers lose the answer."""

    fewer_readers = forms.BooleanField(
        label="Readers who may not read the other article lose the answer; that is meant.", required=False
    )


def _is_open(request: HttpRequest, finding: PairFinding) -> bool:
    return finding.gone_at is None and finding.state == PairFinding.State.OPEN


def _may_merge(request: HttpRequest, finding: PairFinding) -> bool:
    both = (finding.first, finding.second)
    return (
        finding.kind == PairFinding.Kind.NEAR_DUPLICATE
        and _is_open(request, finding)
        and request.user.has_perm("kb.archive_article")
        and all(article.is_live for article in both)
    )


def _merge(name: str, keep: str, drop: str) -> Transition:
    def words(finding: PairFinding) -> str:
        kept, gone = getattr(finding, keep), getattr(finding, drop)
        text = (
            f"“{kept}” stays as it is. “{gone}” is archived; its address, and links to it, lead to the other "
            "one. Labels, pages and test questions are taken over. Restoring it takes the merge back."
        )
        if loses_readers(gone, kept):
            text += f" Not everybody who may read “{gone}” may read “{kept}”."
        return text

    return Transition(
        name=name,
        label=f"Merge, keep the {keep}",
        permission=PERMISSION,
        service=lambda actor, finding, **data: article_merge(
            actor=actor, article=getattr(finding, drop), into=getattr(finding, keep), **data
        ),
        description=words,
        form=MergeForm,
        evidence=lambda request, finding: _difference(finding),
        seen=lambda finding: f"{finding.first.latest_number} {finding.second.latest_number}",
        shown=_may_merge,
        done="Merged. The address of the one leads to the other now.",
    )


class StateFilter(admin.SimpleListFilter):
    """By verdict; without a choice, what waits for somebody."""

    title = "verdict"
    parameter_name = "verdict"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[str, str]]:
        return [("dismissed", "No problem"), ("settled", "Settled"), ("all", "All")]

    def choices(self, changelist: Any) -> Any:
        for choice in super().choices(changelist):
            if choice["query_string"] == changelist.get_query_string(remove=[self.parameter_name]):
                choice["display"] = "Open"
            yield choice

    def queryset(self, request: HttpRequest, queryset: models.QuerySet[Any]) -> models.QuerySet[Any]:
        match self.value():
            case "dismissed":
                return queryset.filter(state=PairFinding.State.DISMISSED, gone_at=None)
            case "settled":
                return queryset.filter(gone_at__isnull=False)
            case "all":
                return queryset
        if request.resolver_match and request.resolver_match.url_name == "kb_pairfinding_changelist":
            return queryset.filter(state=PairFinding.State.OPEN, gone_at=None)
        return queryset


@admin.register(PairFinding)
class PairFindingAdmin(TransitionMixin, ReadOnlyAdmin):
    """Contradictions and near-duplicates between published articles."""

    list_display = ("text", "show_kind", "sentences", "show_state", "found_at")
    list_filter = (StateFilter, "kind")
    search_fields = ("text", "first_sentence", "second_sentence")
    fields = (("show_kind", "show_state", "found_at"), ("reason", "decided_by", "decided_at"))
    readonly_fields = ("show_kind", "show_state")
    actions = ("dismiss_selected",)
    list_before_template = "admin/kb/findings_hint.html"
    change_form_outer_after_template = "admin/kb/finding.html"
    transitions = (
        _merge("merge-into-first", "first", "second"),
        _merge("merge-into-second", "second", "first"),
        Transition(
            name="dismiss",
            label="No problem",
            permission=PERMISSION,
            service=lambda actor, finding, reason: finding_dismiss(
                actor=actor, finding=finding, reason=reason
            ),
            description="Both stay as they are. It is not reported again until the words are changed.",
            form=VerdictForm,
            shown=_is_open,
            done="Noted, with your reason.",
            variant=ActionVariant.PRIMARY,
        ),
        Transition(
            name="reopen",
            label="Open again",
            permission=PERMISSION,
            service=lambda actor, finding: finding_reopen(actor=actor, finding=finding),
            description="Your team looks at it again.",
            shown=lambda request, finding: finding.state == PairFinding.State.DISMISSED,
            done="It is open again.",
        ),
    )

    class Media:
        css = {"all": ("kb/articles.css",)}

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.compare_view)
        return [path("compare/", view, name="kb_findings_compare"), *super().get_urls()]

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        return (
            super()
            .get_queryset(request)
            .select_related("first__published_revision", "second__published_revision")
        )

    def has_judge_permission(self, request: HttpRequest) -> bool:
        """Whether the bulk action is offered."""
        return request.user.has_perm(PERMISSION)

    @display(description="Kind", label=KIND_COLOURS, ordering="kind")
    def show_kind(self, finding: PairFinding) -> str:
        """Show the kind in colours."""
        return str(finding.get_kind_display())

    @display(description="Verdict", label=STATE_COLOURS, ordering="state")
    def show_state(self, finding: PairFinding) -> str:
        """Whether it waits for somebody."""
        return "Settled" if finding.gone_at is not None else str(finding.get_state_display())

    @display(description="Sentences")
    def sentences(self, finding: PairFinding) -> str:
        """Show both sentences."""
        both = [(sentence,) for sentence in (finding.first_sentence, finding.second_sentence) if sentence]
        said = format_html_join("", '<span class="kb-said">“{}”</span>', both)
        return format_html("<div>{}</div>", said)

    @action(description="No problem (the same reason for all: checked)", permissions=["judge"])
    def dismiss_selected(self, request: HttpRequest, queryset: models.QuerySet[PairFinding]) -> None:
        """Say of the ticked ones that both may stay; taken back on the page of each."""
        done = 0
        for finding in queryset:
            try:
                finding_dismiss(actor=actor_of(request), finding=finding, reason="Checked; both may stay.")
                done += 1
            except DomainError as refusal:
                self.message_user(request, f"{finding}: {refusal.message}", "ERROR")
        self.message_user(request, f"{done} noted as no problem. Each can be opened again on its page.")

    def compare_view(self, request: HttpRequest) -> HttpResponse:
        """Queue a comparison of what has changed."""
        if not request.user.has_perm(PERMISSION):
            raise PermissionDenied
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        self.attempt(request, lambda: compare_queue(actor_of(request).label), "Articles are being compared.")
        return HttpResponseRedirect(reverse("admin:kb_pairfinding_changelist"))

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        response = super().changelist_view(request, extra_context)
        if isinstance(response, TemplateResponse) and response.context_data is not None:
            states = (Job.State.QUEUED, Job.State.RUNNING)
            response.context_data |= {
                "job": Job.objects.filter(task=TASK, state__in=states).first(),
                "compared": ComparedArticle.objects.filter(is_done=True).count(),
                "published": Article.objects.published().count(),
                "statements": ArticleClaim.objects.count(),
                "newest": ComparedArticle.objects.aggregate(at=models.Max("compared_at"))["at"],
                "may_change": request.user.has_perm(PERMISSION),
            }
        return response

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        finding = self.get_object(request, object_id or "")
        context = dict(extra_context or {})
        if finding is not None and self.has_view_permission(request, finding):
            others = finding.pairs[1:SHOWN_PAIRS]
            named = Article.objects.in_bulk({article for pair in others for article in pair})
            context |= {
                "finding": finding,
                "sides": [
                    _side(finding.first, finding.first_sentence),
                    _side(finding.second, finding.second_sentence),
                ],
                "others": [[named[key] for key in pair if key in named] for pair in others],
                "more": max(0, len(finding.pairs) - SHOWN_PAIRS),
            }
            if finding.kind == PairFinding.Kind.NEAR_DUPLICATE:
                context["difference"] = _difference(finding)
        return super().changeform_view(request, object_id, form_url, context)


class ValueFilter(admin.SimpleListFilter):
    """Statements that name a figure, a place or a plan; those are what contradicts most."""

    title = "what is stated"
    parameter_name = "stated"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[str, str]]:
        return [("all", "All statements")]

    def choices(self, changelist: Any) -> Any:
        for choice in super().choices(changelist):
            if choice["query_string"] == changelist.get_query_string(remove=[self.parameter_name]):
                choice["display"] = "With a figure, place or plan"
            yield choice

    def queryset(self, request: HttpRequest, queryset: models.QuerySet[Any]) -> models.QuerySet[Any]:
        if self.value() == "all" or not request.resolver_match:
            return queryset
        if request.resolver_match.url_name == "kb_articleclaim_changelist":
            return queryset.exclude(values="", plans="")
        return queryset


@admin.register(ArticleClaim)
class ArticleClaimAdmin(NextStepMixin, ReadOnlyAdmin):
    """What published articles state, sentence by sentence: look up what the base says about anything."""

    list_display = ("sentence", "values", "plans", "show_article", "audience")
    list_filter = (ValueFilter, "article__labels")
    list_select_related = ("article",)
    search_fields = ("sentence", "values", "plans", "article__title")
    fields = ("sentence", "subject", "values", "dimensions", "plans", "is_denied", "show_article", "audience")
    readonly_fields = ("show_article", "audience")
    ordering = ("article_id", "ordinal")

    def next_step(self, request: HttpRequest) -> str:
        return "Nothing is stated yet. Publish an article: what it says is listed here within seconds."

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        rows = super().get_queryset(request).defer("vector", "details")
        return rows.prefetch_related("article__audience_values")

    @display(description="Article")
    def show_article(self, claim: ArticleClaim) -> str:
        """Link to the article that says so."""
        address = reverse("admin:kb_article_change", args=(claim.article_id,))
        return format_html('<a class="underline" href="{}">{}</a>', address, claim.article)

    @display(description="Audience")
    def audience(self, claim: ArticleClaim) -> str:
        """Whom it is said to."""
        return ", ".join(describe_audience(claim.article)) or "nobody yet"


def _side(article: Article, sentence: str) -> dict[str, Any]:
    return {
        "article": article,
        "sentence": sentence,
        "audience": ", ".join(describe_audience(article)) or "nobody yet",
        "status": "Archived" if article.archived_at else "Published" if article.is_live else "Not published",
    }


def _difference(finding: PairFinding) -> str:
    """Return the two published texts side by side, as safe HTML."""
    texts = [
        f"{article.published_revision.title}\n{article.published_revision.body}"
        for article in (finding.first, finding.second)
        if article.published_revision is not None
    ]
    if len(texts) < 2:
        return ""
    groups = folded(side_by_side(*texts))
    return render_to_string("admin/kb/two_texts.html", {"finding": finding, "groups": groups})
