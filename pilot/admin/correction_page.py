"""What a correction's page shows: the words, the draft, the edit, the change it would make. Reads only."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse

from core.admin_base import actor_of
from kb.diff import folded, side_by_side
from kb.models import Article
from pilot import workflow as w
from pilot.admin.correction_forms import FORMS, ArticleForm, ProposalForm, article_choices
from pilot.corrections.accepting import DECIDE, missing_permissions
from pilot.corrections.facts import facts_of
from pilot.corrections.making import article_of
from pilot.models import Correction, Review

KINDS = [(kind.value, str(kind.label)) for kind in Correction.Kind if kind != Correction.Kind.POSITIVE]


def page_context(request: HttpRequest, correction: Correction) -> dict[str, Any]:
    """Return the template's context; the form is bound where something was sent."""
    turn = correction.draft.turn
    facts = facts_of([correction.draft])[correction.draft_id]
    review = correction.review
    final_text = review.final_text if review else ""
    form = _form(request, correction)
    is_article = isinstance(form, ArticleForm)
    return {
        "correction": correction,
        "turn": turn,
        "draft": correction.draft,
        "facts": facts,
        "review": review,
        "others": _others(correction),
        "edit": side_by_side(turn.reply, final_text) if final_text and final_text != turn.reply else [],
        "form": form,
        "article": form.article,
        "article_choices": article_choices(article_of(correction.payload)) if is_article else [],
        "article_change": _article_change(form) if isinstance(form, ArticleForm) else [],
        "made": _made(correction),
        "kinds": [one for one in KINDS if one[0] != correction.kind and (one[0] != w.FLOW or facts.flow)],
        "may_decide": request.user.has_perm(DECIDE),
        "missing": missing_permissions(actor_of(request), correction),
        "is_waiting": correction.state == w.PROPOSED,
        "turn_url": reverse("admin:runtime_turn_change", args=(turn.pk,)),
        "refusal": "",
    }


def _form(request: HttpRequest, correction: Correction) -> ProposalForm:
    data = request.POST if request.method == "POST" and request.POST.get("act") == "accept" else None
    chosen = (data or request.GET).get("article", "")
    article = article_of(correction.payload)
    if chosen == "new":
        article = None
    elif chosen.isdecimal() and len(chosen) < 19:
        article = Article.objects.filter(pk=int(chosen), archived_at=None).first()
    return FORMS[correction.kind](data, correction=correction, article=article)


def _article_change(form: ArticleForm) -> list[Any]:
    """Return the comparison of the article's newest text with the draft that would be made."""
    if form.article is None:
        return []
    newest = form.article.revisions.order_by("-number").first()
    before = newest.body if newest else ""
    after = str(form["body"].value() or "").replace("\r\n", "\n")
    return folded(side_by_side(before, after)) if before != after else []


def _others(correction: Correction) -> list[Review]:
    """Return the other standing reviews of the same draft."""
    rows = Review.objects.filter(draft=correction.draft_id, undone_at=None)
    return list(rows.exclude(pk=correction.review_id or 0).order_by("pk")[:5])


def _made(correction: Correction) -> dict[str, Any] | None:
    result = correction.result
    if not result:
        return None
    model = str(result["model"]).replace(".", "_")
    try:
        address = reverse(f"admin:{model}_change", args=(result["id"],))
    except NoReverseMatch:
        address = ""
    return {**result, "url": address}
