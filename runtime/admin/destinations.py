"""Where other systems are told of handoffs: what an administrator sets, and a test whose payload is shown."""

from __future__ import annotations

import json
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.template.loader import render_to_string
from unfold.decorators import display
from unfold.enums import ActionVariant
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
)

from core.admin_base import BaseAdmin, NextStepMixin, actor_of
from core.admin_transitions import Transition, TransitionMixin
from core.errors import DomainError
from integrations.handoff_notice import QUEUED
from integrations.zendesk_write import PRIORITIES
from runtime.delivery.configuring import (
    CHANGE,
    destination_check,
    destination_save,
    destination_test,
    test_digest,
    test_payload,
)
from runtime.models import REASONS, HandoffDelivery, HandoffDestination

SETTINGS = {  # by kind, the settings that count
    "zendesk": ("priority", "group_id", "tags"),
    "freshdesk": ("priority", "group_id", "tags", "requester_email"),
    "slack": ("channel",),
    "webhook": (),
}
IS_HELP_DESK = "kind == 'zendesk' || kind == 'freshdesk'"
FIELD_OF = {"wrong_connection": "connection", "no_event": "events", "event_not_told": "events"}


class HandoffDestinationForm(forms.ModelForm):
    """What a person says of a destination."""

    events = forms.MultipleChoiceField(
        choices=HandoffDelivery.Event.choices,
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
        label="Told when a handoff is",
        help_text="Zendesk and Freshdesk get one ticket when a handoff is queued; Slack and webhooks can be "
        "told of the rest as well.",
    )
    reasons = forms.MultipleChoiceField(
        choices=REASONS,
        required=False,
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
        label="Only for these reasons",
        help_text="None chosen: for all of them.",
    )
    priority = forms.ChoiceField(
        choices=[(one, one.capitalize()) for one in PRIORITIES],
        required=False,
        widget=UnfoldAdminSelectWidget,
    )
    group_id = forms.RegexField(
        r"^[0-9]{1,18}$",
        required=False,
        label="Group id",
        widget=UnfoldAdminTextInputWidget,
        help_text="The number in the address of the group's page there; empty: no group.",
    )
    tags = forms.CharField(
        required=False,
        max_length=300,
        widget=UnfoldAdminTextInputWidget,
        help_text="Separated by spaces, besides ai_handoff.",
    )
    requester_email = forms.EmailField(
        required=False,
        label="Address of the team",
        widget=UnfoldAdminTextInputWidget,
        help_text="In whose name a ticket is opened where the customer's verified address is not known.",
    )
    channel = forms.RegexField(
        r"^[CGD][A-Z0-9]{6,20}$",
        required=False,
        label="Channel id",
        widget=UnfoldAdminTextInputWidget,
        help_text="Such as C0123ABCD; empty: the connection's. Invite the app there.",
        error_messages={"invalid": "Enter the channel's id, such as C0123ABCD, not its name."},
    )

    class Meta:
        model = HandoffDestination
        fields = ("name", "kind", "connection", "enabled", "events", "reasons")
        help_texts = {
            "name": "Such as “Zendesk, Billing group”.",
            "connection": "How that system is reached. Make it under Connections first.",
            "enabled": "Switched off, it is told of nothing; what waits for it fails and can be sent again.",
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        kept = self.instance.settings
        for name in ("priority", "group_id", "requester_email", "channel"):
            if name in self.fields:
                self.fields[name].initial = kept.get(name, "normal" if name == "priority" else "")
        if "tags" in self.fields:
            self.fields["tags"].initial = " ".join(kept.get("tags", ()))
        if "kind" in self.fields:  # another system would be another destination
            self.fields["kind"].disabled = self.instance.pk is not None
        if "events" in self.fields and self.instance.pk is None:
            self.fields["events"].initial = [QUEUED]

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if self.errors:
            return cleaned
        destination = self.instance
        for name in ("name", "kind", "connection", "enabled", "events", "reasons"):
            if name in cleaned:
                setattr(destination, name, cleaned[name])
        given = {**cleaned, "tags": cleaned.get("tags", "").split()}
        destination.settings = {name: given[name] for name in SETTINGS[destination.kind] if given.get(name)}
        try:
            destination_check(destination)
        except DomainError as refusal:
            self.add_error(FIELD_OF.get(refusal.code), ValidationError(refusal.message, code=refusal.code))
        return cleaned


@admin.register(HandoffDestination)
class HandoffDestinationAdmin(TransitionMixin, NextStepMixin, BaseAdmin):
    """Which systems are told of handoffs, of which, and whether that works."""

    form = HandoffDestinationForm
    log_saves = False  # destination_save writes the log
    list_display = ("name", "kind", "connection", "show_events", "show_state", "test_result")
    list_filter = ("kind", "enabled")
    list_select_related = ("connection",)
    search_fields = ("name",)
    plain_fields = ("name", "kind", "connection", "enabled", "show_events", "show_reasons")
    fieldsets = (
        (None, {"fields": ("name", "kind", "connection", "enabled")}),
        ("What is told", {"fields": ("events", "reasons")}),
        ("There", {"fields": ("priority", "group_id", "tags", "requester_email", "channel")}),
    )
    state_fieldset = ("State", {"fields": ("show_state", "disabled_because", "tested_at", "test_result")})
    readonly_fields = (
        *("show_state", "disabled_because", "tested_at", "test_result"),
        *("show_events", "show_reasons"),
    )
    conditional_fields = {
        "priority": IS_HELP_DESK,
        "group_id": IS_HELP_DESK,
        "tags": IS_HELP_DESK,
        "requester_email": "kind == 'freshdesk'",
        "channel": "kind == 'slack'",
    }
    transitions = (
        Transition(
            name="test",
            label="Send a test handoff",
            permission=CHANGE,
            service=lambda actor, destination: destination_test(actor=actor, destination=destination),
            description="Below is exactly what will be sent, of a customer who does not exist. It is marked "
            "as a test; nothing here changes but the line “last test”.",
            evidence=lambda request, destination: show_payload(destination),
            seen=lambda destination: _digest(destination),
            done="The test has arrived.",
            variant=ActionVariant.PRIMARY,
        ),
    )

    def next_step(self, request: HttpRequest) -> str:
        if not self.has_add_permission(request):
            return (
                "Handoffs are told nowhere else yet. An administrator can add Zendesk, Freshdesk, Slack or a "
                "webhook."
            )
        return (
            "Handoffs wait in this product's own inbox and are told nowhere else yet. Add a connection to "
            "Zendesk, Freshdesk, Slack or a webhook, then a destination on it."
        )

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False  # deliveries refer to it: switch it off

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        if obj is None:
            return self.fieldsets
        if not self.has_change_permission(request, obj):  # the form's own fields need the form
            return ((None, {"fields": self.plain_fields}), self.state_fieldset)
        return (*self.fieldsets, self.state_fieldset)

    def save_model(self, request: HttpRequest, obj: HandoffDestination, form: Any, change: bool) -> None:
        destination_save(actor=actor_of(request), destination=obj)

    @display(
        description="State",
        label={
            "on": "success",
            "off": "info",
            "switched off by itself": "danger",
            "connection off": "warning",
        },
    )
    def show_state(self, destination: HandoffDestination) -> str:
        """Say whether it is told."""
        if not destination.enabled:
            return "switched off by itself" if destination.disabled_because else "off"
        return "on" if destination.connection.enabled else "connection off"

    @admin.display(description="Told when")
    def show_events(self, destination: HandoffDestination) -> str:
        """Name the events."""
        return ", ".join(str(event) for event in destination.events)

    @admin.display(description="Only for")
    def show_reasons(self, destination: HandoffDestination) -> str:
        """Name the reasons."""
        labels = dict(REASONS)
        return ", ".join(labels.get(reason, reason) for reason in destination.reasons) or "all reasons"


def show_payload(destination: HandoffDestination) -> str:
    """Return exactly what a test would send as HTML, or why nothing can be."""
    try:
        payload = test_payload(destination)
    except DomainError as refusal:
        return render_to_string("admin/runtime/delivery_payload.html", {"refusal": refusal.message})
    body = json.dumps(payload.get("body"), indent=2, ensure_ascii=False)
    context = {"row": {"payload": payload}, "body": body, "no_links": not settings.PUBLIC_URL}
    return render_to_string("admin/runtime/delivery_payload.html", context)


def _digest(destination: HandoffDestination) -> str:
    try:
        return test_digest(destination)
    except DomainError as refusal:
        return refusal.code
