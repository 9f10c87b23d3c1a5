"""The form's fields of a rule's conditions and outcome, and how they are read and shown. Decides no rule."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.html import format_html
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminDecimalFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from escalation import conditions as c
from escalation.choices import Choices, Offered
from escalation.sentences import MINOR_DIGITS
from escalation.time_windows import BadWindow, window_read, window_text
from escalation.triggers import HARD, SOFT

MOMENT_FORMAT = "%Y-%m-%dT%H:%M"  # of a datetime-local input
# What follows: the choice, and the kind and number of questions that it stands for.
OUTCOMES: Mapping[str, tuple[str, int]] = {"hard": (HARD, 0), "soft": (SOFT, 0), "ask": (SOFT, 1)}
OUTCOME_LABELS = (
    ("hard", "escalate at once, before anything else (hard)"),
    ("ask", "ask one question first, then escalate (soft)"),
    ("soft", "escalate, where no hard rule has (soft)"),
)
# The fields that a condition is made of; any other condition has the one field of its name.
FIELDS_OF = {
    c.AMOUNT_OVER: ("amount", "currency"),
    c.HOURS: ("hours", "hours_where"),
}


class LinesField(forms.CharField):
    """Values, one a line; each at most once."""

    def __init__(self, **kwargs: Any) -> None:
        widget = UnfoldAdminTextareaWidget({"rows": 2})
        super().__init__(required=False, max_length=10_000, widget=widget, **kwargs)

    def clean(self, value: Any) -> list[str]:
        text = super().clean(value)
        return list(dict.fromkeys(line.strip() for line in text.splitlines() if line.strip()))

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(value) if isinstance(value, (list, tuple)) else value


class WindowsField(LinesField):
    """Time windows, one a line."""

    def clean(self, value: Any) -> list[Any]:
        try:
            return [window_read(line) for line in super().clean(value)]
        except BadWindow as bad:
            raise ValidationError(str(bad), code="bad_window") from bad

    def prepare_value(self, value: Any) -> Any:
        if isinstance(value, list):
            return "\n".join(window_text(window) for window in value)
        return value


def condition_fields(offered: Offered, held: Mapping[str, Any]) -> dict[str, forms.Field]:
    """Return the fields in the order of the sentence; what the rule holds stays a choice, if gone since."""
    zone = timezone.get_current_timezone_name()
    return {
        c.INTENTS: _any_of("the intent is", offered.intents, held.get(c.INTENTS, ())),
        c.USER_TYPES: _any_of("the user is", offered.user_types, held.get(c.USER_TYPES, ())),
        c.TIERS: _any_of("the plan is", offered.tiers, held.get(c.TIERS, ())),
        c.CHANNELS: LinesField(
            label="the channel is", help_text=_seen("Channels, one a line.", offered.channels)
        ),
        c.PAGES: LinesField(
            label="the page is",
            help_text=_seen("Paths, one a line: * stands for one segment, ** for any number.", offered.pages),
        ),
        "amount": forms.DecimalField(
            label="a sum is named over",
            required=False,
            min_value=0,
            max_digits=15,
            decimal_places=3,
            widget=UnfoldAdminDecimalFieldWidget(attrs={"step": "any", "min": 0}),
        ),
        "currency": forms.RegexField(
            r"^[A-Za-z]{3}$",
            label="in the currency",
            required=False,
            error_messages={"invalid": "Write the three letters of the currency, such as USD."},
            widget=UnfoldAdminTextInputWidget(attrs={"maxlength": 3, "placeholder": "USD"}),
        ),
        "hours_where": forms.ChoiceField(
            label="it is",
            required=False,
            choices=(("", "any time"), ("within", "within these hours"), ("outside", "outside these hours")),
            widget=UnfoldAdminSelectWidget,
        ),
        "hours": WindowsField(
            label="hours", help_text=f"One a line, such as Mon-Fri 09:00-17:00. Time zone: {zone}."
        ),
        c.VALID_FROM: _moment_field("valid from", f"Empty: at once. Time zone: {zone}."),
        c.VALID_UNTIL: _moment_field("valid until", "Empty: for good."),
    }


def conditions_shown(conditions: Mapping[str, Any]) -> dict[str, Any]:
    """Return the initial values of the fields."""
    shown: dict[str, Any] = {
        name: conditions[name]
        for name in (c.INTENTS, c.USER_TYPES, c.TIERS, c.CHANNELS, c.PAGES)
        if name in conditions
    }
    over, hours = conditions.get(c.AMOUNT_OVER), conditions.get(c.HOURS)
    if over:
        digits = MINOR_DIGITS.get(over["currency"], 2)
        shown |= {"amount": Decimal(over["minor"]).scaleb(-digits), "currency": over["currency"]}
    if hours:
        shown |= {"hours_where": "outside" if hours["outside"] else "within", "hours": hours["windows"]}
    for name in (c.VALID_FROM, c.VALID_UNTIL):
        if name in conditions:
            shown[name] = timezone.localtime(datetime.fromisoformat(conditions[name]))
    return shown


def conditions_read(cleaned: Mapping[str, Any], refuse: Callable[[str, str], None]) -> dict[str, Any]:
    """Return the conditions of cleaned fields; ``refuse(field, message)`` hears what lacks a half."""
    found: dict[str, Any] = {
        name: list(cleaned[name])
        for name in (c.INTENTS, c.USER_TYPES, c.TIERS, c.CHANNELS, c.PAGES)
        if cleaned.get(name)
    }
    amount, currency = cleaned.get("amount"), (cleaned.get("currency") or "").upper()
    if amount is not None and currency:
        minor = amount.scaleb(MINOR_DIGITS.get(currency, 2))
        if minor != minor.to_integral_value():
            refuse("amount", f"{currency} has fewer digits after the point.")
        found[c.AMOUNT_OVER] = {"minor": int(minor), "currency": currency}
    elif amount is not None:
        refuse("currency", "Say in which currency: a sum in another one cannot be compared.")
    elif currency:
        refuse("amount", "Say over which sum.")
    where, windows = cleaned.get("hours_where"), cleaned.get("hours")
    if where and windows:
        found[c.HOURS] = {"outside": where == "outside", "windows": windows}
    elif where:
        refuse("hours", "Say which hours, such as Mon-Fri 09:00-17:00.")
    elif windows:
        refuse("hours_where", "Say whether within these hours or outside them.")
    for name in (c.VALID_FROM, c.VALID_UNTIL):
        if cleaned.get(name):
            found[name] = cleaned[name].isoformat()
    return found


def _any_of(label: str, choices: Choices, held: Sequence[str]) -> forms.MultipleChoiceField:
    known = {value for value, _ in choices}
    gone = [(value, f"{value} (no longer there)") for value in held if value not in known]
    return forms.MultipleChoiceField(
        label=label,
        required=False,
        choices=[*choices, *gone],
        help_text="" if choices else "There are none yet.",
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
    )


def _moment_field(label: str, help_text: str) -> forms.DateTimeField:
    attrs = {"type": "datetime-local"}
    return forms.DateTimeField(
        label=label,
        required=False,
        help_text=help_text,
        input_formats=[MOMENT_FORMAT, f"{MOMENT_FORMAT}:%S"],
        widget=_MomentInput(attrs=attrs),
    )


class _MomentInput(UnfoldAdminTextInputWidget):
    """A browser's own field for date and time, in the workspace's time zone."""

    def format_value(self, value: Any) -> Any:
        return value.strftime(MOMENT_FORMAT) if isinstance(value, datetime) else value


def _seen(text: str, values: Sequence[str]) -> str:
    """Return a help text that is HTML: what was seen came from outside."""
    return format_html("{} Seen: {}.", text, ", ".join(values[:20])) if values else text
