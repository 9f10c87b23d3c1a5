"""The buttons of a pilot, and the page before each: what it does to customers, and a reason that is kept."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.http import HttpRequest
from django.template.loader import render_to_string
from unfold.enums import ActionVariant

from core.actors import Actor
from core.admin_transitions import Transition, TransitionForm
from pilot import services, words, workflow
from pilot.models import Pilot
from pilot.services.conditions import next_conditions
from pilot.services.returning import RELEASE, bundle_differences, earlier_stages
from pilot.services.signing import MAX_REASON, SIGN
from pilot.services.stages import MAX_PERCENT, ending_counts, ending_opens_to_all
from runtime.placement import FULL, LIMITED


class ReasonForm(TransitionForm):
    """Why, in a sentence."""

    reason = forms.CharField(
        max_length=MAX_REASON,
        widget=forms.Textarea({"rows": 3}),
        help_text="Kept with your name, the figures and the versions of this moment. Nobody can change it.",
    )


class ForwardForm(ReasonForm):
    """A reason, and where the stage is limited the share with which it begins."""

    percent = forms.IntegerField(
        min_value=1,
        max_value=MAX_PERCENT,
        label="Share of customers, %",
        help_text="So many of a hundred get replies at once.",
    )
    field_order = ("percent", "reason")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if further(self.obj) != LIMITED:  # type: ignore[arg-type]
            del self.fields["percent"]


class ShareForm(ReasonForm):
    """The new share."""

    percent = forms.IntegerField(min_value=1, max_value=MAX_PERCENT, label="Share of customers, %")
    field_order = ("percent", "reason")


class BackForm(ReasonForm):
    """To which stage, and whether the model of then comes back too."""

    to = forms.ChoiceField(label="Back to")
    restore = forms.BooleanField(
        required=False,
        label="Bring back the release of intents that was live then",
        help_text="Needs the permission to release models. Articles and rules are restored by hand.",
    )
    field_order = ("to", "restore", "reason")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        stages = earlier_stages(self.obj)  # type: ignore[arg-type]
        self.fields["to"].choices = [  # type: ignore[attr-defined]
            (stage, f"{words.NAMES[stage]}: {words.SHORT[stage]}") for stage in reversed(stages)
        ]


class EndForm(ReasonForm):
    """A reason; where the agent would answer everybody afterwards, the word that this is meant."""

    opens_to_all = forms.BooleanField(label="Yes: the agent is to answer every customer on every channel")
    field_order = ("opens_to_all", "reason")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not ending_opens_to_all(self.obj):  # type: ignore[arg-type]
            del self.fields["opens_to_all"]


def further(pilot: Pilot) -> str:
    """Return the stage after the pilot's; empty at the last."""
    return "" if pilot.stage == FULL else workflow.STAGES[workflow.STAGES.index(pilot.stage) + 1]


def scope_of(pilot: Pilot) -> str:
    """Return the pilot's scope in words."""
    value = pilot.channel if pilot.category is None else pilot.category.name
    return words.scope_words(pilot.scope_kind, value)


def _seen(pilot: Pilot) -> object:
    return (pilot.state, pilot.stage, pilot.percent)


def _states(*states: str, stage: Callable[[Pilot], bool] = lambda pilot: True) -> Any:
    return lambda request, pilot: pilot.state in states and stage(pilot)


def _forward_effect(pilot: Pilot) -> str:
    return words.stage_effect(further(pilot), scope_of(pilot), pilot.percent)


def _resume_effect(pilot: Pilot) -> str:
    return words.stage_effect(pilot.stage, scope_of(pilot), pilot.percent)


def _end_effect(pilot: Pilot) -> str:
    if not ending_counts(pilot):
        return "It is put away for good and stays readable. Nothing changes for customers."
    return words.end_effect(scope_of(pilot), ending_opens_to_all(pilot))


