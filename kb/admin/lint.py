"""The linter in the admin: while somebody types, beside the text and in bulk; how strict publication is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin import ModelAdmin
from django.core.exceptions import PermissionDenied
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.urls import URLPattern, path, reverse
from django.views.decorators.http import require_POST
from unfold.decorators import action, display

from core.admin_base import BaseAdmin, actor_of
from kb.lint.running import VERSION, count_by_severity
from kb.linting import as_json, findings_of, lint_keep
from kb.markdown import size_problem
from kb.models import Article, PublishingPolicy, Revision, RevisionLint
from kb.readiness import Readiness, readiness_of
from kb.services import publishing_policy_save
from kb.voice import voice_guide

MAX_BULK = 500


class TypedForm(forms.Form):
    """What the editor sends while somebody types."""

    article = forms.IntegerField(min_value=1, required=False)
    title = forms.CharField(required=False, strip=False)
    body = forms.CharField(required=False, strip=False)


class LintFilter(admin.SimpleListFilter):
    """Articles by what the linter finds in their newest text."""

    title = "linter"
    parameter_name = "lint"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [
            ("errors", "Has errors"),
            ("vague", "Has vague phrases"),
            ("unclear", "No clear question"),
            ("clean", "No errors, no warnings"),
        ]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:  # annotated by LintMixin
        match self.value():
            case "errors":
                return queryset.filter(lint_errors__gt=0)
            case "vague":
                return queryset.filter(lint_vague__gt=0)
            case "unclear":
                return queryset.filter(lint_clear=False)
            case "clean":
                return queryset.filter(lint_errors=0, lint_warnings=0)
            case _:
                return queryset


class LintMixin(ModelAdmin):
    """Add the linter to the admin of articles."""

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(require_POST(self.lint_view))
        return [path("lint/", view, name="kb_article_lint"), *super().get_urls()]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Article]:
        newest = RevisionLint.objects.filter(
            revision__article_id=OuterRef("pk"), revision__number=OuterRef("latest_number")
        )
        return (
            super()
            .get_queryset(request)
            .annotate(
                lint_errors=Subquery(newest.values("errors")[:1]),
                lint_warnings=Subquery(newest.values("warnings")[:1]),
                lint_vague=Subquery(newest.values("vague")[:1]),
                lint_clear=Subquery(newest.values("asks_a_clear_question")[:1]),
            )
        )

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        context["voice_guide"] = voice_guide()
        return super().render_change_form(request, context, *args, **kwargs)

    @display(description="Linter", ordering="lint_errors")
    def linter(self, article: Any) -> str:
        """What the linter finds in the newest text."""
        if article.lint_errors is None:
            return "not linted yet"
        parts = [
            f"{count} {name}{'' if count == 1 else 's'}"
            for count, name in ((article.lint_errors, "error"), (article.lint_warnings, "warning"))
            if count
        ]
        return ", ".join(parts) or "clean"

    @action(description="Lint anew", permissions=["change"])
    def lint_selected(self, request: HttpRequest, queryset: QuerySet[Article]) -> None:
        """Lint the newest text of the chosen articles now; say how they fare together."""
        errors = warnings = count = 0
        for article in queryset[:MAX_BULK]:
            kept = lint_keep(article.revisions.latest("number"))
            errors, warnings, count = errors + kept.errors, warnings + kept.warnings, count + 1
        messages.success(request, f"{count} articles linted: {errors} errors, {warnings} warnings.")

    def lint_view(self, request: HttpRequest) -> JsonResponse:
        """Lint what is typed: POST article, title, body → {"findings", "counts"}."""
        if not self.has_view_or_change_permission(request):
            raise PermissionDenied
        form = TypedForm(request.POST)
        if not form.is_valid():
            return JsonResponse({"message": "Something is missing from what was sent."}, status=400)
        typed = form.cleaned_data
        if problem := size_problem(typed["body"]):
            return JsonResponse({"message": problem}, status=400)
        article = Article.objects.filter(pk=typed["article"]).first() if typed["article"] else None
        body = typed["body"].replace("\r\n", "\n")
        found = findings_of(typed["title"], body, article=article)
        rows = [
            {
                **as_json(finding),
                "fix": {
                    "label": finding.fix.label,
                    "start": finding.fix.start,
                    "end": finding.fix.end,
                    "text": finding.fix.text,
                }
                if finding.fix
                else None,
            }
            for finding in found
        ]
        return JsonResponse({"findings": rows, "counts": count_by_severity(found)})


def lint_context(revision: Revision, conflicts: Sequence[str] | None = None) -> dict[str, Any]:
    """Return what a page shows of a revision's findings and of its article's readiness.

    ``conflicts`` are what the text contradicts, where somebody has looked; else those of the live text count.
    """
    kept = RevisionLint.objects.filter(revision=revision, version=VERSION).first() or lint_keep(revision)
    ready: Readiness = readiness_of(revision)
    return {
        "lint": kept,
        "conflicts": conflicts,
        "readiness": ready,
        "readiness_tests": (
            ("Answers a clear question", ready.asks_a_clear_question),
            ("Has an audience", ready.has_an_audience),
            ("No contradictions", ready.is_free_of_contradictions if conflicts is None else not conflicts),
        ),
    }


@admin.register(PublishingPolicy)
class PublishingPolicyAdmin(BaseAdmin):
    """How strict publication is: one row, opened at once."""

    log_saves = False  # the service writes the log

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if not self.has_view_or_change_permission(request):
            raise PermissionDenied
        PublishingPolicy.objects.get_or_create(pk=1)
        return HttpResponseRedirect(reverse("admin:kb_publishingpolicy_change", args=(1,)))

    def save_model(self, request: HttpRequest, obj: PublishingPolicy, form: Any, change: bool) -> None:
        publishing_policy_save(actor=actor_of(request), policy=obj)
