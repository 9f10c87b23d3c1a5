"""The buttons on a rule's page: enable, disable, discard, roll back, archive, restore. Services move it."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.html import format_html
from unfold.enums import ActionVariant

from core.admin_transitions import Transition, TransitionForm
from escalation.backtest.pages.rule_panel import enable_evidence
from escalation.history import MAX_VERSIONS, compared, rule_steps
from escalation.lifecycle import rule_archive, rule_disable, rule_discard, rule_enable, rule_restore
from escalation.models import Rule
from escalation.selectors import rule_as_edited, rule_as_kept, sentence_names
from escalation.sentences import rule_sentence
from escalation.services import rule_roll_back

PERMISSION = "escalation.change_rule"


class RollBackForm(TransitionForm):
    """Which version is to be written once more."""

    version = forms.TypedChoiceField(coerce=int, widget=forms.RadioSelect)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["version"]
        if isinstance(field, forms.TypedChoiceField) and isinstance(self.obj, Rule):
            field.choices = [
                (step.version, f"version {step.version}: {step.said}")
                for step in rule_steps(self.obj)
                if step.version != self.obj.version
            ]
            field.help_text = f"The newest {MAX_VERSIONS} versions are offered."


def _seen(rule: Rule) -> str:
    return f"{rule.version} {rule.live_version} {rule.archived_at}"


def what_enabling_changes(request: HttpRequest, rule: Rule) -> str:
    """Show the sentence that decides now beside the one that will."""
    names = sentence_names()
    after = rule_sentence(rule_as_edited(rule), names)
    kept = rule.versions.filter(version=rule.live_version).first() if rule.live_version else None
    if kept is None:
        return render_to_string("admin/escalation/sentence_change.html", {"said": after})
    left, right = compared(rule_sentence(rule_as_kept(kept), names), after)
    return render_to_string("admin/escalation/sentence_change.html", {"before": left, "after": right})


def what_enabling_shows(request: HttpRequest, rule: Rule) -> str:
    """Show what changes in words, and what the back-test says of it."""
    return format_html("{}{}", what_enabling_changes(request, rule), enable_evidence(request, rule))


MOVES = (
    Transition(
        name="enable",
        label="Enable",
        permission=PERMISSION,
        service=lambda actor, rule: rule_enable(actor=actor, rule=rule),
        description=lambda rule: f"Version {rule.version} decides from the next turn on.",
        shown=lambda request, rule: rule.archived_at is None and rule.live_version != rule.version,
        evidence=what_enabling_shows,
        seen=_seen,
        variant=ActionVariant.PRIMARY,
    ),
    Transition(
        name="discard",
        label="Discard the edit",
        permission=PERMISSION,
        service=lambda actor, rule: rule_discard(actor=actor, rule=rule),
        description=lambda rule: (
            f"Version {rule.live_version} goes on deciding and is what the form shows again. "
            f"Version {rule.version} stays in the history."
        ),
        shown=lambda request, rule: rule.is_pending,
        evidence=what_enabling_changes,
        seen=_seen,
    ),
    Transition(
        name="disable",
        label="Disable",
        permission=PERMISSION,
        service=lambda actor, rule: rule_disable(actor=actor, rule=rule),
        description="The agent no longer asks this rule from the next turn on.",
        shown=lambda request, rule: rule.enabled,
        seen=_seen,
    ),
    Transition(
        name="rollback",
        label="Roll back",
        permission=PERMISSION,
        service=lambda actor, rule, version: rule_roll_back(actor=actor, rule=rule, version=version),
        description="An earlier version becomes the newest one, which decides nothing until it is enabled.",
        form=RollBackForm,
        shown=lambda request, rule: rule.archived_at is None and rule.versions.count() > 1,
        seen=_seen,
    ),
    Transition(
        name="archive",
        label="Archive",
        permission=PERMISSION,
        service=lambda actor, rule: rule_archive(actor=actor, rule=rule),
        description="It decides nothing from the next turn on and leaves the list. Its history stays, and it "
        "can be restored.",
        shown=lambda request, rule: rule.archived_at is None,
        seen=_seen,
        variant=ActionVariant.DANGER,
    ),
    Transition(
        name="restore",
        label="Restore",
        permission=PERMISSION,
        service=lambda actor, rule: rule_restore(actor=actor, rule=rule),
        description="It is back on the list, disabled.",
        shown=lambda request, rule: rule.archived_at is not None,
        seen=_seen,
    ),
)
