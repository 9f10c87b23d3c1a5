"""The buttons of a flow: activate a version, step back, archive, restore."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import HttpRequest
from django.template.loader import render_to_string
from unfold.enums import ActionVariant

from core.admin_transitions import Transition, TransitionForm
from runtime.flows.changes import changes
from runtime.flows.checks import check
from runtime.flows.definition import flow_read
from runtime.flows.selectors import newest_definition, surroundings
from runtime.flows.services import CHANGE, flow_activate, flow_archive, flow_deactivate, flow_restore
from runtime.models import ResolutionFlow

SHOWN_VERSIONS = 50


class ActivateForm(TransitionForm):
    """Which version."""

    number = forms.TypedChoiceField(
        coerce=int, label="Version", help_text="An older version is a rollback; nothing is lost."
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        versions = self.obj.versions.order_by("-number").values_list("number", "author", "note")  # type: ignore[attr-defined]
        self.fields["number"].choices = [  # type: ignore[attr-defined]
            (number, f"{number}, by {author}{f': {note}' if note else ''}")
            for number, author, note in versions[:SHOWN_VERSIONS]
        ]


def _evidence(request: HttpRequest, flow: ResolutionFlow) -> str:
    """Show what is wrong with the newest version, and what it changes."""
    newest = newest_definition(flow)
    active = flow.active_version
    context = {
        "findings": check(flow_read(newest), flow.intent, surroundings()),
        "newest": flow.latest_number,
        "active": active.number if active else None,
        "changes": changes(active.definition, newest) if active else [],
    }
    return render_to_string("admin/runtime/flow_evidence.html", context)


MOVES = (
    Transition(
        name="activate",
        label="Activate",
        permission=CHANGE,
        service=lambda actor, flow, number: flow_activate(actor=actor, flow=flow, number=number),
        description=lambda flow: (
            f"Customers whose issue is “{flow.intent}” are led through it from their next "
            "message on. Runs that have begun stay with their version."
        ),
        form=ActivateForm,
        initial=lambda flow: {"number": flow.latest_number},
        evidence=_evidence,
        shown=lambda request, flow: flow.state != ResolutionFlow.State.ARCHIVED,
        seen=lambda flow: (flow.latest_number, flow.state),
        done="The version is active.",
        variant=ActionVariant.PRIMARY,
    ),
    Transition(
        name="deactivate",
        label="Deactivate",
        permission=CHANGE,
        service=lambda actor, flow: flow_deactivate(actor=actor, flow=flow),
        description="Articles answer the intent again. Runs that have begun go on to their end.",
        shown=lambda request, flow: flow.state == ResolutionFlow.State.ACTIVE,
        done="The flow is a draft again.",
    ),
    Transition(
        name="archive",
        label="Archive",
        permission=CHANGE,
        service=lambda actor, flow: flow_archive(actor=actor, flow=flow),
        description="The flow is put away with all of its versions. It can be restored.",
        shown=lambda request, flow: flow.state != ResolutionFlow.State.ARCHIVED,
        done="The flow is archived.",
    ),
    Transition(
        name="restore",
        label="Restore",
        permission=CHANGE,
        service=lambda actor, flow: flow_restore(actor=actor, flow=flow),
        description="The flow comes back as a draft.",
        shown=lambda request, flow: flow.state == ResolutionFlow.State.ARCHIVED,
        done="The flow is a draft again.",
    ),
)
