"""“Make a scenario of this conversation”, a button on the conversation's own page."""

from __future__ import annotations

from typing import Any

from django import forms

from core.actors import Actor
from core.admin_transitions import Transition, TransitionForm
from core.errors import InvalidInput
from pilot.models import Scenario, Suite
from pilot.simulations.making import scenario_of_conversation
from pilot.simulations.suites import ADD
from runtime.admin.conversations import transition_offer
from runtime.models import Conversation


class IntoSuiteForm(TransitionForm):
    """Which suite, and under which name."""

    suite = forms.ModelChoiceField(queryset=Suite.objects.none(), help_text="The scenario is added to it.")
    name = forms.CharField(max_length=120, required=False, help_text="Empty: the first words, and the day.")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["suite"].queryset = Suite.objects.filter(is_archived=False)  # type: ignore[attr-defined]


def _make(actor: Actor, conversation: Conversation, suite: Suite | None, name: str) -> Scenario:
    if suite is None:
        raise InvalidInput("Choose a suite. Make one first where there is none.", code="no_suite")
    return scenario_of_conversation(actor=actor, conversation=conversation, suite=suite, name=name)


transition_offer(
    Transition(
        name="scenario",
        label="Make a scenario of this",
        permission=ADD,
        service=_make,
        description=(
            "The customer's words, with addresses, numbers and secrets masked, become the steps of a "
            "simulation; what the agent decided, and the intents it was sure of, become what is expected. "
            "Correct it where the agent was wrong."
        ),
        form=IntoSuiteForm,
        shown=lambda request, conversation: conversation.turn_count > 0,
        done="The scenario is in the suite: Step 5 → Simulations.",
    )
)