def _back(actor: Actor, pilot: Pilot, **data: Any) -> None:
    """Move back, and leave on the object what the page says afterwards."""
    pilot.returned = services.pilot_back(actor=actor, pilot=pilot, **data)  # type: ignore[attr-defined]


def _conditions(request: HttpRequest, pilot: Pilot) -> str:
    """Show what must hold, and that nothing is signed while it does not."""
    conditions = next_conditions(pilot)
    context = {"conditions": conditions, "is_closed": not all(one.holds for one in conditions)}
    return render_to_string("admin/pilot/conditions_to_move.html", context)


def _differences(request: HttpRequest, pilot: Pilot) -> str:
    stages = [
        (words.NAMES[stage], words.stage_effect(stage, scope_of(pilot), pilot.percent), differences)
        for stage in reversed(earlier_stages(pilot))
        for differences in [bundle_differences(pilot, stage)]
    ]
    context = {"stages": stages, "may_release": request.user.has_perm(RELEASE)}
    return render_to_string("admin/pilot/back.html", context)


MOVES = (
    Transition(
        name="start",
        label="Start in shadow mode",
        permission=SIGN,
        service=lambda actor, pilot, **data: services.pilot_start(actor=actor, pilot=pilot, **data),
        description=lambda pilot: words.start_effect(scope_of(pilot)),
        form=ReasonForm,
        seen=_seen,
        shown=_states(workflow.PLANNED),
        done="The pilot runs in shadow mode. The next message of its scope becomes a draft.",
        variant=ActionVariant.PRIMARY,
    ),
    Transition(
        name="forward",
        label="Next stage",
        permission=SIGN,
        service=lambda actor, pilot, **data: services.pilot_forward(actor=actor, pilot=pilot, **data),
        description=_forward_effect,
        form=ForwardForm,
        initial=lambda pilot: {"percent": pilot.percent},
        evidence=_conditions,
        seen=_seen,
        shown=_states(
            workflow.RUNNING, stage=lambda p: bool(further(p)) and p.source == workflow.LIVE_SOURCE
        ),
        done="The pilot is in its next stage.",
        variant=ActionVariant.PRIMARY,
    ),
    Transition(
        name="resume",
        label="Resume",
        permission=SIGN,
        service=lambda actor, pilot, **data: services.pilot_resume(actor=actor, pilot=pilot, **data),
        description=_resume_effect,
        form=ReasonForm,
        seen=_seen,
        shown=_states(workflow.HALTED),
        done="The pilot runs again.",
        variant=ActionVariant.PRIMARY,
    ),
    Transition(
        name="share",
        label="Change the share",
        permission=SIGN,
        service=lambda actor, pilot, **data: services.pilot_share(actor=actor, pilot=pilot, **data),
        description=lambda pilot: (
            f"Now {pilot.percent} % of the customers get replies at once. Fewer is always allowed; more asks "
            "for the same as the next stage."
        ),
        form=ShareForm,
        initial=lambda pilot: {"percent": pilot.percent},
        evidence=_conditions,
        seen=_seen,
        shown=_states(workflow.RUNNING, stage=lambda pilot: pilot.stage == LIMITED),
        done="The share is changed.",
    ),
    Transition(
        name="back",
        label="Move back",
        permission=SIGN,
        service=_back,
        description="Always allowed. It holds from the next message on, in running conversations too.",
        form=BackForm,
        evidence=_differences,
        seen=_seen,
        shown=lambda request, pilot: bool(earlier_stages(pilot)),
        done="The pilot is back at an earlier stage.",
    ),
    Transition(
        name="end",
        label="End the pilot",
        permission=SIGN,
        service=lambda actor, pilot, **data: services.pilot_end(actor=actor, pilot=pilot, **data),
        description=_end_effect,
        form=EndForm,
        seen=_seen,
        shown=_states(workflow.PLANNED, workflow.RUNNING, workflow.HALTED),
        done="The pilot has ended. Its drafts, reviews and figures stay.",
        variant=ActionVariant.DANGER,
    ),
)
