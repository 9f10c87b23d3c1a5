"""Admin pages of rules and handoff messages: edits go through the services, history stands beside them."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db import models
from django.http import HttpRequest
from unfold.admin import TabularInline
from unfold.decorators import display

from core.admin_base import BaseAdmin, actor_of
from core.admin_transitions import Transition, TransitionMixin
from escalation.backtest.pages.rule_panel import RuleBacktestMixin, enable_evidence
from escalation.backtest.pages.runs import BacktestRunAdmin
from escalation.forms import RuleForm, TemplateForm, setting_field, setting_names
from escalation.models import HandoffTemplate, Rule, RuleVersion
from escalation.services import rule_create, rule_disable, rule_enable, rule_update, template_save
from kb.linting import voice_findings

__all__ = ["BacktestRunAdmin", "HandoffTemplateAdmin", "RuleAdmin"]

KIND_BADGES = {Rule.Kind.HARD: "danger", Rule.Kind.SOFT: "warning"}
ENABLED_BADGES = {"enabled": "success", "disabled": "info"}


class RuleVersionInline(TabularInline):
    """What the rule said from one change to the next."""

    model = RuleVersion
    fields = ("version", "summary", "changed_by", "at")
    readonly_fields = fields
    extra = 0
    max_num = 0
    per_page = 20

    def has_add_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False

    @admin.display(description="Rule")
    def summary(self, version: RuleVersion) -> str:
        """Write the version out in a line."""
        return "; ".join(f"{name}: {value}" for name, value in version.fields.items() if name != "name")


@admin.register(Rule)
class RuleAdmin(RuleBacktestMixin, TransitionMixin, BaseAdmin):
    """When a person takes over."""

    form = RuleForm
    log_saves = False  # the services write the log
    inlines = (RuleVersionInline,)
    list_display = ("name", "show_kind", "trigger", "clarify_first", "priority", "show_enabled", "version")
    list_filter = ("kind", "trigger", "enabled")
    search_fields = ("name",)
    transitions = (
        Transition(
            name="enable",
            label="Enable",
            permission="escalation.change_rule",
            service=lambda actor, rule: rule_enable(actor=actor, rule=rule),
            description="The rule decides from the next turn on.",
            evidence=enable_evidence,
            shown=lambda request, rule: not rule.enabled,
            seen=lambda rule: rule.version,
        ),
        Transition(
            name="disable",
            label="Disable",
            permission="escalation.change_rule",
            service=lambda actor, rule: rule_disable(actor=actor, rule=rule),
            description="The agent no longer asks this rule from the next turn on.",
            shown=lambda request, rule: rule.enabled,
            seen=lambda rule: rule.version,
        ),
    )

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        """Return the form with a field for each setting of the rule's trigger."""
        settings = {name: setting_field(name) for name in setting_names(obj)}
        form = type("RuleSettingsForm", (RuleForm,), settings)
        return super().get_form(request, obj, change=change, **{"form": form, **kwargs})

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        may_change = obj is not None and self.has_change_permission(request, obj)
        hidden = ("seen_version",) if may_change else ()
        sets: list[Any] = [(None, {"fields": (*RuleForm.Meta.fields, *hidden)})]
        if may_change and setting_names(obj):
            sets.append(("Settings of the trigger", {"fields": setting_names(obj)}))
        return sets

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return ("trigger",) if obj is not None else ()

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: Rule, form: Any, change: bool) -> None:
        actor, fields = actor_of(request), {**form.cleaned_data}
        fields = {name: fields[name] for name in (*RuleForm.Meta.fields, "parameters") if name in fields}
        if change:
            rule_update(actor=actor, rule=Rule.objects.get(pk=obj.pk), **fields)
        else:
            obj.pk = rule_create(actor=actor, **fields).pk

    @display(description="Kind", ordering="kind", label=KIND_BADGES)
    def show_kind(self, rule: Rule) -> tuple[str, str]:
        """Show hard and soft in colours."""
        return rule.kind, rule.get_kind_display()

    @display(description="State", ordering="enabled", label=ENABLED_BADGES)
    def show_enabled(self, rule: Rule) -> str:
        """Say whether the rule is asked."""
        return "enabled" if rule.enabled else "disabled"


@admin.register(HandoffTemplate)
class HandoffTemplateAdmin(BaseAdmin):
    """What customers read when a person takes over."""

    form = TemplateForm
    log_saves = False  # the service writes the log
    list_display = ("show_reason", "locale", "body", "updated_at")
    list_filter = ("locale",)
    search_fields = ("body",)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return ("reason", "locale") if obj is not None else ()

    def save_model(self, request: HttpRequest, obj: HandoffTemplate, form: Any, change: bool) -> None:
        obj.pk = template_save(
            actor=actor_of(request),
            reason=obj.reason,
            locale=obj.locale,
            body=obj.body,
            body_without_wait=obj.body_without_wait,
        ).pk
        for finding in dict.fromkeys(voice_findings(f"{obj.body}\n{obj.body_without_wait}")):
            messages.warning(request, f"Saved, but the brand's voice is another. {finding}")

    @admin.display(description="Reason", ordering="reason")
    def show_reason(self, template: HandoffTemplate) -> str:
        """Name the reason, or say that it is any."""
        return template.get_reason_display() if template.reason else "Any reason"
