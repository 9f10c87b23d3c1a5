"""The help centre's page of one article: what everyone may read, and nothing else."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_safe

from kb.contracts import Audience
from kb.links import resolve
from kb.selectors import published_article
from supportadmin.markup import markdown_html

NOBODY_IN_PARTICULAR = Audience()


@require_safe
def help_article(request: HttpRequest, slug: str) -> HttpResponse:
    """Show a published article that is for everyone; any other exists for staff only."""
    is_staff = request.user.has_perm("kb.view_article")
    article = published_article(slug, audience=None if is_staff else NOBODY_IN_PARTICULAR)
    if article is None:
        raise Http404
    if article.slug != slug:  # it was merged into this one
        moved = redirect("help-article", slug=article.slug, permanent=True)
        moved["Cache-Control"] = "no-cache"  # restoring the merged one takes this back
        return moved
    text = resolve(article.markdown, lambda linked: reverse("help-article", args=[linked]))
    context = {"title": article.title, "html": markdown_html(text)}
    return render(request, "help/article.html", context)
