"""Weekly reviews: figures as they were frozen beside those of now, signed once by a lead."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.db import models
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from unfold.decorators import display

from core.admin_base import NextStepMixin, ReadOnlyAdmin
from core.admin_transitions import Transition, TransitionForm, TransitionMixin
from pilot.admin.figures import FiguresMixin
from pilot.figures.cards import LABELS
from pilot.figures.frozen import Line, compared, metrics_json
from pilot.figures.selectors import weeks_of
from pilot.figures.weekly import SIGN, week_sign
from pilot.metrics import metrics_of
from pilot.models import WeeklyReview
from pilot.models.weekly import MAX_ACTION, MAX_ACTIONS, MAX_NOTE

STANDING_TONES = {"signed": "success", "missed": "danger", "open": "warning"}


class SignForm(TransitionForm):
    """What the person who signs has to say."""

    note = forms.CharField(
        label="What these figures say",
        max_length=MAX_NOTE,
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
    )
    actions = forms.CharField(
        label="What the team does next, a line each",
        max_length=MAX_ACTIONS * (MAX_ACTION + 2),
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=f"At most {MAX_ACTIONS} lines of {MAX_ACTION} characters.",
    )

    def clean_actions(self) -> list[str]:
        """Return the lines that say something."""
        return [line.strip() for line in self.cleaned_data["actions"].splitlines() if line.strip()]


class SignedFilter(admin.SimpleListFilter):
    """Signed or not."""

    title = "signed"
    parameter_name = "signed"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("no", "To be signed"), ("yes", "Signed")]

    def queryset(self, request: HttpRequest, queryset: models.QuerySet[Any]) -> models.QuerySet[Any]:
        if self.value() in ("no", "yes"):
            return queryset.filter(signed_at__isnull=self.value() == "no")
        return queryset


@admin.register(WeeklyReview)
class WeeklyReviewAdmin(FiguresMixin, TransitionMixin, NextStepMixin, ReadOnlyAdmin):
    """The weeks of live pilots: each is frozen on the Monday after it and waits for a signature."""

    list_display = ("show_week", "show_pilot", "show_standing", "show_rate", "show_resolved", "signed_by")
    list_filter = (SignedFilter, "pilot")
    list_select_related = ("pilot",)
    search_fields = ("pilot__name", "note", "signed_by")
    fields = (
        *("show_pilot", "show_week", "show_review", "show_figures"),
        *("signed_by", "signed_at", "note", "show_actions", "frozen_at"),
    )
    readonly_fields = ("show_pilot", "show_week", "show_review", "show_figures", "show_actions")
    transitions = (
        Transition(
            name="sign",
            label="Sign",
            permission=SIGN,
            service=lambda actor, review, **data: week_sign(
                actor=actor, pilot=review.pilot, week=review.week, **data
            ),
            description=lambda review: (
                "Your name, the time and what you write stay with this week and are never changed."
                + (" It counts as missed all the same: it was due by " if review.is_missed else "")
                + (f"{review.due.day} {review.due:%B}." if review.is_missed else "")
            ),
            form=SignForm,
            evidence=lambda request, review: _figures(review),
            shown=lambda request, review: review.signed_at is None,
            done="Signed. Thank you.",
        ),
    )

    def next_step(self, request: HttpRequest) -> str:
        return (
            "No week has been frozen yet. On the Monday after a full week of a live pilot its figures are "
            "kept here and wait for your signature."
        )

    @admin.display(description="Week", ordering="week")
    def show_week(self, review: WeeklyReview) -> str:
        """Show from when to when."""
        return f"{review.week.day} {review.week:%b} – {review.sunday.day} {review.sunday:%b %Y}"

    @admin.display(description="Pilot", ordering="pilot__name")
    def show_pilot(self, review: WeeklyReview) -> str:
        """Link to the pilot's figures."""
        address = reverse("admin:pilot_figures", args=(review.pilot_id,))
        return format_html('<a class="underline" href="{}">{}</a>', address, review.pilot)

    @display(description="Review", label=STANDING_TONES)
    def show_standing(self, review: WeeklyReview) -> tuple[str, str]:
        """Say whether it is signed, due or missed; signing late does not hide that it was missed."""
        kind = "missed" if review.is_missed else "signed" if review.signed_at else "open"
        return kind, review.standing.capitalize()

    @admin.display(description="Review")
    def show_review(self, review: WeeklyReview) -> str:
        """Say the same on the page of one week."""
        return review.standing.capitalize()

    @admin.display(description="Resolution rate, as frozen")
    def show_rate(self, review: WeeklyReview) -> str:
        """Show the rate with its n."""
        rate = review.figures.get("metrics", {}).get("resolution_rate", {})
        return f"{100 * rate['value']:.0f} % (n = {rate['n']:,})" if rate.get("n") else "–"

    @admin.display(description="Resolved, as frozen")
    def show_resolved(self, review: WeeklyReview) -> int:
        """Show the count that the meter adds up."""
        return int(review.figures.get("counts", {}).get("resolved", 0))

    @admin.display(description="Figures")
    def show_figures(self, review: WeeklyReview) -> str:
        """Show the figures as they were frozen, and as they are now."""
        return _figures(review)

    @admin.display(description="What the team does next")
    def show_actions(self, review: WeeklyReview) -> str:
        """List the actions."""
        if not review.actions:
            return "–"
        return format_html(
            '<ul class="list-disc pl-4">{}</ul>',
            format_html_join("", "<li>{}</li>", ((action,) for action in review.actions)),
        )


def lines_of(review: WeeklyReview) -> list[Line]:
    """Return the week's figures as they were frozen and as they are now."""
    live = next((week.metrics for week in weeks_of(review.pilot) if week.monday == review.week), None)
    return compared(review.figures, metrics_json(live or metrics_of([]), live=False))


def _figures(review: WeeklyReview) -> str:
    lines = lines_of(review)
    return render_to_string(
        "admin/pilot/frozen_figures.html",
        {
            "review": review,
            "lines": lines,
            "moved": sum(line.has_moved for line in lines),
            "metrics": len(LABELS),
        },
    )
