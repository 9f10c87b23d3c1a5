"""Actions that flows may call: what they do, what they are asked with, and a way to try them."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db import models
from django.forms.models import BaseInlineFormSet
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from unfold.admin import TabularInline
from unfold.decorators import display
from unfold.enums import ActionVariant
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from core.admin_base import BaseAdmin, NextStepMixin, actor_of
from core.errors import DomainError
from integrations.signed_webhook import EVENT_TYPE
from integrations.systems import OPERATIONS, SYSTEMS
from runtime.actions.configuring import NewParameter, action_save, check_parameters
from runtime.admin.action_try import try_view
from runtime.models import Action, ActionParameter

EFFECT_BADGES = {Action.Effect.READ: "info", Action.Effect.WRITE: "warning"}
PRIORITIES = [("", "None"), ("1", "Urgent"), ("2", "High"), ("3", "Normal"), ("4", "Low")]
SETTINGS = ("team_id", "priority", "label_ids", "project_id", "channel", "event_type")


def _text(label: str, help_text: str) -> forms.CharField:
    return forms.CharField(
        required=False, max_length=200, label=label, help_text=help_text, widget=UnfoldAdminTextInputWidget
    )


class ActionForm(forms.ModelForm):
    """What a person says of an action; the settings are those of its operation."""

    team_id = _text("Team id", "Leave empty for the team of the connection.")
    priority = forms.ChoiceField(choices=PRIORITIES, required=False, widget=UnfoldAdminSelectWidget)
    label_ids = _text("Label ids", "Ids of Linear labels, separated by commas.")
    project_id = _text("Project id", "Of a Linear project.")
    channel = forms.RegexField(
        r"^[CGD][A-Z0-9]{6,20}$",
        required=False,
        label="Channel id",
        widget=UnfoldAdminTextInputWidget,
        help_text="Leave empty for the channel of the connection.",
        error_messages={"invalid": "Enter the channel's id, such as C0123ABCD, not its name."},
    )
    event_type = _text("Type of event", "The message's type, such as support.bug_reported.")

    class Meta:
        model = Action
        fields = ("slug", "label", "description", "operation", "connection", "enabled")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in SETTINGS:
            if name in self.fields:
                value = self.instance.settings.get(name, "")
                self.fields[name].initial = ", ".join(value) if isinstance(value, list) else value
        for name in ("slug", "operation"):  # flows call it by the one, the ledger is read by the other
            if name in self.fields:
                self.fields[name].disabled = self.instance.pk is not None

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        operation = OPERATIONS.get(cleaned.get("operation", ""))
        connection = cleaned.get("connection")
        if operation is None or connection is None:
            return cleaned
        if connection.system != operation.system:
            needed = SYSTEMS[operation.system].label
            self.add_error("connection", f"“{operation.label}” needs a connection to {needed}.")
        given = {name: cleaned[name] for name in operation.setting_names if cleaned.get(name)}
        if "label_ids" in given:
            given["label_ids"] = [one.strip() for one in given["label_ids"].split(",") if one.strip()]
        self.instance.settings = given
        both = {**connection.settings, **given}
        if "team_id" in operation.setting_names and not both.get("team_id"):
            self.add_error("team_id", "Enter the team's id here or at the connection.")
        if "channel" in operation.setting_names and not both.get("channel"):
            self.add_error("channel", "Enter the channel's id here or at the connection.")
        if "event_type" in operation.setting_names and not EVENT_TYPE.fullmatch(given.get("event_type", "")):
            self.add_error("event_type", "Enter words joined by dots, such as support.bug_reported.")
        return cleaned


class ParameterFormSet(BaseInlineFormSet):
    """The parameters together: those that the operation needs are there, and no name comes twice."""

    def clean(self) -> None:
        super().clean()
        rows = given_parameters(self)
        if any(self.errors) or not self.instance.operation or (not rows and self.instance.pk is None):
            return  # a new action without any gets those of its operation
        try:
            check_parameters(self.instance.operation, [row.name for row in rows])
        except DomainError as refusal:
            raise ValidationError(refusal.message, code=refusal.code) from refusal


class ParameterInline(TabularInline):
    """What the action is asked with."""

    model = ActionParameter
    formset = ParameterFormSet
    verbose_name = "parameter"
    verbose_name_plural = "parameters"
    fields = ("name", "description", "required", "max_length")
    extra = 0
    hide_title = True

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.has_perm("runtime.view_action")) or self.has_change_permission(request, obj)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.has_perm("runtime.change_action"))

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.has_perm("runtime.change_action" if obj else "runtime.add_action"))

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_change_permission(request, obj)


@admin.register(Action)
class ActionAdmin(NextStepMixin, BaseAdmin):
    """What the agent may do in other systems, by the name that flows use."""

    form = ActionForm
    inlines = (ParameterInline,)
    log_saves = False  # action_save writes the log
    list_display = ("slug", "label", "operation", "show_effect", "connection", "enabled")
    list_filter = ("operation", "effect", "enabled", "connection")
    list_select_related = ("connection",)
    search_fields = ("slug", "label", "description")
    fieldsets = (
        (None, {"fields": ("slug", "label", "description", "operation", "connection", "enabled")}),
        ("Settings", {"fields": SETTINGS, "description": "What every call of this action has in common."}),
    )
    conditional_fields = {
        name: " || ".join(
            f"operation == '{operation.name}'"
            for operation in OPERATIONS.values()
            if name in operation.setting_names
        )
        for name in SETTINGS
    }

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(lambda request, object_id: try_view(self, request, object_id))
        return [path("<path:object_id>/try/", view, name="runtime_action_try"), *super().get_urls()]

    def next_step(self, request: HttpRequest) -> str:
        if not self.has_add_permission(request):
            return "No actions yet. A support lead can make one on a connection."
        return "No actions yet. Make one on a connection, such as “create a Linear issue”; then try it here."

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False  # the ledger and flows refer to it: disable it

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        if obj is not None and not self.has_change_permission(request, obj):
            return self.fieldsets[:1]
        return self.fieldsets

    def save_model(self, request: HttpRequest, obj: Action, form: Any, change: bool) -> None:
        """Leave it to save_related, which knows the parameters too."""

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        parameters = [row for formset in formsets for row in given_parameters(formset)]
        for formset in formsets:
            formset.save(commit=False)  # what the change message is made of
        action_save(actor=actor_of(request), action=form.instance, parameters=parameters)

    def render_change_form(
        self,
        request: HttpRequest,
        context: dict[str, Any],
        add: bool = False,
        change: bool = False,
        form_url: str = "",
        obj: Any = None,
    ) -> HttpResponse:
        if obj is not None:
            buttons = [_button("Try with sample values", reverse("admin:runtime_action_try", args=(obj.pk,)))]
            if request.user.has_perm("runtime.view_actionledger"):
                buttons.append(_button("Calls", calls_url(obj.pk)))
            context["actions_detail"] = [*context.get("actions_detail", []), *buttons]
        return super().render_change_form(request, context, add, change, form_url, obj)

    @display(description="Effect", label=EFFECT_BADGES, ordering="effect")
    def show_effect(self, action: Action) -> tuple[str, str]:
        """Say whether it changes anything there."""
        return action.effect, action.get_effect_display()

    def formfield_for_dbfield(self, db_field: models.Field, request: Any, **kwargs: Any) -> Any:
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if db_field.name == "connection" and field is not None and hasattr(field.widget, "can_add_related"):
            field.widget.can_add_related = field.widget.can_change_related = False
            field.widget.can_view_related = False
        return field


def given_parameters(formset: Any) -> list[NewParameter]:
    """Return the rows of the formset that stay."""
    rows = [form.cleaned_data for form in formset.forms if getattr(form, "cleaned_data", None)]
    return [
        NewParameter(
            row["name"], row.get("description", ""), row.get("required", False), row.get("max_length") or 200
        )
        for row in rows
        if row.get("name") and not row.get("DELETE")
    ]


def _button(title: str, path: str) -> dict[str, Any]:
    variant = ActionVariant.DEFAULT
    return {"title": title, "path": path, "variant": variant, "attrs": {}, "icon": None, "dialog": None}


def calls_url(action_id: int) -> str:
    """Return the address of the ledger's list of an action's calls."""
    return f"{reverse('admin:runtime_actionledger_changelist')}?action__id__exact={action_id}"
