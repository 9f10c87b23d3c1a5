"""Forms of the escalation pages: a trigger's settings as plain fields. They check shapes; services decide."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultiple,
    UnfoldAdminDecimalFieldWidget,
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldBooleanSwitchWidget,
)

from escalation.legal import LOCALES
from escalation.money import CODES
from escalation.triggers import ESCALATE_UNKNOWN, LEAVE_UNKNOWN
from tickets.selectors import category_names

RATIOS = {
    "minimum_confidence": "Escalate below this confidence, even where the release's own threshold is lower.",
    "ambiguous_below_margin": "Two intents closer than this are asked about (0.10 = ten points).",
    "minimum_anger": "Escalate from this score of anger on. A lower one catches more, calm messages too.",
    "minimum_likeness": "From this likeness on a sentence counts although no list has its words.",
    "minimum_score": "A section must score at least this to be given as an answer.",
}
CATEGORY = "category_id"
LINES = {
    "phrases": "Words or phrases, one per line: found whole, in any case and spelling disguise.",
    "patterns": r"Patterns (RE2), one per line, such as INV-\d+. No look-around, no back-references.",
    "extra_phrases": "Further phrases that count, one per line.",
    "exceptions": "Phrases in which a term means something else, one per line: “legal team” for instance.",
    "minimum_confidence_by_intent": "Stricter thresholds, one per line: intent = 0.8",
}
LISTS = frozenset({"extra_phrases", "exceptions", "phrases", "patterns"})
SWITCHES = {"ignore_case": "Capitals make no difference to the patterns."}
CHOICES = {
    "without_amount": (
        (ESCALATE_UNKNOWN, "Escalate: it may be about any sum"),
        (LEAVE_UNKNOWN, "Leave it to the other rules and flows"),
    ),
    "threshold_currency": tuple((code, code) for code in sorted(CODES)),
}
CHOICE_HELP = {
    "without_amount": "What to do with a dispute that names no sum.",
    "threshold_currency": "Sums in any other or an unknown currency always count as above.",
}
AMOUNT, ATTEMPTS, LOCALE_LIST = "threshold_amount", "failed_attempts", "locales"


def setting_field(name: str) -> forms.Field:
    """Return the form field of one setting."""
    if name in RATIOS:
        widget = UnfoldAdminDecimalFieldWidget(attrs={"step": "0.01", "min": 0, "max": 1})
        return forms.FloatField(min_value=0, max_value=1, help_text=RATIOS[name], widget=widget)
    if name in SWITCHES:
        return forms.BooleanField(required=False, help_text=SWITCHES[name], widget=UnfoldBooleanSwitchWidget)
    if name == CATEGORY:
        return forms.TypedChoiceField(
            label="Category",
            required=False,
            coerce=int,
            empty_value=None,
            choices=[("", "No category: the rule never fires"), *category_names()],
            help_text="The rule fires for messages whose intent comes from this category of the audit.",
            widget=UnfoldAdminSelectWidget,
        )
    if name in CHOICES:
        return forms.ChoiceField(
            choices=CHOICES[name], help_text=CHOICE_HELP[name], widget=UnfoldAdminSelectWidget
        )
    if name == AMOUNT:
        return forms.DecimalField(
            min_value=0,
            max_digits=12,
            decimal_places=3,
            help_text="A dispute about more than this escalates; exactly this does not.",
            widget=UnfoldAdminDecimalFieldWidget,
        )
    if name == ATTEMPTS:
        return forms.IntegerField(
            min_value=1,
            max_value=10,
            help_text="After so many failed attempts the next message about the issue escalates.",
            widget=UnfoldAdminIntegerFieldWidget,
        )
    if name == LOCALE_LIST:
        return forms.MultipleChoiceField(
            required=False,
            choices=[(locale, locale) for locale in LOCALES],
            help_text="Languages whose lists are used; none chosen means all.",
            widget=UnfoldAdminCheckboxSelectMultiple,
        )
    return forms.CharField(
        required=False,
        max_length=5000,
        help_text=LINES[name],
        widget=UnfoldAdminTextareaWidget({"rows": 5}),
    )


def shown_setting(name: str, value: Any) -> Any:
    """Return a setting as its field shows it."""
    if name in LISTS:
        return "\n".join(value or [])
    if name == "minimum_confidence_by_intent":
        return "\n".join(f"{slug} = {minimum}" for slug, minimum in sorted((value or {}).items()))
    return value


def read_setting(name: str, value: Any) -> Any:
    """Return a setting as the rule keeps it, or raise ValidationError naming the line."""
    if name == AMOUNT:
        return f"{value:f}"
    if name in RATIOS or name in SWITCHES or name in CHOICES or name in (CATEGORY, ATTEMPTS, LOCALE_LIST):
        return value
    lines = [line.strip() for line in value.splitlines() if line.strip()]
    if name in LISTS:
        return lines
    minimums = {}
    for line in lines:
        slug, separator, minimum = (part.strip() for part in line.partition("="))
        try:
            minimums[slug] = float(minimum)
        except ValueError as error:
            raise ValidationError(f"“{line[:60]}” is not of the form: intent = 0.8") from error
        if not (slug and separator):
            raise ValidationError(f"“{line[:60]}” is not of the form: intent = 0.8")
    return minimums
