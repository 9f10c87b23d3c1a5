"""Forms of the categories' pages. They check shapes; the services decide."""

from __future__ import annotations

from typing import Any

from django import forms
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminRadioSelectWidget,
    UnfoldAdminTextInputWidget,
)

from core.admin_transitions import TransitionForm
from tickets.models import Category, Cluster
from tickets.models.categories import NAME_LENGTH


class NameForm(TransitionForm):
    """Another name and description."""

    name = forms.CharField(max_length=NAME_LENGTH)
    description = forms.CharField(
        required=False,
        max_length=2_000,
        widget=forms.Textarea({"rows": 3}),
        help_text="What belongs here, and what does not.",
    )


class LabelForm(TransitionForm):
    """Who resolves it, why, and what stands in the way of the AI."""

    label = forms.ChoiceField(choices=Category.Label.choices, widget=UnfoldAdminRadioSelectWidget)
    needs_judgement = forms.BooleanField(required=False, label="Needs a person's judgement")
    policy_exception = forms.BooleanField(required=False, label="Needs exceptions from policy")
    multi_system = forms.BooleanField(required=False, label="Takes looks into several systems")
    reason = forms.CharField(max_length=500, widget=forms.Textarea({"rows": 3}), label="Why")


class MergeForm(TransitionForm):
    """The category that takes everything in."""

    into = forms.ModelChoiceField(queryset=Category.objects.none())

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        others = Category.objects.in_use().exclude(pk=self.obj.pk)
        self.fields["into"].queryset = others  # type: ignore[attr-defined]


class ClustersForm(TransitionForm):
    """Clusters of the category."""

    clusters = forms.MultipleChoiceField(widget=UnfoldAdminCheckboxSelectMultipleWidget)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        rows = Cluster.objects.filter(category_id=self.obj.pk)
        self.fields["clusters"].choices = [  # type: ignore[attr-defined]
            (str(row.pk), f"{row} ({row.size} tickets)") for row in rows
        ]

    def clean_clusters(self) -> list[int]:
        """Return the chosen clusters' ids."""
        return [int(value) for value in self.cleaned_data["clusters"]]


class SplitForm(ClustersForm):
    """The clusters that become a category of their own, and its name."""

    name = forms.CharField(max_length=NAME_LENGTH, widget=UnfoldAdminTextInputWidget)
    field_order = ("name", "clusters")


class MoveClustersForm(ClustersForm):
    """The clusters that go to another category."""

    into = forms.ModelChoiceField(queryset=Category.objects.none())

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        others = Category.objects.in_use().exclude(pk=self.obj.pk)
        self.fields["into"].queryset = others  # type: ignore[attr-defined]
