"""Forms of teams and routes. A day's hours are one line of text, so that a week is seven fields."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from core.models import User
from escalation.teams.hours import DAYS, time_zones
from escalation.teams.hours_text import (
    BadHours,
    exceptions_read,
    exceptions_write,
    spans_read,
    spans_write,
)
from escalation.teams.models import HandoffRoute, Team
from escalation.teams.selectors import schedule_of
from escalation.triggers import TRIGGERS
from intents.selectors import intent_profiles
from kb.selectors import audience_choices

DAY_FIELDS = tuple(day.lower() for day in DAYS)
OFFICE_DAYS = DAY_FIELDS[:5]


class HoursField(forms.CharField):
    """The hours of one day: “09:00–12:30, 13:30–17:00”; empty is closed. Cleans to spans."""

    def __init__(self, label: str) -> None:
        placeholder = {"placeholder": "closed", "autocomplete": "off"}
        super().__init__(
            label=label, required=False, max_length=120, widget=UnfoldAdminTextInputWidget(placeholder)
        )

    def clean(self, value: Any) -> Any:
        try:
            return spans_read(super().clean(value) or "")
        except BadHours as fault:
            raise ValidationError(str(fault), code="bad_hours") from fault


class ExceptionsField(forms.CharField):
    """Dates with hours of their own, one a line. Cleans to spans and label by date."""

    def clean(self, value: Any) -> Any:
        try:
            return exceptions_read(super().clean(value) or "")
        except BadHours as fault:
            raise ValidationError(str(fault), code="bad_hours") from fault


class TeamForm(forms.ModelForm):
    """A team with its week and its special days."""

    time_zone = forms.CharField(
        max_length=64,
        help_text="The clock of the team, such as Europe/Berlin; summer time is kept by itself.",
        widget=UnfoldAdminTextInputWidget({"list": "time-zones", "autocomplete": "off"}),
    )
    members = forms.ModelMultipleChoiceField(
        queryset=User.objects.filter(is_active=True).order_by("username"),
        required=False,
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
        help_text="A team without a member counts as closed: nobody could take the conversation.",
    )
    exceptions = ExceptionsField(
        label="Special days",
        required=False,
        max_length=8_000,
        widget=UnfoldAdminTextareaWidget({"rows": 5, "placeholder": "2026-12-25 closed  # Christmas"}),
        help_text="One date a line, with its hours or “closed”: 2026-12-24 09:00–12:00  # Christmas Eve",
    )
    monday = HoursField("Monday")
    tuesday = HoursField("Tuesday")
    wednesday = HoursField("Wednesday")
    thursday = HoursField("Thursday")
    friday = HoursField("Friday")
    saturday = HoursField("Saturday")
    sunday = HoursField("Sunday")

    class Meta:
        model = Team
        fields = ("name", "time_zone", "members", "is_default", "active")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial.update(week_of(self.instance))

    def clean_time_zone(self) -> str:
        name: str = self.cleaned_data["time_zone"].strip()
        if name not in time_zones():
            raise ValidationError(f"There is no time zone “{name}”; write for instance Europe/Berlin.")
        return name

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        was_default = (
            bool(self.instance.pk) and Team.objects.filter(pk=self.instance.pk, is_default=True).exists()
        )
        if was_default and not cleaned.get("is_default"):
            self.add_error("is_default", "Make another team the default; one must be.")
        if cleaned.get("is_default") and not cleaned.get("active"):
            self.add_error("active", "The default team gets what no route takes: it is active.")
        return cleaned

    @property
    def weekly(self) -> dict[int, Any]:
        """The cleaned hours by weekday."""
        return {
            day: self.cleaned_data[name] for day, name in enumerate(DAY_FIELDS) if self.cleaned_data[name]
        }


class RouteForm(forms.ModelForm):
    """One line of the routing table; what is left open holds always."""

    class Meta:
        model = HandoffRoute
        fields = ("position", "reason", "intent", "tier", "locale", "team")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = {
            "reason": ("Any reason", [(name, trigger.label) for name, trigger in TRIGGERS.items()]),
            "intent": ("Any intent", [(one.slug, one.label) for one in intent_profiles()]),
            "tier": ("Any tier", audience_choices().get("tier", [])),
        }
        for name, (nothing, known) in choices.items():
            if name in self.fields:
                self.fields[name] = open_choice(nothing, known, kept=getattr(self.instance, name))
        if "team" in self.fields:
            self.fields["team"].queryset = Team.objects.filter(active=True)  # type: ignore[attr-defined]


def open_choice(nothing: str, known: list[tuple[str, str]], *, kept: str = "") -> forms.ChoiceField:
    """Return a field for one of the known values, for none, or for the one that is there though not known."""
    values = {value for value, _ in known}
    here = [(kept, f"{kept} (gone)")] if kept and kept not in values else []
    return forms.ChoiceField(
        choices=[("", nothing), *known, *here], required=False, widget=UnfoldAdminSelectWidget
    )


def week_of(team: Team) -> dict[str, str]:
    """Return the hours of a team as the form's fields hold them; a new one has office hours."""
    if team.pk is None:
        return dict.fromkeys(OFFICE_DAYS, "09:00–17:00")
    schedule = schedule_of(team)
    labels = {row.day: row.label for row in team.exceptions.all()}
    special = {day: (spans, labels[day]) for day, spans in schedule.exceptions.items()}
    week = {name: spans_write(schedule.weekly.get(day, ())) for day, name in enumerate(DAY_FIELDS)}
    return {**week, "exceptions": exceptions_write(special)}
