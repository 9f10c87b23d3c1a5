"""Connections to other systems: secrets go in here and never come out."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.utils.decorators import method_decorator
from django.utils.formats import date_format
from django.utils.html import escape
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from unfold.decorators import display
from unfold.enums import ActionVariant
from unfold.widgets import UnfoldAdminPasswordWidget, UnfoldAdminTextInputWidget

from core.admin_base import BaseAdmin, NextStepMixin, actor_of
from core.admin_transitions import Transition, TransitionMixin
from core.errors import DomainError
from integrations.systems import SYSTEMS
from runtime.actions.configuring import (
    connection_check,
    connection_resume,
    connection_save,
    connection_test,
)
from runtime.models import Connection

OF_ADDRESS = ("missing_address", "bad_address", "private_address")  # codes of refusals
OF_SECRET = ("missing_secret", "bad_secret", "secret_needed_again", "no_encryption_key")
SETTINGS = ("team_id", "channel", "account")
BADGES = {
    "ready": "success",
    "not tested": "info",
    "paused": "warning",
    "disabled": "info",
    "failed": "danger",
}


class ConnectionForm(forms.ModelForm):
    """What a person says of a connection; what was typed as the secret is not shown again."""

    secret = forms.CharField(
        required=False,
        max_length=500,
        widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "new-password", "spellcheck": "false"}),
    )
    team_id = forms.CharField(
        required=False,
        max_length=100,
        label="Team id",
        widget=UnfoldAdminTextInputWidget,
        help_text="The Linear team whose issues are created, as a UUID; an action may name another one.",
    )
    account = forms.EmailField(
        required=False,
        label="Account",
        widget=UnfoldAdminTextInputWidget,
        help_text="E-mail address of the Zendesk agent whose API token it is.",
    )
    channel = forms.RegexField(
        r"^[CGD][A-Z0-9]{6,20}$",
        required=False,
        label="Channel id",
        widget=UnfoldAdminTextInputWidget,
        help_text="Such as C0123ABCD: in Slack, channel name → About, at the end. Invite the app there.",
        error_messages={"invalid": "Enter the channel's id, such as C0123ABCD, not its name."},
    )

    class Meta:
        model = Connection
        fields = ("name", "system", "url", "enabled", "calls_per_minute")
        labels = {"url": "Address"}
        help_texts = {
            "url": "Of a webhook: where messages go, by https. Of Zendesk and Freshdesk: your own address, "
            "such as https://acme.zendesk.com. Of other systems: leave it empty.",
            "name": "Such as “Linear, team Product”.",
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        settings = self.instance.settings
        for name in SETTINGS:
            if name in self.fields:
                self.fields[name].initial = settings.get(name, "")
        if "system" in self.fields:  # another system would be another connection
            self.fields["system"].disabled = self.instance.pk is not None
        if "secret" in self.fields:
            self.fields["secret"].help_text = _secret_help(self.instance)

    @sensitive_variables("secret")
    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        secret = cleaned["secret"] = (cleaned.get("secret") or "").strip() or None
        connection = self.instance
        if self.errors:
            return cleaned
        for name in ("name", "system", "url", "enabled", "calls_per_minute"):
            if name in cleaned:
                setattr(connection, name, cleaned[name])
        given = {name: cleaned.get(name) for name in SETTINGS}
        connection.settings = {name: value for name, value in given.items() if value}
        stored = Connection.objects.filter(pk=connection.pk).first() if connection.pk else None
        try:
            connection_check(connection, secret=secret, stored=stored)
        except DomainError as refusal:
            field = "url" if refusal.code in OF_ADDRESS else "secret" if refusal.code in OF_SECRET else None
            field = "account" if refusal.code == "missing_account" else field
            self.add_error(field, ValidationError(refusal.message, code=refusal.code))
        return cleaned


@admin.register(Connection)
class ConnectionAdmin(TransitionMixin, NextStepMixin, BaseAdmin):
    """Which systems the agent may act in, and whether they answer."""

    form = ConnectionForm
    log_saves = False  # connection_save writes the log
    list_display = ("name", "system", "show_state", "show_secret", "checked_at", "check_result")
    list_filter = ("system", "enabled")
    search_fields = ("name",)
    fieldsets = (
        (None, {"fields": ("name", "system", "url", "account", "secret", "team_id", "channel")}),
        ("Limits", {"fields": ("enabled", "calls_per_minute")}),
    )
    state_fieldset = (
        "State",
        {"fields": ("show_state", "show_secret", "checked_at", "check_result", "failures", "open_until")},
    )
    readonly_fields = (
        *("show_state", "show_secret", "checked_at", "check_result"),
        *("failures", "open_until"),
    )
    conditional_fields = {
        "team_id": "system == 'linear'",
        "channel": "system == 'slack'",
        "account": "system == 'zendesk'",
    }
    transitions = (
        Transition(
            name="test",
            label="Test connection",
            permission="runtime.change_connection",
            service=lambda actor, connection: connection_test(actor=actor, connection=connection),
            description=lambda connection: SYSTEMS[connection.system].test_describes,
            shown=lambda request, connection: bool(connection.secret_sealed),
            done="The connection works.",
            variant=ActionVariant.PRIMARY,
        ),
        Transition(
            name="resume",
            label="Resume now",
            permission="runtime.change_connection",
            service=lambda actor, connection: connection_resume(actor=actor, connection=connection),
            description="Calls go out again at once. Without this the next one is let through as a probe.",
            shown=lambda request, connection: connection.is_paused(),
            done="The connection is no longer paused.",
        ),
    )

    def next_step(self, request: HttpRequest) -> str:
        if not self.has_add_permission(request):
            return (
                "No connections yet. An administrator can add one to Linear, Stripe, Slack, a help desk or a "
                "webhook."
            )
        return (
            "No connections yet. Add one to Linear, Stripe (read only), Slack, Zendesk, Freshdesk or a "
            "webhook of your own; then a support lead can make actions on it that flows call, and you can "
            "have handoffs told there."
        )

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False  # the ledger refers to it: disable it

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        if obj is None:
            return self.fieldsets
        if not self.has_change_permission(request, obj):  # the form's own fields need the form
            return (
                (None, {"fields": ("name", "system", "url", "enabled", "calls_per_minute")}),
                self.state_fieldset,
            )
        return (*self.fieldsets, self.state_fieldset)

    @method_decorator(sensitive_post_parameters("secret"))
    def changeform_view(self, *args: Any, **kwargs: Any) -> HttpResponse:
        return super().changeform_view(*args, **kwargs)

    @sensitive_variables("form")
    def save_model(self, request: HttpRequest, obj: Connection, form: Any, change: bool) -> None:
        connection_save(actor=actor_of(request), connection=obj, secret=form.cleaned_data["secret"])

    @display(description="State", label=BADGES)
    def show_state(self, connection: Connection) -> str:
        """Say whether calls go out."""
        if not connection.enabled:
            return "disabled"
        if connection.is_paused():
            return "paused"
        if connection.checked_at is None:
            return "not tested"
        return "failed" if connection.check_result.startswith("Failed") else "ready"

    @admin.display(description="Kept secret")
    def show_secret(self, connection: Connection) -> str:
        """Show by what a person recognises the secret, and since when it is kept."""
        if not connection.secret_sealed:
            return "none yet"
        ending = f"ends in {connection.secret_hint}, " if connection.secret_hint else ""
        return (
            f"{ending}since {date_format(connection.secret_set_at, 'j M Y')}"
            if connection.secret_set_at
            else "kept"
        )


def _secret_help(connection: Connection) -> str:
    if connection.pk and connection.secret_sealed:
        ending = f" that ends in {escape(connection.secret_hint)}" if connection.secret_hint else ""
        return f"A secret{ending} is kept, encrypted. Leave this empty to keep it; it is never shown."
    return (
        "Kept encrypted and never shown again. Linear: an API key. Stripe: a restricted key rk_… that may "
        "read only. Slack: a bot token xoxb-… with chat:write and channels:history. Slack incoming webhook: "
        "its whole address. Webhook: a signing secret whsec_… Zendesk: an API token. Freshdesk: an agent's "
        "API key."
    )
