"""Admin pages of escalation: handoff messages here, rules and rule sets in their own modules."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest

from core.admin_base import BaseAdmin, actor_of
from escalation.forms import TemplateForm
from escalation.models import HandoffTemplate
from escalation.rule_admin import RuleAdmin
from escalation.rule_set_admin import RuleSetVersionAdmin
from escalation.services import template_save
from kb.linting import voice_findings

__all__ = ["HandoffTemplateAdmin", "RuleAdmin", "RuleSetVersionAdmin"]


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
