"""Articles in the admin: find them, write them with a live preview, move them with buttons."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.humanize.templatetags.humanize import naturaltime
from django.core.exceptions import PermissionDenied
from django.db import models
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import URLPattern, path
from django.utils import timezone
from unfold.decorators import action, display
from unfold.forms import ActionForm
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from core.admin_base import BaseAdmin, actor_of
from core.admin_transitions import TransitionMixin
from core.errors import DomainError
from core.models import User
from kb import workflow
from kb.admin.audience_tester import AudienceTesterMixin
from kb.admin.bulk import BulkMixin
from kb.admin.evidence import preview
from kb.admin.exporting import ExchangeMixin
from kb.admin.forms import ArticleForm
from kb.admin.freshness import STILL_CORRECT, FreshnessMixin
from kb.admin.lint import LintFilter, LintMixin
from kb.admin.moves import ARTICLE_MOVES
from kb.admin.questions import QuestionsMixin
from kb.admin.unsaved import UnsavedMixin
from kb.indexing import encoder
from kb.models import Article, PairFinding, Revision
from kb.review import article_archive
from kb.services import article_set_owner, describe_audience
from kb.unsaved import unsaved_discard

MAX_FINDINGS_SHOWN = 20
MAX_REVISIONS_SHOWN = 50
STATUS_COLOURS = {
    "Published": "success",
    "In review": "warning",
    "Changes requested": "danger",
    "Approved": "info",
    "Draft": "info",
}


class StatusFilter(admin.SimpleListFilter):
    """By what the article is to readers, or by what its newest text waits for."""

    title = "status"
    parameter_name = "status"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[str, str]]:
        return [
            ("published", "Published"),
            *[(state, str(Revision.State(state).label)) for state in workflow.OPEN],
            ("archived", "Archived"),
            ("unindexed", "Not indexed yet"),
            ("due", "Due for a check"),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Article]) -> QuerySet[Article]:
        articles = Article.objects.all()
        match self.value():
            case "published":
                chosen = articles.published()
            case "archived":
                chosen = articles.filter(archived_at__isnull=False)
            case "unindexed":
                chosen = articles.unindexed(encoder().fingerprint)
            case "due":
                chosen = articles.published().due_for_review(timezone.localdate())
            case state if state in workflow.OPEN:
                chosen = articles.filter(revisions__state=state)
            case _:
                return queryset
        return queryset.filter(pk__in=chosen.values("pk"))


class ArticleActionForm(ActionForm):
    """The bulk actions, with the owner and the labels that two of them set."""

    new_labels = forms.CharField(
        required=False,
        max_length=1000,
        label="",
        widget=UnfoldAdminTextInputWidget(attrs={"placeholder": "Labels, …", "aria-label": "Labels to add"}),
    )

    new_owner = forms.ModelChoiceField(
        User.objects.filter(is_staff=True, is_active=True),
        required=False,
        label="",
        empty_label="New owner …",
        widget=UnfoldAdminSelectWidget,
    )


@admin.register(Article)
class ArticleAdmin(
    BulkMixin,
    ExchangeMixin,
    LintMixin,
    UnsavedMixin,
    FreshnessMixin,
    QuestionsMixin,
    AudienceTesterMixin,
    TransitionMixin,
    BaseAdmin,
):
    """The articles that bots answer from."""

    form = ArticleForm
    log_saves = False  # the services write the log
    list_display = ("title", "status", "newest_text", "linter", "audience", "owner", "review_by", "updated")
    list_filter = (StatusFilter, LintFilter, "owner", "audience_values", "pages", "labels")
    list_select_related = ("owner",)
    search_fields = ("title", "slug")
    prepopulated_fields = {"slug": ("title",)}
    action_form = ArticleActionForm
    actions = (
        "submit_selected",
        "approve_selected",
        "publish_selected",
        "everyone_selected",
        "label_selected",
        "set_owner_of_selected",
        "lint_selected",
        "export_selected",
        "archive_selected",
    )
    transitions = (*ARTICLE_MOVES, STILL_CORRECT)
    change_form_before_template = "admin/kb/unsaved.html"
    change_form_outer_after_template = "admin/kb/article_after.html"
    fieldsets = (
        (None, {"fields": ("title", "body", "summary", "base_number")}),
        ("Whom it is for", {"fields": ("for_everyone", "user_types", "product_areas", "tiers")}),
        ("Where it belongs", {"fields": ("product_pages", "label_names")}),
        ("Who answers for it", {"fields": ("slug", "owner", "review_by")}),
    )

    class Media:
        css = {"all": ("vendor/easymde/easymde.min.css", "kb/articles.css")}
        js = ("vendor/easymde/easymde.min.js", "kb/article_editor.js", "kb/unsaved.js", "kb/lint.js")

    @display(description="Updated", ordering="updated_at")
    def updated(self, obj: Article) -> str:
        """Return how long ago it was changed."""
        return str(naturaltime(obj.updated_at))

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.preview_view)
        return [path("preview/", view, name="kb_article_preview"), *super().get_urls()]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Article]:
        newest = Revision.objects.filter(article_id=OuterRef("pk"), state__in=workflow.OPEN)
        articles = super().get_queryset(request).annotate(open_state=Subquery(newest.values("state")[:1]))
        return articles.prefetch_related("audience_values")

    def get_fieldsets(self, request: HttpRequest, obj: Article | None = None) -> Any:
        if obj is not None and not self.has_change_permission(request, obj):
            return ((None, {"fields": ("slug", "owner", "review_by", "for_everyone")}),)
        return super().get_fieldsets(request, obj)

    def get_readonly_fields(self, request: HttpRequest, obj: Article | None = None) -> Any:
        return ("slug",) if obj is not None else ()

    def get_prepopulated_fields(self, request: HttpRequest, obj: Article | None = None) -> Any:
        return {} if obj is not None else self.prepopulated_fields

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        return {"owner": request.user.pk, **super().get_changeform_initial_data(request)}

    def get_form(
        self, request: HttpRequest, obj: Article | None = None, change: bool = False, **kwargs: Any
    ) -> type[forms.ModelForm]:
        form = super().get_form(request, obj, change, **kwargs)
        return type(form.__name__, (form,), {"refusal": getattr(request, "refusal", None)})

    def has_archive_permission(self, request: HttpRequest) -> bool:
        """Whether the bulk action is offered."""
        return request.user.has_perm("kb.archive_article")

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False  # archive it: citations and the log refer to it

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Show the form; where a service refuses, show it again with the reason and all that was typed."""
        context = {**(extra_context or {}), "revisions": self._revisions(object_id)}
        article = self.get_object(request, object_id) if object_id else None
        if article is not None and request.user.has_perm("kb.view_pairfinding"):
            context["findings"] = PairFinding.objects.open().about(article.pk)[:MAX_FINDINGS_SHOWN]
        if request.method == "GET" and self.has_change_permission(request, article):
            context["unsaved"] = self.unsaved_context(request, article)
        try:
            return super().changeform_view(request, object_id, form_url, context)
        except DomainError as error:
            refusal = error
        request.refusal = refusal  # type: ignore[attr-defined]  # read by get_form
        if "latest_number" in refusal.extra:  # the difference is shown: a second save is a decision
            typed = request.POST.copy()
            typed["base_number"] = str(refusal.extra["latest_number"])
            request.POST = typed  # type: ignore[assignment]  # a mutable copy, as Django allows
        context["refused_diff"] = refusal.extra.get("diff", "")
        response = super().changeform_view(request, object_id, form_url, context)
        response.status_code = refusal.http_status
        return response

    def save_model(self, request: HttpRequest, obj: Article, form: Any, change: bool) -> None:
        article = obj if change else None
        form.apply(actor_of(request))
        unsaved_discard(person_id=request.user.pk or 0, article=article)

    def preview_view(self, request: HttpRequest) -> HttpResponse:
        """Render Markdown with the renderer that every reader gets: POST `body` → {"html"}."""
        if not self.has_view_or_change_permission(request):
            raise PermissionDenied
        if request.method != "POST":
            return HttpResponse(status=405, headers={"Allow": "POST"})
        try:
            return JsonResponse({"html": preview(request.POST.get("body", ""))})
        except ValueError as error:
            return JsonResponse({"message": str(error)}, status=400)

    @display(description="For readers", label=STATUS_COLOURS)
    def status(self, article: Article) -> str:
        """Whether bots answer from it."""
        if article.archived_at is not None:
            return "Archived"
        return "Published" if article.is_live else "Not published"

    @display(description="Newest text", label=STATUS_COLOURS)
    def newest_text(self, article: Any) -> str:
        """What the newest text waits for; nothing where it is the published one."""
        return str(Revision.State(article.open_state).label) if article.open_state else ""

    @display(description="Audience")
    def audience(self, article: Article) -> str:
        """Whom it is for."""
        return ", ".join(describe_audience(article)) or "nobody yet"

    @action(description="Archive", permissions=["archive"])
    def archive_selected(self, request: HttpRequest, queryset: QuerySet[Article]) -> None:
        """Archive the chosen articles, each on its own."""
        actor = actor_of(request)
        self._each(
            request, queryset, "archived", lambda article: article_archive(actor=actor, article=article)
        )

    @action(description="Set the owner chosen here", permissions=["change"])
    def set_owner_of_selected(self, request: HttpRequest, queryset: QuerySet[Article]) -> None:
        """Give the chosen articles a new owner."""
        form = self.action_form(request.POST)
        form.fields["action"].choices = self.get_action_choices(request)
        owner = form.cleaned_data["new_owner"] if form.is_valid() else None
        if owner is None:
            messages.error(request, "Choose the new owner beside the action.")
            return
        actor = actor_of(request)
        self._each(
            request,
            queryset,
            f"now belongs to {owner}",
            lambda article: article_set_owner(
                actor=actor, article=article, owner_id=owner.pk, review_by=article.review_by
            ),
        )

    def _each(
        self, request: HttpRequest, articles: QuerySet[Article], done: str, act: Callable[[Article], None]
    ) -> None:
        """Do it row by row; say of each row what was done or why not."""
        for article in articles:
            try:
                act(article)
            except DomainError as refusal:
                messages.error(request, f"{article}: {refusal.message}")
            else:
                messages.success(request, f"{article}: {done}.")

    def _revisions(self, object_id: str | None) -> QuerySet[Revision]:
        if object_id is None or not object_id.isdecimal():
            return Revision.objects.none()
        revisions = Revision.objects.filter(article_id=object_id).select_related("author", "reviewer")
        return revisions.order_by("-number")[:MAX_REVISIONS_SHOWN]
