"""The form of a handoff message, and what the page shows while it is written: parts, faults, previews."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.core.exceptions import ValidationError
from django.urls import reverse_lazy
from unfold.widgets import UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from escalation.contracts import Situation, Words
from escalation.language import email_question, words_fill
from escalation.language_lint import (
    ERROR,
    MAX_CHARACTERS,
    OFF_HOURS,
    OPENS_AT,
    PLACEHOLDER,
    WITH_WAIT,
    WITHOUT_WAIT,
    parts_of,
    template_lint,
)
from escalation.models import HandoffTemplate, Rule
from escalation.services import LOCALE
from escalation.teams.forms import open_choice
from escalation.teams.hours import Schedule, Span, next_opening
from kb.selectors import audience_choices

BODIES = (WITH_WAIT, WITHOUT_WAIT, OFF_HOURS)
LONGEST_TYPED = 2 * MAX_CHARACTERS
EXAMPLE_WAIT_SECONDS = 270
EXAMPLE_HOURS = Schedule("Europe/Berlin", dict.fromkeys(range(5), (Span(9 * 60, 17 * 60),)))
EXAMPLE_ZONE = ZoneInfo(EXAMPLE_HOURS.time_zone)


def _words(label: str, help_text: str, *, required: bool = False) -> forms.CharField:
    return forms.CharField(
        label=label,
        required=required,
        max_length=MAX_CHARACTERS,
        help_text=help_text,
        widget=UnfoldAdminTextareaWidget({"rows": 4}),
    )


class TemplateForm(forms.ModelForm):
    """A handoff message in its three situations, checked by the linter while it is written."""

    locale = forms.RegexField(
        LOCALE,
        max_length=35,
        label="Language",
        initial="en",
        help_text="Such as en, de or pt-BR. The wording is checked in English, German, French and Spanish.",
        widget=UnfoldAdminTextInputWidget,
    )
    body = _words(
        "While the wait is known", f"{PLACEHOLDER} is filled in from the queue's history.", required=True
    )
    body_without_wait = _words(
        "While no wait is known", "Sent while the queue's history is too short to name a number."
    )
    body_off_hours = _words("Off hours", f"Sent while the team is closed; {OPENS_AT} says when it opens.")

    class Meta:
        model = HandoffTemplate
        fields = ("reason", "tier", "locale", *BODIES)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "tier" in self.fields:
            known = audience_choices().get("tier", [])
            self.fields["tier"] = open_choice("Any tier", known, kept=self.instance.tier)
        if "reason" in self.fields:
            reasons = [("", "Any reason"), *Rule.Trigger.choices]
            self.fields["reason"].choices = reasons  # type: ignore[attr-defined]  # a choice field
        if WITH_WAIT in self.fields:
            self.fields[WITH_WAIT].widget.attrs |= {
                "data-words-url": reverse_lazy("admin:escalation_handofftemplate_lint"),
                "data-words-locale": self.instance.locale if self.instance.pk else "",
            }

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        locale = cleaned.get("locale") or self.instance.locale
        linted = template_lint(*(cleaned.get(name) or "" for name in BODIES), locale=locale)
        for name, findings in linted.items():
            for finding in findings:
                if finding.level == ERROR and name in self.fields and name not in self.errors:
                    self.add_error(name, ValidationError(finding.message, code=finding.code))
        return cleaned


class TypedWords(forms.Form):
    """What the page sends while somebody types."""

    locale = forms.CharField(required=False, max_length=35)
    body = forms.CharField(required=False, strip=False, max_length=LONGEST_TYPED)
    body_without_wait = forms.CharField(required=False, strip=False, max_length=LONGEST_TYPED)
    body_off_hours = forms.CharField(required=False, strip=False, max_length=LONGEST_TYPED)


def readout(locale: str, bodies: dict[str, str], *, now: datetime) -> dict[str, Any]:
    """Return for each variant its findings, its parts, and how a customer reads it, as plain JSON.

    The previews show a wait of four and a half minutes, and a team in Berlin that closed an hour ago.
    """
    locale = locale or "en"
    linted = template_lint(*(bodies[name] for name in BODIES), locale=locale)
    words = Words("", "", locale, **bodies)
    situations = {
        WITH_WAIT: Situation(wait_seconds=EXAMPLE_WAIT_SECONDS),
        WITHOUT_WAIT: Situation(),
        OFF_HOURS: _closed(now),
    }
    return {
        name: {
            "findings": [
                {"level": one.level, "code": one.code, "message": one.message} for one in linted[name]
            ],
            "parts": [
                {"code": part.code, "start": part.start, "end": part.end}
                for part in parts_of(bodies[name], locale=locale, variant=name)
            ],
            "preview": words_fill(words, situations[name]) if bodies[name] else "",
            "question": email_question(locale) if name == OFF_HOURS and bodies[name] else "",
        }
        for name in BODIES
    }


def _closed(now: datetime) -> Situation:
    evening = now.astimezone(EXAMPLE_ZONE).replace(hour=18, minute=0)
    opens = next_opening(EXAMPLE_HOURS, evening + timedelta(minutes=1))
    zone = EXAMPLE_HOURS.time_zone
    return Situation(off_hours=True, opens_at=opens, now=evening, time_zone=zone)
