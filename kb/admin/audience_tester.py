"""The audience tester: what a customer of some kind, on some page, sees of the knowledge base, and why.

One address with everything in its query string, so that a finding can be sent to a colleague. Reads only.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.views.decorators.http import require_safe
from unfold.admin import ModelAdmin

from kb import access, pages
from kb.contracts import Audience
from kb.models import Article, ProductPage
from kb.selectors import audience_choices, product_pages
from kb.sight import HIDING, Verdict, ranked, verdicts

PER_PAGE = 25
MAX_QUESTION = 500
READABLE, HIDDEN, LIFTED = "readable", "hidden", "lifted"
READERS_FIELDS = (*access.KINDS, "page", "question", "article")


class ReaderForm(forms.Form):
    """Who reads, where they are and what they ask; whatever is left out is unknown."""

    user_type = forms.ChoiceField(label="User type", required=False)
    tier = forms.ChoiceField(label="Subscription tier", required=False)
    product_area = forms.ChoiceField(label="Product area", required=False)
    page = forms.CharField(label="On the page", required=False, max_length=pages.MAX_PATH_LENGTH)
    question = forms.CharField(label="Asks", required=False, max_length=MAX_QUESTION)
    article = forms.IntegerField(required=False, min_value=1, max_value=2**62)
    show = forms.ChoiceField(
        required=False, choices=[(READABLE, "May read"), (HIDDEN, "Hidden"), (LIFTED, "Lifted")]
    )
    why = forms.ChoiceField(required=False, choices=list(HIDING.items()))
    q = forms.CharField(required=False, max_length=200)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.choices = audience_choices()
        for kind, choices in self.choices.items():
            self.fields[kind].choices = [("", "Unknown"), *choices]  # type: ignore[attr-defined]

    def clean_page(self) -> str:
        """Refuse what is no address: a search would take it for no page at all."""
        page = str(self.cleaned_data["page"])
        if page and not pages.path_of(page):
            raise forms.ValidationError("Write an address of your product, such as /settings/billing.")
        return page


class AudienceTesterMixin(ModelAdmin):
    """Add the tester to the articles, and to each article's page the way there."""

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(require_safe(self.tester_view))
        return [path("audience/", view, name="kb_audience_tester"), *super().get_urls()]

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        article = kwargs.get("obj")
        if article is not None:
            context["readers"] = {
                "described": ["everyone"]
                if article.for_everyone
                else [*map(str, article.audience_values.all())],
                "url": tester_url(**_reader_of(article)),
                "unknown_url": tester_url(article=article.pk),
            }
        return super().render_change_form(request, context, *args, **kwargs)

    def tester_view(self, request: HttpRequest) -> HttpResponse:
        """Show the form, and for what it says: the numbers, the list, one article's verdict, the hits."""
        if not request.user.has_perm("kb.view_article"):
            raise PermissionDenied
        form = ReaderForm(request.GET)
        context = {
            **self.admin_site.each_context(request),
            "title": "Who sees what?",
            "form": form,
            "page_examples": product_pages(),
            "may_add": self.has_add_permission(request),
            "errors": [
                f"{form.fields[name].label or name}: {text}" for name, (text, *_) in form.errors.items()
            ],
            **(_result(form, request.GET.get("p", "")) if form.is_valid() else {}),
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, "admin/kb/audience_tester.html", context)


def tester_url(**fields: Any) -> str:
    """Return the tester's address for a reader, a page, a question, an article."""
    query = urlencode({name: value for name, value in fields.items() if value not in (None, "")})
    return f"{reverse('admin:kb_audience_tester')}{'?' if query else ''}{query}"


def _reader_of(article: Article) -> dict[str, Any]:
    """Return a reader whom the article is for: its first value of every kind, on its first page."""
    fields: dict[str, Any] = {"article": article.pk}
    for value in article.audience_values.all():
        fields.setdefault(value.kind, value.value)
    pattern = article.pages.order_by("name").values_list("pattern", flat=True).first()
    return {**fields, "page": pages.example(pattern) if pattern else ""}


def _result(form: ReaderForm, number: str) -> dict[str, Any]:
    asked, labels = form.cleaned_data, {kind: dict(form.choices[kind]) for kind in access.KINDS}
    audience = Audience(**{kind: asked[kind] for kind in access.KINDS})
    found = verdicts(audience, asked["page"])
    hits, excluded = ranked(asked["question"], audience, asked["page"]) if asked["question"] else ([], None)
    counts = Counter(HIDDEN if not one.is_readable else READABLE for one in found)
    show = asked["show"] or READABLE
    listed = [one for one in _listed(found, show, asked["why"]) if _says(one, asked["q"])]
    reader = {name: asked[name] for name in READERS_FIELDS if asked[name]}
    hidden_by = [
        {"kind": kind, "label": label, "count": count}
        for kind, label in HIDING.items()
        if (count := sum(one.hidden_by(kind) for one in found))
    ]
    return {
        "reader": _in_words(audience, labels),
        "tiles": [
            _tile(READABLE, "May read", counts[READABLE], "this reader's answers come from these", reader),
            _tile(HIDDEN, "Hidden", counts[HIDDEN], "each with what hides it", reader),
            _tile(
                LIFTED,
                "Lifted by the page",
                _lifted(found),
                "readable, and first for a vague question",
                reader,
            ),
        ],
        "show": show,
        "why": asked["why"],
        "hidden_by": hidden_by,
        "total": len(found),
        "listed": Paginator(listed, PER_PAGE).get_page(number),
        "matching_pages": _matching_pages(asked["page"]),
        "chosen": next((one for one in found if one.article_id == asked["article"]), None),
        "hits": hits,
        "excluded": excluded,
        "here": tester_url(**reader),
        "list_query": urlencode({**reader, "show": show, "why": asked["why"], "q": asked["q"]}),
        "reader_fields": reader,
    }


def _listed(found: Sequence[Verdict], show: str, why: str) -> list[Verdict]:
    if show == HIDDEN:
        return [one for one in found if not one.is_readable and (not why or one.hidden_by(why))]
    return [one for one in found if one.is_readable and (show == READABLE or one.is_lifted)]


def _says(one: Verdict, words: str) -> bool:
    return words.casefold() in f"{one.title} {one.slug}".casefold()


def _lifted(found: Sequence[Verdict]) -> int:
    return sum(one.is_readable and one.is_lifted for one in found)


def _tile(show: str, label: str, count: int, note: str, reader: dict[str, Any]) -> dict[str, Any]:
    return {
        "show": show,
        "label": label,
        "count": count,
        "note": note,
        "url": tester_url(**reader, show=show),
    }


def _matching_pages(page: str) -> list[ProductPage]:
    return [one for one in ProductPage.objects.all() if pages.matches(one.pattern, page)] if page else []


def _in_words(audience: Audience, labels: dict[str, dict[str, str]]) -> str:
    known = [labels[kind][value] for kind, value in access.claims(audience)]
    return ", ".join(known) or "somebody of whom nothing is known"
