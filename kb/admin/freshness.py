"""The freshness page: stale, unhelpful, unreached and sent-back articles, with bulk acts and CSV.

Hangs on the articles' admin; services decide what may be done.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.dateparse import parse_date
from unfold.admin import ModelAdmin
from unfold.enums import ActionVariant

from core.actors import Actor
from core.admin_base import actor_of
from core.admin_transitions import Transition
from core.errors import DomainError, InvalidInput
from core.spreadsheet import csv_text
from kb.freshness import article_set_review_date, article_still_correct
from kb.models import Article
from kb.readouts import READOUTS, readout, readouts, usage_of

PER_PAGE = 50
MAX_TICKED = 200

STILL_CORRECT = Transition(
    name="still-correct",
    label="Still correct",
    permission="kb.change_article",
    service=lambda actor, article: article_still_correct(actor=actor, article=article),
    description="You have read the live text and it is right. The next check is due by the policy's "
    "interval; who said so and when is kept.",
    shown=lambda request, article: article.is_live,
    done="Kept: it is still correct.",
    variant=ActionVariant.SUCCESS,
)


class FreshnessMixin(ModelAdmin):
    """Add the freshness page to the articles, and use and helpfulness to each article's own page."""

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("freshness/", view(self.freshness_view), name="kb_freshness"),
            path("freshness/act/", view(self.freshness_act), name="kb_freshness_act"),
            *super().get_urls(),
        ]

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        article = kwargs.get("obj")
        if article is not None:
            context["usage"] = usage_of(article.pk)
        return super().render_change_form(request, context, *args, **kwargs)

    def freshness_view(self, request: HttpRequest) -> HttpResponse:
        """Show one list, the heads of all; ?format=csv gives the list as a file."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        kind = request.GET.get("list", "stale")
        if kind not in READOUTS:
            raise Http404
        if request.GET.get("format") == "csv":
            return _csv(kind)
        found = readouts()
        shown = next(one for one in found if one.kind == kind)
        page = Paginator(shown.lines, PER_PAGE).get_page(request.GET.get("p"))
        context = {
            **self.admin_site.each_context(request),
            "title": "Freshness",
            "readouts": found,
            "shown": shown,
            "page": page,
            "may_change": request.user.has_perm("kb.change_article"),
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, "admin/kb/freshness.html", context)

    def freshness_act(self, request: HttpRequest) -> HttpResponse:
        """Do a bulk act with the ticked articles, each on its own; say of each what was done or why not."""
        if not self.has_change_permission(request):
            raise PermissionDenied
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        kind = request.POST.get("list", "stale")
        back = f"{reverse('admin:kb_freshness')}?list={kind if kind in READOUTS else 'stale'}"
        try:
            act, done = _act(request)
            chosen = _ticked(request)
        except DomainError as refusal:
            messages.error(request, refusal.message)
            return HttpResponseRedirect(back)
        for article in chosen:
            try:
                act(article)
            except DomainError as refusal:
                messages.error(request, f"{article}: {refusal.message}")
            else:
                messages.success(request, f"{article}: {done}.")
        return HttpResponseRedirect(back)


def _act(request: HttpRequest) -> tuple[Callable[[Article], None], str]:
    actor: Actor = actor_of(request)
    name = request.POST.get("act")
    if name == "still-correct":
        return lambda article: article_still_correct(actor=actor, article=article), "still correct"
    if name == "review-date":
        day = _day(request.POST.get("review_by", ""))
        return (
            lambda article: article_set_review_date(actor=actor, article=article, review_by=day),
            f"to be reviewed by {day}",
        )
    raise InvalidInput("Choose what to do with the ticked articles.", code="unknown_act")


def _day(text: str) -> date:
    try:
        day = parse_date(text)
    except ValueError:
        day = None
    if day is None:
        raise InvalidInput("Name the day of the next check, as 2027-01-31.", code="bad_review_date")
    return day


def _ticked(request: HttpRequest) -> list[Article]:
    ids = [int(pk) for pk in request.POST.getlist("article") if pk.isdecimal() and len(pk) < 19]
    if not ids:
        raise InvalidInput("Tick the articles first.", code="nothing_ticked")
    if len(ids) > MAX_TICKED:
        raise InvalidInput(f"Tick at most {MAX_TICKED} articles.", code="too_many")
    return list(Article.objects.filter(pk__in=ids).order_by("pk"))


def _csv(kind: str) -> HttpResponse:
    found = readout(kind)
    rows = [(line.article_id, line.title, line.owner, *line.cells) for line in found.lines]
    response = HttpResponse(
        csv_text(("Article", "Title", "Owner", *found.columns), rows), content_type="text/csv; charset=utf-8"
    )
    response["Content-Disposition"] = f'attachment; filename="articles-{kind}.csv"'
    return response
