"""The article form: text, audience, pages and labels on one page. It validates; the services save."""

from __future__ import annotations

from typing import Any

from django import forms
from django.urls import reverse_lazy
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from core.actors import Actor
from core.errors import DomainError
from kb.models import TITLE_LENGTH, Article, AudienceValue, ProductPage, Revision
from kb.services import (
    MAX_SUMMARY_LENGTH,
    article_create,
    article_set_audience,
    article_set_labels,
    article_set_owner,
    article_set_pages,
    revision_save_draft,
)

AUDIENCE_FIELDS = {"user_types": "user_type", "product_areas": "product_area", "tiers": "tier"}


class _ValuesField(forms.ModelMultipleChoiceField):
    """Values of one facet, named without the facet, which is the field's own label."""

    def label_from_instance(self, obj: AudienceValue) -> str:
        return obj.label


def _audience_field(kind: str, label: str) -> forms.ModelMultipleChoiceField:
    return _ValuesField(
        AudienceValue.objects.filter(kind=kind),
        label=label,
        required=False,
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
        help_text="None ticked: open to all of them, as long as another facet is named.",
    )


class ArticleForm(forms.ModelForm):
    """An article with its newest text; ``refusal`` is why the services refused it a moment ago."""

    refusal: DomainError | None = None

    title = forms.CharField(max_length=TITLE_LENGTH, widget=UnfoldAdminTextInputWidget)
    body = forms.CharField(
        label="Text",
        strip=False,
        widget=UnfoldAdminTextareaWidget(
            attrs={
                "rows": 24,
                "data-markdown-editor": "",
                "data-preview-url": reverse_lazy("admin:kb_article_preview"),
                "data-lint-url": reverse_lazy("admin:kb_article_lint"),
            }
        ),
        help_text="Markdown: # for the topic, ## for subtopics, 1. for steps, and a section that says what "
        "this does NOT cover.",
    )
    summary = forms.CharField(
        max_length=MAX_SUMMARY_LENGTH,
        required=False,
        widget=UnfoldAdminTextInputWidget,
        help_text="What you changed, for the reviewer.",
    )
    base_number = forms.IntegerField(min_value=0, max_value=10**9, widget=forms.HiddenInput, initial=0)
    user_types = _audience_field("user_type", "User types")
    product_areas = _audience_field("product_area", "Product areas")
    tiers = _audience_field("tier", "Subscription tiers")
    product_pages = forms.ModelMultipleChoiceField(
        ProductPage.objects.all(),
        required=False,
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
        help_text="Where the reader is on one of these pages, the article comes first.",
    )
    label_names = forms.CharField(
        label="Labels",
        required=False,
        max_length=1000,
        widget=UnfoldAdminTextInputWidget,
        help_text="Separated by commas.",
    )

    class Meta:
        model = Article
        fields = ("slug", "owner", "review_by", "for_everyone")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        article = self.instance
        if article.pk is None:
            return
        latest = article.revisions.latest("number")
        if "body" in self.fields:
            self.fields["body"].widget.attrs["data-article"] = article.pk
        self.initial.update(title=latest.title, body=latest.body, base_number=latest.number)
        values = list(article.audience_values.all())
        for name, kind in AUDIENCE_FIELDS.items():
            self.initial[name] = [value.pk for value in values if value.kind == kind]
        self.initial["product_pages"] = list(article.pages.values_list("pk", flat=True))
        self.initial["label_names"] = ", ".join(label.name for label in article.labels.all())

    def clean(self) -> dict[str, Any] | None:
        if self.refusal is not None:
            raise forms.ValidationError(self.refusal.message, code=self.refusal.code)
        return super().clean()

    def apply(self, actor: Actor) -> Revision:
        """Save what changed, through the services; one that refuses raises DomainError."""
        data, article = self.cleaned_data, self.instance
        text = {"title": data["title"], "body": data["body"], "summary": data["summary"]}
        if article.pk is None:
            revision = article_create(actor=actor, slug=data["slug"], owner_id=data["owner"].pk, **text)
            article.pk, article.title = revision.article_id, revision.title
        else:
            revision = revision_save_draft(
                actor=actor, article=article, base_number=data["base_number"], **text
            )
        article_set_owner(
            actor=actor, article=article, owner_id=data["owner"].pk, review_by=data["review_by"]
        )
        article_set_audience(
            actor=actor,
            article=article,
            for_everyone=data["for_everyone"],
            values=[value for name in AUDIENCE_FIELDS for value in data[name]],
        )
        article_set_pages(actor=actor, article=article, product_pages=data["product_pages"])
        article_set_labels(actor=actor, article=article, names=data["label_names"].split(","))
        return revision
