"""Test questions in the admin: a panel on each article, and the runs over all articles.

Accepting, rejecting and switching off are plain buttons of small forms: one click, or Tab and Enter.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from unfold.admin import ModelAdmin
from unfold.decorators import display

from core.admin_base import ReadOnlyAdmin, actor_of
from core.errors import DomainError, InvalidInput
from kb.models import Article, ArticleQuestion, QuestionRun
from kb.questions.asking import WITHIN
from kb.questions.running import AT_LEAST, GOOD_RECALL, check_job, check_start
from kb.questions.services import (
    question_accept,
    question_add,
    question_reject,
    question_switch_off,
    suggestions_start,
)

SHOWN_QUESTIONS = 60
REFRESH_SECONDS = 3
ACTS: dict[str, tuple[Callable[..., None], str]] = {
    "accept": (question_accept, "The question counts now."),
    "reject": (question_reject, "It will not be suggested again."),
    "off": (question_switch_off, "The question counts no more."),
}


class QuestionsMixin(ModelAdmin):
    """Add the panel of test questions to an article's page, and the address that its buttons post to."""

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.questions_act)
        act = path("<int:article_id>/questions/", view, name="kb_article_questions")
        return [act, *super().get_urls()]

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        article = kwargs.get("obj")
        if article is not None:
            shown = article.questions.exclude(state="rejected").order_by("state", "pk")[:SHOWN_QUESTIONS]
            context["questions"] = {
                "active": [row for row in shown if row.state == "active"],
                "suggested": [row for row in shown if row.state == "suggested"],
                "off": [row for row in shown if row.state == "off"],
                "at_least": AT_LEAST,
                "within": WITHIN,
                "good": GOOD_RECALL,
                "run": QuestionRun.objects.filter(article=article).first(),
                "may_change": request.user.has_perm("kb.change_article"),
            }
        return super().render_change_form(request, context, *args, **kwargs)

    def questions_act(self, request: HttpRequest, article_id: int) -> HttpResponse:
        """Do what a button of the panel says: add, suggest, or decide about one question."""
        if not self.has_change_permission(request):
            raise PermissionDenied
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        article = Article.objects.filter(pk=article_id).first()
        if article is None:
            raise Http404
        try:
            messages.success(request, _act(request, article))
        except DomainError as refusal:
            messages.error(request, refusal.message)
        address = reverse("admin:kb_article_change", args=(article.pk,))
        return HttpResponseRedirect(f"{address}#test-questions")


def _act(request: HttpRequest, article: Article) -> str:
    actor, name = actor_of(request), request.POST.get("act", "")
    if name == "add":
        question_add(actor=actor, article=article, text=request.POST.get("text", ""))
        return "The question is added."
    if name == "suggest":
        suggestions_start(actor=actor, article=article)
        return "Tickets and searches are being looked through; suggestions appear here within seconds."
    wanted = request.POST.get("question", "")
    pk = int(wanted) if wanted.isdecimal() and len(wanted) < 19 else 0
    question = ArticleQuestion.objects.filter(article=article, pk=pk).first()
    if name not in ACTS or question is None:
        raise InvalidInput("There is no such question any more. Look again.", code="no_question")
    service, done = ACTS[name]
    service(actor=actor, question=question)
    return done


@admin.register(QuestionRun)
class QuestionRunAdmin(ReadOnlyAdmin):
    """How many test questions found their article, run by run."""

    list_display = ("made_at", "occasion", "article", "show_recall", "asked", "found", "too_few", "made_by")
    list_filter = ("occasion",)
    list_select_related = ("article",)
    fields = (
        ("occasion", "made_at", "made_by"),
        ("article", "revision", "index_number"),
        ("asked", "found", "show_recall"),
        ("articles", "too_few"),
    )
    readonly_fields = ("show_recall",)
    list_before_template = "admin/kb/question_runs.html"
    change_form_outer_after_template = "admin/kb/question_run.html"

    class Media:
        css = {"all": ("kb/articles.css",)}

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.start_view)
        return [path("start/", view, name="kb_questions_start"), *super().get_urls()]

    @display(description=f"Recall@{WITHIN}")
    def show_recall(self, run: QuestionRun) -> str:
        """Return the share of questions whose article is among the first three."""
        return "–" if run.recall is None else f"{run.recall:.2f}"

    def start_view(self, request: HttpRequest) -> HttpResponse:
        """Queue a run of all test questions."""
        if not request.user.has_perm("kb.change_article"):
            raise PermissionDenied
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        try:
            check_start(actor=actor_of(request))
            messages.success(request, "The run is queued; its result appears here within seconds.")
        except DomainError as refusal:
            messages.error(request, refusal.message)
        return HttpResponseRedirect(reverse("admin:kb_questionrun_changelist"))

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        response = super().changelist_view(request, extra_context)
        if isinstance(response, TemplateResponse) and response.context_data is not None:
            response.context_data |= {
                "latest": QuestionRun.objects.filter(occasion="check").first(),
                "job": check_job(),
                "good": GOOD_RECALL,
                "at_least": AT_LEAST,
                "within": WITHIN,
                "may_run": request.user.has_perm("kb.change_article"),
            }
        return response

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        run = self.get_object(request, object_id or "")
        context = {**(extra_context or {}), "run": run, "within": WITHIN}
        return super().changeform_view(request, object_id, form_url, context)
