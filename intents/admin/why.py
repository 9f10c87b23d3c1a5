"""Why a message gets its intent: the words that decided, and the examples nearest to it. Reads only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.views.decorators.http import require_safe
from unfold.admin import ModelAdmin

from core.errors import DomainError
from intents.contracts import Classification, Explanation
from intents.inference import classify_and_explain
from intents.models import Example, Intent, ModelVersion

MAX_TEXT = 4_000
MAX_CHOICES = 50


class MessageForm(forms.Form):
    """The message, and the version to ask; the live one if none is named."""

    text = forms.CharField(label="Message", max_length=MAX_TEXT)
    version = forms.IntegerField(required=False, min_value=1, max_value=2**31)


@dataclass(frozen=True, slots=True)
class Bar:
    """A value with the length of its bar in percent."""

    name: str
    value: float
    percent: float


class WhyMixin(ModelAdmin):
    """Add the page to the intents."""

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(require_safe(self.why_view))
        return [path("why/", view, name="intents_why"), *super().get_urls()]

    def why_view(self, request: HttpRequest) -> HttpResponse:
        """Ask for a message, and show what led to its intent."""
        if not request.user.has_perm("intents.view_intent"):
            raise PermissionDenied
        form = MessageForm(request.GET or None)
        versions = _versions() if request.user.has_perm("intents.view_modelversion") else []
        context = {
            **self.admin_site.each_context(request),
            "title": "Why this intent?",
            "form": form,
            "versions": versions,
            **(_result(form, dict(versions)) if form.is_bound and form.is_valid() else {}),
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, "admin/intents/why.html", context)


def why_url(text: str) -> str:
    """Return the page's address for a message."""
    return f"{reverse('admin:intents_why')}?{urlencode({'text': text[:MAX_TEXT]})}"


def _result(form: MessageForm, versions: dict[int, str]) -> dict[str, Any]:
    chosen = form.cleaned_data["version"]
    version = ModelVersion.objects.filter(pk=chosen).first() if chosen in versions else None
    try:
        found, why = classify_and_explain(form.cleaned_data["text"], version)
    except DomainError as refusal:
        return {"refusal": refusal.message}
    labels = dict(Intent.objects.filter(slug__in=_slugs(found)).values_list("slug", "label"))
    return {
        "found": found,
        "label": labels.get(found.intent, found.intent),
        "terms": _terms(why),
        "scores": [Bar(labels.get(slug, slug), value, 100 * value) for slug, value in _scores(found)],
        "threshold_percent": 100 * found.threshold,
        "nearest": _nearest(found),
        "test_query": urlencode([("text", form.cleaned_data["text"]), ("must_pass", "yes")]),
        "example_query": urlencode({"text": form.cleaned_data["text"]}),
        "asked": versions.get(chosen, f"Version {found.model_version}, which is live"),
    }


def _versions() -> list[tuple[int, str]]:
    ready = ModelVersion.objects.filter(state=ModelVersion.State.READY)
    return [(pk, f"Version {number}") for pk, number in ready.values_list("pk", "number")[:MAX_CHOICES]]


def _scores(found: Classification) -> list[tuple[str, float]]:
    others = [(score.intent, score.confidence) for score in found.alternatives]
    return [(found.intent, found.confidence), *others]


def _slugs(found: Classification) -> list[str]:
    return [slug for slug, _ in _scores(found)]


def _terms(why: Explanation) -> list[Bar]:
    """Return the words by how much confidence goes when each is left out, as bars of the strongest."""
    most = max((abs(term.weight) for term in why.terms), default=0.0) or 1.0
    return [Bar(term.term, term.weight, 100 * abs(term.weight) / most) for term in why.terms]


def _nearest(found: Classification) -> list[dict[str, Any]]:
    """Return the nearest examples with their intent as it is now, and where their words come from."""
    ids = [example.id for example in found.nearest_examples]
    rows = {row.pk: row for row in Example.objects.filter(pk__in=ids).select_related("intent")}
    return [{"shown": example, "row": rows.get(example.id)} for example in found.nearest_examples]
