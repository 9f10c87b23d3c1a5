"""The editable half of a correction: a form for each kind, filled with what is proposed. Decides nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms

from escalation.patterns import MAX_PHRASES
from escalation.triggers import HARD, SOFT
from intents.models import Intent
from intents.workflow import MAX_EXAMPLE_LENGTH
from kb.models import TITLE_LENGTH, Article, AudienceValue
from pilot import workflow as w
from pilot.corrections.making import article_body
from pilot.models import Correction
from runtime.flows.definition import flow_read
from runtime.flows.selectors import newest_definition
from runtime.models import ResolutionFlow

MAX_OFFERED = 500
MAX_BODY = 100_000
OUTCOMES = ((HARD, "escalate at once (hard)"), (SOFT, "escalate where no hard rule has (soft)"))


class ProposalForm(forms.Form):
    """What every kind has: the fields become ``changes`` of correction_accept."""

    def __init__(self, *args: Any, correction: Correction, article: Article | None, **more: Any) -> None:
        super().__init__(*args, **more)
        self.correction = correction
        self.article = article
        self.prepare(correction.payload)
        for name, field in self.fields.items():
            field.widget.attrs.setdefault("class", "sa-input")
            if name in self.errors:
                field.widget.attrs["aria-invalid"] = "true"

    def prepare(self, payload: Mapping[str, Any]) -> None:
        """Fill in choices and initial values."""
        for name in self.fields:
            self.fields[name].initial = payload.get(name, "")

    def changes(self) -> dict[str, Any]:
        """Return the cleaned fields as the service takes them."""
        return dict(self.cleaned_data)


class PhrasingForm(ProposalForm):
    """An example and its intent."""

    text = forms.CharField(
        label="The customer's words, as an example",
        max_length=MAX_EXAMPLE_LENGTH,
        widget=forms.Textarea({"rows": 3}),
        help_text="Personal data is masked. Leave out what says nothing about the wish.",
    )
    intent = forms.ChoiceField(label="Belongs to the intent", required=False)

    def prepare(self, payload: Mapping[str, Any]) -> None:
        super().prepare(payload)
        self.fields["intent"].choices = intent_choices(payload.get("choices", ()))  # type: ignore[attr-defined]


class ArticleForm(ProposalForm):
    """The article's text as the draft would have it."""

    title = forms.CharField(max_length=TITLE_LENGTH)
    body = forms.CharField(
        label="Text of the draft (Markdown)", max_length=MAX_BODY, widget=forms.Textarea({"rows": 14})
    )
    tier = forms.ChoiceField(
        label="Only for the plan", required=False, help_text="With a plan, an article of its own is drafted."
    )
    base_number = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def prepare(self, payload: Mapping[str, Any]) -> None:
        super().prepare(payload)
        rows = AudienceValue.objects.filter(kind=AudienceValue.Kind.TIER)
        tiers = dict(rows.values_list("value", "label")[:MAX_OFFERED])
        tier = payload.get("tier", "")
        tiers.setdefault(tier, tier)
        self.fields["tier"].choices = [("", "everybody that the article is for"), *_without_empty(tiers)]  # type: ignore[attr-defined]
        self.fields["body"].initial, self.in_place = article_body(self.correction, payload, self.article)
        self.fields["base_number"].initial = self.article.latest_number if self.article else None
        if self.article is not None and not tier:
            self.fields["title"].initial = self.article.title

    def changes(self) -> dict[str, Any]:
        return {**self.cleaned_data, "article_id": self.article.pk if self.article else None}


class RuleForm(ProposalForm):
    """A rule that looks for words."""

    name = forms.CharField(max_length=100)
    outcome = forms.ChoiceField(label="Then", choices=OUTCOMES)
    phrases = forms.CharField(
        label="When the customer writes",
        required=False,
        max_length=5_000,
        widget=forms.Textarea({"rows": 4}),
        help_text=f"Words, one a line, at most {MAX_PHRASES}. None: every message of the intent below.",
    )
    intent = forms.ChoiceField(label="Only where the intent is", required=False)

    def prepare(self, payload: Mapping[str, Any]) -> None:
        super().prepare(payload)
        self.fields["phrases"].initial = "\n".join(payload.get("phrases", ()))
        self.fields["intent"].choices = intent_choices((), empty="any intent")  # type: ignore[attr-defined]

    def clean_phrases(self) -> list[str]:
        """Return the words, one a line."""
        lines = (" ".join(line.split()) for line in self.cleaned_data["phrases"].splitlines())
        return list(dict.fromkeys(line for line in lines if line))


class FlowForm(ProposalForm):
    """One text of a flow."""

    place = forms.ChoiceField(label="Text of the flow", required=False)
    text = forms.CharField(
        label="What it says instead",
        max_length=2_000,
        widget=forms.Textarea({"rows": 5}),
        help_text="Placeholders such as {order} stay as they are in the flow.",
    )

    def prepare(self, payload: Mapping[str, Any]) -> None:
        super().prepare(payload)
        flow = ResolutionFlow.objects.filter(pk=payload.get("flow_id") or 0).first()
        steps = flow_read(newest_definition(flow)).steps if flow else ()
        said = [
            (f"{step.id}.{name}", f"{step.id}: {text[:90]}") for step in steps for name, text in step.texts()
        ]
        self.fields["place"].choices = [("", "Choose …"), *said]  # type: ignore[attr-defined]
        self.fields["place"].initial = f"{payload.get('step', '')}.{payload.get('field', '')}".strip(".")

    def changes(self) -> dict[str, Any]:
        step, _, name = self.cleaned_data["place"].partition(".")
        return {"step": step, "field": name, "text": self.cleaned_data["text"]}


class VoiceForm(ProposalForm):
    """A word that the brand does not use."""

    unwanted = forms.CharField(label="We don't say", max_length=60)
    instead = forms.CharField(label="We say", max_length=60, required=False, help_text="Empty: leave it out.")
    reason = forms.CharField(label="Why", max_length=200, required=False)


FORMS: Mapping[str, type[ProposalForm]] = {
    w.PHRASING: PhrasingForm,
    w.POSITIVE: PhrasingForm,
    w.ARTICLE: ArticleForm,
    w.RULE: RuleForm,
    w.FLOW: FlowForm,
    w.VOICE: VoiceForm,
}


def intent_choices(likely: Any, *, empty: str = "Choose …") -> list[Any]:
    """Return the intents for a form, the likely ones first."""
    rows = Intent.objects.exclude(state=Intent.State.ARCHIVED).order_by("label")
    labels = dict(rows.values_list("slug", "label")[:MAX_OFFERED])
    first = [(slug, labels[slug]) for slug in likely if slug in labels]
    others = [(slug, label) for slug, label in labels.items() if slug not in dict(first)]
    groups = [("Likely", first), ("All others", others)] if first else others
    return [("", empty), *groups]


def article_choices(cited: Article | None) -> list[tuple[str, str]]:
    """Return the articles that may be changed, the cited one first, and a new one."""
    rows = Article.objects.filter(archived_at=None).order_by("title", "pk")
    others = [(str(pk), title) for pk, title in rows.values_list("pk", "title")[:MAX_OFFERED]]
    first = [(str(cited.pk), f"{cited.title} (cited)")] if cited else []
    return [*first, ("new", "A new article"), *(one for one in others if one[0] not in dict(first))]


def _without_empty(tiers: Mapping[str, str]) -> list[tuple[str, str]]:
    return [(value, label) for value, label in tiers.items() if value]
